"""Which learner a row of an export is of.

No name decides: two learners may have the same. Facts of one kind are compared with each other: e-mail addresses, and
columns that the roster has passed through under the same title. What a roster calls `id` may be any of an export's
numbers and logins, and a number of one kind may be another learner's of another kind; so the one column is taken for it
that holds most of the ids, and none if it holds few. A row that two facts give to two learners is refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from infra_grader.errors import ExportError, Problem
from infra_grader.model.record import Record
from infra_grader.model.roster import Learner
from infra_grader.reading.separated_values import RawRow
from infra_grader.reports._sheet import Sheet

Known = Mapping[str, str]
"""Ids of learners by a fact about them."""


def folded(text: str) -> str:
    """Return a text as it is compared: without spaces around it and without case."""
    as_compared = text.strip().casefold()
    return text if text == as_compared else as_compared  # one text in memory, not two alike


class Identity(Record):
    """A column of an export that tells who a row is of."""

    column: int
    key: Callable[[str], str] = folded
    """What of its text is compared."""


class Way(Record):
    """A column of the export, and what of the learners it is compared with."""

    identity: Identity
    known: Known

    def find(self, values: Sequence[str]) -> str:
        """Return the id of the learner of a row, or nothing."""
        return self.known.get(self.identity.key(values[self.identity.column]), "")


class Faces:
    """What the learners of a roster are recognised by, gathered row by row."""

    def __init__(self, sheet: Sheet, identities: Iterable[Identity]) -> None:
        self._sheet = sheet
        self._identities = tuple(identities)
        self._by_id: dict[str, str] = {}
        self._by_email: dict[str, str] = {}
        self._by_column: dict[int, dict[str, str]] = {identity.column: {} for identity in self._identities}

    def add(self, learner: Learner) -> None:
        """Add a learner."""
        _note(self._by_id, folded(learner.id), learner.id)
        _note(self._by_email, folded(learner.email), learner.id)
        for identity in self._identities:
            text = learner.columns.get(self._sheet.header[identity.column], "")
            _note(self._by_column[identity.column], identity.key(text), learner.id)

    def recognise(self, rows: Callable[[], Iterator[RawRow]], *, is_decided: bool) -> dict[int, str]:
        """Return the ids of learners by the lines of the rows that are theirs.

        Where the instructor has decided which column tells, the first fact that fits it counts. Raises `ExportError`
        for a row of two learners, and for two rows of one.
        """
        ways = self._ways(rows)
        found: dict[int, str] = {}
        lines: dict[str, int] = {}
        problems = []
        for row in rows():
            values = row.values
            learners = [learner for learner in dict.fromkeys(way.find(values) for way in ways) if learner]
            learners = learners[:1] if is_decided else sorted(learners)
            if len(learners) > 1:
                said = f"the row is of {' by one column, of '.join(map(repr, learners))} by another"
                problems.append(Problem(said, line=row.line, allowed="--match COLUMN, which decides"))
            elif learners and learners[0] in lines:
                said = f"the row is of {learners[0]!r}, as is line {lines[learners[0]]}"
                problems.append(Problem(said, line=row.line, allowed="one row a learner"))
            elif learners:
                found[row.line] = learners[0]
                lines[learners[0]] = row.line
        if problems:
            raise ExportError(self._sheet.source, *problems)
        return found

    def _ways(self, rows: Callable[[], Iterator[RawRow]]) -> list[Way]:
        emails = {email: learner for email, learner in self._by_email.items() if "@" in email}
        sure = [Way(identity=each, known=self._by_column[each.column]) for each in self._identities]
        sure += [Way(identity=each, known=emails) for each in self._identities]
        ids = [Way(identity=each, known=self._by_id) for each in self._identities]
        counts, certain = [0] * len(ids), 0
        for row in rows():
            values = row.values
            certain += any(way.find(values) for way in sure)
            for place, way in enumerate(ids):
                counts[place] += bool(way.find(values))
        best = max(range(len(ids)), key=counts.__getitem__)
        return [*sure, ids[best]] if counts[best] * 2 >= certain else sure


def identities_of(sheet: Sheet, usual: Iterable[Identity], match: str) -> list[Identity]:
    """Return the columns that tell who a row is of: the usual ones, those for e-mail addresses, or the one asked for.

    Raises `ExportError` for a column that is not there, and where there is none.
    """
    known = {identity.column: identity for identity in usual}
    if match:
        column = find_title(sheet, match)
        return [known.get(column, Identity(column=column))]
    for column, title in enumerate(sheet.header):
        if "mail" in title.casefold():
            known.setdefault(column, Identity(column=column))
    return list(known.values())


def find_title(sheet: Sheet, title: str) -> int:
    """Return the column with a title. Raises `ExportError` if there is none, or more than one."""
    places = [place for place, name in enumerate(sheet.header) if folded(name) == folded(title)]
    if len(places) > 1:
        raise sheet.refuse(f"{len(places)} columns have the title {title!r}", column=places[1])
    if not places:
        near = difflib.get_close_matches(title, sheet.header, n=1)
        raise ExportError(
            sheet.source, Problem(f"there is no column {title!r}", line=1, suggestion=near[0] if near else "")
        )
    return places[0]


def _note(known: dict[str, str], fact: str, learner: str) -> None:
    """Note a fact about a learner; one that two learners share tells nothing of either."""
    if fact:
        known[fact] = learner if known.get(fact, learner) == learner else ""
