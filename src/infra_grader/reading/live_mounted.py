"""Folders of a rubric's own inside of a learner's containers, such as stand-ins, and how Python finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from infra_grader.model.outcome import NotAssessed
from infra_grader.plugin import Context, Meta

Text = Annotated[str, Meta(min_length=1)]
Mounts = Annotated[
    dict[str, str],
    Meta(description="Files or folders of the rubric's own that are seen read-only inside, by absolute place."),
]
PythonPath = Annotated[
    list[Text],
    Meta(
        description="Folders inside, by absolute place, in which Python looks first, such as a mounted one with "
        "stand-ins; what the image's own PYTHONPATH names comes after them."
    ),
]


def require_absolute(mounts: Mapping[str, str]) -> None:
    """Raise `ValueError` for a place that is not absolute."""
    if any(not re.match(r"/.", place) for place in mounts):
        raise ValueError("a place in `mounts` is absolute, such as /etc/app.conf")


def missing_mounts(mounts: Mapping[str, str], rubric_folder: Path) -> Iterator[str]:
    """Yield what is wrong with mounts: those that the rubric's folder does not hold."""
    for path in mounts.values():
        if not (rubric_folder / path).exists():
            yield f"the rubric's own {path} is missing: it is mounted into the container"


def mounted(context: Context, mounts: Mapping[str, str]) -> dict[str, Path]:
    """Return the files and folders by their places inside. Raises `NotAssessed` for one that is not there."""
    return {place: _own(context, path) for place, path in mounts.items()}


def stood_in_for(files: Mapping[str, Path], python_path: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the modules that Python finds in mounted folders first, in order."""
    folders = [path for place, path in files.items() if place in python_path and path.is_dir()]
    return tuple(sorted({each.stem for folder in folders for each in folder.iterdir() if each.stem.isidentifier()}))


def _own(context: Context, path: str) -> Path:
    try:
        return context.rubric_file(path)
    except NotAssessed:
        return context.rubric_directory(path)
