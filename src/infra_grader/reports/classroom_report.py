"""The older result of GitHub Classroom's runners: JSON in base64 on one line, as a step's output `result` holds it.

Its reader adds up the scores of the tests and shows what they say in the log of the workflow. It takes any status but
`pass` for a lost test, and `error` for one that could not be run.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import Scorecard
from infra_grader.plugin import RenderOptions, ReportFormat, hookimpl
from infra_grader.reports._cells import json_number
from infra_grader.reports._entries import NOTHING, Entry, entries, hint, message, refuse_unassessed, remainder_name
from infra_grader.reports._findings import for_learner
from infra_grader.reports._text import in_file, line

NAME = "classroom"
VERSION = 1
VERDICTS = {True: "pass", False: "fail", None: "undecided"}
"""The status of the whole; the reader fails the job for `fail`, not for what is undecided."""


@hookimpl
def infra_grader_report_formats() -> list[ReportFormat]:
    """Give the format `classroom`."""
    return [ReportFormat(name=NAME, is_machine=True, render=render)]


def render(scorecard: Scorecard, options: RenderOptions) -> str:  # noqa: ARG001 - the contract of a report
    """Return the result in base64 on one line, ending with a newline.

    Raises `ReportError` where nothing was assessed.
    """
    refuse_unassessed(scorecard, NAME)
    result = json.dumps(result_object(for_learner(scorecard)), allow_nan=False)
    return base64.b64encode(result.encode()).decode() + "\n"


def result_object(scorecard: Scorecard) -> dict[str, Any]:
    """Return the result as plain data."""
    return {
        "version": VERSION,
        "status": VERDICTS[scorecard.score.passed],
        "max_score": json_number(scorecard.score.points),
        "tests": list(_tests(scorecard)),
    }


def _tests(scorecard: Scorecard) -> Iterator[dict[str, Any]]:
    found = entries(scorecard)
    yield from map(_test, found)
    if rest := scorecard.score.earned - sum((entry.earned for entry in found), NOTHING):
        name = remainder_name(scorecard, is_taken=rest < 0)
        yield _made(name, "pass", json_number(rest))  # nothing that a learner failed


def _test(entry: Entry) -> dict[str, Any]:
    check = entry.check
    status = "error" if check.status.is_open else "pass" if check.status is Status.PASSED else "fail"
    where = next((evidence for evidence in check.evidence if in_file(evidence)), None)
    advice = hint(entry)
    return _made(entry.name, status, json_number(entry.earned)) | {
        "message": _unarmed(message(entry) + (f"\nWhat to do: {advice}" if advice else "")),
        "filename": "" if where is None else _unarmed(line(where.path or "")),
        "line_no": 0 if where is None else where.line or 0,
    }


def _made(name: str, status: str, score: float) -> dict[str, Any]:
    return {
        "name": _unarmed(name),
        "status": status,
        "score": score,
        "message": "",
        "test_code": "",
        "filename": "",
        "line_no": 0,  # hides it
    }


def _unarmed(text: str) -> str:
    """Return a text that is no command to GitHub's runner: the reader prints it into the log of the workflow."""
    text = text.replace("##[", "# #[")
    return text.replace("::", ": :", 1) if text.lstrip().startswith("::") else text
