"""A `results.json` of Gradescope, for one submission.

What Gradescope has no field for is put so: the total stands at the top, where it overrides the sum; a bonus is earned
out of 0; a penalty, also the one for late work, is negative points out of 0; an open check has no points, as it would
show as failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from infra_grader.model.gradebook import CheckStanding, PenaltyStanding
from infra_grader.model.outcome import Status
from infra_grader.model.rubric import Visibility
from infra_grader.model.scorecard import CheckScore, PenaltyScore, Score
from infra_grader.reports._cells import json_number
from infra_grader.reports._findings import HIDDEN_MESSAGE
from infra_grader.reports._text import line, prose
from infra_grader.reports._wording import STATUS_WORDS, points_words


def results_text(score: Score, *, output: str, facts: dict[str, Any], tests: Iterable[dict[str, Any]]) -> str:
    """Return the file, ending with a newline; `facts` are kept by Gradescope and shown to nobody."""
    result = {
        "score": json_number(score.earned),
        "output": output,
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "stdout_visibility": "hidden",
        "extra_data": {**facts, "possible": json_number(score.possible)},
        "tests": list(tests),
    }
    # Not the standard library's: indented, it takes most of the time for a class, and leaves garbage behind.
    return f"{msgspec.json.format(msgspec.json.encode(result), indent=2).decode()}\n"


def test_of(
    check: CheckStanding | CheckScore, name: str, number: str, findings: Iterable[str], *, is_bonus: bool
) -> dict[str, Any]:
    """Return the test for a check; `findings` are told where Gradescope may know them."""
    return {
        "name": name,
        "number": number,
        **_points(check, is_bonus=is_bonus),
        "output": _output(check, findings),
        **_tags(check),
        "visibility": check.visibility.value,
    }


def test_of_penalty(
    penalty: PenaltyStanding | PenaltyScore, title: str, findings: Iterable[str], visibility: Visibility
) -> dict[str, Any]:
    """Return the test for a penalty that costs something."""
    return {
        "name": f"Penalty: {prose(title)}",
        "score": -json_number(penalty.lost),
        "max_score": 0,
        "status": "failed",
        "output": "\n".join(findings) if _shows_findings(visibility) else HIDDEN_MESSAGE,
        "visibility": visibility.value,
    }


def _points(check: CheckStanding | CheckScore, *, is_bonus: bool) -> dict[str, Any]:
    """Return score and status; of an open check neither, which makes it a remark."""
    if check.status.is_open:
        return {}
    most = 0 if is_bonus else json_number(check.points)
    is_won = check.status is Status.PASSED
    return {"score": json_number(check.earned), "max_score": most, "status": "passed" if is_won else "failed"}


def _tags(check: CheckStanding | CheckScore) -> dict[str, Any]:
    return {"tags": [line(tag) for tag in check.tags]} if check.tags and _shows_findings(check.visibility) else {}


def _output(check: CheckStanding | CheckScore, findings: Iterable[str]) -> str:
    parts = []
    if check.status.is_open:
        lead = STATUS_WORDS[check.status].capitalize()
        parts.append(f"{lead}: {points_words(check.earned, check.possible, check.points)}.")
    return "\n".join([*parts, *(findings if _shows_findings(check.visibility) else [HIDDEN_MESSAGE])])


def _shows_findings(visibility: Visibility) -> bool:
    """Whether Gradescope is told what was found; it keeps to itself what it is to reveal later."""
    return visibility is not Visibility.HIDDEN
