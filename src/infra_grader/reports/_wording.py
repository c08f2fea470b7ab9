"""The verdict, the score and the statuses in words: said once, the same in every report."""

from __future__ import annotations

from decimal import Decimal

from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import (
    ADJUSTED_BY,
    LATE,
    NOT_FETCHED,
    CheckScore,
    CriterionScore,
    PenaltyScore,
    Scorecard,
    SubmissionRef,
)
from infra_grader.reports._findings import OpenGroup, open_groups, unmet_requirements
from infra_grader.reports._text import line, number, prose

MAX_NAME = 200
"""Characters of a submission's name and folder that a heading shows."""

STATUS_WORDS = {
    Status.PASSED: "passed",
    Status.PARTIAL: "partly passed",
    Status.FAILED: "failed",
    Status.BLOCKED: "blocked",
    Status.NOT_ASSESSED: "not assessed",
    Status.AWAITING: "awaiting a person",
    Status.ERROR: "grader error",
}

OPEN_WORDS = {
    Status.NOT_ASSESSED: "not assessed",
    Status.AWAITING: "awaiting a person",
    Status.ERROR: "open through a fault of the grader",
}


def verdict(scorecard: Scorecard) -> str:
    """Return `Passed`, `Did not pass` or `Undecided`."""
    if scorecard.score.passed is None:
        return "Undecided"
    return "Passed" if scorecard.score.passed else "Did not pass"


def score_words(scorecard: Scorecard) -> str:
    """Return the score in words: `62 of 100, up to 92: 30 points not assessed, Docker is not available here`."""
    score = scorecard.score
    text = points_words(score.earned, score.possible, score.points)
    groups = [group for group in open_groups(scorecard) if group.points > 0]
    if not groups:
        return text
    statuses = dict.fromkeys(group.status for group in groups)
    return f"{text}: {'; '.join(_open_words(status, groups) for status in statuses)}"


def verdict_reasons(scorecard: Scorecard) -> list[str]:
    """Return the sentences that explain the verdict: pass mark, required criteria, bonus, penalties, plugins, grade."""
    score = scorecard.score
    reasons = [f"The pass mark is {points(scorecard.rubric.pass_mark)}."]
    unmet = unmet_requirements(scorecard)
    if unmet:
        reasons.append(f"Required and not done: {', '.join(prose(criterion.title) for criterion in unmet)}.")
    if score.passed is None and not unmet and score.earned >= scorecard.rubric.pass_mark:
        reasons.append("Nothing was assessed, and that is never a success.")
    if score.bonus:
        reasons.append(f"{points(score.bonus)} of the score are a bonus.")
    certain = sum((penalty.lost_at_least for penalty in scorecard.penalties), Decimal(0))
    if certain:
        reasons.append(f"{points(certain)} are taken off as a penalty.")
    if score.penalty > certain:
        reasons.append(f"{points(score.penalty - certain)} are held back for penalties that are still open.")
    adjusters = str(scorecard.environment.get(ADJUSTED_BY, "")).split(", ")
    if names := ", ".join(name for name in adjusters if name != LATE):  # that one is told by its penalty
        reasons.append(f"The score was adjusted by the plugin {line(names)}.")
    if missing := scorecard.environment.get(NOT_FETCHED):
        reasons.append(f"It was graded without what could not be fetched: {line(str(missing), 2000)}")
    if score.grade is not None:
        reasons.append(f"Grade {line(score.grade)}.")
    if score.provisional:
        reasons.append("The score is provisional until the open checks are assessed.")
    return reasons


def points(value: Decimal) -> str:
    """Return `1 point` or `12.5 points`."""
    return f"{number(value)} point{'' if value == 1 else 's'}"


def points_words(earned: Decimal, possible: Decimal, out_of: Decimal) -> str:
    """Return `12.5 of 20`, or `0 of 20, up to 15` where points are open."""
    text = f"{number(earned)} of {number(out_of)}"
    return text if possible <= earned else f"{text}, up to {number(possible)}"


def check_points(check: CheckScore) -> str:
    """Return what a check of a criterion or of the bonus earned, in words."""
    return points_words(check.earned, check.possible, check.points) if check.counts else "not scored"


def criterion_points(criterion: CriterionScore) -> str:
    """Return what a criterion earned, in words."""
    return points_words(criterion.earned, criterion.possible, criterion.points)


def penalty_points(penalty: PenaltyScore) -> str:
    """Return what a penalty costs, in words."""
    if penalty.lost_at_least < penalty.lost:
        return f"costs up to {number(penalty.lost)} of {number(penalty.check.points)}"
    return f"costs {number(penalty.lost)} of {number(penalty.check.points)}"


def points_by_check(scorecard: Scorecard) -> dict[str, str]:
    """Return the points of every check in words, by its id; of a penalty, what it costs."""
    words = {check.id: check_points(check) for check in scorecard.all_checks()}
    return words | {penalty.check.id: penalty_points(penalty) for penalty in scorecard.penalties}


def open_heading(group: OpenGroup) -> str:
    """Return what is open and why, such as `30 points not assessed: Docker is not available here.`.

    The rubric may say that what nobody could assess counts zero; then the points are no longer open.
    """
    lead = OPEN_WORDS[group.status]
    if group.points:
        lead = f"{points(group.points)} {lead}"
    elif any(check.counts for check in group.checks):
        lead += ", counted as 0"
    lead = lead[:1].upper() + lead[1:]
    return f"{lead}: {line(group.reason)}" if group.reason else f"{lead}."


def more_places(count: int) -> str:
    """Return how many places are not shown."""
    return "1 more place" if count == 1 else f"{count} more places"


def submission_words(submission: SubmissionRef) -> str:
    """Return which submission this is about, with the start of its commit."""
    text = line(submission.id, MAX_NAME)
    if submission.root not in (".", ""):
        text += f", folder {line(submission.root, MAX_NAME)}"
    if submission.commit:
        text += f", commit {line(submission.commit)[:12]}"
        if submission.dirty:
            text += " with changes since"
    return text


def _open_words(status: Status, groups: list[OpenGroup]) -> str:
    mine = [group for group in groups if group.status is status]
    text = f"{points(sum((group.points for group in mine), Decimal(0)))} {OPEN_WORDS[status]}"
    if status is Status.NOT_ASSESSED and len(mine) == 1 and mine[0].reason:
        text += f", {line(mine[0].reason).rstrip('.')}"
    return text
