"""The plugin's own tests: `infra_grader.testing.run_check` runs one check on a folder."""

from fractions import Fraction
from pathlib import Path

import infra_grader_course
import pytest

from infra_grader.testing import run_check

ENTRY = "## 2026-01-{day:02}\n\nOn day {day} I wrote a Dockerfile, then found out why the second build is faster.\n\n"


def journal(folder: Path, *days: int) -> Path:
    (folder / "JOURNAL.md").write_text("".join(ENTRY.format(day=day) for day in days), encoding="utf-8")
    return folder


def ask(folder: Path, **parameters: object):
    return run_check(infra_grader_course.journal, {"path": "JOURNAL.md", "words": 10, **parameters}, folder)


def test_full_journal_passes_and_names_the_line_of_each_entry(tmp_path: Path) -> None:
    outcome = ask(journal(tmp_path, 1, 2), entries=2)
    assert outcome.status == "passed"
    assert [evidence.line for evidence in outcome.evidence[1:]] == [1, 5]


def test_half_a_journal_earns_half(tmp_path: Path) -> None:
    outcome = ask(journal(tmp_path, 1, 2), entries=4)
    assert outcome.fraction == Fraction(1, 2)
    assert outcome.measure.value == 2


def test_a_day_counts_once(tmp_path: Path) -> None:
    assert ask(journal(tmp_path, 1, 1), entries=2).measure.value == 1


def test_absent_journal_fails(tmp_path: Path) -> None:
    assert ask(tmp_path).status == "failed"


@pytest.mark.parametrize(
    ("started", "days"),
    [
        ("2026-03-01T18:00:00Z", 0),
        ("2026-03-01T18:00:01Z", 1),
        ("2026-03-02T18:00:00Z", 1),
        ("2026-03-03T00:00:00Z", 2),
    ],
)
def test_days_begun_after_the_due_time_are_late(started: str, days: int) -> None:
    assert infra_grader_course.days_late("2026-03-01T18:00:00+00:00", started) == days
