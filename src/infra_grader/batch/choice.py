"""Who of a class is to be graded in a run, and what of an earlier run stands."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum

from infra_grader.engine.journal import Entry
from infra_grader.errors import UsageError
from infra_grader.model.gradebook import State
from infra_grader.model.record import Record
from infra_grader.model.roster import Learner, Roster
from infra_grader.model.rubric import Rubric

BATCH = "batch"
"""Cause of a first scorecard; those of further ones say what was wished."""


class What(StrEnum):
    """What may be graded again."""

    ALL = "all"
    OPEN = "open"
    """The checks that are open, but for those that wait for a person."""
    RUBRIC = "rubric"
    """Whoever was graded by another version of the rubric, or with other options that make a score."""
    LEARNER = "learner"
    CHECK = "check"


class Wish(Record):
    """One `--regrade`."""

    what: What
    name: str = ""
    """Of the learner or the check."""

    def __str__(self) -> str:
        return f"{self.what}:{self.name}" if self.name else str(self.what)


class Chosen(Record):
    """A learner to grade."""

    learner: Learner
    cause: str
    previous: Entry | None = None
    """The entry that counted until now, if there is a scorecard."""
    redo: frozenset[str] | None = None
    """The checks to ask again; `None` asks all."""


class Selection(Record):
    """Whom one run grades, in this order."""

    chosen: tuple[Chosen, ...]
    is_last: bool
    """Whether nobody is left for a later run, so that what was wished is done."""


OpenChecks = Callable[[Entry], frozenset[str]]
"""Returns the ids of the checks of a scorecard that are open and wait for no person."""


def read_wish(text: str) -> Wish:
    """Return what a `--regrade` asks for. Raises `UsageError`."""
    what, colon, name = text.partition(":")
    allowed = "Write all, open, rubric, learner:ID or check:ID."
    if what not in list(What):
        raise UsageError(f"--regrade {text} names nothing that can be graded again", allowed)
    wish = Wish(what=What(what), name=name)
    if bool(wish.name) != (wish.what in (What.LEARNER, What.CHECK)) or (colon and not name):
        raise UsageError(f"--regrade {text} is not complete, or names too much", allowed)
    return wish


def check_wishes(wishes: Sequence[Wish], roster: Roster, rubric: Rubric) -> None:
    """Raise `UsageError` for a learner or a check that there is not."""
    learners = [learner.id for learner in roster.learners]
    checks = [check.id for check in rubric.all_checks()]
    for wish in wishes:
        known = {What.LEARNER: learners, What.CHECK: checks}.get(wish.what)
        if known is not None and wish.name not in known:
            near = difflib.get_close_matches(wish.name, known, n=1)
            guess = f" Did you mean {near[0]}?" if near else ""
            place = "the roster" if wish.what is What.LEARNER else f"the rubric {rubric.id}"
            raise UsageError(f"{place} has no {wish.what} {wish.name}", f"Look at its ids.{guess}")


def choose(
    roster: Roster,
    newest: Mapping[str, Entry],
    wishes: Sequence[Wish],
    measure: str,
    open_checks: OpenChecks,
    *,
    replays: bool = False,
) -> Iterator[Chosen]:
    """Yield whom to grade, in the roster's order: with no wish whoever has no scorecard yet, else what is wished.

    `measure` is the digest of what scorecards are graded by now. Where they are judged by their records (`replays`),
    who has no scorecard has nothing to be judged by.
    """
    for learner in roster.learners:
        entry = newest.get(learner.id)
        if entry is None or entry.state is not State.GRADED:
            asked = not wishes or Wish(what=What.LEARNER, name=learner.id) in wishes or Wish(what=What.ALL) in wishes
            if asked and not replays:
                yield Chosen(learner=learner, cause=BATCH)
            continue
        if not wishes:
            continue
        chosen = [
            Chosen(learner=learner, cause=f"regrade {wish}", previous=entry, redo=redo)
            for wish in wishes
            if (redo := _redo(wish, entry, measure, open_checks)) != frozenset()
        ]
        if chosen:
            yield _joined(chosen)


def _redo(wish: Wish, entry: Entry, measure: str, open_checks: OpenChecks) -> frozenset[str] | None:
    """Return the checks that a wish has asked again of a learner: none is an empty set, all is `None`."""
    match wish.what:
        case What.ALL:
            return None
        case What.LEARNER:
            return None if wish.name == entry.learner else frozenset()
        case What.RUBRIC:
            return None if entry.rubric != measure else frozenset()
        case What.CHECK:
            return frozenset({wish.name})
        case What.OPEN:
            return open_checks(entry)


def _joined(chosen: Sequence[Chosen]) -> Chosen:
    """Return what is wished of one learner, by one wish or by several."""
    cause = "regrade " + ", ".join(one.cause.removeprefix("regrade ") for one in chosen)
    if any(one.redo is None for one in chosen):
        return chosen[0].replace(cause=cause, redo=None)
    return chosen[0].replace(cause=cause, redo=frozenset().union(*(one.redo or () for one in chosen)))
