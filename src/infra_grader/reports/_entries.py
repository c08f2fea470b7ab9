"""A scorecard as one flat list of entries with points, as autograders' formats have it.

Such a format adds up its entries, and has no field for what is not a part of the full mark. So a bonus is earned beside
it, and a penalty is negative points out of 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from infra_grader.errors import ReportError
from infra_grader.model.scorecard import ADJUSTED_BY, LATE, CheckScore, Scorecard
from infra_grader.reports._findings import for_learner
from infra_grader.reports._text import line, prose
from infra_grader.reports._wording import STATUS_WORDS, points_by_check

NOTHING = Decimal(0)


class Entry(NamedTuple):
    """A check with what it adds to the score."""

    name: str
    """Unique among the entries of a scorecard, and the same whatever was earned."""
    check: CheckScore
    earned: Decimal
    """Negative for a penalty that costs something."""
    most: Decimal
    """0 for a penalty."""
    words: str
    """Its points in words, such as `12.5 of 20`."""


def entries(scorecard: Scorecard) -> list[Entry]:
    """Return an entry for every check: criteria, bonus, penalties."""
    words = points_by_check(scorecard)
    found = [Entry(_title(check), check, check.earned, check.points, words[check.id]) for check in _earning(scorecard)]
    found += [
        Entry(f"Penalty: {_title(item.check)}", item.check, -item.lost, NOTHING, words[item.check.id])
        for item in scorecard.penalties
    ]
    return list(_unique(found))


def message(entry: Entry) -> str:
    """Return what was found in a line: `12.5 of 20, awaiting a person: …`."""
    state = f", {STATUS_WORDS[entry.check.status]}" if entry.check.status.is_open else ""
    return f"{entry.words}{state}: {line(entry.check.message)}"


def hint(entry: Entry) -> str:
    """Return what to do about a lost check, or nothing."""
    check = entry.check
    return prose(check.hint) if check.hint and check.is_lost else ""


def remainder_name(scorecard: Scorecard, *, is_taken: bool) -> str:
    """Return what to call the points by which a score differs from the sum of its entries."""
    names = [name for name in str(scorecard.environment.get(ADJUSTED_BY, "")).split(", ") if name and name != LATE]
    if names:
        return f"Adjusted by the plugin {line(', '.join(names))}"
    return "No more than the full mark" if is_taken else "No less than 0"


def refuse_unassessed(scorecard: Scorecard, report: str) -> None:
    """Raise `ReportError` where nothing was assessed: a program would take the points, which are 0, for a score."""
    shown = for_learner(scorecard)
    counting = [check for criterion in shown.criteria for check in criterion.checks if check.counts]
    if scorecard.score.passed is None and all(check.status.is_open for check in counting):
        reason = next((line(check.message).rstrip(".") for check in counting if check.message), "")
        raise ReportError(
            report,
            "nothing was assessed, and its reader would take that for a score" + (f" ({reason})" if reason else ""),
            "See what is open with --report terminal, and grade where it can be assessed.",
        )


def _earning(scorecard: Scorecard) -> Iterator[CheckScore]:
    for criterion in scorecard.criteria:
        yield from criterion.checks
    if scorecard.bonus is not None:
        yield from scorecard.bonus.checks


def _title(check: CheckScore) -> str:
    return prose(check.title) or line(check.id)


def _unique(found: list[Entry]) -> Iterator[Entry]:
    seen: set[str] = set()
    for entry in found:
        name = entry.name
        while name in seen:
            name = f"{name} ({line(entry.check.id)})"
        seen.add(name)
        yield entry._replace(name=name)
