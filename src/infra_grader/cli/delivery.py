"""Reports to where they are asked for, and to the files that the runner of a workflow takes beside them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from infra_grader.cli.output import DEFAULT_WIDTH, Destination, OutputError, render_options, tell, write, write_file
from infra_grader.errors import ReportError
from infra_grader.model.scorecard import Scorecard
from infra_grader.plugin import RenderOptions, ReportFormat


def deliver(scorecard: Scorecard, wanted: Sequence[Destination], options: argparse.Namespace) -> None:
    """Render a scorecard in every format asked for.

    A machine format stands alone on standard output; what else has no file goes to standard error then. In a workflow
    of GitHub, no line of a report for people is taken for a command.
    Raises `OutputError` where a file cannot be written, and, once all others are, where a format refuses the scorecard.
    """
    there = RenderOptions(
        width=DEFAULT_WIDTH,
        variables=dict(os.environ),
        folder=folder_in_repository(scorecard.submission.path),
        token=os.urandom(16).hex(),
    )
    written: list[Destination] = []
    refused: list[str] = []
    has_machine = any(item.file is None and item.format.is_machine for item in wanted)
    # Files first: a reader of the output that goes away must not cost a report.
    for item in sorted(wanted, key=lambda item: item.file is None):
        try:
            if item.format.side_files is not None and item.format not in [other.format for other in written]:
                _add_side_files(item.format, scorecard, there)
            _deliver_one(scorecard, item, options, there, has_machine=has_machine)
        except ReportError as error:
            refused.append(f"{error}. {error.remedy}".rstrip())
        else:
            written.append(item)
    for item in written:
        if item.file is not None:
            tell(f"{item.format.name} report: {item.file}")
    if refused:
        raise OutputError("\ninfra-grader: ".join(refused))


def folder_in_repository(path: str) -> str:
    """Return where a folder is in the repository that holds it: `projects/one`, or `.` where it is in none.

    Where a workflow has fetched the files without git, its workspace is the repository.
    """
    if not os.path.isdir(path):  # a record may be from another machine
        return "."
    place = Path(path).resolve()
    workspace = os.environ.get("GITHUB_WORKSPACE")
    for folder in (place, *place.parents):
        if os.path.lexists(folder / ".git") or (workspace and os.path.realpath(workspace) == str(folder)):
            return place.relative_to(folder).as_posix()
    return "."


def _deliver_one(
    scorecard: Scorecard, item: Destination, options: argparse.Namespace, there: RenderOptions, *, has_machine: bool
) -> None:
    report = item.format
    if item.file is not None:
        write_file(item.file, report.render(scorecard, there))
        return
    stream = sys.stderr if has_machine and not report.is_machine else sys.stdout
    text = report.render(scorecard, render_options(options, stream).replace(folder=there.folder, token=there.token))
    if not (report.is_machine or report.is_commands) and os.environ.get("GITHUB_ACTIONS") == "true":
        text = f"::stop-commands::{there.token}\n{text.rstrip()}\n::{there.token}::\n"
    write(stream, text)


def _add_side_files(report: ReportFormat, scorecard: Scorecard, there: RenderOptions) -> None:
    """Add to each file that a variable names; where it is not set, say so."""
    texts = report.side_files(scorecard, there) if report.side_files else {}
    for variable, text in texts.items():
        if file := os.environ.get(variable):
            _append(file, text)
    if missing := [variable for variable in texts if not os.environ.get(variable)]:
        tell(f"{report.name} report: only its standard output; no workflow has set {' or '.join(missing)} here")


def _append(file: str, text: str) -> None:
    """Add lines to a file, after the end of its last one."""
    try:
        start = "\n" if _breaks_off(file) else ""
        with open(file, "ab") as stream:
            stream.write(f"{start}{text}".encode(errors="backslashreplace"))
    except OSError as error:
        raise OutputError(f"{file} could not be written: {error.strerror}") from error


def _breaks_off(file: str) -> bool:
    """Whether the last line of a file has no end."""
    if not os.path.isfile(file) or os.path.getsize(file) == 0:
        return False
    with open(file, "rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read() != b"\n"
