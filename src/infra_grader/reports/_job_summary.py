"""The summary of a job in a workflow: Markdown in which what is long is folded away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import CheckScore, CriterionScore, Scorecard
from infra_grader.reports._findings import Loss, losses
from infra_grader.reports._markdown_parts import SIGNS, extra_parts, head_parts, loss_lines, open_parts, page
from infra_grader.reports._markdown_text import cell, html_words
from infra_grader.reports._text import number
from infra_grader.reports._wording import STATUS_WORDS, check_points, criterion_points, points

MAX_BYTES = 1_000_000
"""A summary of more than 1 MiB (1,048,576 bytes) is not shown at all."""
UNFOLDED = 3
"""Losses that are read without a click: those with the most points to win back."""


def job_summary(scorecard: Scorecard) -> str:
    """Return the summary of a scorecard as its learner may see it, in at most `MAX_BYTES`, ending with a newline."""
    return page(_parts(scorecard), MAX_BYTES)


def _parts(scorecard: Scorecard) -> Iterator[str]:
    """Yield the parts of the summary, each whole in itself, the most useful first."""
    yield from head_parts(scorecard)
    yield from _loss_parts(scorecard)
    yield from open_parts(scorecard)
    yield from extra_parts(scorecard)
    yield "### All checks"
    for criterion in scorecard.criteria:
        lead = f"{html_words(criterion.title)}: {criterion_points(criterion)}"
        yield _folded(lead, _checks_table(criterion))


def _loss_parts(scorecard: Scorecard) -> Iterator[str]:
    found = losses(scorecard)
    scored = [loss for loss in found if loss.winnable > 0]
    if scored:
        yield f"### Points to win back: {points(sum((loss.winnable for loss in scored), Decimal(0)))}"
    for rank, loss in enumerate(scored):
        lead = f"<b>{number(loss.winnable)}</b> · "
        yield _folded(lead + _loss_words(loss), loss_lines(scorecard, loss), is_open=rank < UNFOLDED)
    unscored = [loss for loss in found if loss.winnable == 0]
    if unscored:
        yield "### Not met, and not scored"
    for loss in unscored:
        yield _folded(_loss_words(loss), loss_lines(scorecard, loss))


def _loss_words(loss: Loss) -> str:
    return f"{html_words(loss.check.title)} ({html_words(loss.group)}, {STATUS_WORDS[loss.check.status]})"


def _checks_table(criterion: CriterionScore) -> Iterator[str]:
    yield "| | Check | Points |"
    yield "|---|---|---|"
    for check in criterion.checks:
        yield f"| {_sign(check)} | {cell(check.title)} | {check_points(check)} ({STATUS_WORDS[check.status]}) |"


def _sign(check: CheckScore) -> str:
    return SIGNS[None if check.status.is_open else check.status is Status.PASSED]


def _folded(lead: str, lines: Iterable[str], *, is_open: bool = False) -> str:
    """Return lines of Markdown that a click on a line of HTML unfolds; the empty lines end and begin the HTML."""
    state = " open" if is_open else ""
    return "\n".join((f"<details{state}><summary>{lead}</summary>", "", *lines, "", "</details>"))
