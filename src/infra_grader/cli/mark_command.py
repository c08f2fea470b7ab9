"""mark: what people give for the checks that only a person can judge, merged into results."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

from infra_grader.api import bundled, load_rubric
from infra_grader.batch.marks import Giving, Marked, mark_class, mark_result, scorecards
from infra_grader.batch.publish import publish
from infra_grader.batch.run import RUBRIC
from infra_grader.cli.grade_command import log_to_stderr
from infra_grader.cli.main import PASSED
from infra_grader.cli.options import add_common, named_path
from infra_grader.cli.output import tell, write, write_file
from infra_grader.engine.journal import NAME, Journal
from infra_grader.engine.marks import awaiting, levels_of
from infra_grader.engine.registry import Registry
from infra_grader.errors import JournalError, UsageError
from infra_grader.loading.marks_file import Marks, read_marks
from infra_grader.loading.result_file import load_result
from infra_grader.model.rubric import Rubric
from infra_grader.model.scorecard import Score, Scorecard
from infra_grader.plugin import RenderOptions
from infra_grader.reading.visible import visible
from infra_grader.reports.json_report import render

MARKS = Path("MARKS.yaml")
STDOUT = Path("-")
WIDTH = 100
BEGIN = "Grade the class first: infra-grader batch ROSTER --rubric ID --out DIR."


def mark_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `mark` accepts."""
    parser.add_argument(
        "target", metavar="DIR|RESULT.json", type=named_path, help="the folder of a batch, or a single result"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--from", dest="marks", metavar="FILE", type=named_path, help="the marks, in YAML or as CSV")
    what.add_argument("--awaiting", action="store_true", help="list what waits for a person, and change nothing")
    what.add_argument(
        "--template",
        metavar="FILE",
        type=named_path,
        nargs="?",
        const=MARKS,
        help=f"write a file of marks to fill in, with all that waits (default: {MARKS}; - is standard output)",
    )
    parser.add_argument("--undo", action="store_true", help="take back what the file gave")
    parser.add_argument("--by", metavar="NAME", default="", help="who judged, where the file does not say it")
    parser.add_argument(
        "--rubric", metavar="ID|FILE", help="the rubric that the record was made with, where it is not found by itself"
    )
    add_common(parser)


def mark(options: argparse.Namespace) -> int:
    """Give marks or take them back; or say what waits for them."""
    log_to_stderr(is_verbose=options.verbose)
    if options.undo and options.marks is None:
        raise UsageError("--undo takes back what a file gave", "Name it with --from.")
    if options.awaiting:
        lines = [
            f"{learner}\t{check.id}" for learner, scorecard in _all(options.target) for check in awaiting(scorecard)
        ]
        write(sys.stdout, visible_lines(lines) or "Nothing waits for a person.")
        return PASSED
    with redirect_stdout(sys.stderr):  # what a plugin prints is no answer of ours
        registry = Registry(options.plugin)
        rubric = load_rubric(options.rubric or _rubric_name(options.target), registry)
    if options.template is not None:
        _write_template(options.template, template(_all(options.target), rubric))
        return PASSED
    marked = _marked_class if options.target.is_dir() else _marked_result
    write(sys.stdout, visible_lines(marked(options, rubric, registry)))
    return PASSED


def _marked_class(options: argparse.Namespace, rubric: Rubric, registry: Registry) -> list[str]:
    out: Path = options.target
    marks = read_marks(options.marks)
    _refuse_no_class(out)
    with closing(Journal(out)) as journal:
        done = [_Line.of(marked) for marked in mark_class(out, journal, marks, _giving(options, rubric), registry)]
        publish(journal, out, registry, journal.newest())
        waiting = Counter(check.id for _, scorecard in scorecards(journal) for check in awaiting(scorecard))
    return [*_told(done, marks, options), *_waiting(waiting)]


def _marked_result(options: argparse.Namespace, rubric: Rubric, registry: Registry) -> list[str]:
    scorecard = load_result(options.target)
    marks = read_marks(options.marks, scorecard.submission.id)
    marked = mark_result(scorecard, marks, _giving(options, rubric), registry)
    if marked.changes:
        write_file(options.target, render(marked.scorecard, RenderOptions()))
    waiting = Counter(check.id for check in awaiting(marked.scorecard))
    return [*_told([_Line.of(marked)], marks, options), *_waiting(waiting)]


class _Line:
    """What is told of a learner; the scorecard itself is let go."""

    def __init__(self, lines: list[str], changes: int) -> None:
        self.lines = lines
        self.changes = changes

    @classmethod
    def of(cls, marked: Marked) -> _Line:
        lines = [f"{change.learner}  {change.check}: {change.before} -> {change.after}" for change in marked.changes]
        lines += [f"{marked.learner}  not undone: {note}" for note in marked.notes]
        if marked.changes:
            score = marked.scorecard.score
            lines.append(f"{marked.learner}  score: {_score(marked.before)} -> {_score(score)}")
        return cls(lines, len(marked.changes))


def _told(done: list[_Line], marks: Marks, options: argparse.Namespace) -> Iterator[str]:
    for line in done:
        yield from line.lines
    changes = sum(line.changes for line in done)
    learners = sum(1 for line in done if line.changes)
    verb = "taken back" if options.undo else "given"
    yield f"{_counted(changes, 'mark')} {verb}, {_counted(learners, 'learner')} changed."
    if not options.undo and (there := len(marks.marks) - changes):
        yield f"{_counted(there, 'mark')} there already."
    if marks.empty:
        yield f"{_counted(marks.empty, 'row')} of the file not filled in."


def _waiting(counts: Counter[str]) -> Iterator[str]:
    if not counts:
        yield "Nothing waits for a person any more."
        return
    yield "Still awaiting a person:"
    for check, count in counts.items():
        yield f"  {check}: {_counted(count, 'learner')}"


def _score(score: Score) -> str:
    text = f"{_plain(score.earned)} of {_plain(score.points)}"
    return text if score.possible <= score.earned else f"{text}, up to {_plain(score.possible)}"


def _plain(value: object) -> str:
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def visible_lines(lines: Iterable[str]) -> str:
    """Return lines as a text in which nothing can steer a terminal; tabs between columns stay."""
    return "\n".join("\t".join(visible(cell) for cell in line.split("\t")) for line in lines)


def template(waiting: Iterable[tuple[str, Scorecard]], rubric: Rubric) -> str:
    """Return a file of marks to fill in: a row for each check that waits, and above them what the checks are about."""
    rows: list[str] = []
    used: set[str] = set()
    for learner, scorecard in waiting:
        checks = [check.id for check in awaiting(scorecard)]
        if checks:
            rows.append(f"{json.dumps(learner, ensure_ascii=False)}:")
        for check in checks:
            used.add(check)
            value = "level" if levels_of(rubric.checks_by_id()[check]) else "points"
            rows += [f"  {check}:", f"    {value}:", "    comment:"]
    head = [
        f"# Marks for {rubric.title} ({rubric.id}, version {rubric.version}).",
        "# Fill in what you judged; rows that are left empty change nothing.",
        f"# Then: infra-grader mark DIR --from {MARKS}",
    ]
    for spec in rubric.all_checks():
        if spec.id in used:
            head += ["#", *_comment(f"{spec.id}: {spec.title} ({_plain(spec.points)} points)")]
            for level, meaning in sorted(levels_of(spec).items(), reverse=True):
                head += _comment(f"  level {level}: {meaning}")
    # Numbers in quotes are no trouble as ids of learners; words such as on or null are none in YAML 1.2.
    return "\n".join([*head, "", '.by: ""', *rows]) + "\n"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(visible(text), WIDTH, initial_indent="# ", subsequent_indent="#     ") or ["#"]


def _write_template(file: Path, text: str) -> None:
    if file == STDOUT:
        write(sys.stdout, text)
        return
    if file.exists():
        raise UsageError(f"{file} is there already", "Name another file: --template FILE.")
    write_file(file, text)
    tell(f"marks to fill in: {file}")


def _giving(options: argparse.Namespace, rubric: Rubric) -> Giving:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Giving(rubric=rubric, by=options.by or _user(), at=now, undo=options.undo)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:  # no name for the user's number
        raise UsageError("it is not known who you are", "Say it: --by NAME.") from error


def _all(target: Path) -> Iterator[tuple[str, Scorecard]]:
    """Yield the learners of a class, or of a single result, with their scorecards."""
    if not target.is_dir():
        scorecard = load_result(target)
        yield scorecard.submission.id, scorecard
        return
    with closing(Journal(target, to_read=True)) as journal:
        yield from scorecards(journal)


def _rubric_name(target: Path) -> str:
    """Return the rubric that a class or a result was graded by, as a name that can be loaded."""
    if not target.is_dir():
        name = load_result(target).rubric.id
        if name not in bundled():
            raise UsageError(f"the rubric {name} of the result is not bundled", "Name its file: --rubric FILE.")
        return name
    with closing(Journal(target, to_read=True)) as journal:
        name = journal.facts.get(RUBRIC, "")
    if not name:
        raise JournalError(str(target), "it holds no class yet", BEGIN)
    return name


def _refuse_no_class(out: Path) -> None:
    if not (out / NAME).is_file():
        raise JournalError(str(out), "no batch has been graded here", "Name the folder that --out named.")
