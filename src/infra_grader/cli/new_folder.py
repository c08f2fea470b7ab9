"""Files written into a new folder: all of them, or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra_grader.cli.output import OutputError


@contextmanager
def new_folder(folder: Path) -> Iterator[Callable[[str, str], None]]:
    """Give a function that puts a text under a name; the folder is there once the block ends without an error.

    An empty one may be there before. Raises `OutputError` where it cannot be written.
    """
    place = folder.absolute()
    part = None
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{place.name[:40]}.", suffix=".part", dir=place.parent))
        top = part / place.name
        top.mkdir()

        def put(name: str, text: str) -> None:
            file = top / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode("utf-8", errors="backslashreplace"))

        yield put
        if place.is_dir():
            place.rmdir()
        os.rename(top, place)
    except OSError as error:
        raise OutputError(f"{folder} could not be written: {error.strerror}") from error
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
