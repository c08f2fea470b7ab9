"""The places at which two submissions are alike: runs of shared fingerprints, as lines of both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from infra_grader.model.record import Record
from infra_grader.reading.similar_fingerprints import Stream, fingerprints, grain

MOST_REPEATS = 4
"""Occurrences of one fingerprint that are looked at in each submission; what comes more often is a table of data."""
MOST_GAP = 3
"""Lines between two runs that are shown as one place."""


class Span(NamedTuple):
    """Lines of a file that are alike to some of another submission."""

    path: str
    lines: tuple[int, ...]
    """Sorted, from 1."""


class AlikePlace(Record):
    """A stretch of one submission and the stretch of another that it is alike to."""

    kind: str
    left: Span
    right: Span
    weight: int
    """Different fingerprints that both share there."""


Files = Mapping[str, Sequence[Stream]]
"""The streams of each file by its path."""


def find_places(left: Files, right: Files, shared: Collection[int]) -> list[AlikePlace]:
    """Return where two submissions share these fingerprints, the longest stretches first.

    Each word of the left one is in one place at most, and so is each of the right one, but for their ends.
    """
    lefts, rights = _marks(left, shared), _marks(right, shared)
    runs = sorted(_runs(lefts, rights), key=lambda run: (-run.weight, run.left.order, run.right.order))
    taken = _disjoint(runs)
    return sorted(_joined(taken), key=lambda place: (-place.weight, -len(place.left.lines), place.left, place.right))


class _Mark(NamedTuple):
    """A fingerprint that both share, where it stands."""

    value: int
    path: str
    stream: int
    number: int
    """Which of the fingerprints of its stream."""
    lines: tuple[int, ...]
    kind: str

    @property
    def order(self) -> tuple[str, int, int]:
        return self.path, self.stream, self.number


class _Run(NamedTuple):
    left: _Mark
    """The first one."""
    right: _Mark
    weight: int
    pairs: tuple[tuple[_Mark, _Mark], ...]


def _marks(files: Files, shared: Collection[int]) -> list[_Mark]:
    marks = []
    for path, streams in sorted(files.items()):
        for number, stream in enumerate(streams):
            size = grain(stream.kind).gram
            for count, (value, at) in enumerate(fingerprints(stream)):
                if value in shared:
                    lines = tuple(sorted(set(stream.lines[at : at + size])))
                    marks.append(_Mark(value, path, number, count, lines, stream.kind))
    return marks


def _runs(lefts: Iterable[_Mark], rights: Iterable[_Mark]) -> Iterator[_Run]:
    """Yield the longest runs of neighbouring fingerprints that both have in the same order."""
    others: dict[int, list[_Mark]] = defaultdict(list)
    for mark in rights:
        if len(others[mark.value]) < MOST_REPEATS:
            others[mark.value].append(mark)
    seen: dict[int, int] = defaultdict(int)
    open_runs: dict[tuple[object, ...], list[tuple[_Mark, _Mark]]] = {}
    for mark in lefts:
        seen[mark.value] += 1
        if seen[mark.value] > MOST_REPEATS:
            continue
        for other in others[mark.value]:
            place = (mark.path, mark.stream, other.path, other.stream)
            pairs = open_runs.pop((*place, mark.number - 1, other.number - 1), [])
            pairs.append((mark, other))
            open_runs[*place, mark.number, other.number] = pairs
    for pairs in open_runs.values():
        yield _Run(*pairs[0], len({mark.value for mark, _ in pairs}), tuple(pairs))


def _disjoint(runs: Iterable[_Run]) -> Iterator[_Run]:
    """Yield the runs, longest first, without what a longer one has taken."""
    taken_left: set[tuple[str, int, int]] = set()
    taken_right: set[tuple[str, int, int]] = set()
    for run in runs:
        free = tuple(
            (mark, other)
            for mark, other in run.pairs
            if mark.order not in taken_left and other.order not in taken_right
        )
        if free:
            taken_left.update(mark.order for mark, _ in free)
            taken_right.update(other.order for _, other in free)
            yield _Run(*free[0], len({mark.value for mark, _ in free}), free)


def _joined(runs: Iterable[_Run]) -> Iterator[AlikePlace]:
    """Yield the runs as places; those that nearly touch on both sides are one."""
    by_files: dict[tuple[str, str, str], list[_Run]] = defaultdict(list)
    for run in runs:
        by_files[run.left.path, run.right.path, run.left.kind].append(run)
    for (left, right, kind), found in by_files.items():
        group: list[_Run] = []
        for run in sorted(found, key=lambda run: (min(run.left.lines), min(run.right.lines))):
            if group and not _touches(group[-1], run):
                yield _place(left, right, kind, group)
                group = []
            group.append(run)
        yield _place(left, right, kind, group)


def _touches(run: _Run, after: _Run) -> bool:
    """Whether a run begins where one before it ends, or nearly so, on both sides."""
    for side in (0, 1):
        begin = min(after.pairs[0][side].lines)
        end = max(line for pair in run.pairs for line in pair[side].lines)
        if not min(run.pairs[0][side].lines) <= begin <= end + MOST_GAP:
            return False
    return True


def _place(left: str, right: str, kind: str, runs: Iterable[_Run]) -> AlikePlace:
    pairs = [pair for run in runs for pair in run.pairs]
    return AlikePlace(
        kind=kind,
        left=Span(left, tuple(sorted({line for mark, _ in pairs for line in mark.lines}))),
        right=Span(right, tuple(sorted({line for _, mark in pairs for line in mark.lines}))),
        weight=len({mark.value for mark, _ in pairs}),
    )
