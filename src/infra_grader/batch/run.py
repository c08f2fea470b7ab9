"""The run of a batch: whom the roster names is graded by workers, and each result is in the journal before the next.

The journal is the truth. Whatever ends a run, the next one goes on with whoever has no scorecard yet.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Self

import msgspec

from infra_grader.api import GradeOptions, load_rubric, names_file
from infra_grader.batch.assignment import Assignment, Graded
from infra_grader.batch.choice import Chosen, Selection, What, Wish, check_wishes, choose
from infra_grader.batch.files import RESULT, RESULTS, forget_files, write_files
from infra_grader.batch.publish import publish
from infra_grader.batch.records import NotKept, kept_record, settle_records, stage_record, take_record
from infra_grader.batch.terms import SEED, TERMS, measure_of, seed_of, terms_of
from infra_grader.batch.work import PREFIX, grade_one
from infra_grader.capabilities.executor import Done, Executor, Lost, Task
from infra_grader.capabilities.home import sweep
from infra_grader.engine.anonymous import KEY as PSEUDONYMS
from infra_grader.engine.gradebook import HEAD, ROSTER, head_of
from infra_grader.engine.journal import Entry, Journal
from infra_grader.engine.plan import plan
from infra_grader.engine.registry import Registry
from infra_grader.errors import JournalError, UsageError
from infra_grader.loading.fetch_outcome import Extras, FetchLimits
from infra_grader.loading.result_file import parse_result
from infra_grader.model.gradebook import State
from infra_grader.model.outcome import Status
from infra_grader.model.record import Record
from infra_grader.model.roster import Roster
from infra_grader.reading.late_policy import parse_late

RUBRIC, WISH, RECORDED = "rubric", "wish", "recorded"
"""Facts of the journal: the rubric as it was named, what is being graded again until that is done, and whether what
checks see is kept, where it is."""
ROW = ("source", "ref", "due", "extension_hours", "submitted")
"""What of a roster's row makes a score."""
SECONDS = 1800.0
"""For one submission, after which no further check is begun."""
MARGIN_S = 600.0
"""What a submission may take beyond that, for the check it is at and for fetching, before its worker is ended."""
MOST_LOST = 3
"""Checks of one submission at which a worker may be lost, before the submission is left open."""
MOST_TRIES = 2
"""How often a submission is tried whose worker was lost at no check."""


class BatchOptions(Record):
    """How to grade a class."""

    grade: GradeOptions = GradeOptions(seconds=SECONDS)
    """Its `seed` is the class's; each learner has one of their own that follows from it."""
    plugins: tuple[Path, ...] = ()
    limits: FetchLimits = FetchLimits()
    extras: Extras = Extras()
    """What is fetched beside a repository's own commit; a class is graded with the same throughout."""
    most: int | None = None
    """How many submissions are graded in this run at most."""
    wishes: tuple[Wish, ...] = ()
    needs: tuple[str, ...] = ()
    """What a machine must have to grade, such as `sandbox docker`; see `capabilities.executor.Task`."""
    refetch: bool = False
    """Whether what is graded again is fetched as the roster says now, and not as it was."""
    records: bool = False
    """Whether what the checks see is kept, from now on in every run; see `batch.records`."""
    replays: bool = False
    """Whether what is graded again is judged by its record, with nothing running."""


class Event(Record):
    """What has just become of a learner's submission."""

    learner: str
    state: State
    done: int
    total: int
    message: str = ""
    passed: bool | None = None
    """Whether it passes; `None` where that is open."""


class Summary(Record):
    """What a run has come to."""

    graded: int
    """Submissions in this run that have a scorecard now."""
    states: Mapping[State, int]
    """Learners of the roster by their state, this run and those before it together."""
    older: int
    """Of those with a scorecard, how many were graded by another version of the rubric, or with other options."""
    gone: int
    """Learners with a result whom the roster no longer names."""
    kept: int = 0
    """Submissions in this run that could not be graded again, so that the score of before stands."""


class Batch:
    """An open batch: its journal, its roster and its rubric. Use it in a `with` block."""

    def __init__(self, roster: Roster, rubric: str, out: Path, registry: Registry, options: BatchOptions) -> None:
        """Open a batch in a folder, or begin one.

        Raises `UsageError` where what is asked for does not fit what the folder holds, `RubricError` and
        `JournalError`.
        """
        self.roster = roster
        self.out = out
        self._options = options
        self._registry = registry
        self._name = os.path.abspath(rubric) if names_file(rubric) else rubric
        self.rubric = load_rubric(self._name, registry)
        registry.use(self.rubric.plugins)
        plan(self.rubric, options.grade.only)  # a wrong name is said before anything is graded
        check_wishes(options.wishes, roster, self.rubric)
        late = options.grade.late
        self._takes_late = bool(parse_late(late) if late else self.rubric.late)
        with ExitStack() as opening:
            self._journal = opening.enter_context(closing(Journal(out)))
            self._newest = self._journal.newest()
            settle_records(out, self._journal.result)
            before = self._journal.facts
            self._check_begun(before)
            given = options.grade.seed
            self._seed = str(given) if given is not None else before.get(SEED, str(int.from_bytes(os.urandom(4))))
            self._records = options.records or RECORDED in before
            self._terms = terms_of(self.rubric, options.grade, options.extras, self._seed, before)
            self._measure = measure_of(self.rubric, self._terms)
            self._check_terms(before)
            named = msgspec.json.encode(roster).decode()
            self.changed = self._changed_rows(before[ROSTER]) if before.get(ROSTER, named) != named else []
            """Learners with a scorecard whose row says something else now about what was graded."""
            self._set_facts(before, named)
            self._closing = opening.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._closing.close()

    @property
    def has_scorecards(self) -> bool:
        """Whether anybody has a scorecard yet."""
        return any(entry.state is State.GRADED for entry in self._newest.values())

    def select(self) -> Selection:
        """Return whom this run grades: first those whom no run has tried yet."""
        found = list(
            choose(
                self.roster,
                self._newest,
                self._options.wishes,
                self._measure,
                self._open_checks,
                replays=self._options.replays,
            )
        )
        since = self._wished_since()
        left = [one for one in found if one.previous is None or not _is_graded_since(one.previous, since)]
        most = self._options.most
        in_turn = sorted(left, key=lambda one: one.learner.id in self._newest)
        return Selection(chosen=tuple(in_turn[:most]), is_last=most is None or len(left) <= most)

    def run(self, selection: Selection, executor: Executor, observe: Callable[[Event], object]) -> Summary:
        """Grade those selected, write their files and the gradebook, and return what came out.

        Each result is in the journal before `observe` sees it. Raises `JournalError` or `UsageError` where something
        cannot be written; what was done before that stays done.
        """
        for _ in sweep(PREFIX):
            pass
        chosen = selection.chosen
        by = ", by its record" if self._options.replays else ""
        causes = {one.learner.id: one.cause + by for one in chosen}
        graded_again, kept = 0, 0
        try:
            for number, (learner, graded) in enumerate(self._ended(chosen, executor), start=1):
                stands = self._record(learner, graded, causes[learner])
                graded_again += graded.state is State.GRADED
                kept += stands
                observe(_event(graded, self._newest[learner], number, len(chosen)))
        except KeyboardInterrupt:
            self._publish()
            raise
        if selection.is_last and self._journal.fact(WISH):
            self._journal.set_fact(WISH, "")
        self._publish()
        return self._summary(graded_again, kept)

    def _publish(self) -> None:
        publish(self._journal, self.out, self._registry, self._newest)

    def _wished_since(self) -> int:
        """Return the number of the last entry when what is wished was wished first; a run may have been cut short."""
        last = self._last_number()
        if not self._options.wishes:
            return last
        wish = {"wishes": [str(wish) for wish in self._options.wishes], "refetch": self._options.refetch}
        wish |= {"replay": True} if self._options.replays else {}
        before = msgspec.json.decode(self._journal.fact(WISH) or "{}")
        if {**wish, "since": before.get("since")} == before:
            return int(before["since"])
        self._journal.set_fact(WISH, msgspec.json.encode({**wish, "since": last}).decode())
        return last

    def _last_number(self) -> int:
        return max((entry.number for entry in self._newest.values()), default=0)

    def _ended(self, chosen: Sequence[Chosen], executor: Executor) -> Iterator[tuple[str, Graded]]:
        """Yield how each submission came out; one whose worker is lost is tried again after the others."""
        tasks: Iterable[Task] = map(self._task, chosen)
        while chosen:
            again: list[Task] = []
            for ended in executor.run(grade_one, tasks):
                match ended:
                    case Done(task=task, value=graded):
                        yield task.id, graded
                    case Lost(task=task) if (retry := self._retry(ended)) is not None:
                        again.append(task.replace(payload=retry))
                    case Lost(task=task):
                        yield task.id, Graded(state=State.OPEN, message=_why(ended))
            if not again:
                return
            tasks = again

    def _task(self, chosen: Chosen) -> Task:
        options, learner, previous = self._options, chosen.learner, chosen.previous
        keeps = previous is not None and not options.refetch
        assignment = Assignment(
            learner=learner,
            rubric=self._name,
            sha256=self.rubric.sha256,
            plugins=options.plugins,
            options=options.grade.replace(seed=seed_of(self._seed, learner.id)),
            limits=options.limits,
            extras=options.extras,
            commit=previous.work if keeps and previous and not previous.work.startswith("files:") else "",
            until=None if self._takes_late else learner.deadline,
            stamp=previous.work if previous else "",
            previous=self._journal.result(previous.number) if previous else None,
            redo=chosen.redo,
            records=self._records and not options.replays,
            replays=options.replays,
            record=kept_record(self.out, learner.id) if options.replays else None,
        )
        seconds = (options.grade.seconds or SECONDS) + MARGIN_S
        return Task(id=learner.id, payload=assignment, seconds=seconds, needs=options.needs)

    def _retry(self, lost: Lost) -> Assignment | None:
        """Return what to try after a worker was lost, or nothing if that is of no use."""
        assignment: Assignment = lost.task.payload
        checks = self.rubric.checks_by_id()
        if lost.at in checks and lost.at not in assignment.lost and len(assignment.lost) < MOST_LOST:
            return assignment.replace(lost={**assignment.lost, lost.at: lost.reason})
        if not lost.is_overrun and assignment.tries + 1 < MOST_TRIES:
            return assignment.replace(tries=assignment.tries + 1)
        return None

    def _record(self, learner: str, graded: Graded, cause: str) -> bool:
        """Put into the journal what came out, and return whether the score of before stands since there is none."""
        before = self._newest.get(learner)
        if graded.state is not State.GRADED and before is not None and before.state is State.GRADED:
            failed = before.replace(cause=f"{cause} failed", message=graded.message)
            self._newest[learner] = self._journal.add(failed, self._journal.result(before.number))
            return True
        staged, lack = self._staged(learner, graded)
        forget_files(self.out, learner)
        self._newest[learner] = self._journal.add(
            Entry(
                learner=learner,
                cause=cause,
                state=graded.state,
                rubric=self._measure,
                work=graded.work,
                submitted=graded.submitted,
                earned=graded.earned,
                possible=graded.possible,
                message=f"{graded.message} {lack}".strip(),
            ),
            graded.files.get(RESULT),
        )
        if staged is not None:
            take_record(self.out, learner, staged)
        if graded.files:
            write_files(self.out, learner, graded.files)
        return False

    def _staged(self, learner: str, graded: Graded) -> tuple[Path | None, str]:
        """Return where the record of a score waits that the journal is about to get, and why there is none."""
        if graded.record is None:
            return None, ""
        number, result = self._last_number() + 1, graded.files[RESULT]
        try:
            staged = stage_record(
                self.out, learner, graded.record, self.rubric, number=number, result=result, is_part=graded.is_part
            )
        except NotKept as lack:
            return None, f"Its record is not kept: {lack}. To have one: --regrade learner:{learner} --record"
        return staged, ""

    def _open_checks(self, entry: Entry) -> frozenset[str]:
        record = self._journal.result(entry.number)
        if record is None:
            return frozenset()
        checks = parse_result(record, entry.learner).all_checks()
        return frozenset(check.id for check in checks if check.status in (Status.NOT_ASSESSED, Status.ERROR))

    def _summary(self, graded: int, kept: int) -> Summary:
        ids = [learner.id for learner in self.roster.learners]
        named = [self._newest.get(learner) for learner in ids]
        return Summary(
            graded=graded,
            kept=kept,
            states=Counter(State.WAITING if entry is None else entry.state for entry in named),
            older=sum(
                entry is not None and entry.state is State.GRADED and entry.rubric != self._measure for entry in named
            ),
            gone=len(self._newest.keys() - ids),
        )

    def _check_begun(self, before: Mapping[str, str]) -> None:
        """Raise `JournalError` for results without a journal that knows of them: it was cut short, or taken away."""
        results = self.out / RESULTS
        if not before and results.is_dir() and any(results.iterdir()):
            raise JournalError(
                str(self.out),
                "there are results here, but the journal that they belong to is empty",
                "Restore journal.sqlite from a copy, or name another folder with --out to grade all anew.",
            )

    def _changed_rows(self, before: str) -> list[str]:
        """Return the learners with a scorecard whose row differs from that of a roster, given as JSON."""
        rows = {learner.id: learner for learner in msgspec.json.decode(before, type=Roster).learners}
        return [
            learner.id
            for learner in self.roster.learners
            if (row := rows.get(learner.id)) is not None
            and (entry := self._newest.get(learner.id)) is not None
            and entry.state is State.GRADED
            and any(getattr(row, name) != getattr(learner, name) for name in ROW)
        ]

    def _check_terms(self, before: Mapping[str, str]) -> None:
        """Raise `UsageError` if those before were graded by other terms, unless they are to be graded again."""
        if TERMS not in before:
            return
        was = msgspec.json.decode(before[TERMS])
        changed = [name for name in {**self._terms, **was} if was.get(name, "") != self._terms.get(name, "")]
        if changed and not any(wish.what in (What.RUBRIC, What.ALL) for wish in self._options.wishes):
            raise UsageError(
                f"{self.out} holds a class that was graded otherwise: {', '.join(changed)} has changed since",
                "Grade it as before, grade those again with --regrade rubric, or name another folder with --out.",
            )

    def _set_facts(self, before: Mapping[str, str], roster: str) -> None:
        """Write down what holds for the class."""
        facts = {
            RUBRIC: self._name,
            TERMS: msgspec.json.encode(self._terms).decode(),
            SEED: self._seed,
            ROSTER: roster,
            HEAD: msgspec.json.encode(head_of(self.rubric)).decode(),
            PSEUDONYMS: before.get(PSEUDONYMS, secrets.token_hex(32)),
            **({RECORDED: "yes"} if self._records else {}),
        }
        for name, value in facts.items():
            if before.get(name) != value:
                self._journal.set_fact(name, value)


def _event(graded: Graded, entry: Entry, number: int, total: int) -> Event:
    return Event(
        learner=entry.learner,
        state=graded.state,
        done=number,
        total=total,
        message=entry.message,
        passed=graded.passed,
    )


def _is_graded_since(entry: Entry, number: int) -> bool:
    """Whether an entry is a later one of a submission that was graded, not only marked or tried."""
    return entry.number > number and not entry.cause.startswith("mark") and not entry.cause.endswith(" failed")


def _why(lost: Lost) -> str:
    at = f" while at {lost.at}" if lost.at else ""
    return f"It was given up{at}: {lost.reason}. Run again, or grade it by hand."
