"""Build hook: puts the course's files into the wheel, and refuses to build with a rubric that is not valid."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DATA = "infra_grader/data"
"""Where the installed package looks for the course's files."""

JUNK = frozenset({"__pycache__", ".DS_Store", ".mypy_cache", ".pytest_cache", ".ruff_cache"})

NOT_OURS = frozenset({".git", ".venv"})
"""Folders that hatchling never enters."""


class CourseHook(BuildHookInterface[Any]):
    """Adds rubrics and starters to the wheel. No link is followed, in the wheel or in the source distribution."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Choose the files of this build. Raises `SystemExit` with every fault found in the bundled rubrics."""
        root = Path(self.root)
        # Hatchling walks into links to folders; what a link points at is not ours to give away.
        excluded = self.build_config.target_config.setdefault("exclude", [])
        excluded.extend(_ignore_pattern(link.relative_to(root)) for link in links(root))
        if self.target_name != "wheel" or version == "editable":
            return
        files = list(course_files(root))
        build_data["force_include"].update({str(file): f"{DATA}/{file.relative_to(root).as_posix()}" for file in files})
        rubrics = [file for file in files if file.suffix == ".yaml" and file.parents[2] == root]
        if faults := list(rubric_faults(root, rubrics)):
            raise SystemExit("\n".join(["The bundled rubrics are not valid:", *faults]))


def course_files(root: Path) -> Iterator[Path]:
    """Yield the plain files that grading needs: rubrics, and each exercise's starter with its fingerprints."""
    yield from plain_files(root / "rubrics")
    exercises = root / "exercises"
    if exercises.is_dir() and not exercises.is_symlink():
        for exercise in sorted(exercises.iterdir()):
            if exercise.is_dir() and not exercise.is_symlink():
                yield from plain_files(exercise / "starter")
                yield from plain_files(exercise / "starter.blobs")


def plain_files(place: Path) -> Iterator[Path]:
    """Yield the file, or every file below the folder, in order; never through a link."""
    if place.is_symlink() or place.name in JUNK or place.suffix == ".pyc":
        return
    if place.is_file():
        yield place
    elif place.is_dir():
        for inner in sorted(place.iterdir()):
            yield from plain_files(inner)


def links(folder: Path) -> Iterator[Path]:
    """Yield every link below the folder."""
    for inner in sorted(folder.iterdir()):
        if inner.is_symlink():
            yield inner
        elif inner.is_dir() and inner.name not in NOT_OURS:
            yield from links(inner)


def rubric_faults(root: Path, rubrics: list[Path]) -> Iterator[str]:
    """Yield a line for each fault of the rubrics, with its file, line and column."""
    sys.path.insert(0, str(root / "src"))
    try:
        from infra_grader.engine.registry import Registry, builtin_kind_names
        from infra_grader.errors import RubricError
        from infra_grader.loading.rubric_file import load_rubric

        find_kind = Registry().find_kind
        for rubric in rubrics:
            try:
                load_rubric(rubric, find_kind, builtin_kind_names)
            except RubricError as error:
                for problem in error.problems:
                    yield f"  {rubric}:{problem.line or 1}:{problem.column or 1}: {problem.path}: {problem.message}"
    finally:
        sys.path.remove(str(root / "src"))


def _ignore_pattern(path: Path) -> str:
    """Return the pattern of .gitignore's syntax that matches this path alone."""
    return "/" + re.sub(r"([\\*?\[\]! #])", r"\\\1", path.as_posix())
