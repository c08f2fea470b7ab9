"""Where the course's own files are: beside the installed package, else in the checkout.

Names are looked up in folders, without `importlib.resources`, whose import costs more than a whole validation.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import infra_grader

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""What an id looks like; it is the name of a file, so nothing else is looked up."""


def data_root() -> Path:
    """Return the folder that holds `rubrics/` and `exercises/`."""
    package = Path(os.path.abspath(infra_grader.__file__)).parent
    bundled = package / "data"
    return bundled if bundled.is_dir() else package.parent.parent


def bundled_rubrics() -> dict[str, Path]:
    """Return the files of all bundled rubrics by id, in the order of tracks and ids."""
    return {
        name.removesuffix(".yaml"): track / name
        for track in _tracks()
        for name in sorted(os.listdir(track))
        if name.endswith(".yaml") and ID.fullmatch(name)
    }


def find_rubric(rubric_id: str) -> Path | None:
    """Return the file of the bundled rubric with this id, or `None`. Reads no file."""
    if not ID.fullmatch(rubric_id):
        return None
    places = (track / f"{rubric_id}.yaml" for track in _tracks())
    return next((place for place in places if place.is_file()), None)


def exercise_ids() -> list[str]:
    """Return the ids of the exercises that have files of their own, sorted."""
    folder = data_root() / "exercises"
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and ID.fullmatch(entry.name))


def find_exercise(exercise_id: str) -> Path | None:
    """Return the folder of an exercise (`starter/`, in a checkout `solution/` and `flawed/` too), or `None`."""
    if not ID.fullmatch(exercise_id):
        return None
    folder = data_root() / "exercises" / exercise_id
    return folder if folder.is_dir() else None


def _tracks() -> list[Path]:
    """Return the folders of the tracks, sorted."""
    folder = data_root() / "rubrics"
    if not folder.is_dir():
        return []
    return sorted(Path(entry.path) for entry in os.scandir(folder) if entry.is_dir() and ID.fullmatch(entry.name))
