"""What the submissions of a class have in common: a roster in, pairs with their alike places out, and no points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from infra_grader.batch.copies_work import PREFIX, Read, Reading, read_one, read_texts
from infra_grader.capabilities.executor import Done, Executor, Task
from infra_grader.capabilities.home import Home, sweep
from infra_grader.capabilities.starter import NO_STARTER, Starter
from infra_grader.engine.similarity import FEWEST, GROUP_SHARE, Index, chosen, common_from, rank
from infra_grader.errors import UsageError
from infra_grader.loading.fetch_outcome import FetchLimits
from infra_grader.model.copies import Compared, Copies, Excerpt, Line, Pair, Place, Terms, Uncompared
from infra_grader.model.record import Record
from infra_grader.model.roster import Learner, Roster
from infra_grader.reading.similar_files import read_streams
from infra_grader.reading.similar_fingerprints import Stream, gram_values
from infra_grader.reading.similar_places import AlikePlace, Span, find_places

MOST_PAIRS = 500
"""Pairs that are named at all."""
MOST_PLACES = 12
"""Places that are shown of a pair."""
MOST_LINES = 60
"""Lines that are shown of a place."""
AROUND = 1
"""Lines that are shown before and after a place."""
MARGIN_S = 180.0
"""What reading may take beyond fetching, before its worker is ended."""


class CopiesOptions(Record):
    """How to compare a class."""

    starter: Starter = NO_STARTER
    """What the rubric's exercise handed out."""
    folders: tuple[Path, ...] = ()
    """Folders with what else was handed out."""
    top: int = 50
    """Pairs whose places are shown."""
    limits: FetchLimits = FetchLimits()


class _Text(NamedTuple):
    """A submission that was read."""

    learner: Learner
    read: Read
    file: Path


def find_copies(roster: Roster, executor: Executor, options: CopiesOptions, observe: Callable[[str], object]) -> Copies:
    """Compare the work of everybody on a roster. `observe` hears the id of each learner whose work was read.

    Raises `UsageError` if fewer than two could be read, or a folder of what was handed out cannot.
    """
    handed_out, starter_files = _handed_out(options)
    for _ in sweep(PREFIX):
        pass
    home = Home(PREFIX)
    try:
        found = _read_all(roster, executor, options, home.folder, observe)
        texts = [text for text in found if not text.read.reason]
        if len(texts) < 2:
            missing = [f"{text.learner.id}: {text.read.reason}" for text in found if text.read.reason]
            raise UsageError(
                f"of {len(roster.learners)} submissions {len(texts)} could be read, and comparing takes two",
                missing[0] if missing else "Name a roster of a class.",
            )
        compared = _compared(roster, texts, handed_out, options)
    finally:
        home.close()
    return compared.replace(
        terms=compared.terms.replace(starter_files=starter_files, starter_marks=len(options.starter.blobs)),
        uncompared=tuple(
            Uncompared(learner=text.learner.id, reason=text.read.reason, is_ours=text.read.is_ours)
            for text in found
            if text.read.reason
        ),
    )


def _handed_out(options: CopiesOptions) -> tuple[set[int], int]:
    """Return every gram of what was handed out, and of how many files."""
    values: set[int] = set()
    count = 0
    folders = [*options.folders, *([options.starter.folder] if options.starter.folder else [])]
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"there is no folder {folder}", "Name the folder with what was handed out.")
        for path, text in read_texts(folder, NO_STARTER)[0].items():
            count += 1
            for stream in read_streams(path, text):
                values.update(gram_values(stream))
    return values, count


def _read_all(
    roster: Roster, executor: Executor, options: CopiesOptions, folder: Path, observe: Callable[[str], object]
) -> list[_Text]:
    """Return what was read of each learner's work, in the order of the roster."""
    places = {learner.id: folder / f"{number}.json" for number, learner in enumerate(roster.learners)}
    starter = options.starter.replace(folder=None)
    tasks = (
        Task(
            id=learner.id,
            payload=Reading(learner=learner, starter=starter, texts=places[learner.id], limits=options.limits),
            seconds=2 * options.limits.seconds + MARGIN_S,
        )
        for learner in roster.learners
    )
    read: dict[str, Read] = {}
    for ended in executor.run(read_one, tasks):
        is_done = isinstance(ended, Done)
        read[ended.task.id] = (
            ended.value if isinstance(ended, Done) else Read(reason=f"It was given up: {ended.reason}.", is_ours=True)
        )
        observe(ended.task.id if is_done else f"{ended.task.id}: given up")
    return [_Text(learner, read[learner.id], places[learner.id]) for learner in roster.learners]


def _compared(roster: Roster, texts: Sequence[_Text], handed_out: set[int], options: CopiesOptions) -> Copies:
    index = Index(handed_out)
    for text in texts:
        index.add(text.read.values)
    learners = [text.learner.id for text in texts]
    numbers = {learner: number for number, learner in enumerate(learners)}
    together = _together(texts)
    ranking = rank(index, learners, {learner: n for n, group in enumerate(together) for learner in group}, MOST_PAIRS)
    shown = {(pair.left, pair.right) for pair in chosen(ranking.pairs, options.top)}
    pairs = tuple(
        _with_places(pair, index, texts, numbers) if (pair.left, pair.right) in shown else pair
        for pair in ranking.pairs
    )
    return Copies(
        roster=roster.source,
        terms=Terms(common_from=common_from(len(texts)), group_share=GROUP_SHARE, fewest=FEWEST, top=options.top),
        compared=tuple(
            Compared(
                learner=text.learner.id,
                files=text.read.files,
                size=size,
                commit=text.read.commit,
                left_out=text.read.left_out,
            )
            for text, size in zip(texts, index.sizes(), strict=True)
        ),
        together=together,
        pairs=pairs,
        more_pairs=ranking.more,
        groups=ranking.groups,
        spread=ranking.spread,
        common=len(index.common),
    )


def _together(texts: Sequence[_Text]) -> tuple[tuple[str, ...], ...]:
    """Return the learners for whom the roster names one and the same work."""
    by_work: dict[tuple[str, str], list[str]] = {}
    for text in texts:
        by_work.setdefault((text.learner.source, text.learner.ref), []).append(text.learner.id)
    return tuple(tuple(learners) for learners in by_work.values() if len(learners) > 1)


def _with_places(pair: Pair, index: Index, texts: Sequence[_Text], numbers: Mapping[str, int]) -> Pair:
    left, right = numbers[pair.left], numbers[pair.right]
    shared, kinds = index.shared(left, right)
    mine, other = _texts(texts[left]), _texts(texts[right])
    places = find_places(_streams(mine), _streams(other), shared)
    return pair.replace(
        kinds=kinds,
        places=tuple(_shown(place, mine, other) for place in places[:MOST_PLACES]),
        more_places=max(0, len(places) - MOST_PLACES),
        longest=max((len(place.left.lines) for place in places), default=0),
    )


def _texts(text: _Text) -> dict[str, str]:
    return msgspec.json.decode(text.file.read_bytes(), type=dict[str, str])


def _streams(texts: Mapping[str, str]) -> dict[str, list[Stream]]:
    return {path: read_streams(path, text) for path, text in texts.items()}


def _shown(place: AlikePlace, mine: Mapping[str, str], other: Mapping[str, str]) -> Place:
    return Place(
        kind=place.kind,
        left=_excerpt(place.left, mine[place.left.path]),
        right=_excerpt(place.right, other[place.right.path]),
        lines=len(place.left.lines),
    )


def _excerpt(span: Span, text: str) -> Excerpt:
    written = text.split("\n")
    first, last = span.lines[0], span.lines[-1]
    numbers = range(max(1, first - AROUND), min(len(written), last + AROUND, first + MOST_LINES - 1) + 1)
    alike = set(span.lines)
    return Excerpt(
        path=span.path,
        first=first,
        last=last,
        lines=tuple(Line(number=n, text=written[n - 1], is_alike=n in alike) for n in numbers),
    )
