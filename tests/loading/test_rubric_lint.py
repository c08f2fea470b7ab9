from __future__ import annotations

from pathlib import Path

import pytest

from infra_grader.loading.rubric_lint import lint

WISE = """\
schema: infra-grader/rubric/v1
id: wise
title: Wise
points: 100
pass_mark: 60
complete: All done
criteria:
  - id: one
    title: One
    points: 60
    done: One is done
    required: true
    checks:
      - {id: a, title: A, hint: Do a., uses: file.exists, with: {paths: a}}
      - {id: b, title: B, hint: Do b., uses: python.lint, needs: [a]}
  - id: two
    title: Two
    points: 40
    done: Two is done
    checks:
      - {id: c, title: C, uses: manual.levels}
penalties:
  - {id: p, title: P, hint: Do p., uses: file.exists, with: {paths: p}, points: 5}
grades: {A: 90, F: 0}
"""


@pytest.fixture
def findings(load):
    def find(*replacements: tuple[str, str]) -> list[str]:
        return [
            f"{problem.line}:{problem.column}: {problem.path}: {problem.message} ({problem.allowed})"
            for problem in lint(load(*replacements, text=WISE))
        ]

    return find


def test_a_wise_rubric_has_no_findings(findings):
    assert findings() == []


@pytest.mark.parametrize(
    "award",
    ['{"<= 0": 1, "<= 5": 0.8, "<= 20": 0.4}', '{">= 90": 1, ">= 60": 0.5}', '{"== 3": 1}', '{"> 0": 1, "<= 0": 0}'],
)
def test_award_tables_of_one_direction_are_fine(findings, award):
    assert findings(("uses: python.lint", f"uses: python.lint, award: {award}")) == []


def test_each_finding_is_named_with_its_place(findings, old, new, expected):
    assert findings((old, new)) == [expected]


def test_a_pass_mark_of_nothing_is_named(findings):
    assert "5:12: pass_mark: the pass mark is 0, so an empty folder passes (a pass mark above 0)" in findings(
        ("pass_mark: 60", "pass_mark: 0")
    )


def test_lines_are_left_out_when_the_file_has_changed(load):
    rubric = load(("hint: Do b., ", ""), text=WISE)
    Path(rubric.source).write_text("changed: true\n")
    assert [(problem.line, problem.path) for problem in lint(rubric)] == [(None, "criteria[0].checks[1]")]
    Path(rubric.source).unlink()
    assert [problem.line for problem in lint(rubric)] == [None]
