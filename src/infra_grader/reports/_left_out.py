"""Who gets no points in another program's gradebook, and why, in lines for the instructor."""

from __future__ import annotations

from collections import defaultdict

from infra_grader.model.gradebook import GradebookRow, State
from infra_grader.reports._text import line
from infra_grader.reports.gradebook_format import GradebookOptions

PROVISIONAL = "more points are possible; --provisional writes those that are certain"
STATES = {
    State.ABSENT: "nothing was handed in that could be graded",
    State.OPEN: "they are open through no fault of theirs; another run of the batch tries again",
    State.WAITING: "they are not graded yet",
}
MOST_NAMED = 20


def reason_to_leave_out(row: GradebookRow, options: GradebookOptions) -> str:
    """Return why a learner's points are not written, or nothing."""
    if row.score is None:
        return STATES.get(row.state, "there is no score")
    return PROVISIONAL if row.score.provisional and not options.provisional else ""


class LeftOut:
    """Learners, or places, by what was done with them, and why."""

    def __init__(self) -> None:
        self._by_reason: defaultdict[tuple[str, str], list[str]] = defaultdict(list)

    def add(self, name: str, done: str, reason: str = "") -> None:
        """Add a learner's id, or a place in the export."""
        self._by_reason[done, reason].append(name)

    def notes(self) -> list[str]:
        """Return a line for each: how many, the first of them, and why."""
        return [
            f"{len(names)} {done} ({listed(names)})" + (f": {reason}." if reason else ".")
            for (done, reason), names in self._by_reason.items()
        ]


def listed(names: list[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    shown = [line(name, 200) for name in names[:MOST_NAMED]]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(shown) + more
