"""The late policy: what it takes, what it says, and its laws."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.api import rescore
from infra_grader.engine.adjust import adjusted
from infra_grader.engine.late import lateness_rate, span_words, take_for_lateness
from infra_grader.engine.registry import Registry
from infra_grader.engine.score import percent_of
from infra_grader.errors import ResultError
from infra_grader.loading.result_file import parse_result
from infra_grader.model.outcome import Outcome, Status
from infra_grader.model.rubric import LateBase, LatePolicy
from infra_grader.model.scorecard import ADJUSTED_BY, LATE
from infra_grader.plugin import RenderOptions
from infra_grader.reports.json_report import render
from tests.support.rubrics import rubric, score_of, spec

DUE = datetime(2026, 11, 20, 17, tzinfo=UTC)
DAY = 86_400
TEN = LatePolicy(percent=Decimal(10), grace_s=3600, cap=Decimal(50))
TWO = (spec("a", points="60"), spec("b", points="40"))
HALF = Outcome.partial(Fraction(3, 4), "Most of it.")


def card(the_rubric, late_s=None, *, due="", submitted=None, **outcomes):
    """Return the scorecard of work that was handed in so many seconds after it was due."""
    moment = DUE + timedelta(seconds=late_s or 0)
    named = {"a": HALF, "b": Outcome.passed("All of it."), **outcomes}
    scored = score_of(the_rubric, **named)
    handed_in = moment.strftime("%Y-%m-%dT%H:%M:%SZ") if late_s is not None else submitted
    return scored.replace(
        submission=scored.submission.replace(due=DUE.isoformat() if due == "" else due, submitted=handed_in)
    )


def late_by(late_s, policy=TEN, **outcomes):
    """Return the scorecard after the policy of its rubric."""
    the_rubric = rubric(*TWO, pass_mark="50", grades=(("A", Decimal(80)), ("F", Decimal(0))), late=policy)
    return adjusted(card(the_rubric, late_s, **outcomes), the_rubric, Registry())


@pytest.mark.parametrize(
    ("late_s", "earned"),
    [
        (-DAY, "85"), (0, "85"), (1, "85"), (3600, "85"), (3601, "76.5"), (DAY, "76.5"), (DAY + 1, "68"),
        (5 * DAY, "42.5"), (50 * DAY, "42.5"),
    ],
)  # fmt: skip
def test_each_day_begun_costs_its_percentage_beyond_the_grace_up_to_the_cap(late_s, earned):
    assert late_by(late_s).score.earned == Decimal(earned)


def test_the_penalty_shows_its_sum_and_how_it_came_about():
    scored = late_by(DAY + 3 * 3600)
    [penalty] = scored.penalties
    assert penalty.check.title == "Handed in 1 day and 3 hours late"
    assert penalty.check.message == "2 days begun at 10 % each: 20 % of the 85 points earned, which is 17."
    assert (penalty.lost, penalty.check.points, penalty.check.status) == (17, Decimal("42.5"), Status.PARTIAL)
    assert [piece.actual for piece in penalty.check.evidence] == [DUE.isoformat(), "2026-11-21T20:00:00Z", 97_200]
    score = scored.score
    assert (score.earned, score.possible, score.penalty, score.percent) == (68, 68, 17, 68)
    assert (score.grade, score.passed) == ("F", True)
    assert scored.environment[ADJUSTED_BY] == LATE


def test_the_cap_is_said():
    [penalty] = late_by(9 * DAY).penalties
    assert "9 days begun at 10 % each: 90 %, at most 50 % of the 85 points earned" in penalty.check.message
    assert (penalty.check.status, penalty.check.fraction) == (Status.FAILED, 0)


def test_work_that_no_longer_reaches_the_pass_mark_did_not_pass():
    assert late_by(5 * DAY).score.passed is False
    assert late_by(5 * DAY).score.grade == "F"


def test_a_share_of_the_rubrics_points_may_be_taken_and_nothing_falls_below_zero():
    hourly = LatePolicy(percent=Decimal(3), period_s=3600, of=LateBase.POINTS)
    scored = late_by(10 * 3600 - 1, hourly)
    assert (scored.score.earned, scored.penalties[0].lost) == (55, 30)
    message = scored.penalties[0].check.message
    assert message == "10 hours begun at 3 % each: 30 % of the 100 points of the rubric, which is 30."
    gone = late_by(9 * DAY, hourly)
    assert (gone.score.earned, gone.score.possible, gone.penalties[0].lost) == (0, 0, 100)


def test_what_is_open_loses_the_same_share():
    scored = late_by(DAY, b=Outcome.awaiting("A person looks."))
    assert (scored.score.earned, scored.score.possible) == (Decimal("40.5"), Decimal("76.5"))
    assert scored.score.passed is None
    assert scored.penalties[0].check.message.endswith(" Of the 85 points that are still possible: 8.5.")


def test_within_the_grace_it_is_said_that_nothing_is_taken():
    scored = late_by(1800)
    [penalty] = scored.penalties
    assert (penalty.check.title, penalty.lost) == ("Handed in 30 minutes late", 0)
    assert penalty.check.message == "The grace is 1 hour, so nothing is taken."
    assert penalty.check.status is Status.PASSED


@pytest.mark.parametrize("submitted", [None, "", "soon", "2026-11-21T20:00:00", "9" * 400])
def test_an_unknown_time_takes_nothing_and_is_said_where_a_deadline_is_known(submitted):
    the_rubric = rubric(*TWO, late=TEN)
    scored = adjusted(card(the_rubric, submitted=submitted), the_rubric, Registry())
    assert scored.score.earned == 85
    assert [penalty.check.title for penalty in scored.penalties] == [
        "When it was handed in is not known, so nothing is taken"
    ]
    without = card(the_rubric, submitted=submitted, due=None)
    assert adjusted(without, the_rubric, Registry()) == without


@pytest.mark.parametrize(
    ("due", "submitted", "is_late"),
    [
        ("2026-11-20T17:00:00Z", "2026-11-20T18:00:00+01:00", False),
        ("2026-11-20T17:00:00Z", "2026-11-20T17:00:00.999999Z", False),  # its second has not passed
        ("2026-11-20T17:00:00.9Z", "2026-11-20T17:00:01Z", True),
        ("2026-11-20T17:00:00Z", "2026-11-20T17:00:01Z", True),
        ("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", True),  # the clocks were put back in between
        ("2026-10-25T02:30:00+02:00", "2026-10-25T01:30:00+01:00", False),
    ],
)
def test_moments_are_compared_whatever_their_zone_to_the_second(due, submitted, is_late):
    policy = LatePolicy(percent=Decimal(10))
    the_rubric = rubric(*TWO, late=policy)
    taken = take_for_lateness(card(the_rubric, due=due, submitted=submitted), the_rubric, policy)
    assert (taken is not None) is is_late


def test_without_a_policy_nothing_is_touched():
    the_rubric = rubric(*TWO)
    scored = card(the_rubric, 9 * DAY)
    assert adjusted(scored, the_rubric, Registry()) is scored


@pytest.mark.parametrize(("given", "earned"), [("per-day=1", "84.15"), ("none", "85"), ("gibberish", "76.5")])
def test_the_command_lines_policy_goes_before_the_rubrics_and_is_recorded(given, earned):
    the_rubric = rubric(*TWO, late=TEN)
    scored = card(the_rubric, DAY)
    scored = scored.replace(environment={LATE: given})
    done = adjusted(scored, the_rubric, Registry())
    assert done.score.earned == Decimal(earned)
    assert rescore(done, the_rubric) == done


def test_it_is_applied_once_and_again_to_another_total_when_rescored():
    scored = late_by(DAY)
    the_rubric = rubric(*TWO, pass_mark="50", grades=(("A", Decimal(80)), ("F", Decimal(0))), late=TEN)
    assert adjusted(scored, the_rubric, Registry()) == scored
    assert rescore(scored, the_rubric) == scored
    softer = rescore(scored, the_rubric.replace(late=LatePolicy(percent=Decimal(1))))
    assert (softer.score.earned, len(softer.penalties)) == (Decimal("84.15"), 1)
    free = rescore(scored, the_rubric.replace(late=None))
    assert (free.score.earned, free.penalties, ADJUSTED_BY in free.environment) == (85, (), False)


def test_its_penalty_has_an_id_of_its_own():
    the_rubric = rubric(spec("late", points="60"), spec("late-2", points="40"), late=TEN)
    scored = score_of(the_rubric, late=HALF, late_2=HALF)
    scored = scored.replace(submission=card(rubric(*TWO), DAY).submission)
    assert adjusted(scored, the_rubric, Registry()).penalties[0].check.id == "late-3"


def test_a_record_with_it_is_read_back_and_held_to_its_sums():
    for late_s, outcomes in ((DAY, {}), (1800, {}), (9 * DAY, {"b": Outcome.awaiting("A person looks.")})):
        scored = late_by(late_s, **outcomes)
        record = render(scored, RenderOptions())
        assert render(parse_result(record.encode(), "ada"), RenderOptions()) == record
    forged = json.loads(record)
    forged["score"]["earned"] += 1
    with pytest.raises(ResultError, match=r"score\.earned is"):
        parse_result(json.dumps(forged).encode(), "ada")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"), (61, "1 minute and 1 second"), (3600, "1 hour"), (90_000, "1 day and 1 hour"),
        (DAY, "1 day"), (DAY + 60, "1 day"), (0, "0 seconds"), (400 * DAY, "400 days"),
    ],
)  # fmt: skip
def test_spans_in_words(seconds, words):
    assert span_words(seconds) == words


PERCENTS = st.decimals(0, 100, places=2)
POLICIES = st.builds(
    LatePolicy,
    percent=PERCENTS,
    cap=PERCENTS,
    period_s=st.sampled_from([3600, DAY]),
    grace_s=st.integers(0, 3 * DAY),
    of=st.sampled_from(LateBase),
)
LATENESS = st.integers(-3 * DAY, 300 * DAY)
SHARES = st.fractions(0, 1, max_denominator=50)


@given(POLICIES, LATENESS, LATENESS)
def test_the_rate_grows_with_the_lateness_within_the_cap(policy, one, other):
    earlier, later = sorted((one, other))
    assert 0 <= lateness_rate(policy, earlier) <= lateness_rate(policy, later) <= Fraction(policy.cap) / 100
    if earlier <= 0:
        assert lateness_rate(policy, earlier) == 0


@given(POLICIES, LATENESS, LATENESS, SHARES, SHARES, st.booleans())
def test_later_is_never_better_and_nothing_is_taken_beyond_the_cap_or_below_zero(
    policy, one, other, first, second, is_open
):
    the_rubric = rubric(*TWO, pass_mark="50", late=policy)
    b = Outcome.awaiting("A person looks.") if is_open else Outcome.partial(second, "Some.")
    before = card(the_rubric, 0, a=Outcome.partial(first, "Some."), b=b)
    earlier, later = (
        adjusted(card(the_rubric, late_s, a=Outcome.partial(first, "Some."), b=b), the_rubric, Registry())
        for late_s in sorted((one, other))
    )
    assert later.score.earned <= earlier.score.earned <= before.score.earned
    assert later.score.possible <= earlier.score.possible <= before.score.possible
    for scored in (earlier, later):
        score = scored.score
        assert 0 <= score.earned <= score.possible
        assert score.percent == percent_of(score.earned, score.points)
        base = before.score.earned if policy.of is LateBase.EARNED else score.points
        assert before.score.earned - score.earned <= Fraction(policy.cap) / 100 * Fraction(base)
        assert score.earned == max(0, before.score.earned - sum(penalty.lost for penalty in scored.penalties))
        assert parse_result(render(scored, RenderOptions()).encode(), "ada").score == score
    if max(one, other) <= 0:
        assert later.score == before.score
