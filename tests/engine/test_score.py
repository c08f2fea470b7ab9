from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.engine.score import award, earned_points, judge, percent_of
from infra_grader.model.outcome import Measure, Outcome, Status
from infra_grader.model.rubric import AwardRow, Unassessed
from rubrics import rubric, score_of, spec

PASSED = Outcome.passed("It is there.")
FAILED = Outcome.failed("It is not there.")
OPEN = Outcome(status=Status.NOT_ASSESSED, fraction=Fraction(0), message="No tool.")
AWAITING = Outcome.awaiting("A person looks.")
ERROR = Outcome(status=Status.ERROR, fraction=Fraction(0), message="Our fault.")
BLOCKED = Outcome(status=Status.BLOCKED, fraction=Fraction(0), message="Not looked at.", blocked_by="a")


def half(message="Half of it is there."):
    return Outcome.partial(Fraction(1, 2), message)


def test_points_are_rounded_down_to_a_hundredth():
    assert earned_points(Decimal(10), Fraction(2, 3)) == Decimal("6.66")
    assert earned_points(Decimal("0.01"), Fraction(99, 100)) == Decimal("0.00")
    assert earned_points(Decimal("33.34"), Fraction(1)) == Decimal("33.34")


def test_all_passed_earns_everything():
    card = score_of(rubric(spec("a", points="60"), spec("b", points="40"), pass_mark="70"), a=PASSED, b=PASSED)
    assert (card.score.earned, card.score.possible) == (100, 100)
    assert card.score.passed is True
    assert card.score.status == "final"


@pytest.mark.parametrize("outcome", [OPEN, AWAITING, ERROR])
def test_an_open_check_makes_the_score_an_interval(outcome):
    card = score_of(rubric(spec("a", points="60"), spec("b", points="40"), pass_mark="70"), a=PASSED, b=outcome)
    assert (card.score.earned, card.score.possible) == (60, 100)
    assert card.score.passed is None
    assert card.score.status == "provisional"


def test_a_blocked_check_counts_zero_and_is_not_open():
    card = score_of(rubric(spec("a", points="60"), spec("b", points="40"), pass_mark="70"), a=FAILED, b=BLOCKED)
    assert (card.score.earned, card.score.possible, card.score.passed) == (0, 0, False)


def test_open_points_that_cannot_reach_the_mark_do_not_decide():
    card = score_of(rubric(spec("a", points="60"), spec("b", points="40"), pass_mark="70"), a=FAILED, b=OPEN)
    assert card.score.passed is False


def test_open_points_that_are_not_needed_do_not_decide():
    card = score_of(rubric(spec("a", points="80"), spec("b", points="20"), pass_mark="70"), a=PASSED, b=OPEN)
    assert card.score.passed is True
    assert card.score.status == "provisional"


@pytest.mark.parametrize(("outcome", "possible"), [(OPEN, 60), (AWAITING, 60), (ERROR, 100)])
def test_unassessed_zero_closes_what_nobody_assessed_but_never_our_errors(outcome, possible):
    the_rubric = rubric(spec("a", points="60"), spec("b", points="40"), pass_mark="70", unassessed=Unassessed.ZERO)
    card = score_of(the_rubric, a=PASSED, b=outcome)
    assert card.score.possible == possible
    assert card.score.passed is (None if outcome is ERROR else False)


def test_a_required_criterion_fails_the_whole_when_a_check_falls_short():
    the_rubric = rubric(spec("a", points="99"), spec("b", points="1"), pass_mark="70", required=True)
    assert score_of(the_rubric, a=PASSED, b=half()).score.passed is False
    assert score_of(the_rubric, a=PASSED, b=OPEN).score.passed is None
    assert score_of(the_rubric, a=PASSED, b=PASSED).score.passed is True


def test_a_check_of_weight_0_never_decides():
    the_rubric = rubric(spec("a", points="100"), spec("b", points="0", weight=0), pass_mark="70", required=True)
    assert score_of(the_rubric, a=PASSED, b=FAILED).score.passed is True
    assert score_of(the_rubric, a=PASSED, b=OPEN).score.status == "final"


def test_nothing_assessed_at_all_is_never_a_success():
    assert score_of(rubric(spec("a"), pass_mark="0"), a=OPEN).score.passed is None


def test_bonus_adds_and_is_not_capped():
    card = score_of(rubric(spec("a", points="100"), bonus=[spec("b", points="10")]), a=PASSED, b=half())
    assert (card.score.earned, card.score.bonus, card.score.percent) == (105, 5, 105)


def test_a_penalty_takes_its_points_by_the_missing_fraction():
    the_rubric = rubric(spec("a", points="100"), penalties=[spec("p", points="5")])
    assert score_of(the_rubric, a=PASSED, p=half()).score.earned == Decimal("97.50")
    assert score_of(the_rubric, a=PASSED, p=PASSED).score.penalty == 0


def test_an_open_penalty_counts_in_earned_and_not_in_possible():
    card = score_of(rubric(spec("a", points="100"), penalties=[spec("p", points="5")]), a=PASSED, p=OPEN)
    assert (card.score.earned, card.score.possible) == (95, 100)


def test_a_penalty_that_is_closed_unassessed_costs_nothing():
    the_rubric = rubric(spec("a", points="100"), penalties=[spec("p", points="5")], unassessed=Unassessed.ZERO)
    card = score_of(the_rubric, a=PASSED, p=OPEN)
    assert (card.score.earned, card.score.possible) == (100, 100)


def test_the_total_is_never_below_0():
    card = score_of(rubric(spec("a", points="3"), penalties=[spec("p", points="5")]), a=PASSED, p=FAILED)
    assert (card.score.earned, card.score.possible) == (0, 0)


GRADES = (("A", Decimal(90)), ("B", Decimal(80)), ("C", Decimal(70)), ("F", Decimal(0)))


@pytest.mark.parametrize(
    ("points", "letter"), [("100", "A"), ("90", "A"), ("89.99", "B"), ("70", "C"), ("69.99", "F"), ("0", "F")]
)
def test_grades_start_at_their_bound(points, letter):
    rest = Decimal(100) - Decimal(points)
    the_rubric = rubric(spec("a", points=points), spec("b", points=str(rest)), grades=GRADES)
    assert score_of(the_rubric, a=PASSED, b=FAILED).score.grade == letter


def test_the_grade_is_open_while_earned_and_possible_differ_in_letter():
    the_rubric = rubric(spec("a", points="85"), spec("b", points="15"), grades=GRADES)
    assert score_of(the_rubric, a=PASSED, b=OPEN).score.grade is None
    same = rubric(spec("a", points="91"), spec("b", points="9"), grades=GRADES)
    assert score_of(same, a=PASSED, b=OPEN).score.grade == "A"


def test_percent_is_never_rounded_up_to_a_mark():
    assert percent_of(Decimal("209.99"), Decimal(300)) == Decimal("69.99")


def row(operator, bound, fraction):
    return AwardRow(operator=operator, bound=Fraction(bound), fraction=Fraction(fraction))


def test_the_first_row_that_holds_wins_and_none_is_0():
    table = (row("<=", "0", 1), row("<=", "5", "0.8"), row("<=", "20", "0.4"))
    assert [award(table, value) for value in (0, 5, 6, 21)] == [1, Fraction(4, 5), Fraction(2, 5), 0]


def test_a_measure_is_compared_as_it_was_written():
    assert award((row("<=", "0.8", 1),), 0.8) == 1
    assert award((row("==", "0.1", 1),), 0.1) == 1


def test_an_award_keeps_the_own_fraction_and_sets_the_status():
    outcome = Outcome.failed("7 problems.", measure=Measure(value=7, unit="problems"))
    judged = judge(spec("a", award=(row("<=", "20", "0.4"),)), outcome)
    assert (judged.fraction, judged.own_fraction, judged.status) == (Fraction(2, 5), 0, Status.PARTIAL)


@pytest.mark.parametrize("outcome", [FAILED, OPEN, BLOCKED, ERROR])
def test_an_award_never_touches_what_has_no_measure(outcome):
    assert judge(spec("a", award=(row(">=", "0", 1),)), outcome) is outcome


fractions = st.fractions(min_value=0, max_value=1, max_denominator=97)
outcomes = st.one_of(
    fractions.map(lambda share: Outcome.partial(share, "So much.")),
    st.just(OPEN),
    st.just(ERROR),
    st.just(AWAITING),
    st.just(BLOCKED),
)
hundredths = st.integers(1, 5000).map(lambda number: Decimal(number) / 100)


@given(
    checks=st.lists(st.tuples(hundredths, outcomes), min_size=1, max_size=8),
    bonus=st.lists(st.tuples(hundredths, outcomes), max_size=3),
    penalties=st.lists(st.tuples(hundredths, outcomes), max_size=3),
    unassessed=st.sampled_from(Unassessed),
)
def test_every_shown_column_adds_up(checks, bonus, penalties, unassessed):
    the_rubric = rubric(
        *(spec(f"c{i}", points=str(points)) for i, (points, _) in enumerate(checks)),
        bonus=[spec(f"b{i}", points=str(points)) for i, (points, _) in enumerate(bonus)],
        penalties=[spec(f"p{i}", points=str(points)) for i, (points, _) in enumerate(penalties)],
        unassessed=unassessed,
    )
    given_outcomes = {
        f"{letter}{i}": outcome
        for letter, group in (("c", checks), ("b", bonus), ("p", penalties))
        for i, (_, outcome) in enumerate(group)
    }
    card = score_of(the_rubric, **given_outcomes)
    (criterion,) = card.criteria
    assert criterion.earned == sum(check.earned for check in criterion.checks)
    assert criterion.possible == sum(check.possible for check in criterion.checks)
    extra = card.bonus.earned if card.bonus else 0
    lost = sum(penalty.lost for penalty in card.penalties)
    assert card.score.earned == max(0, criterion.earned + extra - lost)
    assert card.score.bonus == extra
    assert card.score.penalty == lost
    assert 0 <= card.score.earned <= card.score.possible


@given(before=st.lists(fractions, min_size=1, max_size=6), which=st.integers(0, 5), more=fractions, penalty=fractions)
def test_raising_any_fraction_never_lowers_the_score(before, which, more, penalty):
    which %= len(before)
    after = list(before)
    after[which] = max(after[which], more)
    the_rubric = rubric(
        *(spec(f"c{i}", points="12.34") for i in range(len(before))), penalties=[spec("p", points="3.21")]
    )

    def earned(shares, share_of_penalty):
        marks = {f"c{i}": Outcome.partial(share, "So much.") for i, share in enumerate(shares)}
        return score_of(the_rubric, **marks, p=Outcome.partial(share_of_penalty, "So much.")).score.earned

    assert earned(after, penalty) >= earned(before, penalty)
    assert earned(before, max(penalty, more)) >= earned(before, penalty)
