"""The report as one self-contained page: no script, nothing loaded, readable on paper, in the dark and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from infra_grader.model.outcome import Measure
from infra_grader.model.scorecard import CriterionScore, Scorecard
from infra_grader.plugin import RenderOptions, ReportFormat, hookimpl
from infra_grader.reports import _findings, _page, _text, _wording

if TYPE_CHECKING:
    from jinja2 import Environment


@hookimpl
def infra_grader_report_formats() -> list[ReportFormat]:
    """Give the format `html`."""
    return [ReportFormat(name="html", is_machine=True, render=render)]


def render(scorecard: Scorecard, options: RenderOptions) -> str:  # noqa: ARG001 - the contract of a report
    """Return the page; all that a learner wrote is escaped, and its policy lets nothing run or load."""
    from markupsafe import Markup

    shown = _findings.for_learner(scorecard)
    style = _page.source("report.css")
    return (
        _environment()
        .get_template("report.html")
        .render(
            card=shown,
            style=Markup(style),  # noqa: S704 - our own file
            policy=_policy(style),
            losses=_findings.losses(shown),
            open_groups=_findings.open_groups(shown),
            claimed=_findings.claimed_checks(shown),
            anchors={check.id: f"check-{count}" for count, check in enumerate(shown.all_checks(), 1)},
            worth=_wording.points_by_check(shown),
            titles={check.id: check.title for check in shown.all_checks()},
        )
    )


def share(part: Decimal, whole: Decimal) -> str:
    """Return a part as percent of the whole, 0 to 100, for the width of a bar."""
    return "0" if whole <= 0 else f"{min(100.0, float(100 * part / whole)):.4g}"


def criterion_state(criterion: CriterionScore) -> str:
    """Return `done`, `open` or `lost`: the words that go with its colour."""
    if criterion.is_done:
        return "done"
    return "lost" if any(check.is_lost and check.weight for check in criterion.checks) else "open"


def measure_words(measure: Measure) -> str:
    """Return `12 issues` or `12 issues, asked for 5`."""
    text = f"{measure.value:.10g}" if isinstance(measure.value, float) else str(measure.value)
    threshold = "" if measure.threshold is None else f" (the kind's own bound is {measure.threshold})"
    return f"{text} {_text.line(measure.unit)}{threshold}"


WORDS: tuple[Callable[..., str | bool | list[str] | list[_text.Quoted]], ...] = (
    _text.line,
    _text.prose,
    _text.block,
    _text.number,
    _text.place,
    _text.statement,
    _text.is_block,
    _text.excerpt,
    _wording.verdict,
    _wording.score_words,
    _wording.verdict_reasons,
    _wording.points,
    _wording.criterion_points,
    _wording.open_heading,
    _wording.submission_words,
    share,
    criterion_state,
    measure_words,
)
"""What the template may call, under its own name; their text is escaped like any other."""


@cache
def _environment() -> Environment:
    return _page.environment(WORDS, STATUS_WORDS=_wording.STATUS_WORDS)


def _policy(style: str) -> str:
    return f"default-src 'none'; style-src {_page.digest(style)}; base-uri 'none'; form-action 'none'"
