"""One learner's work, from the roster's row to a scorecard and its files; this runs in a worker."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import msgspec

from infra_grader.api import grade, load_rubric
from infra_grader.batch.assignment import Assignment, Graded
from infra_grader.batch.files import RESULT, render_files
from infra_grader.batch.records import RECORDS, pack, unpack
from infra_grader.capabilities.command import Command
from infra_grader.capabilities.executor import Tell
from infra_grader.capabilities.home import Home
from infra_grader.engine.marks import given_for
from infra_grader.engine.registry import Registry
from infra_grader.engine.rescore import recorded_outcomes
from infra_grader.engine.run import GRACE_S
from infra_grader.errors import SubmissionError, UsageError
from infra_grader.loading.fetch_outcome import FetchFailed
from infra_grader.loading.fetch_work import Work, fetch_work
from infra_grader.loading.result_file import parse_result
from infra_grader.model.gradebook import State
from infra_grader.model.outcome import ZERO, NotAssessed, Outcome, Status
from infra_grader.model.rubric import CheckSpec, Rubric
from infra_grader.model.scorecard import EXTRAS, NOT_FETCHED, SubmissionRef
from infra_grader.reading.visible import visible

PREFIX = "infra-grader-batch-"
"""Of the folders that work is fetched into; `capabilities.home.sweep` finds those of crashed workers by it."""
WAITS_S = (2.0, 8.0)
"""Seconds before each further try to fetch, where the fault may be on our side."""
LONGEST = 2000
"""Letters of what could not be fetched; submissions have limits, and so has what they make us say."""
BY_HAND = "Look at the submission by hand: it may be made to harm the grader."
KEEP = "Have it put back, or grade into another folder (--out) without it."
FETCHING = "fetching"


def grade_one(assignment: Assignment, tell: Tell) -> Graded:
    """Fetch and grade one learner's work. Raises nothing that the learner can cause."""
    registry, rubric = _loaded(assignment.rubric, assignment.plugins)
    if rubric.sha256 != assignment.sha256:
        message = f"The rubric {rubric.id} is another one on this worker. Give every worker the same file and version."
        return Graded(state=State.OPEN, message=message)
    with ExitStack() as opened:
        home = Home(PREFIX)
        opened.callback(home.close)
        command = Command()
        opened.callback(command.close)
        tell(FETCHING)
        try:
            assignment = _with_record(assignment, home.folder)
            work = _fetched(assignment, home.folder, command, reads_history=_reads_history(rubric))
            return _graded(assignment, work, rubric, registry, tell)
        except FetchFailed as failed:
            state = State.OPEN if failed.is_ours else State.ABSENT
            return Graded(state=state, message=f"{failed.reason} {failed.remedy}".strip())
        except NotAssessed as lacking:  # no git
            return Graded(state=State.OPEN, message=f"{lacking} {lacking.remedy}".strip())
        except SubmissionError as error:
            return Graded(state=State.OPEN, message=f"{error.problem}. {error.remedy}".strip())
        except UsageError as error:  # a record that cannot be written, or is not of this work
            problem = error.problem.replace(str(home.folder / RECORDS), f"{RECORDS}/{assignment.learner.id}")
            return Graded(state=State.OPEN, message=f"{problem}. {error.remedy}".strip())


@lru_cache(maxsize=4)
def _loaded(rubric: str, plugins: tuple[Path, ...]) -> tuple[Registry, Rubric]:
    """Return a rubric and its kinds; a worker grades many submissions by the same one."""
    registry = Registry(list(plugins))
    return registry, load_rubric(rubric, registry)


def _with_record(assignment: Assignment, home: Path) -> Assignment:
    """Return an assignment whose options say where its record is, to be written or to be read.

    Raises `UsageError` where there is none to judge by.
    """
    folder, options = home / RECORDS, assignment.options
    if assignment.replays:
        if assignment.record is None:
            raise UsageError("There is no record of this work", "Grade it again without --replay.")
        unpack(assignment.record, folder)
        # It holds where random inputs start.
        return assignment.replace(options=options.replace(replay=folder, seed=None))
    return assignment.replace(options=options.replace(record=folder)) if assignment.records else assignment


def _reads_history(rubric: Rubric) -> bool:
    return any(check.uses.startswith("git.") for check in rubric.all_checks())


def _fetched(assignment: Assignment, folder: Path, command: Command, *, reads_history: bool) -> Work:
    for number, wait_s in enumerate([*WAITS_S, None]):
        try:
            return fetch_work(
                assignment.learner,
                folder / f"try-{number}",
                command,
                commit=assignment.commit,
                until=assignment.until,
                history=reads_history,
                limits=assignment.limits,
                extras=assignment.extras,
            )
        except FetchFailed as failed:
            if wait_s is None or not failed.is_ours:
                raise
            time.sleep(wait_s)
    raise AssertionError("the last try returns or raises")


def _graded(assignment: Assignment, work: Work, rubric: Rubric, registry: Registry, tell: Tell) -> Graded:
    asked = ", ".join(sorted(name for name, is_asked in msgspec.structs.asdict(assignment.extras).items() if is_asked))
    notices = [visible(notice) for notice in work.notices]
    if gone := _gone(assignment, work.stamp, asked, notices):
        return Graded(state=State.OPEN, message=f"It was graded with what is gone by now: {_joined(gone)} {KEEP}")
    settled = {**_carried(assignment, rubric, work.stamp), **_lost(assignment.lost)}

    def begin(check: CheckSpec, seconds: float) -> None:
        tell(check.id, seconds + GRACE_S)

    def observe(_check: CheckSpec, _outcome: Outcome) -> None:
        tell("")

    learner = assignment.learner
    scorecard = grade(
        work.folder,
        rubric,
        options=assignment.options.replace(settled=settled),
        registry=registry,
        begin=begin,
        observe=observe,
        known=SubmissionRef(
            id=learner.id,
            path=learner.source,
            root=".",
            commit=work.commit,
            submitted=_utc(work.submitted) or None,
            due=_utc(learner.deadline) or None,
        ),
    )
    missing = _joined(notices)
    facts = {name: fact for name, fact in ((EXTRAS, asked), (NOT_FETCHED, missing)) if fact}
    scorecard = scorecard.replace(environment={**scorecard.environment, **facts})
    return Graded(
        state=State.GRADED,
        message=f"Not fetched: {missing}" if missing else "",
        files=render_files(scorecard, registry),
        work=work.stamp,
        submitted=_utc(work.submitted),
        earned=str(scorecard.score.earned),
        possible=str(scorecard.score.possible),
        passed=scorecard.score.passed,
        record=pack(assignment.options.record) if assignment.options.record else None,
        is_part=_is_part(assignment, work.stamp),
    )


def _gone(assignment: Assignment, stamp: str, asked: str, notices: Sequence[str]) -> list[str]:
    """Return the notices of what was fetched when this very work had its scorecard, asked for alike, and cannot be now.

    A new score would take points for what somebody else has taken away since.
    """
    if assignment.previous is None or stamp != assignment.stamp:
        return []
    environment = parse_result(assignment.previous, RESULT).environment
    before = str(environment.get(NOT_FETCHED, ""))
    if environment.get(EXTRAS) != asked or before == _joined(notices):
        return []
    return [notice for notice in notices if notice not in before]


def _joined(notices: Sequence[str]) -> str:
    return " ".join(notices)[:LONGEST]


def _carried(assignment: Assignment, rubric: Rubric, stamp: str) -> Mapping[str, Outcome]:
    """Return the outcomes of an earlier run that stand: people's marks, and what need not be asked again."""
    if assignment.previous is None:
        return {}
    card = parse_result(assignment.previous, RESULT)
    recorded = recorded_outcomes(card, rubric)
    marked = {check.id for check in card.all_checks() if given_for(check)}
    everything = {check.id for check in rubric.all_checks()}
    again = everything
    if assignment.redo is not None and _is_part(assignment, stamp):
        again = _connected(rubric, assignment.redo | (everything - recorded.keys()))
    return {check: outcome for check, outcome in recorded.items() if check in marked or check not in again}


def _is_part(assignment: Assignment, stamp: str) -> bool:
    """Whether only some checks are asked again: those that are wished, of the same work."""
    return assignment.redo is not None and stamp == assignment.stamp


def _connected(rubric: Rubric, redo: Collection[str]) -> set[str]:
    """Return the checks to ask again: those named, and whatever needs decide together with them."""
    checks = list(rubric.all_checks())
    again: set[str] = set()
    more = set(redo)
    while more != again:
        again = set(more)
        more |= {check.id for check in checks if not again.isdisjoint(check.needs)}
        more |= {need for check in checks if check.id in again for need in check.needs}
    return again


def _lost(lost: Mapping[str, str]) -> Mapping[str, Outcome]:
    return {
        check: Outcome(
            status=Status.ERROR,
            fraction=ZERO,
            message=f"The grader's worker was lost at this check: {reason}.",
            remedy=BY_HAND,
        )
        for check, reason in lost.items()
    }


def _utc(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
