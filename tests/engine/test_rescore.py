from decimal import Decimal
from fractions import Fraction

from infra_grader.engine.ask import not_assessed
from infra_grader.engine.rescore import rescore
from infra_grader.engine.score import judge
from infra_grader.model.outcome import Measure, Outcome, Status
from infra_grader.model.rubric import AwardRow
from rubrics import rubric, score_of, spec

PASSED = Outcome.passed("Fine.")
MEASURED = Outcome.failed("7 problems.", measure=Measure(value=7, unit="problems"))
TABLE = (AwardRow(operator="<=", bound=Fraction(20), fraction=Fraction(2, 5)),)


def statuses(card):
    return {check.id: check.status for check in card.all_checks()}


def test_the_same_rubric_gives_the_same_scorecard():
    the_rubric = rubric(spec("a", award=TABLE), spec("b"), pass_mark="10")
    card = score_of(the_rubric, a=judge(spec("a", award=TABLE), MEASURED), b=PASSED)
    assert rescore(card, the_rubric) == card


def test_an_award_can_be_added_and_dropped():
    plain, awarded = rubric(spec("a")), rubric(spec("a", award=TABLE))
    card = score_of(plain, a=MEASURED)
    again = rescore(card, awarded)
    assert again.score.earned == Decimal("4.00")
    assert again.criteria[0].checks[0].own_fraction == 0
    assert rescore(again, plain).score.earned == 0


def test_new_weights_and_marks_apply():
    card = score_of(rubric(spec("a", points="50"), spec("b", points="50"), pass_mark="60"), a=PASSED, b=MEASURED)
    assert card.score.passed is False
    changed = rubric(spec("a", points="80"), spec("b", points="20"), pass_mark="60")
    assert rescore(card, changed).score.passed is True


def test_a_check_that_was_blocked_and_would_run_now_is_open():
    strict = rubric(spec("a"), spec("b", needs=("a",)))
    blocked = Outcome(status=Status.BLOCKED, fraction=Fraction(0), message="Not looked at.", blocked_by="a")
    again = rescore(score_of(strict, a=MEASURED, b=blocked), rubric(spec("a", award=TABLE), spec("b", needs=("a",))))
    assert statuses(again) == {"a": "partial", "b": "not_assessed"}


def test_a_check_whose_need_fails_now_is_blocked():
    card = score_of(rubric(spec("a"), spec("b")), a=MEASURED, b=PASSED)
    assert statuses(rescore(card, rubric(spec("a"), spec("b", needs=("a",))))) == {"a": "failed", "b": "blocked"}


def test_a_new_check_and_another_question_are_open():
    card = score_of(rubric(spec("a").replace(parameters="1")), a=PASSED)
    again = rescore(card, rubric(spec("a").replace(parameters="2"), spec("new")))
    assert statuses(again) == {"a": "not_assessed", "new": "not_assessed"}
    assert "Grade the submission again" in again.criteria[0].checks[0].remedy


def test_what_only_left_out_keeps_that_reason():
    the_rubric = rubric(spec("a"), spec("b", needs=("a",)))
    left_out = not_assessed("Left out of this run by --only.")
    for need in (left_out, MEASURED):
        card = score_of(the_rubric, a=need, b=left_out)
        assert rescore(card, the_rubric) == card


def test_an_open_check_stays_open():
    the_rubric = rubric(spec("a"))
    waits = Outcome(status=Status.NOT_ASSESSED, fraction=Fraction(0), message="No tool.", remedy="Install it.")
    assert rescore(score_of(the_rubric, a=waits), the_rubric).criteria[0].checks[0].remedy == "Install it."
