"""A badge with the score: the JSON that shields.io's endpoint badge reads, and services like it."""

from __future__ import annotations

import json

from infra_grader.model.scorecard import Scorecard
from infra_grader.plugin import RenderOptions, ReportFormat, hookimpl
from infra_grader.reports._text import cut, number, prose

COLORS = {True: "brightgreen", False: "red", None: "yellow"}
"""By whether it passed; yellow while open points decide."""
MAX_LABEL = 60


@hookimpl
def infra_grader_report_formats() -> list[ReportFormat]:
    """Give the format `badge`."""
    return [ReportFormat(name="badge", is_machine=True, render=render)]


def render(scorecard: Scorecard, options: RenderOptions) -> str:  # noqa: ARG001 - the contract of a report
    """Return a JSON object in ASCII, ending with a newline: the rubric's title, and the score in a few words."""
    badge = {
        "schemaVersion": 1,
        "label": cut(prose(scorecard.rubric.title), MAX_LABEL),
        "message": _words(scorecard),
        "color": COLORS[scorecard.score.passed],
    }
    return json.dumps(badge, indent=2) + "\n"


def _words(scorecard: Scorecard) -> str:
    """Return `82 of 100 (B)`, or `62 to 92 of 100` while points are open."""
    score = scorecard.score
    reach = number(score.earned)
    if score.possible != score.earned:
        reach += f" to {number(score.possible)}"
    grade = f" ({prose(score.grade)})" if score.grade else ""
    return f"{reach} of {number(score.points)}{grade}"
