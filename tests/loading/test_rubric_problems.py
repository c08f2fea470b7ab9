"""Every way in which a rubric can be refused: the place and the words of each."""

from __future__ import annotations

import time

import msgspec
import pytest

from infra_grader.errors import PluginError, RubricError
from infra_grader.loading.rubric_file import load_rubric
from infra_grader.loading.rubric_problems import path_text
from infra_grader.plugin import Annotated, Context, Meta, Outcome, Params, check

RUBRIC = "A rubric of infra-grader: criteria, their checks, points, pass mark and grades."


def worded(problem) -> str:
    """Return a problem on one line, to compare it."""
    end = f" ({problem.allowed})" if problem.allowed else ""
    near = f" [{problem.suggestion}]" if problem.suggestion else ""
    return f"{problem.line}:{problem.column}: {problem.path}: {problem.message}{end}{near}"


def test_each_fault_is_named_with_place_and_remedy(refuse, old, new, expected):
    assert [worded(problem) for problem in refuse((old, new))] == [expected]


def test_all_faults_of_a_file_are_listed_at_once_from_the_top_down(refuse):
    problems = refuse(
        ("title: Simple", "titel: Simple"),
        ("points: 60", "points: sixty"),
        ("weight: 2", "weight: -1"),
        ("needs: [source]", "needs: [sorce]"),
        ("{paths: [src]}", "{path: src}"),
        ('"^# "', '"("'),
        ("B: 80", "B: 95"),
    )
    assert [(problem.line, problem.path) for problem in problems] == [
        (1, "title"),
        (4, "titel"),
        (11, "criteria[0].points"),
        (13, "criteria[0].checks[0].with.paths"),
        (13, "criteria[0].checks[0].with.path"),
        (17, "criteria[0].checks[1].weight"),
        (19, "criteria[0].checks[1].needs[0]"),
        (24, "criteria[1].checks[0].with.pattern"),
        (31, "grades.B"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: : the file is empty"),
        ("# only a comment\n", "1:1: : the file is empty"),
        ("[]", f"1:1: : a list is not a mapping ({RUBRIC})"),
        ("just text", f'1:1: : "just text" is not a mapping ({RUBRIC})'),
        ("~", f"1:1: : nothing is not a mapping ({RUBRIC})"),
        (b"a: \xff", "1:4: : byte 0xff is no part of UTF-8 text"),
        ("- " * 60_000, "1:201: : values are nested more than 100 deep"),
        ("a: [" + "1," * 60_000 + "]", None),
        ("a: 'x" + "y" * 3_000_000, None),
    ],
)
def test_a_file_that_is_no_rubric_at_all_is_refused(refuse, text, expected):
    start = time.perf_counter()
    problems = refuse(text=text)
    assert time.perf_counter() - start < 60
    assert len(problems) == 1
    if expected:
        assert worded(problems[0]) == expected


def test_an_empty_rubric_is_refused(refuse, sample):
    problems = refuse(text=sample.partition("criteria:")[0] + "criteria: []\n")
    assert [worded(problem) for problem in problems] == [
        "8:11: criteria: the rubric has no criteria, so there is nothing to grade (at least one criterion)"
    ]


def test_billion_laughs_are_refused(refuse):
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    (problem,) = refuse(text="\n".join(levels))
    assert problem.message == "aliases expand to more than 50000 values"


def test_each_ring_is_named_once_from_its_first_check(refuse):
    chain = "\n".join(
        f"      - {{id: c{place}, title: C, uses: python.lint, needs: [c{(place + 1) % 4}]}}" for place in range(4)
    )
    problems = refuse(
        ("{paths: [src]}}", f"{{paths: [src]}}}}\n{chain}"),
        ('"^# "}', '"^# "}, needs: [twin]'),
        ("bonus:", "      - {id: twin, title: Twin, uses: python.lint, needs: [readme]}\nbonus:"),
    )
    assert [problem.message for problem in problems] == [
        "checks need one another in a ring: c0 → c1 → c2 → c3 → c0",
        "checks need one another in a ring: readme → twin → readme",
    ]


def test_a_long_chain_of_needs_is_no_ring(load, sample):
    chain = "\n".join(
        f"      - {{id: c{place}, title: C, uses: python.lint, needs: [c{place + 1}]}}" for place in range(2000)
    )
    last = "\n      - {id: c2000, title: C, uses: python.lint}"
    rubric = load(("{paths: [src]}}", f"{{paths: [src]}}}}\n{chain}{last}"))
    assert len(rubric.criteria[0].checks) == 2003


def test_a_fault_below_an_alias_is_reported_where_it_is_written(refuse):
    problems = refuse(
        ("with: {paths: [src]}", "with: &same {paths: [src], last: 1}"), ("with: {paths: extra}", "with: *same")
    )
    assert [(problem.line, problem.column, problem.path) for problem in problems] == [
        (13, 92, "criteria[0].checks[0].with.last"),
        (13, 92, "bonus.checks[0].with.last"),
    ]


def test_a_broken_plugin_is_told_from_an_unknown_kind(tmp_path, sample, kinds):
    file = tmp_path / "a.yaml"
    file.write_text(sample)

    def find_kind(name: str):
        if name == "python.lint":
            raise PluginError("course", "it cannot be imported: no module named x", "Install x.")
        return kinds[name]

    with pytest.raises(RubricError) as caught:
        load_rubric(file, find_kind, kinds.keys)
    (problem,) = caught.value.problems
    assert (problem.line, problem.path) == (16, "criteria[0].checks[1].uses")
    assert problem.message == 'the check kind "python.lint" cannot be used: it cannot be imported: no module named x'
    assert problem.allowed == "Install x."


def test_kind_names_are_asked_only_for_a_suggestion(tmp_path, sample, kinds):
    file = tmp_path / "a.yaml"
    file.write_text(sample)
    assert load_rubric(file, kinds.__getitem__, lambda: pytest.fail("asked")).id == "project-01"


def test_a_deeply_nested_expression_is_refused_without_a_traceback(refuse):
    (problem,) = refuse(('"^# "', "'" + "(" * 5000 + ")" * 5000 + "'"))
    assert problem.path == "criteria[1].checks[0].with.pattern"
    assert "is no regular expression" in problem.message


def test_paths_are_written_as_people_read_them():
    assert path_text(("criteria", 0, "checks", 2, "with", "paths")) == "criteria[0].checks[2].with.paths"
    assert path_text(("grades", "A+", "<= 5")) == 'grades["A+"]["<= 5"]'
    assert path_text(()) == ""


def test_a_kind_whose_model_cannot_be_read_is_a_problem_of_its_check(tmp_path, sample, kinds):
    class Faulty(Params):
        size: Annotated[int | float, Meta(ge=0)]  # msgspec sets bounds on one number type only

    @check("python.lint", measure="findings")
    def faulty(context: Context, params: Faulty) -> Outcome:
        """A kind that breaks the contract."""

    file = tmp_path / "a.yaml"
    file.write_text(sample)
    kind = msgspec.structs.replace(faulty.__infra_grader_kind__)
    kind.__dict__["params"] = Faulty
    with pytest.raises(RubricError) as caught:
        load_rubric(file, {**kinds, "python.lint": kind}.__getitem__, kinds.keys)
    (problem,) = caught.value.problems
    assert problem.path == "criteria[0].checks[1].uses"
    assert problem.message.startswith('the check kind "python.lint" cannot be used: its parameter model cannot be read')


def test_another_broken_plugin_costs_the_suggestion_only(tmp_path, sample):
    def find_kind(name: str):
        raise PluginError(name, "no such check kind")

    def kind_names():
        raise PluginError("other", "it cannot be imported")

    file = tmp_path / "a.yaml"
    file.write_text(sample)
    with pytest.raises(RubricError) as caught:
        load_rubric(file, find_kind, kind_names)
    assert len(caught.value.problems) == 5
    assert {problem.suggestion for problem in caught.value.problems} == {""}
