"""Which submissions of a class are alike, told from their fingerprints alone; arithmetic only.

No two texts are compared. Every fingerprint names who has it, and pairs are counted from that, so that the work grows
with what is shared and not with the number of pairs.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from infra_grader.model.copies import Group, KindShare, Pair
from infra_grader.model.record import Record

FEWEST = 8
"""Fingerprints that a pair must share to be named: less is a handful of lines."""
COMMON_SHARE = 0.3
COMMON_LEAST = 10
"""What more than this share of a class has, and at least so many, is its common ground."""
GROUP_SHARE = 0.5

Values = Mapping[str, Collection[int]]
"""The fingerprints of a submission by the kind of file."""


def common_from(submissions: int) -> int:
    """Return how many submissions may share a fingerprint before it counts as common ground."""
    return max(COMMON_LEAST, int(submissions * COMMON_SHARE))


class Index:
    """The fingerprints of a class: who has each, without those that were handed out.

    Submissions are numbers, in the order in which they are added. The memory that it takes is a few words for each
    fingerprint.
    """

    def __init__(self, handed_out: Collection[int] = ()) -> None:
        self._handed_out = frozenset(handed_out)
        self._values: list[dict[str, array[int]]] = []
        self._holders: Counter[int] = Counter()
        self._common: frozenset[int] | None = None

    def add(self, values: Values) -> int:
        """Add a submission and return its number."""
        own = {kind: array("Q", sorted(set(found) - self._handed_out)) for kind, found in values.items()}
        self._values.append(own)
        self._holders.update(value for found in own.values() for value in found)
        self._common = None
        return len(self._values) - 1

    @property
    def common(self) -> frozenset[int]:
        """The fingerprints that so many have that they say nothing."""
        if self._common is None:
            most = common_from(len(self._values))
            self._common = frozenset(value for value, count in self._holders.items() if count > most)
        return self._common

    def own(self, number: int) -> dict[str, set[int]]:
        """Return what counts of a submission, by kind."""
        return {kind: set(found) - self.common for kind, found in self._values[number].items()}

    def sizes(self) -> list[int]:
        """Return for each submission how many fingerprints count."""
        return [sum(len(found) for found in self.own(number).values()) for number in range(len(self._values))]

    def counts(self) -> Iterator[tuple[int, int, int]]:
        """Yield each pair that shares anything: two numbers, the lower one first, and how many fingerprints."""
        holders = self._shared()
        for number in range(len(self._values)):
            # One submission after another, so that only its own row is in memory.
            row: Counter[int] = Counter()
            for values in self._values[number].values():
                for value in values:
                    if found := holders.get(value):
                        row.update(found)
            yield from ((number, other, alike) for other, alike in row.items() if other > number)

    def _shared(self) -> dict[int, array[int]]:
        """Return who has each fingerprint that more than one has, and not too many."""
        shared = {value: array("I") for value, count in self._holders.items() if count > 1 and value not in self.common}
        for number, kinds in enumerate(self._values):
            for values in kinds.values():
                for value in values:
                    if value in shared:
                        shared[value].append(number)
        return shared

    def shared(self, left: int, right: int) -> tuple[set[int], tuple[KindShare, ...]]:
        """Return the fingerprints that count and that both have, and the same by kind, most in common first."""
        lefts, rights = self.own(left), self.own(right)
        both: set[int] = set()
        kinds = []
        for kind in sorted(lefts.keys() | rights.keys()):
            mine, other = lefts.get(kind, set()), rights.get(kind, set())
            both |= mine & other
            kinds.append(KindShare(kind=kind, alike=len(mine & other), left=len(mine), right=len(other)))
        kinds.sort(key=lambda found: (-found.alike, found.kind))
        return both, tuple(found for found in kinds if found.left or found.right)


def chosen(pairs: Sequence[Pair], top: int) -> list[Pair]:
    """Return the pairs whose places are shown, in their order: the first ones, and a fifth as many that share most.

    Who takes one large file from another and writes the rest shares much, and little of their work.
    """
    most = sorted(pairs[top:], key=lambda pair: -pair.alike)[: -(-top // 5)]
    names = {(pair.left, pair.right) for pair in (*pairs[:top], *most)}
    return [pair for pair in pairs if (pair.left, pair.right) in names]


class Ranking(Record):
    """The pairs of a class."""

    pairs: tuple[Pair, ...]
    """The most alike first, cut to a number."""
    more: int
    """Those that were cut."""
    spread: tuple[int, ...]
    """All pairs by tenths of their share."""
    groups: tuple[Group, ...]


def rank(index: Index, learners: Sequence[str], together: Mapping[str, int], most: int) -> Ranking:
    """Return the pairs of a class by how alike they are: by the share of the smaller one, then by how much it is.

    `learners` are their ids by number; those with the same number in `together` are not compared with one another.
    """
    sizes = index.sizes()
    found: list[Pair] = []
    spread = [0] * 10
    for left, right, alike in index.counts():
        if together.get(learners[left], -1 - left) == together.get(learners[right], -1 - right):
            continue
        pair = Pair(
            left=learners[left], right=learners[right], alike=alike, left_size=sizes[left], right_size=sizes[right]
        )
        spread[min(9, int(pair.share * 10))] += 1
        if alike >= FEWEST:
            found.append(pair)
    spread[0] += _pairs_of(len(learners)) - sum(spread) - sum(map(_pairs_of, Counter(together.values()).values()))
    found.sort(key=lambda pair: (-pair.share, -pair.alike, pair.left, pair.right))
    kept = chosen(found, most)
    return Ranking(
        pairs=tuple(kept),
        more=len(found) - len(kept),
        spread=tuple(spread),
        groups=tuple(_groups(pair for pair in found if pair.share >= GROUP_SHARE)),
    )


def _pairs_of(count: int) -> int:
    return count * (count - 1) // 2


def _groups(pairs: Iterable[Pair]) -> Iterator[Group]:
    """Yield who hangs together, the largest group first."""
    leader: dict[str, str] = {}

    def find(learner: str) -> str:
        while leader.setdefault(learner, learner) != learner:
            leader[learner] = leader[leader[learner]]
            learner = leader[learner]
        return learner

    counted: list[str] = []
    for pair in pairs:
        leader[find(pair.right)] = find(pair.left)
        counted.append(pair.left)
    members: dict[str, list[str]] = defaultdict(list)
    for learner in leader:
        members[find(learner)].append(learner)
    edges = Counter(map(find, counted))
    for head, names in sorted(members.items(), key=lambda item: (-len(item[1]), sorted(item[1]))):
        yield Group(learners=tuple(sorted(names)), pairs=edges[head])
