"""The result file of Classroom 50, `classroom50/result/v1`, which knows whole numbers only.

The rule: one point is a hundred units, so 62.5 of 100 points are `6250` of `10000`. The engine gives points in
hundredths, so nothing is lost; what a plugin made finer is rounded down. The score is never above the full mark, as the
format demands. The tests add up to the score: where a bonus leads above the full mark or penalties below 0, a last
one says so.

Who handed in what is told by the variables of Classroom 50's runner.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from infra_grader.errors import ReportError
from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import Scorecard
from infra_grader.plugin import RenderOptions, ReportFormat, hookimpl
from infra_grader.reports._entries import Entry, entries, hint, message, refuse_unassessed, remainder_name
from infra_grader.reports._findings import for_learner
from infra_grader.reports._text import line

NAME = "classroom50"
SCHEMA = "classroom50/result/v1"
UNITS = 100
"""Units of the file in a point."""
ASSIGNMENT_TYPES = frozenset({"individual", "group", "team"})
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "classroom": ("CLASSROOM",),
    "assignment": ("ASSIGNMENT",),
    "owner": ("OWNER", "USERNAME"),
    "submission": ("SUBMISSION_TAG",),
    "commit": ("COMMIT_URL",),
    "release": ("RELEASE_URL",),
    "review": ("REVIEW_URL",),
}
"""Keys of the file, each with the variables that may tell it; the first that is set counts."""
COMMIT_TIME = "COMMIT_TIME"
"""The variable that tells when the commit was made, where the scorecard does not know it."""
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)


@hookimpl
def infra_grader_report_formats() -> list[ReportFormat]:
    """Give the format `classroom50`."""
    return [ReportFormat(name=NAME, is_machine=True, render=render)]


def render(scorecard: Scorecard, options: RenderOptions) -> str:
    """Return the file as indented JSON in ASCII, ending with a newline.

    Raises `ReportError` where nothing was assessed, or where the runner's variables are missing or of no use.
    """
    refuse_unassessed(scorecard, NAME)
    shown = for_learner(scorecard)
    most, earned = full_mark(shown), units(shown)
    result = {
        "schema": SCHEMA,
        **_told(scorecard, options.variables),
        "score": earned,
        "max-score": most,
        "tests": list(_tests(shown, earned)),
    }
    return json.dumps(result, indent=2) + "\n"


def full_mark(scorecard: Scorecard) -> int:
    """Return the full mark in units."""
    return _whole(scorecard.score.points)


def units(scorecard: Scorecard) -> int:
    """Return the points that are certain in units, never rounded up: 0 to the full mark."""
    return max(0, min(_whole(scorecard.score.earned), full_mark(scorecard)))


def _whole(points: Decimal) -> int:
    return int((points * UNITS).to_integral_value(rounding=ROUND_FLOOR))


def _told(scorecard: Scorecard, variables: Mapping[str, str]) -> dict[str, str]:
    """Return what the runner tells, and the times."""
    found = {
        key: next((variables[name] for name in names if variables.get(name)), "") for key, names in VARIABLES.items()
    }
    found["datetime"] = scorecard.submission.submitted or variables.get(COMMIT_TIME, "")
    names = {**VARIABLES, "datetime": (COMMIT_TIME,)}
    if missing := [" or ".join(names[key]) for key, value in found.items() if not value]:
        raise ReportError(
            NAME,
            f"the runner's variables are not all set: {', '.join(missing)} missing",
            "Let Classroom 50's runner start it, by the adapter in docs/adapters/classroom50.",
        )
    if not found["submission"].startswith("submit/"):
        raise ReportError(NAME, "SUBMISSION_TAG does not start with submit/", "Give the tag of the submission.")
    if not MOMENT.fullmatch(found["datetime"]):
        raise ReportError(NAME, f"{COMMIT_TIME} is no moment such as 2026-01-31T09:00:00Z", "Give it in UTC.")
    if (kind := variables.get("ASSIGNMENT_TYPE", "")) in ASSIGNMENT_TYPES:
        found["assignment_type"] = kind
    if MOMENT.fullmatch(scorecard.finished):
        found["graded_at"] = scorecard.finished
    return {key: line(value) for key, value in found.items()}


def _tests(scorecard: Scorecard, earned: int) -> Iterator[dict[str, Any]]:
    total = 0
    for entry in entries(scorecard):
        total += _whole(entry.earned)
        yield _test(entry)
    if rest := earned - total:
        yield {
            "test-name": remainder_name(scorecard, is_taken=rest < 0),
            "passed": True,  # nothing that a learner failed
            "score": rest,
            "max-score": max(rest, 0),
        }


def _test(entry: Entry) -> dict[str, Any]:
    test = {
        "test-name": entry.name,
        "passed": entry.check.status is Status.PASSED,
        "score": _whole(entry.earned),
        "max-score": max(_whole(entry.most), _whole(entry.earned)),
        "status": entry.check.status.value,
        "message": message(entry),
    }
    return test | ({"hint": advice} if (advice := hint(entry)) else {})
