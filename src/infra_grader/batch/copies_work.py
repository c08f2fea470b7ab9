"""One learner's work, from the roster's row to fingerprints and texts; this runs in a worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from infra_grader.capabilities.command import Command
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.executor import Tell
from infra_grader.capabilities.home import Home
from infra_grader.capabilities.starter import Starter
from infra_grader.capabilities.workspace import Workspace
from infra_grader.engine.limits import interrupt_after
from infra_grader.loading.fetch_outcome import FetchFailed, FetchLimits
from infra_grader.loading.fetch_work import Work, fetch_work
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.model.record import Record
from infra_grader.model.roster import Learner
from infra_grader.reading.similar_files import NOTEBOOK, is_made, kind_of, read_streams
from infra_grader.reading.similar_fingerprints import fingerprints

PREFIX = "infra-grader-copies-"
"""Of the folders that work is fetched into; `capabilities.home.sweep` finds those of crashed workers by it."""
MOST_FILES = 2000
MOST_BYTES = 512 * 1024
"""Of a file; a notebook, which holds pictures too, may have eight times as many."""
MOST_BYTES_IN_ALL = 16 * 1024 * 1024
SECONDS_A_FILE = 5.0
SECONDS = 60.0
"""For reading all files of a submission, fetching left out."""
MADE, OTHER, LARGE, SLOW, UNREADABLE = (
    "made by a tool, or somebody else's software",
    "of a kind that is not compared",
    "too large, or beyond what is read of one submission",
    "took too long to read",
    "cannot be read as text",
)
HANDED_OUT, IGNORED = "handed out, unchanged", "ignored by git"


class Reading(Record):
    """A learner's work to read."""

    learner: Learner
    starter: Starter
    texts: Path
    """The file that its texts are written to."""
    limits: FetchLimits = FetchLimits()


class Read(Record):
    """What was read of a learner's work."""

    values: Mapping[str, Sequence[int]] = {}
    """Its fingerprints by kind."""
    files: int = 0
    left_out: Mapping[str, int] = {}
    commit: str = ""
    reason: str = ""
    """Why it could not be read; then nothing else is set."""
    is_ours: bool = False
    """Whether asking again may help."""


def read_one(reading: Reading, tell: Tell) -> Read:
    """Fetch and read one learner's work. Raises nothing that the learner can cause."""
    with ExitStack() as opened:
        home = Home(PREFIX)
        opened.callback(home.close)
        command = Command()
        opened.callback(command.close)
        tell("fetching")
        try:
            work = _fetched(reading, home.folder, command)
        except FetchFailed as failed:
            return Read(reason=f"{failed.reason} {failed.remedy}".strip(), is_ours=failed.is_ours)
        except NotAssessed as lacking:  # no git
            return Read(reason=f"{lacking} {lacking.remedy}".strip(), is_ours=True)
        tell("reading")
        texts, left_out = read_texts(work.folder, reading.starter, is_committed=work.commit is not None)
        values, slow = fingerprints_of(texts)
        left_out += slow
        reading.texts.write_bytes(msgspec.json.encode(texts))
        return Read(
            values=values,
            files=len(texts),
            left_out={reason: count for reason, count in sorted(left_out.items()) if count},
            commit=work.commit or "",
        )


def _fetched(reading: Reading, folder: Path, command: Command) -> Work:
    """Fetch what was handed in in time, or else what was handed in late: it is alike to others' all the same."""
    until = reading.learner.deadline
    try:
        return fetch_work(reading.learner, folder / "work", command, until=until, limits=reading.limits)
    except FetchFailed as failed:
        if failed.is_ours or until is None:
            raise
        return fetch_work(reading.learner, folder / "late", command, limits=reading.limits)


def read_texts(folder: Path, starter: Starter, *, is_committed: bool = False) -> tuple[dict[str, str], Counter[str]]:
    """Return the texts of the files that are compared, by path, and how many are left out for which reason.

    What git ignores is left out, unless it is known to be committed: then ignoring it would only hide it.
    """
    workspace = Workspace(folder, starter)
    seen = workspace.all_files() if is_committed else workspace.view(allow_starter=True).files()
    left_out: Counter[str] = Counter({IGNORED: len(workspace.all_files()) - len(seen)})
    texts: dict[str, str] = {}
    room = MOST_BYTES_IN_ALL
    for path in seen:
        kind = kind_of(path)
        if is_made(path) or kind is None:
            left_out[MADE if is_made(path) else OTHER] += 1
            continue
        try:
            size = workspace.size(path)
            if size > MOST_BYTES * (8 if kind == NOTEBOOK else 1) or size > room or len(texts) >= MOST_FILES:
                left_out[LARGE] += 1
            elif workspace.is_starter(path):
                left_out[HANDED_OUT] += 1
            else:
                texts[path] = workspace.read_text(path)
                room -= size
        except (CheckFailed, NotAssessed):
            left_out[UNREADABLE] += 1
    return texts, left_out


def fingerprints_of(texts: dict[str, str]) -> tuple[dict[str, list[int]], Counter[str]]:
    """Return the fingerprints of texts by kind, and drop the texts that take too long, counted by the reason."""
    values: dict[str, set[int]] = {}
    left_out: Counter[str] = Counter()
    deadline = Deadline(SECONDS)
    for path, text in list(texts.items()):
        found: dict[str, set[int]] = {}
        try:
            with interrupt_after(min(SECONDS_A_FILE, deadline.remaining())):
                for stream in read_streams(path, text):
                    found.setdefault(stream.kind, set()).update(value for value, _ in fingerprints(stream))
        except Overrun:
            left_out[SLOW] += 1
            del texts[path]
            continue
        for kind, new in found.items():
            values.setdefault(kind, set()).update(new)
    return {kind: sorted(found) for kind, found in values.items()}, left_out
