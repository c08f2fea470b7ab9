"""What a gradebook's format is: a name, what it is for, and how it is written.

A format stands in `reports/<name>_gradebook.py` as `FORMAT`. It goes through the rows once or twice and holds a few
values a learner at most, so that no class is too large for the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TextIO

from infra_grader.model.gradebook import Gradebook
from infra_grader.model.record import Record


class Export(Record):
    """A file of the instructor's own that is to be filled in."""

    source: str
    """Its name, for messages."""
    content: bytes


class GradebookOptions(Record):
    """What the instructor wishes; each format says in `takes` what it follows."""

    fill: Export | None = None
    column: str = ""
    """The column that holds the points, where its title does not tell."""
    match: str = ""
    """The column of the export that tells who a row is of, where the usual ones do not."""
    provisional: bool = False
    """Whether points are written that are certain while others are open."""
    bom: bool = False
    """Whether a byte order mark comes first, by which Excel knows UTF-8."""
    results: str = ""
    """Where the folders of the learners are, relative to the file that is written; nothing if it may not say so."""


Notes = Sequence[str]
"""What the instructor should know of what was written: lines without an end."""
Put = Callable[[str, str], None]
"""Takes a file's name, relative and with forward slashes, and its text."""


class GradebookFormat(Record):
    """A format that `gradebook --format` accepts: one of `write` and `write_files` is there."""

    name: str
    summary: str
    write: Callable[[Gradebook, TextIO, GradebookOptions], Notes] | None = None
    """Writes one file, in UTF-8 and with the line ends as given. May raise `ExportError`, before it writes anything."""
    write_files: Callable[[Gradebook, Put, GradebookOptions], Notes] | None = None
    """Writes files into a folder of their own."""
    takes: frozenset[str] = frozenset()
    """Names of the options that it follows."""
    needs_fill: bool = False
    """Whether it can only fill in a file that is there."""
    names_learners: bool = False
    """Whether it is of no use without the names of learners, so that it cannot be anonymised."""
