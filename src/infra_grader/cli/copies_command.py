"""copies: what the submissions of a class have in common, for the instructor to look at."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import closing, redirect_stdout
from pathlib import Path

from infra_grader.api import load_rubric, starter_of
from infra_grader.batch.copies import CopiesOptions, find_copies
from infra_grader.capabilities.starter import NO_STARTER
from infra_grader.cli.main import GRADER_FAILED, PASSED, UNDECIDED
from infra_grader.cli.options import add_common, add_roster, named_path
from infra_grader.cli.output import OutputError, Progress, tell, write, write_file
from infra_grader.engine.registry import Registry
from infra_grader.errors import UsageError
from infra_grader.loading.roster_file import read_roster
from infra_grader.model.copies import Copies
from infra_grader.reports.copies_report import render_html, render_json, render_terminal

WORKERS = 2
FORMATS: Mapping[str, Callable[[Copies], str]] = {
    "terminal": render_terminal,
    "html": render_html,
    "json": render_json,
}


def copies_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `copies` accepts."""
    add_roster(parser)
    parser.add_argument("--rubric", metavar="ID|FILE", help="leave out what the course hands out for this rubric")
    parser.add_argument(
        "--starter",
        metavar="DIR",
        type=named_path,
        action="append",
        default=[],
        help="leave out what is in this folder, which was handed out; may be repeated",
    )
    parser.add_argument(
        "--top", metavar="N", type=_count, default=50, help="pairs whose places are shown side by side (default: 50)"
    )
    parser.add_argument(
        "--report",
        metavar="FORMAT[=FILE]",
        action="append",
        default=[],
        help="terminal (default), html or json; to standard output, or to a file; may be repeated",
    )
    add_common(parser)


def copies(options: argparse.Namespace) -> int:
    """Compare the submissions of a class, and say what they have in common."""
    wanted = _destinations(options.report or ["terminal"])
    with redirect_stdout(sys.stderr):  # what a plugin prints is no report
        registry = Registry(options.plugin)
        starter = starter_of(load_rubric(options.rubric, registry)) if options.rubric else NO_STARTER
        roster = read_roster(
            options.roster, source=options.source, timezone=options.timezone, ask_plugins=registry.read_roster
        )
        chosen = CopiesOptions(starter=starter, folders=tuple(options.starter), top=options.top)
        progress = Progress(len(roster.learners), is_wanted=not options.verbose)
        workers = min(WORKERS, os.cpu_count() or 1)
        try:
            with closing(registry.find_executor("local").open("", workers)) as executor:
                found = find_copies(roster, executor, chosen, progress.step)
        finally:
            progress.wipe()
    for missing in found.uncompared:
        tell(f"infra-grader: {missing.learner} is not compared: {missing.reason}")
    try:
        for name, file in wanted:
            if file is None:
                write(sys.stdout, FORMATS[name](found))
            else:
                write_file(file, FORMATS[name](found))
                tell(f"{name} report: {file}")
    except OutputError as error:
        tell(f"infra-grader: {error}")
        return GRADER_FAILED
    return UNDECIDED if any(missing.is_ours for missing in found.uncompared) else PASSED


def _destinations(reports: list[str]) -> list[tuple[str, Path | None]]:
    """Return the formats asked for and where each goes. Raises `UsageError` for what cannot be."""
    wanted: list[tuple[str, Path | None]] = []
    for text in reports:
        name, equals, file = text.partition("=")
        if name not in FORMATS:
            raise UsageError(f"there is no report {name!r} of copies", f"There is {', '.join(FORMATS)}.")
        if equals and not file:
            raise UsageError(f"--report {text} names no file", f"Write --report {name}=FILE.")
        if file and not Path(file).absolute().parent.is_dir():
            raise UsageError(f"{file} cannot be written: its folder is missing", f"Make {Path(file).parent} first.")
        if file and Path(file).is_dir():
            raise UsageError(f"{file} cannot be written: it is a folder", "Name a file in it.")
        wanted.append((name, Path(file) if file else None))
    places = [None if file is None else os.path.abspath(file) for _, file in wanted]
    if len(set(places)) < len(places):
        raise UsageError("two reports would go to one place", "Give each report a file of its own.")
    return wanted


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0")
    return int(text)
