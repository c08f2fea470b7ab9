"""gradebook: what came out for a class, for people, spreadsheets and other programs."""

from __future__ import annotations

import argparse
import difflib
import os
import secrets
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from infra_grader.cli.gradebook_formats import FORMATS, find_format
from infra_grader.cli.history_text import history_text
from infra_grader.cli.main import GRADER_FAILED, PASSED
from infra_grader.cli.new_folder import new_folder
from infra_grader.cli.options import add_common, named_path
from infra_grader.cli.output import OutputError, render_options, tell, whole_file, write
from infra_grader.engine.anonymous import KEY, KEY_BYTES, pseudonyms, read_anonymous
from infra_grader.engine.gradebook import learner_ids, read_gradebook
from infra_grader.engine.journal import NAME, Journal
from infra_grader.errors import ExportError, Problem, UsageError
from infra_grader.model.gradebook import Gradebook
from infra_grader.reading.visible import visible
from infra_grader.reports.gradebook_format import Export, GradebookFormat, GradebookOptions, Notes

OF_FORMATS = ("fill", "column", "match", "provisional", "bom")
"""Options that only some formats follow."""
ALONE = ("fill", "column", "match", "provisional", "bom", "format", "output", "anonymise")
"""Options that mean nothing beside `--history` and `--who`."""


def gradebook_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `gradebook` accepts."""
    parser.add_argument("folder", metavar="DIR", type=named_path, help="the folder of a batch, which its --out named")
    parser.add_argument("--format", choices=FORMATS, help="csv (default), canvas, moodle, json, gradescope or html")
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=named_path,
        help="where it goes (default: standard output); gradescope: a folder",
    )
    parser.add_argument(
        "--fill", metavar="EXPORT", type=named_path, help="canvas, moodle: the file of theirs to put the points into"
    )
    parser.add_argument("--column", metavar="TITLE", default="", help="canvas, moodle: the column for the points")
    parser.add_argument(
        "--match", metavar="TITLE", default="", help="canvas, moodle: the column that tells who a row is of"
    )
    parser.add_argument(
        "--provisional",
        action="store_true",
        help="canvas, moodle, gradescope: write the points that are certain, too, where others are open",
    )
    parser.add_argument("--bom", action="store_true", help="csv: begin with a byte order mark, which Excel needs")
    parser.add_argument(
        "--anonymise", action="store_true", help="csv, json, html: pseudonyms, and nothing that tells who a learner is"
    )
    parser.add_argument("--who", metavar="PSEUDONYM", help="print the id of a learner whose pseudonym this is")
    parser.add_argument("--history", metavar="LEARNER", help="print every change of a learner's score, oldest first")
    add_common(parser)


def gradebook(options: argparse.Namespace) -> int:
    """Write the gradebook of a batch, or print what is asked about one learner."""
    asked = [name for name in ("history", "who") if getattr(options, name) is not None]
    try:
        return _about_learner(options, asked) if asked else _write(options, find_format(options.format or "csv"))
    except OutputError as error:
        tell(f"infra-grader: {visible(str(error))}")
        return GRADER_FAILED


def _about_learner(options: argparse.Namespace, asked: Sequence[str]) -> int:
    beside = [*asked[1:], *(name for name in ALONE if getattr(options, name))]
    if beside:
        raise UsageError(f"--{asked[0]} and --{beside[0]} do not go together", "Ask for one thing at a time.")
    with closing(Journal(options.folder, to_read=True)) as journal:
        return _history(journal, options) if asked == ["history"] else _who(journal, options.who)


def _write(options: argparse.Namespace, form: GradebookFormat) -> int:
    _hold(options, form)
    wishes = GradebookOptions(
        fill=None if options.fill is None else _export(options.fill),
        column=options.column,
        match=options.match,
        provisional=options.provisional,
        bom=options.bom,
        results="" if options.anonymise else _results(options),
    )
    key = _key(options.folder) if options.anonymise else ""
    with closing(Journal(options.folder, to_read=True)) as journal:
        book = read_anonymous(journal, key) if options.anonymise else read_gradebook(journal)
        for note in _put(book, form, wishes, options.output):
            tell(f"infra-grader: {visible(note)}")
    return PASSED


def _hold(options: argparse.Namespace, form: GradebookFormat) -> None:
    """Raise `UsageError` for options that do not fit the format, and for a place that must not be written."""
    for name in OF_FORMATS:
        if getattr(options, name) and name not in form.takes:
            raise UsageError(f"the format {form.name} knows no --{name}", "Leave it out, or choose another format.")
    if form.needs_fill and options.fill is None:
        raise UsageError(
            f"{form.name} only takes a file of its own", "Download the grading worksheet and name it with --fill."
        )
    if form.names_learners and options.anonymise:
        raise UsageError(f"the format {form.name} has to name learners", "Choose csv, json or html with --anonymise.")
    if form.write is None and options.output is None:
        raise UsageError(f"the format {form.name} makes a folder", "Name one that is new or empty with --output.")
    _hold_place(options.output, is_folder=form.write is None)
    for file, what in ((options.fill, "the export"), (options.folder / NAME, "the journal")):
        if options.output is not None and file is not None and _is_same(file, options.output):
            raise UsageError(f"--output would overwrite {what} {options.output}", "Name another file.")


def _hold_place(place: Path | None, *, is_folder: bool) -> None:
    if place is None:
        return
    if not place.absolute().parent.is_dir():
        raise UsageError(f"{place} cannot be written: its folder is missing", f"Make {place.parent} first.")
    if is_folder and place.exists() and not (place.is_dir() and not any(place.iterdir())):
        raise UsageError(f"{place} is there already, and old files and new would mix", "Name a folder that is new.")
    if not is_folder and place.is_dir():
        raise UsageError(f"{place} cannot be written: it is a folder", "Name a file in it.")


def _results(options: argparse.Namespace) -> str:
    """Return where the results of the learners are, as a page at `--output` would link to them."""
    if options.output is None:
        return ""
    try:
        place = os.path.relpath(options.folder / "results", options.output.absolute().parent)
    except ValueError:  # on another drive of Windows
        return ""
    return Path(place).as_posix()


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and os.path.samefile(one, other)


def _export(file: Path) -> Export:
    """Return an export. Raises `ExportError` if it cannot be read."""
    try:
        return Export(source=str(file), content=file.read_bytes())
    except OSError as error:
        raise ExportError(str(file), Problem(f"it cannot be read: {error.strerror}")) from error


def _key(folder: Path) -> str:
    """Return the key of the pseudonyms; a journal that has none gets one, for which it must not be in use."""
    with closing(Journal(folder, to_read=True)) as journal:
        if key := journal.facts.get(KEY):
            return key
    with closing(Journal(folder)) as journal:
        if KEY not in journal.facts:
            journal.set_fact(KEY, secrets.token_hex(KEY_BYTES))
        return journal.facts[KEY]


def _put(book: Gradebook, form: GradebookFormat, wishes: GradebookOptions, output: Path | None) -> Notes:
    if form.write_files is not None:
        assert output is not None
        with new_folder(output) as put:
            return form.write_files(book, put, wishes)
    assert form.write is not None
    with _stream(output) as stream:
        return form.write(book, stream, wishes)


@contextmanager
def _stream(output: Path | None) -> Iterator[TextIO]:
    """Open where a gradebook goes, in UTF-8 and with line ends as they are given."""
    if output is None:
        sys.stdout.flush()
        text = TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=False)
        try:
            yield text
            text.flush()
        finally:
            text.detach()
        return
    with whole_file(output) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()


def _history(journal: Journal, options: argparse.Namespace) -> int:
    learner = options.history
    entries = journal.history(learner)
    if not entries:
        known = learner_ids(journal)
        if learner not in known:
            raise _unknown(f"no learner {learner!r} is in this batch", learner, known)
        write(sys.stdout, f"{visible(learner)} has not been graded yet.")
        return PASSED
    write(sys.stdout, history_text(entries, render_options(options, sys.stdout)))
    return PASSED


def _who(journal: Journal, pseudonym: str) -> int:
    key = journal.facts.get(KEY, "")
    names = {name: learner for learner, name in pseudonyms(learner_ids(journal), key).items()} if key else {}
    if pseudonym not in names:
        raise _unknown(f"no learner of this batch has the pseudonym {pseudonym!r}", pseudonym, names)
    write(sys.stdout, visible(names[pseudonym]))
    return PASSED


def _unknown(problem: str, name: str, known: Iterable[str]) -> UsageError:
    near = difflib.get_close_matches(name, list(known), n=1)
    return UsageError(problem, f"Did you mean {near[0]!r}?" if near else "")
