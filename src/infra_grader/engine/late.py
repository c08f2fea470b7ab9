"""The built-in plugin `late`: points off for work that was handed in late, as a penalty that every report shows.

It runs where the rubric has a late policy, or the command line gave one. With L the whole seconds from the deadline to
the moment of handing in, nothing is lost up to the grace. Beyond it, each period begun in L costs the percentage:

    rate = min(cap, percent x ceil(L / period)) / 100
    lost = rate x points earned, or rate x points of the rubric, rounded down to a hundredth

What open checks could still bring is reduced by the same rule. Nothing falls below 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count

from infra_grader.engine.log import logger
from infra_grader.engine.score import NOTHING, earned_points, grade_of, percent_of
from infra_grader.model.outcome import ONE, ZERO, Evidence, EvidenceKind, Status, status_of
from infra_grader.model.rubric import LateBase, LatePolicy, Rubric
from infra_grader.model.scorecard import LATE, CheckScore, PenaltyScore, Score, Scorecard, SubmissionRef
from infra_grader.plugin import hookimpl
from infra_grader.reading.late_policy import parse_late

UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
SECOND = timedelta(seconds=1)
UNKNOWN = "When it was handed in is not known, so nothing is taken"
REMEDY = "The column submitted of the roster can say it."
FINAL = "Points that are lost by being late cannot be won back."


@hookimpl
def infra_grader_adjust_scorecard(scorecard: Scorecard, rubric: Rubric) -> Scorecard | None:
    """Take what the policy of the command line, or else of the rubric, takes; once."""
    policy = _policy(scorecard, rubric)
    if policy is None or any(penalty.check.uses == LATE for penalty in scorecard.penalties):
        return None
    return take_for_lateness(scorecard, rubric, policy)


def _policy(scorecard: Scorecard, rubric: Rubric) -> LatePolicy | None:
    given = scorecard.environment.get(LATE)
    if given is None:
        return rubric.late
    try:
        return parse_late(str(given))
    except ValueError:  # an edited record; what it asks for is not known
        logger().error("the late policy of the record cannot be read; the rubric's is used")
        return rubric.late


def take_for_lateness(scorecard: Scorecard, rubric: Rubric, policy: LatePolicy) -> Scorecard | None:
    """Return the scorecard after the policy; `None` where it says nothing: in time, or no deadline.

    Late within the grace, and handed in at a time that is not known, is said by a penalty that costs nothing.
    """
    due = _moment(scorecard.submission.due)
    if due is None:
        return None
    submitted = _moment(scorecard.submission.submitted)
    if submitted is None:
        return _with(scorecard, _free(scorecard, UNKNOWN, REMEDY))
    late_s = (submitted - due) // SECOND
    if late_s <= 0:
        return None
    if late_s <= policy.grace_s:
        message = f"The grace is {span_words(policy.grace_s)}, so nothing is taken."
        return _with(scorecard, _free(scorecard, _title(late_s), message, late_s))
    return _charged(scorecard, rubric, policy, late_s)


def lateness_rate(policy: LatePolicy, late_s: int) -> Fraction:
    """Return the share that work loses which is handed in this many seconds after the deadline; 0 up to the grace."""
    if late_s <= max(0, policy.grace_s):
        return ZERO
    return min(Fraction(policy.cap), Fraction(policy.percent) * _periods(policy, late_s)) / 100


def span_words(seconds: int) -> str:
    """Return a span of time by its two largest units: `1 day and 3 hours`."""
    parts = []
    for unit, size in UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(_counted(number, unit))
        if len(parts) == 2 or (parts and not number):
            break
    return " and ".join(parts) or "0 seconds"


def _moment(text: str | None) -> datetime | None:
    """Return a moment in whole seconds, so that a deadline holds until its second has passed."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.astimezone(UTC).replace(microsecond=0)


def _periods(policy: LatePolicy, late_s: int) -> int:
    return -(-late_s // policy.period_s)


def _charged(scorecard: Scorecard, rubric: Rubric, policy: LatePolicy, late_s: int) -> Scorecard:
    """Return the scorecard with what it costs to be as late as this."""
    rate, cap = lateness_rate(policy, late_s), Fraction(policy.cap) / 100
    score = scorecard.score
    is_of_earned = policy.of is LateBase.EARNED
    base, open_base = (score.earned, score.possible) if is_of_earned else (rubric.points, rubric.points)
    lost, open_lost = earned_points(base, rate), earned_points(open_base, rate)
    fraction = ONE - rate / cap if cap else ONE
    message = _sum_words(policy, late_s, base, lost)
    if open_base > base:
        message += f" Of the {_plain(open_base)} points that are still possible: {_plain(open_lost)}."
    penalty = _free(scorecard, _title(late_s), message, late_s)
    check = penalty.check.replace(
        points=earned_points(base, cap),
        status=status_of(fraction),
        fraction=fraction,
        hint=FINAL if lost else "",
    )
    charged = _with(scorecard, penalty.replace(check=check, lost=lost, lost_at_least=lost))
    return charged.replace(score=_lowered(score, rubric, lost, open_lost))


def _sum_words(policy: LatePolicy, late_s: int, base: Decimal, lost: Decimal) -> str:
    """Return how the cost came about, such as `2 days begun at 10 % each: 20 % of the 45 points earned, which is 9`."""
    periods = _periods(policy, late_s)
    unit = next(unit for unit, size in UNITS if size == policy.period_s)
    percent = policy.percent * periods
    share = f"{_plain(percent)} %" if percent <= policy.cap else f"{_plain(percent)} %, at most {_plain(policy.cap)} %"
    of = "points earned" if policy.of is LateBase.EARNED else "points of the rubric"
    begun = f"{_counted(periods, unit)} begun at {_plain(policy.percent)} % each"
    return f"{begun}: {share} of the {_plain(base)} {of}, which is {_plain(lost)}."


def _title(late_s: int) -> str:
    return f"Handed in {span_words(late_s)} late"


def _free(scorecard: Scorecard, title: str, message: str, late_s: int | None = None) -> PenaltyScore:
    """Return a penalty that costs nothing."""
    check = CheckScore(
        id=_free_id(scorecard),
        title=title,
        uses=LATE,
        status=Status.PASSED,
        fraction=ONE,
        message=message,
        weight=ONE,
        points=NOTHING,
        earned=NOTHING,
        possible=NOTHING,
        evidence=tuple(_evidence(scorecard.submission, late_s)),
    )
    return PenaltyScore(check=check, lost=NOTHING, lost_at_least=NOTHING)


def _evidence(submission: SubmissionRef, late_s: int | None) -> Sequence[Evidence]:
    times = [Evidence(kind=EvidenceKind.FIELD, path="due", actual=submission.due)]
    if late_s is not None:
        times.append(Evidence(kind=EvidenceKind.FIELD, path="submitted", actual=submission.submitted))
        times.append(Evidence.number(late_s, 0, "seconds"))
    return times


def _free_id(scorecard: Scorecard) -> str:
    """Return an id for the penalty that no check of the rubric has."""
    taken = {check.id for check in scorecard.all_checks()}
    names = (LATE if number == 1 else f"{LATE}-{number}" for number in count(1))
    return next(name for name in names if name not in taken)


def _with(scorecard: Scorecard, penalty: PenaltyScore) -> Scorecard:
    return scorecard.replace(penalties=(*scorecard.penalties, penalty))


def _lowered(score: Score, rubric: Rubric, lost: Decimal, open_lost: Decimal) -> Score:
    earned, possible = max(NOTHING, score.earned - lost), max(NOTHING, score.possible - open_lost)
    percent = percent_of(earned, rubric.points)
    letters = {grade_of(percent, rubric.grades), grade_of(percent_of(possible, rubric.points), rubric.grades)}
    passed = score.passed
    if possible < rubric.pass_mark:
        passed = False
    elif earned < rubric.pass_mark and passed:
        passed = None
    return score.replace(
        earned=earned,
        possible=possible,
        penalty=score.penalty + lost,
        percent=percent,
        grade=letters.pop() if len(letters) == 1 else None,
        passed=passed,
    )


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
