"""The records of a class: what each learner's grading saw, so that it can be judged again with nothing running.

One travels between processes and machines as an archive, and lies in `records/ID` as `grade --replay` reads it.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from infra_grader.batch.files import told
from infra_grader.engine.recorder import CHECKS, HEAD, write_head
from infra_grader.engine.replay import load_replay
from infra_grader.errors import UsageError
from infra_grader.model.rubric import Rubric

RECORDS = "records"
"""The folder with the records of a class, beside its results; learners have no business there."""
STAGED = re.compile(r"\.(.+)\.(\d{1,18})-([0-9a-f]{16})\.new")
"""Name of a record that waits beside the one before: learner, number of the journal's entry, digest of its result."""


class NotKept(Exception):
    """A record could not be made whole; says why."""


def pack(folder: Path) -> bytes:
    """Return a record as an archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for name in _names(folder):
            archive.write(folder / name, name)
    return content.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Write the record in an archive into a new folder, which only its owner can enter."""
    folder.mkdir(mode=0o700, parents=True)
    (folder / CHECKS).mkdir()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)


def kept_record(out: Path, learner: str) -> bytes | None:
    """Return the archive of a learner's record; `None` where there is none."""
    folder = out / RECORDS / learner
    with told(folder):
        _put_back(folder)
        return pack(folder) if (folder / HEAD).is_file() else None


def stage_record(
    out: Path, learner: str, content: bytes, rubric: Rubric, *, number: int, result: bytes, is_part: bool
) -> Path:
    """Put a learner's record beside the one before, and return where it waits for `take_record`.

    It belongs to the entry that the journal is to get next, by its number and result. One that is a part, of the checks
    that were asked again, takes the others from the record before; raises `NotKept` where there is none that it could
    complete, as nothing could be judged again by it. Raises `UsageError` where it cannot be written.
    """
    place = out / RECORDS / learner
    staged = place.with_name(f".{learner}.{number}-{_digest(result)}.new")
    with told(place):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put_back(place)
        unpack(content, staged)
        if is_part:
            try:
                _complete(staged, place, rubric)
            except NotKept:
                shutil.rmtree(staged)
                raise
    return staged


def take_record(out: Path, learner: str, staged: Path) -> None:
    """Put a staged record, whose entry the journal has by now, into the place of the one before."""
    place = out / RECORDS / learner
    with told(place):
        _put_back(place)
        # A kill in between leaves a whole record under one of the two names, and the new one staged.
        old = _old(place)
        shutil.rmtree(old, ignore_errors=True)
        if place.exists():
            place.replace(old)
        staged.replace(place)
        shutil.rmtree(old, ignore_errors=True)


def settle_records(out: Path, result_of: Callable[[int], bytes | None]) -> None:
    """Take the records that a killed run has staged if the journal has their entry, and remove the others.

    `result_of` returns what the journal holds with an entry's number.
    """
    with told(out / RECORDS):
        for staged in list((out / RECORDS).glob(".*.new")):
            if (name := STAGED.fullmatch(staged.name)) is None:
                continue
            result = result_of(int(name[2]))
            if result is not None and _digest(result) == name[3]:
                take_record(out, name[1], staged)
            else:
                shutil.rmtree(staged)


def _digest(result: bytes) -> str:
    return hashlib.sha256(result).hexdigest()[:16]


def _put_back(place: Path) -> None:
    """Put a record back that a run was about to replace when it was killed."""
    if not place.exists() and _old(place).exists():
        _old(place).replace(place)


def _old(place: Path) -> Path:
    return place.with_name(f".{place.name}.old")


def _complete(part: Path, before: Path, rubric: Rubric) -> None:
    """Take what a record lacks from the one before, of the same files. Raises `NotKept` where that cannot be."""
    if not (before / HEAD).is_file():
        raise NotKept("only some checks were asked again, and no record holds the others")
    try:
        then, now = load_replay(before, rubric).head, load_replay(part, rubric).head
    except UsageError as error:
        problem = error.problem.replace(str(before), f"{RECORDS}/{before.name}")
        raise NotKept(
            f"only some checks were asked again, and the one before cannot complete it ({problem})"
        ) from error
    if (then.files, then.seed) != (now.files, now.seed):
        raise NotKept("only some checks were asked again, and the one before is of other files or another seed")
    lacking = {check: digest for check, digest in then.checks.items() if check not in now.checks}
    for check in lacking:
        shutil.copyfile(before / CHECKS / f"{check}.json", part / CHECKS / f"{check}.json")
    checks = dict(sorted({**now.checks, **lacking}.items()))
    write_head(part, now.replace(checks=checks, tools={**then.tools, **now.tools}))


def _names(folder: Path) -> Iterator[str]:
    yield HEAD
    yield from sorted(f"{CHECKS}/{file.name}" for file in (folder / CHECKS).glob("*.json"))
