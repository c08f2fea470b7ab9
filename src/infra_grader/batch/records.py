"""The records of a class: what each learner's grading saw, so that it can be judged again with nothing running.

One travels between processes and machines as an archive, and lies in `records/ID` as `grade --replay` reads it.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

from infra_grader.batch.files import told
from infra_grader.engine.recorder import CHECKS, HEAD, write_head
from infra_grader.engine.replay import load_replay
from infra_grader.errors import UsageError
from infra_grader.model.rubric import Rubric

RECORDS = "records"
"""The folder with the records of a class, beside its results; learners have no business there."""


def pack(folder: Path) -> bytes:
    """Return a record as an archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
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


def keep_record(out: Path, learner: str, content: bytes, rubric: Rubric, *, is_part: bool) -> None:
    """Put a learner's record into the place of the one before. Raises `UsageError` where it cannot be written.

    One that is a part, of the checks that were asked again, takes the others from the record before. It is not kept
    where there is none that it could complete: nothing could be judged again by it.
    """
    place = out / RECORDS / learner
    part = out / RECORDS / f".{learner}.part"
    with told(place):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put_back(place)
        shutil.rmtree(part, ignore_errors=True)
        unpack(content, part)
        if is_part and not _completed(part, place, rubric):
            shutil.rmtree(part)
            return
        # A kill in between leaves a whole record under one of the two names.
        old = _old(place)
        shutil.rmtree(old, ignore_errors=True)
        if place.exists():
            place.replace(old)
        part.replace(place)
        shutil.rmtree(old, ignore_errors=True)


def _put_back(place: Path) -> None:
    """Put a record back that a run was about to replace when it was killed."""
    if not place.exists() and _old(place).exists():
        _old(place).replace(place)


def _old(place: Path) -> Path:
    return place.with_name(f".{place.name}.old")


def _completed(part: Path, before: Path, rubric: Rubric) -> bool:
    """Take what a record lacks from the one before, of the same files, and return whether that could be."""
    try:
        then, now = load_replay(before, rubric).head, load_replay(part, rubric).head
    except UsageError:
        return False
    if (then.files, then.seed) != (now.files, now.seed):
        return False
    lacking = {check: digest for check, digest in then.checks.items() if check not in now.checks}
    for check in lacking:
        shutil.copyfile(before / CHECKS / f"{check}.json", part / CHECKS / f"{check}.json")
    checks = dict(sorted({**now.checks, **lacking}.items()))
    write_head(part, now.replace(checks=checks, tools={**then.tools, **now.tools}))
    return True


def _names(folder: Path) -> Iterator[str]:
    yield HEAD
    yield from sorted(f"{CHECKS}/{file.name}" for file in (folder / CHECKS).glob("*.json"))
