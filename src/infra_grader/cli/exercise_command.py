"""exercise list, show and install."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from infra_grader.api import load_rubric
from infra_grader.cli.main import PASSED
from infra_grader.cli.options import actions_of, named_path, run_action
from infra_grader.engine.registry import Registry
from infra_grader.errors import UsageError
from infra_grader.loading.bundled import exercise_ids, find_exercise


def exercise_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `exercise` accepts."""
    action = actions_of(parser)
    action("list", _list, "list the exercises that come with infra-grader")
    action("show", _show, "show what an exercise asks for").add_argument("exercise", metavar="ID")
    install = action("install", _install, "put an exercise's starter in place, without overwriting anything")
    install.add_argument("exercise", metavar="ID")
    install.add_argument("folder", metavar="DIR", type=named_path)


def exercise(options: argparse.Namespace) -> int:
    """Run one of the exercise commands."""
    return run_action(options)


def _list(options: argparse.Namespace) -> int:
    registry = Registry(options.plugin)
    for exercise_id in exercise_ids():
        print(f"{exercise_id:<36} {load_rubric(exercise_id, registry).title}")
    return PASSED


def _show(options: argparse.Namespace) -> int:
    from infra_grader.cli.rubric_text import page

    _starter(options.exercise)
    print(page(load_rubric(options.exercise, Registry(options.plugin))))
    return PASSED


def _install(options: argparse.Namespace) -> int:
    """Copy the files that are not there yet; what is there stays as it is."""
    starter = _starter(options.exercise)
    written = kept = 0
    for path in sorted(_files(starter)):
        target = options.folder / path
        if os.path.lexists(target):
            print(f"kept     {target}")
            kept += 1
            continue
        try:
            _write_new(target, (starter / path).read_bytes())
        except OSError as error:
            raise UsageError(f"{target} cannot be written: {error.strerror}", "Name another folder.") from error
        print(f"written  {target}")
        written += 1
    print(f"{written} files written, {kept} kept as they were")
    return PASSED


def _write_new(target: Path, content: bytes) -> None:
    """Write a file that is not there yet, as a whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        try:
            file.write(content)
            file.flush()
        except OSError:
            target.unlink()
            raise


def _starter(exercise_id: str) -> Path:
    folder = find_exercise(exercise_id)
    if folder is None or not (folder / "starter").is_dir():
        known = ", ".join(exercise_ids())
        raise UsageError(f"there is no exercise {exercise_id!r} with a starter", f"There is: {known}.")
    return folder / "starter"


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (Path(parent, name).relative_to(folder) for name in names)
