"""People's marks on a scorecard, and their laws."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.checks.manual.levels import ByLevels, Levels
from infra_grader.checks.manual.points import ByPoints
from infra_grader.engine.marks import awaiting, give, given_for, is_given, mark_problems, take_back, words_of
from infra_grader.engine.rescore import rescore
from infra_grader.engine.run import held_back
from infra_grader.loading.result_file import parse_result
from infra_grader.model.mark import Mark
from infra_grader.model.outcome import Evidence, Outcome, Status
from infra_grader.plugin import RenderOptions
from infra_grader.reports.json_report import render
from tests.support.rubrics import rubric, score_of, spec

LEVELS = ByLevels(levels=Levels(five="Clear.", four="Mostly.", three="Some.", two="Little.", one="Hardly."))
QUALITY = spec("quality", uses="manual.levels", points="40").replace(params=LEVELS)
DESIGN = spec("design", uses="manual.points", points="20").replace(params=ByPoints(look_for=["One"]))
SHOWN = spec("shown", uses="manual.points", points="0", weight=0).replace(params=ByPoints(look_for=["One"]))
STYLE = spec("style", uses="manual.points", points="5").replace(params=ByPoints(look_for=["Ugly"]))
FOLLOWS = spec("follows", points="20", needs=("quality",))
RUBRIC = rubric(spec("readme", points="20"), QUALITY, DESIGN, FOLLOWS, SHOWN, penalties=[STYLE], pass_mark="50")
WAITS = Outcome.awaiting("A person judges this.", Evidence(path="README.md", text="to look at"))


def graded(**outcomes):
    """Return a recorded scorecard of which a person has judged nothing."""
    waiting = dict.fromkeys(("quality", "design", "shown", "style"), WAITS)
    named = {"readme": Outcome.passed("There."), **waiting, **outcomes}
    held = held_back(FOLLOWS, named)
    assert held is not None
    return score_of(RUBRIC, **named, follows=held)


def marked(scorecard, *marks):
    """Return the scorecard with marks and its totals, as it is read back from its record."""
    assert list(mark_problems(marks, scorecard, RUBRIC)) == []
    changed, _ = give(scorecard, RUBRIC, marks, by="Grace", at="2026-11-26T10:00:00Z")
    record = render(rescore(changed, RUBRIC), RenderOptions())
    return parse_result(record.encode(), "ada")


def check_of(scorecard, name):
    return next(check for check in scorecard.all_checks() if check.id == name)


def level(number, check="quality", **more):
    return Mark(learner="ada", check=check, level=number, **more)


def points(number, check="design", **more):
    return Mark(learner="ada", check=check, points=Decimal(number), **more)


def test_a_level_earns_its_share_and_says_who_gave_it_for_what():
    scorecard = marked(graded(), level(4, comment="Nice."))
    check = check_of(scorecard, "quality")
    assert (check.status, check.fraction, check.earned, check.possible) == (Status.PARTIAL, Fraction(4, 5), 32, 32)
    assert check.message == "A person gave level 4 of 5: Mostly."
    assert [(piece.path, piece.actual, piece.text) for piece in check.evidence] == [
        ("mark", "level 4 of 5", "Mostly."),
        ("comment", None, "Nice."),
        ("marked by", "Grace", "2026-11-26T10:00:00Z"),
        ("before the mark", "awaiting", "A person judges this."),
        ("README.md", None, "to look at"),
    ]
    assert [waiting.id for waiting in awaiting(scorecard)] == ["design", "shown", "style"]


@pytest.mark.parametrize(("number", "status"), [("12.34", "partial"), ("20", "passed"), ("0", "failed")])
def test_points_are_earned_as_given(number, status):
    check = check_of(marked(graded(), points(number)), "design")
    assert (check.earned, check.status) == (Decimal(number), Status(status))


def test_points_for_a_penalty_are_its_cost():
    scorecard = marked(graded(), points("2", "style"))
    [penalty] = scorecard.penalties
    assert (penalty.lost, penalty.lost_at_least, penalty.check.message) == (2, 2, "A person gave 2 of 5 points off.")


def test_a_mark_decides_about_the_checks_that_need_it():
    failed = marked(graded(), points("0", "quality"))
    assert check_of(failed, "follows").status is Status.BLOCKED
    assert failed.score.possible == 40


def test_a_mark_that_is_there_changes_nothing_and_another_replaces_it():
    once = marked(graded(), level(4, comment="Nice."))
    same = level(4, comment="Nice.")
    assert give(once, RUBRIC, [same], by="Other", at="2030-01-01") == (once, [])
    for other in (level(4), level(4, comment="Nice.", by="Ben"), level(4, comment="Nice.", at="2026-01-01")):
        assert len(give(once, RUBRIC, [other], by="Other", at="2030-01-01")[1]) == 1
    again = marked(once, level(2))
    assert words_of(check_of(again, "quality")) == "level 2 of 5"
    assert len(check_of(again, "quality").evidence) == 4
    assert is_given(level(2), check_of(again, "quality"), RUBRIC)
    assert not is_given(level(4), check_of(again, "quality"), RUBRIC)


def test_an_earlier_mark_can_be_brought_back():
    first = marked(graded(), level(4))
    second = marked(first, level(2))
    back = rescore(take_back(second, {"quality": given_for(check_of(first, "quality"))}), RUBRIC)
    assert back == first


def test_what_was_not_there_to_look_at_may_be_judged_all_the_same():
    scorecard = graded(quality=Outcome.failed("There is no README."))
    once = marked(scorecard, level(5))
    assert check_of(once, "quality").earned == 40
    assert rescore(take_back(once, {"quality": None}), RUBRIC) == scorecard


@pytest.mark.parametrize(
    ("mark", "said", "allowed"),
    [
        (level(6), "there is no level 6", "a level from 1 to 5"),
        (level(0), "there is no level 0", "a level from 1 to 5"),
        (level(4, "design"), "this check is not judged by levels", "points, 0 to 20"),
        (points("20.01"), "20.01 points are more than the check counts", "0 to 20"),
        (points("0", "shown"), "this check counts no points", "no mark"),
        (points("1", "readme"), "the check is passed, and does not wait for a person", "a check that"),
        (level(4, "qualty"), "the rubric fake has no check 'qualty'", ""),
    ],
)
def test_what_cannot_be_given_is_said(mark, said, allowed):
    [problem] = mark_problems([mark], graded(), RUBRIC)
    assert said in problem.message
    assert problem.allowed.startswith(allowed)
    assert problem.suggestion == ("quality" if mark.check == "qualty" else "")


MARKS = st.tuples(
    st.one_of(st.none(), st.integers(1, 5).map(level)),
    st.one_of(st.none(), st.decimals(0, 20, places=2).map(points)),
    st.one_of(st.none(), st.decimals(0, 5, places=2).map(lambda n: points(n, "style"))),
).map(lambda marks: [mark for mark in marks if mark is not None])


@given(MARKS, st.randoms())
def test_marks_can_be_taken_back_their_order_is_free_and_nothing_earns_more_than_it_counts(marks, random):
    before = graded()
    after = marked(before, *marks)
    shuffled = list(marks)
    random.shuffle(shuffled)
    assert marked(before, *shuffled) == after
    one_by_one = before
    for mark in shuffled:
        one_by_one = marked(one_by_one, mark)
    assert one_by_one == after
    assert all(check.earned <= check.possible <= check.points for check in after.all_checks())
    assert before.score.earned <= after.score.earned <= after.score.possible <= before.score.possible
    assert rescore(after, RUBRIC) == after
    assert rescore(take_back(after, {mark.check: None for mark in marks}), RUBRIC) == before
