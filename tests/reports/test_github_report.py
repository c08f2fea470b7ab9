from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra_grader.model.outcome import Evidence, Status
from infra_grader.plugin import RenderOptions
from infra_grader.reports import github_report
from infra_grader.reports.github_report import OUTPUT, SUMMARY, infra_grader_report_formats, render, side_files

OPTIONS = RenderOptions(token="7f3a")
ANYTHING = st.text(
    st.one_of(st.characters(codec=None), st.sampled_from(":%,=#[]\r\n\u2028\x85 ")), min_size=1, max_size=60
)
COMMANDS = {"error", "warning", "notice", "debug", "add-mask", "stop-commands", "group", "endgroup", "add-matcher"}


def command_of(line):
    """Return what the runner makes of a line: the command, its properties and its data, or nothing."""
    line = line.strip()
    if not line.startswith("::") or "::" not in line[2:]:
        old = re.search(r"##\[([^ \]]*)", line)
        return (old[1], {}, "") if old and old[1] in COMMANDS else None
    head, _, data = line[2:].partition("::")
    name, _, rest = head.partition(" ")
    pairs = [pair.split("=", 1) for pair in rest.strip().split(",") if "=" in pair]
    return name, {key: unescaped(value, property_=True) for key, value in pairs}, unescaped(data)


def unescaped(text, *, property_=False):
    for sign, code in (
        ("\r", "%0D"),
        ("\n", "%0A"),
        *(((":", "%3A"), (",", "%2C")) if property_ else ()),
        ("%", "%25"),
    ):
        text = text.replace(code, sign)
    return text


def commands(card, options=OPTIONS):
    """Return the commands of the report, as the runner reads its lines."""
    return [command_of(line) for line in re.split(r"\r\n|\r|\n", render(card, options).removesuffix("\n"))]


def outputs(text):
    """Return the outputs, as the runner reads its file."""
    found = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, equals, value = line.partition("=")
        key, arrow, mark = line.partition("<<")
        if arrow and (not equals or line.index("<<") < line.index("=")):
            held = []
            while (inner := next(lines)) != mark:
                held.append(inner)
            found[key] = "\n".join(held)
        else:
            assert equals, line
            found[name] = value
    return found


def lost(scorecards, *checks):
    return scorecards.scorecard(scorecards.criterion("c", "C", *checks), passed=False)


def test_it_is_a_format_of_commands_with_files_beside():
    (report,) = infra_grader_report_formats()

    assert (report.name, report.is_machine, report.is_commands) == ("github", False, True)
    assert (report.render, report.side_files) == (render, side_files)


def test_every_line_is_one_of_our_annotations(card):
    for name, properties, data in commands(card):
        assert name in ("error", "warning", "notice")
        assert set(properties) <= {"file", "line", "endLine", "title"}
        assert properties["title"]
        assert data


def test_the_score_comes_first_and_the_most_points_next(scorecards):
    found = commands(scorecards.lost_and_partial())

    assert [(name, properties["title"]) for name, properties, _ in found] == [
        ("notice", "Simple Model API Deployment: did not pass"),
        ("error", "30 points: Containers have memory limits"),
        ("error", "25 points: A Flask or FastAPI application is there"),
        ("error", "10 points: A bad request is answered with 400"),
        ("warning", "7.5 points: The code follows PEP 8"),
        ("notice", "Not scored: Labels follow the convention"),
    ]
    assert found[0][2].startswith("27.5 of 100\n")


def test_an_annotation_marks_lines_of_the_repository(scorecards):
    found = {
        properties["title"]: properties
        for _, properties, _ in commands(scorecards.lost_and_partial(), RenderOptions(folder="one"))
    }
    lint = found["7.5 points: The code follows PEP 8"]

    assert (lint["file"], lint["line"], lint["endLine"]) == ("one/src/app.py", "3", "4")
    assert "file" not in found["10 points: A bad request is answered with 400"]


def test_an_annotation_says_what_was_found_what_to_do_and_what_waits(scorecards):
    data = {properties["title"]: data for _, properties, data in commands(scorecards.lost_and_partial())}

    assert data["25 points: A Flask or FastAPI application is there"].split("\n") == [
        "No module makes a Flask or FastAPI application.",
        "found no call of either, expected Flask(...) or FastAPI(...)",
        "What to do: Create the application in src/app.py.",
        "Blocked by this (20 points): GET /health answers 200",
    ]


def test_many_that_wait_are_counted(scorecards):
    cause = scorecards.check("a", "A", Status.FAILED)
    waiting = [scorecards.check(f"w{n}", f"W{n}", Status.BLOCKED, "1", blocked_by="a") for n in range(7)]
    (_, (_, _, data)) = commands(lost(scorecards, cause, *waiting))

    assert data.endswith("Blocked by this (7 points): W0; W1; W2; W3; W4; and 2 more")


def test_what_is_open_says_why(scorecards):
    (_, _, data) = commands(scorecards.open_interval())[2]

    assert data.startswith("30 points not assessed: Docker is not available here.\n")
    assert data.endswith("What would help: Start Docker, then grade again.")


def test_a_fault_of_the_grader_is_a_warning(scorecards):
    assert ("warning", "20 points open") in [
        (name, found["title"]) for name, found, _ in commands(scorecards.errors_and_people())
    ]


def test_no_more_than_github_shows_and_the_rest_is_counted(scorecards):
    checks = [
        scorecards.check(
            f"c{n}", f"Check {n}", Status.FAILED, str(n), evidence=[Evidence(path=f"{n}-{k}", line=1) for k in range(3)]
        )
        for n in range(1, 15)
    ]
    found = commands(
        lost(scorecards, *checks, *(scorecards.check(f"n{n}", "N", Status.FAILED, "0") for n in range(12)))
    )
    levels = [name for name, _, _ in found]

    assert (levels.count("error"), levels.count("warning"), levels.count("notice")) == (10, 0, 10)
    assert [found["file"] for _, found, _ in found[1:11]] == [f"{n}-0" for n in range(14, 4, -1)]
    # 4 checks and the 28 further places of all, and 4 of those that are not scored
    assert found[-1][2].startswith("36 more annotations, worth at most 14 points each.\n")


def test_further_places_of_a_check_are_shown_where_there_is_room(scorecards):
    checks = [
        scorecards.check("a", "A", Status.FAILED, "5", evidence=(Evidence(path="a1"), Evidence(path="a2"))),
        scorecards.check("b", "B", Status.FAILED, "3", evidence=(Evidence(path="b1"),)),
    ]

    assert [found.get("file") for _, found, _ in commands(lost(scorecards, *checks))] == [None, "a1", "b1", "a2"]


def test_long_text_is_cut(scorecards):
    check = scorecards.check("a", "T" * 1000, Status.FAILED, message="m" * 10_000)
    (_, (_, properties, data)) = commands(lost(scorecards, check))

    assert len(properties["title"]) <= 200
    assert len(data) <= 2000
    assert data.endswith("more characters]")


@example("a", " ", "b")
@given(ANYTHING, ANYTHING, ANYTHING)
def test_no_text_ends_a_property_or_the_line(scorecards, path, title, message):
    check = scorecards.check(
        "a", title, Status.FAILED, message=message, hint=title, evidence=(Evidence(path=path, line=1, actual=message),)
    )
    text = render(lost(scorecards, check), OPTIONS)
    text.encode()
    first, second = commands(lost(scorecards, check))

    assert len(text.splitlines()) == 2
    assert (first[0], second[0]) == ("notice", "error")
    assert set(second[1]) <= {"file", "line", "title"}
    assert second[1]["title"].startswith("10 points: ")


def test_nothing_hidden_is_shown(scorecards):
    card = scorecards.hidden()
    for text in (render(card, OPTIONS), *side_files(card, OPTIONS).values()):
        assert "SECRET" not in text
        assert "call.secret" not in text
    assert "Other inputs work too" in render(card, OPTIONS)


def test_hostile_text_makes_no_command(scorecards):
    found = commands(scorecards.hostile())

    assert {name for name, _, _ in found} == {"notice", "error", "warning"}
    assert "\n::" not in render(scorecards.hostile(), OPTIONS).replace("\n::error ", "").replace("\n::warning ", "")


def test_the_outputs_are_those_of_the_score(card):
    found = outputs(side_files(card, OPTIONS)[OUTPUT])

    assert list(found) == ["score", "possible", "percent", "grade", "passed"]
    assert Decimal(found["score"]) == card.score.earned
    assert Decimal(found["possible"]) == card.score.possible
    assert Decimal(found["percent"]) == card.score.percent
    assert found["grade"] == (card.score.grade or "")
    assert found["passed"] == {True: "true", False: "false", None: "undecided"}[card.score.passed]


def test_the_marks_of_the_outputs_hold_the_token(scorecards):
    text = side_files(scorecards.all_passed(), OPTIONS)[OUTPUT]

    assert text.startswith("score<<infra-grader-7f3a\n100\ninfra-grader-7f3a\n")


@given(ANYTHING, st.sampled_from(["", "7f3a"]))
def test_no_grade_ends_its_output(scorecards, grade, token):
    card = scorecards.all_passed()
    for hostile in (grade, f"infra-grader-{token}", f"x\ninfra-grader-{token}\npassed=true"):
        marked = card.replace(score=card.score.replace(grade=hostile, passed=False))
        found = outputs(side_files(marked, RenderOptions(token=token))[OUTPUT])
        assert list(found) == ["score", "possible", "percent", "grade", "passed"]
        assert found["passed"] == "false"


def test_both_files_of_the_runner_get_their_text(card):
    assert list(side_files(card, OPTIONS)) == [SUMMARY, OUTPUT]


@pytest.mark.parametrize(("text", "data"), [("100%\r\nx", "100%25%0D%0Ax"), ("a:b,c", "a:b,c"), ("%0A", "%250A")])
def test_data_is_escaped_as_the_toolkit_does(text, data):
    assert github_report._data(text) == data
    assert github_report._property("a:b,c%") == "a%3Ab%2Cc%25"
