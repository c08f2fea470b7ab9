"""The files of a class: what each learner gets, made from the record of their result.

The journal holds what counts; these files can be made anew from it at any time. `result.json` is written last, so that
where it stands the others stand too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from infra_grader.engine.registry import Registry
from infra_grader.errors import UsageError
from infra_grader.model.scorecard import Scorecard
from infra_grader.plugin import RenderOptions

RESULT = "result.json"
FORMATS = {"feedback.html": "html", "junit.xml": "junit", RESULT: "json"}
"""A learner's files, each with the report that it is."""
RESULTS = "results"
WIDTH = 80


def render_files(scorecard: Scorecard, registry: Registry) -> Mapping[str, bytes]:
    """Return a learner's files by name."""
    options = RenderOptions(width=WIDTH)
    return {
        name: registry.find_format(report).render(scorecard, options).encode("utf-8", "backslashreplace")
        for name, report in FORMATS.items()
    }


def forget_files(out: Path, learner: str) -> None:
    """Say that a learner's files are out of date, before what they shall say is recorded."""
    with suppress(FileNotFoundError), told(out):
        (out / RESULTS / learner / RESULT).unlink()


def write_files(out: Path, learner: str, files: Mapping[str, bytes]) -> None:
    """Write a learner's files, each as a whole or not at all. Raises `UsageError` where they cannot be written."""
    folder = out / RESULTS / learner
    with told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in FORMATS:
            part = folder / f".{name}.part"
            part.write_bytes(files[name])
            part.replace(folder / name)


def without_files(out: Path, learners: Iterable[str]) -> Iterator[str]:
    """Yield the learners whose files are missing, or were cut short by a power cut."""
    results = os.path.join(out, RESULTS)
    for learner in learners:
        try:
            is_there = os.stat(f"{results}/{learner}/{RESULT}").st_size > 0  # a `Path` would take longer than the look
        except OSError:
            is_there = False
        if not is_there:
            yield learner


@contextmanager
def told(place: Path) -> Iterator[None]:
    """Turn what goes wrong with a file into a `UsageError`."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        remedy = "Make room or look at its permissions, and run again: what is finished stays finished."
        raise UsageError(f"{place} cannot be written: {error.strerror or error}", remedy) from error
