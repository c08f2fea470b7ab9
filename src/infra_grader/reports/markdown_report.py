"""The report in Markdown, for a comment or a page."""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.model.scorecard import Scorecard
from infra_grader.plugin import RenderOptions, ReportFormat, hookimpl
from infra_grader.reports._findings import Loss, for_learner, losses
from infra_grader.reports._markdown_parts import extra_parts, head_parts, loss_lines, open_parts, page
from infra_grader.reports._markdown_text import words
from infra_grader.reports._text import number
from infra_grader.reports._wording import STATUS_WORDS, points

MAX_BYTES = 60_000
"""A comment holds 65,536 characters; that something is left out is said at the end."""


@hookimpl
def infra_grader_report_formats() -> list[ReportFormat]:
    """Give the format `markdown`."""
    return [ReportFormat(name="markdown", is_machine=False, render=render)]


def render(scorecard: Scorecard, options: RenderOptions) -> str:  # noqa: ARG001 - the contract of a report
    """Return the report as Markdown of at most `MAX_BYTES`, ending with a newline."""
    return page(_parts(for_learner(scorecard)), MAX_BYTES)


def _parts(scorecard: Scorecard) -> Iterator[str]:
    """Yield the parts of the page, the most useful first."""
    yield from head_parts(scorecard)
    yield from _loss_parts(scorecard)
    yield from open_parts(scorecard)
    yield from extra_parts(scorecard)


def _loss_parts(scorecard: Scorecard) -> Iterator[str]:
    found = losses(scorecard)
    scored = [loss for loss in found if loss.winnable > 0]
    if scored:
        yield f"### Points to win back: {points(sum((loss.winnable for loss in scored), scored[0].winnable * 0))}"
    for loss in scored:
        yield "\n".join(_loss_lines(scorecard, loss, f"**{number(loss.winnable)}** · "))
    unscored = [loss for loss in found if loss.winnable == 0]
    if unscored:
        yield "### Not met, and not scored"
    for loss in unscored:
        yield "\n".join(_loss_lines(scorecard, loss, ""))


def _loss_lines(scorecard: Scorecard, loss: Loss, lead: str) -> Iterator[str]:
    yield f"- {lead}{words(loss.check.title)} ({words(loss.group)}, {STATUS_WORDS[loss.check.status]})"
    yield from loss_lines(scorecard, loss)
