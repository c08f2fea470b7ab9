"""People's marks for a class, or for a single result: checked as a whole, then given one learner after another.

A marked score is a new entry of the journal. Nothing is written where any mark is wrong.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from infra_grader.api import rescore
from infra_grader.batch.files import RESULT, forget_files, render_files, write_files
from infra_grader.engine.gradebook import learner_ids
from infra_grader.engine.journal import Entry, Journal
from infra_grader.engine.marks import (
    Change,
    Given,
    give,
    given_for,
    is_given,
    mark_problems,
    take_back,
    words_of,
)
from infra_grader.engine.registry import Registry
from infra_grader.errors import MarksError, Problem, UsageError
from infra_grader.loading.marks_file import Marks
from infra_grader.loading.result_file import parse_result
from infra_grader.model.mark import Mark
from infra_grader.model.record import Record
from infra_grader.model.rubric import Rubric
from infra_grader.model.scorecard import ADJUSTED_BY, LATE, Score, Scorecard

GIVEN, UNDONE = "mark", "mark undone"
"""How the causes of the journal's entries begin."""

_Earlier = Callable[[str], Given | None]
"""Returns the mark that a check had before its last one."""


class Giving(Record):
    """How marks are given: by which rubric, and by whom and when where they do not say it."""

    rubric: Rubric
    by: str
    at: str
    undo: bool = False
    """Whether they are taken back instead."""


class Marked(Record):
    """What has become of a learner's scorecard."""

    learner: str
    scorecard: Scorecard
    before: Score
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    """Marks that could not be taken back, and why."""


def mark_result(scorecard: Scorecard, marks: Marks, giving: Giving, registry: Registry) -> Marked:
    """Return a single scorecard with marks; its checks go back to what they were before any mark where they are undone.

    Raises `MarksError` with everything that is wrong, and `UsageError` for a record that another rubric has made.
    """
    learner = scorecard.submission.id
    if scorecard.rubric.sha256 != giving.rubric.sha256:
        raise UsageError(
            f"the result was made by another version of the rubric {scorecard.rubric.id}",
            "Name that version with --rubric, or apply the new one first: infra-grader rescore.",
        )
    if lacking := _lacking_plugins(scorecard, giving.rubric, registry):
        raise UsageError(f"its score was adjusted by the plugin {lacking}", "Name the same plugin with --plugin.")
    problems = list(marks.problems)
    problems += [
        _at_learner(mark, f"the result is of {learner!r}, not of {mark.learner!r}")
        for mark in marks.marks
        if mark.learner != learner
    ]
    problems += mark_problems(marks.marks, scorecard, giving.rubric)
    _refuse(marks.source, problems)
    return _marked(scorecard, marks.marks, giving, registry, lambda _check: None)


def mark_class(out: Path, journal: Journal, marks: Marks, giving: Giving, registry: Registry) -> Iterator[Marked]:
    """Give marks to a class, or take them back, and yield what has become of each learner named, in the file's order.

    All is checked before the first is yielded. Raises `MarksError` with everything that is wrong.
    """
    by_learner: dict[str, list[Mark]] = {}
    for mark in marks.marks:
        by_learner.setdefault(mark.learner, []).append(mark)
    newest = journal.newest()
    problems = list(marks.problems)
    known = dict.fromkeys(learner_ids(journal))
    for learner, mine in by_learner.items():
        problems += _learner_problems(journal, newest.get(learner), mine, known, giving.rubric, registry)
    _refuse(marks.source, problems)
    for learner, mine in by_learner.items():
        entry = newest[learner]
        scorecard = _scorecard(journal, entry)
        history = _History(journal, learner)
        marked = _marked(scorecard, mine, giving, registry, history.before_last)
        if marked.changes:
            _record(out, journal, entry, marked, _cause(marked, mine, giving), registry)
        yield marked


def scorecards(journal: Journal) -> Iterator[tuple[str, Scorecard]]:
    """Yield each learner of the roster who has a scorecard, with the one that counts."""
    newest = journal.newest()
    for learner in learner_ids(journal):
        record = journal.result(newest[learner].number) if learner in newest else None
        if record is not None:
            yield learner, parse_result(record, learner)


def _learner_problems(
    journal: Journal,
    entry: Entry | None,
    marks: Sequence[Mark],
    known: Mapping[str, object],
    rubric: Rubric,
    registry: Registry,
) -> Iterator[Problem]:
    first = marks[0]
    if first.learner not in known:
        near = difflib.get_close_matches(first.learner, known, n=1)
        yield _at_learner(first, f"the roster has no {first.learner!r}", suggestion=near[0] if near else "")
        return
    record = journal.result(entry.number) if entry is not None else None
    if entry is None or record is None:
        why = (entry.message if entry else "") or "not graded yet"
        yield _at_learner(first, f"{first.learner} has no scorecard: {why}")
        return
    scorecard = parse_result(record, first.learner)
    if scorecard.rubric.sha256 != rubric.sha256:
        message = f"{first.learner} was graded by another version of the rubric {rubric.id}"
        yield _at_learner(first, message, "`batch --regrade rubric` first, or --rubric with the version of then")
        return
    if lacking := _lacking_plugins(scorecard, rubric, registry):
        message = f"the score of {first.learner} was adjusted by the plugin {lacking}"
        yield _at_learner(first, message, "the same plugin, named with --plugin")
    yield from mark_problems(marks, scorecard, rubric)


def _at_learner(mark: Mark, message: str, allowed: str = "", suggestion: str = "") -> Problem:
    place = mark.learner_place
    return Problem(message, place.line, place.column, allowed=allowed, suggestion=suggestion)


def _refuse(source: str, problems: Sequence[Problem]) -> None:
    if problems:
        raise MarksError(source, *sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))


def _marked(
    scorecard: Scorecard, marks: Sequence[Mark], giving: Giving, registry: Registry, earlier: _Earlier
) -> Marked:
    learner, rubric, notes = scorecard.submission.id, giving.rubric, []
    if giving.undo:
        checks = {check.id: check for check in scorecard.all_checks()}
        targets: dict[str, Given | None] = {}
        for mark in marks:
            if is_given(mark, checks[mark.check], rubric):
                targets[mark.check] = earlier(mark.check)
            else:
                notes.append(f"{mark.check} is {words_of(checks[mark.check])}: what this file gave is not there")
        changed = take_back(scorecard, targets)
        after = {check.id: words_of(check) for check in changed.all_checks()}
        changes = [
            Change(learner=learner, check=name, before=words_of(checks[name]), after=after[name]) for name in targets
        ]
    else:
        changed, changes = give(scorecard, rubric, marks, by=giving.by, at=giving.at)
    if changes:
        changed = rescore(changed, rubric, registry=registry)
    return Marked(
        learner=learner, scorecard=changed, before=scorecard.score, changes=tuple(changes), notes=tuple(notes)
    )


def _lacking_plugins(scorecard: Scorecard, rubric: Rubric, registry: Registry) -> str:
    """Return the names of plugins that adjusted a score and are not here to do it again."""
    registry.use(rubric.plugins)
    here = {LATE, *(name for name, _ in registry.named_hooks("infra_grader_adjust_scorecard"))}
    adjusters = str(scorecard.environment.get(ADJUSTED_BY, LATE)).split(", ")
    return ", ".join(name for name in adjusters if name not in here)


def _cause(marked: Marked, marks: Sequence[Mark], giving: Giving) -> str:
    if giving.undo:
        return f"{UNDONE} by {giving.by}"
    changed = {change.check for change in marked.changes}
    names = dict.fromkeys(mark.by or giving.by for mark in marks if mark.check in changed)
    return f"{GIVEN} by {', '.join(names)}"


def _record(out: Path, journal: Journal, entry: Entry, marked: Marked, cause: str, registry: Registry) -> None:
    score = marked.scorecard.score
    files = render_files(marked.scorecard, registry)
    forget_files(out, marked.learner)
    added = entry.replace(cause=cause, earned=str(score.earned), possible=str(score.possible), number=0)
    journal.add(added, files[RESULT])
    write_files(out, marked.learner, files)


def _scorecard(journal: Journal, entry: Entry) -> Scorecard:
    record = journal.result(entry.number)
    assert record is not None, "a learner without a record was refused"
    return parse_result(record, entry.learner)


class _History:
    """The marks that a learner's checks have had, as the journal tells them; read when it is asked."""

    def __init__(self, journal: Journal, learner: str) -> None:
        self._journal = journal
        self._learner = learner
        self._states: list[tuple[str, Mapping[str, Given | None]]] | None = None

    def before_last(self, check: str) -> Given | None:
        """Return the mark that a check had before its last one, or nothing if nobody had marked it.

        Marks that were taken back are no longer among those that count.
        """
        if self._states is None:
            self._states = list(self._read())
        stack: list[Given] = []
        for cause, marks in self._states:
            now = marks.get(check)
            if now is None:
                stack.clear()
            elif cause.startswith(UNDONE) and now in stack:
                del stack[stack.index(now) + 1 :]
            elif not stack or stack[-1] != now:
                stack.append(now)
        return stack[-2] if len(stack) > 1 else None

    def _read(self) -> Iterator[tuple[str, Mapping[str, Given | None]]]:
        for entry in self._journal.history(self._learner):
            record = self._journal.result(entry.number)
            if record is not None:
                checks = parse_result(record, self._learner).all_checks()
                yield entry.cause, {check.id: given_for(check) for check in checks}
