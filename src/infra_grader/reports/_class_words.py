"""Numbers, times and links of the class page in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import quote

from infra_grader.model.gradebook import GradebookRow
from infra_grader.reports import _text
from infra_grader.reports._distribution import Bin


def average(value: Decimal | float) -> str:
    """Return a number rounded to a hundredth: `3.33`, `12.5`, `4`."""
    return _text.number(Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP))


def percent(part: float, whole: float) -> str:
    """Return a share in words: `33 %`; never 0 or 100 where it is only near."""
    if not whole or not part:
        return "0 %"
    share = round(100 * part / whole)
    return f"{min(max(share, 1), 100 if part >= whole else 99)} %"


def width(part: Decimal, whole: Decimal) -> str:
    """Return a part as percent of the whole, 0 to 100, for a bar."""
    return "0" if whole <= 0 else f"{max(0.0, min(100.0, float(100 * part / whole))):.4g}"


def moment(text: str) -> str:
    """Return a time as people read it, `2026-10-01 12:00`, from UTC in ISO 8601."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d(\.\d+)?)?(Z|\+00:00)", text)
    return f"{found[1]} {found[2]}" if found else _text.line(text)


def lateness(row: GradebookRow) -> str:
    """Return by how much the work was late, `3 h late`; nothing where it was in time or nobody knows."""
    deadline = row.learner.deadline
    if deadline is None or not row.submitted:
        return ""
    try:
        handed_in = datetime.fromisoformat(row.submitted)
    except ValueError:
        return ""
    seconds = (handed_in.replace(tzinfo=handed_in.tzinfo or UTC) - deadline).total_seconds()
    return f"{duration(seconds)} late" if seconds > 0 else ""


def duration(seconds: float) -> str:
    """Return how long something takes, in the unit that suits it: `0.25 s`, `40 s`, `3.5 min`, `2 h`, `4 days`."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    for limit, unit, name in ((60, 1, "s"), (3600, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{float(f'{seconds / unit:.2g}'):g} {name}"
    return f"{seconds / 86_400:.0f} days"


def bin_words(found: Bin, unit: str) -> str:
    """Return what a bin holds: `60 to 65`, `2 s to 5 s`, `1 h and more`."""
    shown: Callable[[float], str] = duration if unit == "s" else str
    if found.end is None:
        return f"{shown(found.start)} and more"
    return f"under {shown(found.end)}" if not found.start else f"{shown(found.start)} to {shown(found.end)}"


def link(results: str, learner: str) -> str:
    """Return where the feedback of a learner is."""
    return f"{quote(results)}/{quote(learner, safe='')}/feedback.html"
