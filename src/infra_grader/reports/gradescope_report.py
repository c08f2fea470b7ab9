"""The `results.json` that an autograder in Gradescope's container leaves behind.

Hidden checks tell Gradescope their points alone; those that are to be seen later tell what they found, which Gradescope
keeps until then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra_grader.model.scorecard import CheckScore, Scorecard
from infra_grader.plugin import RenderOptions, ReportFormat, hookimpl
from infra_grader.reports._cells import json_number
from infra_grader.reports._details import details
from infra_grader.reports._entries import refuse_unassessed
from infra_grader.reports._findings import for_learner
from infra_grader.reports._gradescope import results_text, test_of, test_of_penalty
from infra_grader.reports._text import line, prose
from infra_grader.reports._wording import penalty_points, score_words, verdict, verdict_reasons

NAME = "gradescope"


@hookimpl
def infra_grader_report_formats() -> list[ReportFormat]:
    """Give the format `gradescope`."""
    return [ReportFormat(name=NAME, is_machine=True, render=render)]


def render(scorecard: Scorecard, options: RenderOptions) -> str:  # noqa: ARG001 - the contract of a report
    """Return the file as indented JSON, ending with a newline. Raises `ReportError` where nothing was assessed."""
    refuse_unassessed(scorecard, NAME)
    score, rubric = scorecard.score, scorecard.rubric
    return results_text(
        score,
        output=_summary(for_learner(scorecard)),
        facts={
            "rubric": line(rubric.id),
            "version": rubric.version,
            "status": score.status,
            "passed": score.passed,
            "percent": json_number(score.percent),
        },
        tests=_tests(scorecard),
    )


def _summary(shown: Scorecard) -> str:
    return "\n".join([f"{verdict(shown)}: {score_words(shown)}.", *verdict_reasons(shown)])


def _tests(scorecard: Scorecard) -> Iterator[dict[str, Any]]:
    parts = [(criterion.checks, False) for criterion in scorecard.criteria]
    if scorecard.bonus is not None:
        parts.append((scorecard.bonus.checks, True))
    for place, (checks, is_bonus) in enumerate(parts, 1):
        for number, check in enumerate(checks, 1):
            name = prose(check.title) or line(check.id)
            yield test_of(check, name, f"{place}.{number}", _findings(check), is_bonus=is_bonus)
    for penalty in scorecard.penalties:
        if penalty.lost:
            found = [f"It {penalty_points(penalty)}.", *_findings(penalty.check)]
            yield test_of_penalty(penalty, penalty.check.title or penalty.check.id, found, penalty.check.visibility)


def _findings(check: CheckScore) -> list[str]:
    return [text for text in (line(check.message), *details(check)) if text]
