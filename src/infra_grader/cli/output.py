"""Where text goes: what the terminal can show, reports to standard output or to files, progress."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from infra_grader.engine.registry import Registry
from infra_grader.errors import UsageError
from infra_grader.model.record import Record
from infra_grader.plugin import RenderOptions, ReportFormat

DEFAULT_WIDTH = 80
NARROWEST = 20


class OutputError(OSError):
    """A report could not be written."""


class Destination(Record):
    """One `--report`: a format, and the file it goes to, or `None` for standard output."""

    format: ReportFormat
    file: Path | None


def destinations(reports: Sequence[str], registry: Registry) -> list[Destination]:
    """Return what `--report` asks for; the terminal report if nothing is asked.

    Raises `PluginError` for an unknown format, `UsageError` for two machine formats on standard output or one file
    named twice.
    """
    wanted: list[Destination] = []
    for text in reports or ["terminal"]:
        name, equals, file = text.partition("=")
        if equals and not file:
            raise UsageError(f"--report {text} names no file", f"Write --report {name}=FILE.")
        wanted.append(Destination(format=registry.find_format(name), file=Path(file) if file else None))
    on_stdout = [item.format.name for item in wanted if item.file is None and item.format.is_machine]
    if len(on_stdout) > 1:
        raise UsageError(
            f"{' and '.join(on_stdout)} cannot share standard output", f"Give one of them a file: {on_stdout[1]}=FILE."
        )
    files = [os.path.abspath(item.file) for item in wanted if item.file is not None]
    for file in files:
        if files.count(file) > 1:
            raise UsageError(f"two reports would be written to {file}", "Give each report a file of its own.")
        if not Path(file).parent.is_dir():
            raise UsageError(f"{file} cannot be written: its folder is missing", f"Make {Path(file).parent} first.")
        if os.path.isdir(file):
            raise UsageError(f"{file} cannot be written: it is a folder", "Name a file in it.")
    return wanted


def render_options(options: argparse.Namespace, stream: TextIO) -> RenderOptions:
    """Return what a report may know about a stream: its width, and whether it shows colours and signs."""
    return RenderOptions(
        width=stream_width(stream),
        color=_has_color(options.color, stream),
        signs=shows_signs(stream),
        variables=dict(os.environ),
    )


def shows_signs(stream: TextIO) -> bool:
    """Whether the stream's encoding has the tick and the party popper."""
    try:
        "✅❌🎉".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def tell(text: str) -> None:
    """Write a line to standard error, if anybody still reads it."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _abandon(sys.stderr)


def tell_faults(registry: Registry) -> None:
    """Say which installed plugins a list leaves out, since they cannot be used."""
    for fault in registry.faults.values():
        from infra_grader.cli.wording import worded  # only where something is wrong

        tell(worded(fault))


def write(stream: TextIO, text: str) -> None:
    """Write text to a stream; a reader that went away is said once, and is no failure of the grading.

    Raises `OutputError` where it cannot be written for another reason.
    """
    try:
        stream.write(text if text.endswith("\n") else f"{text}\n")
        stream.flush()
    except OSError as error:
        _abandon(stream)
        if not isinstance(error, BrokenPipeError):
            raise OutputError(f"the output could not be written: {error.strerror}") from error
        tell("infra-grader: nobody read the output to its end")


def _abandon(stream: TextIO) -> None:
    """Let a stream lead nowhere: what is left in its buffer would fail again when Python flushes it at the end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write_file(file: Path, text: str) -> None:
    """Write a file as a whole or not at all: under its final name stands the old text, the new one, or nothing."""
    with whole_file(file) as stream:
        stream.write(text.encode("utf-8", errors="backslashreplace"))


@contextmanager
def whole_file(file: Path) -> Iterator[BinaryIO]:
    """Open a file to be written as a whole or not at all: what is written counts once the block ends without an error.

    Raises `OutputError` where it cannot be written.
    """
    try:
        if os.path.exists(file) and not os.path.isfile(file):  # a pipe or a device, such as /dev/stderr
            with file.open("wb") as stream:
                yield stream
        else:
            with _replacing(file.resolve()) as stream:
                yield stream
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{file} could not be written: {error.strerror}") from error


@contextmanager
def _replacing(place: Path) -> Iterator[BinaryIO]:
    part = None
    import tempfile  # slow to import, and most runs write no file

    try:
        handle, part = tempfile.mkstemp(prefix=f".{place.name[:40]}.", suffix=".part", dir=place.parent)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(part, 0o666 & ~_umask())
        os.replace(part, place)
    finally:
        if part is not None:
            with suppress(OSError):
                os.unlink(part)


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def stream_width(stream: TextIO) -> int:
    """Return the columns of a stream's terminal: what COLUMNS says, else its own, else the default."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and len(columns) < 6 and int(columns) >= NARROWEST:
        return int(columns)
    try:
        return max(os.get_terminal_size(stream.fileno()).columns, NARROWEST)
    except (OSError, ValueError):
        return DEFAULT_WIDTH


def _has_color(wish: str, stream: TextIO) -> bool:
    if wish != "auto":
        return wish == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Progress:
    """A line on a terminal's standard error that counts what is done, and is wiped at the end."""

    def __init__(self, total: int, *, is_wanted: bool) -> None:
        self.total = total
        self.done = 0
        self.is_wanted = is_wanted and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        """Whether the line is shown: it is wanted, and there is a terminal that can wipe it."""
        self._is_shown = False

    def step(self, name: str) -> None:
        """Count one more, and show which."""
        self.done += 1
        self.say(name)

    def say(self, what: str) -> None:
        """Show what is done now; may be called in any thread."""
        if self.is_wanted:
            from infra_grader.reading.visible import visible  # what a check tells may be the learner's

            self._is_shown = True
            self._show(visible(f"{self.done} of {self.total}  {what}")[: stream_width(sys.stderr) - 1])

    def wipe(self) -> None:
        """Remove the line."""
        if self._is_shown:
            self._show("")

    def _show(self, line: str) -> None:
        with suppress(OSError):  # a terminal that went away costs no grading
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
