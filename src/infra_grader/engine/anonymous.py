"""A gradebook to be shared: pseudonyms for the learners, and nothing else that could tell who they are.

Pseudonyms are counted in an order that only the batch knows: that of a keyed digest of the ids, its key being a random
number in the journal. Whoever has the class list but not the journal cannot reckon it. The same class keeps its
pseudonyms; a learner who joins or leaves moves those behind.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized

from infra_grader.engine.gradebook import read_gradebook
from infra_grader.engine.journal import Journal
from infra_grader.model.gradebook import CheckStanding, Gradebook, GradebookRow
from infra_grader.model.roster import Learner

KEY = "pseudonyms"
"""Fact of the journal: the key, in hexadecimal digits."""
KEY_BYTES = 32


def read_anonymous(journal: Journal, key: str) -> Gradebook:
    """Return the gradebook of a batch without anything that tells who a learner is; see `read_gradebook`.

    Left out are names, addresses, columns, sources, dates, commits and every message.
    """
    gradebook = read_gradebook(journal, order=_order(key))
    titles = {check.id: check.title for part in gradebook.head.parts for check in part.checks}
    return gradebook.replace(columns=(), rows=_Rows(gradebook.rows, titles))


def pseudonyms(ids: Iterable[str], key: str) -> dict[str, str]:
    """Return the pseudonyms of learners, by their ids."""
    ordered = sorted(ids, key=lambda learner_id: _digest(learner_id, key))
    return {learner_id: _pseudonym(place, len(ordered)) for place, learner_id in enumerate(ordered, 1)}


class _Rows:
    """The rows of a gradebook, made anonymous when they are gone through."""

    def __init__(self, rows: Iterable[GradebookRow], titles: Mapping[str, str]) -> None:
        self._rows = rows
        self._titles = titles

    def __len__(self) -> int:
        assert isinstance(self._rows, Sized)
        return len(self._rows)

    def __iter__(self) -> Iterator[GradebookRow]:
        count = len(self)
        for place, row in enumerate(self._rows, 1):
            yield _anonymous(row, _pseudonym(place, count), self._titles)


def _anonymous(row: GradebookRow, pseudonym: str, titles: Mapping[str, str]) -> GradebookRow:
    # Made anew from what may be told: a field that is added to a row some day is not told by itself.
    return GradebookRow(
        learner=Learner(id=pseudonym),
        state=row.state,
        score=row.score,
        parts=tuple(part.replace(checks=tuple(map(_silent, part.checks))) for part in row.parts),
        penalties=tuple(
            penalty.replace(message="", title=titles.get(penalty.id, penalty.id)) for penalty in row.penalties
        ),
    )


def _silent(check: CheckStanding) -> CheckStanding:
    return check.replace(message="", hint="")


def _pseudonym(place: int, count: int) -> str:
    return f"learner-{place:0{max(3, len(str(count)))}}"


def _order(key: str) -> Callable[[Learner], str]:
    return lambda learner: _digest(learner.id, key)


def _digest(learner_id: str, key: str) -> str:
    return hmac.new(bytes.fromhex(key), learner_id.encode(), hashlib.sha256).hexdigest()
