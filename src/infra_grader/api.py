"""The pipeline, from a path and a rubric to a scorecard; the only place that names every stage."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from infra_grader import __version__
from infra_grader.capabilities.cache import cache_folder
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.starter import NO_STARTER, Starter, read_starter
from infra_grader.capabilities.workspace import Workspace
from infra_grader.engine.adjust import adjusted, observers
from infra_grader.engine.ask import Session
from infra_grader.engine.limits import interrupt_after
from infra_grader.engine.openers import openers
from infra_grader.engine.plan import Plan, plan
from infra_grader.engine.registry import Registry
from infra_grader.engine.run import WORKERS, Begin, Observe, run
from infra_grader.engine.score import score
from infra_grader.errors import Problem, RubricError, UsageError
from infra_grader.loading import rubric_file
from infra_grader.loading.bundled import bundled_rubrics, find_exercise, find_rubric
from infra_grader.loading.fetch import open_submission
from infra_grader.model.outcome import Outcome
from infra_grader.model.record import Record
from infra_grader.model.rubric import CheckSpec, Rubric, Unassessed
from infra_grader.model.scorecard import LATE, UNASSESSED, Scorecard, SubmissionRef
from infra_grader.model.submission import Submission

if TYPE_CHECKING:  # most gradings do without either
    from infra_grader.engine.recorder import Recorder
    from infra_grader.engine.replay import Replay

COMMIT_LIMIT_S = 30.0
"""Seconds to find out which commit a submission is at; a hostile repository may take any time."""


class GradeOptions(Record):
    """How to grade; the defaults run every check that this machine's files, tools and sandboxes allow."""

    only: Collection[str] = ()
    """Ids or tags of the checks to run; what those need runs too."""
    unassessed: Unassessed | None = None
    """Overrides the rubric's word on checks that nobody could assess."""
    seed: int | None = None
    """Where random inputs start; `None` draws a new one wherever a check runs learner code."""
    sandbox: str = "auto"
    """Where learner code runs, by name; `auto` is the first that can be used here, and none if there is none."""
    live: str = "auto"
    """What live checks may look at: `docker`, `kubernetes`, both with a comma, `none`, or `auto`, which is Docker."""
    kube_context: str = ""
    """The cluster that live checks look at, by its context in the kubeconfig; naming one asks for it where `live` is
    `auto`. Without a name it is the current one, if its cluster is marked as a lab."""
    workers: int = WORKERS
    """How many checks that wait run at the same time."""
    reading_backstop: float | None = None
    """Seconds for a check that reads, where the rubric states none; `None` is the engine's own backstop."""
    needs_commit: bool = True
    """Whether to find out which commit the folder is at, which a terminal answer does not show."""
    takes_excerpts: bool = True
    """Whether the evidence of lost checks quotes the lines that it points at, for reports that show them."""
    settled: Mapping[str, Outcome] = {}
    """Outcomes that stand already, by check id; those checks are not run."""
    seconds: float | None = None
    """After how many seconds no further check is begun; those left are not assessed."""
    record: Path | None = None
    """Folder to keep what the checks see and find in, for `replay`; one that is not there yet, or is empty."""
    replay: Path | None = None
    """Folder with such a record, which takes the place of everything that would be run; of the same files."""
    late: str = ""
    """A late policy to use in place of the rubric's, as `reading.late_policy` reads it; the scorecard records it."""


def load_rubric(
    rubric: str | os.PathLike[str], registry: Registry | None = None, *, only: Collection[str] = ()
) -> Rubric:
    """Return the rubric of this id or file; a name with a slash or `.yaml` is a file.

    `only` names checks or tags, as in `GradeOptions`, where no others are going to be asked: the parameters of the
    others may stay plain data. Raises `RubricError` with every fault of the file, or if there is no such rubric, and
    `UsageError` for a name in `only` that fits no check.
    """
    registry = registry or Registry()
    return rubric_file.load_rubric(
        rubric_path(rubric),
        registry.find_kind,
        registry.kind_names,
        cache_folder=cache_folder(),
        choose=(lambda kept: plan(kept, only).chosen) if only else None,
    )


def names_file(rubric: str | os.PathLike[str]) -> bool:
    """Whether a rubric is named by its file; else by the id of a bundled one."""
    name = os.fspath(rubric)
    return not isinstance(rubric, str) or "/" in name or os.sep in name or name.endswith((".yaml", ".yml"))


def rubric_path(rubric: str | os.PathLike[str]) -> Path:
    """Return the file of a rubric named by id or path. Raises `RubricError` if no bundled rubric has the id."""
    name = os.fspath(rubric)
    if names_file(rubric):
        return Path(name)
    found = find_rubric(name)
    if found is None:
        import difflib

        near = difflib.get_close_matches(name, bundled_rubrics(), n=1)
        raise RubricError(
            name,
            Problem(
                "no bundled rubric has this id",
                allowed="an id that `infra-grader rubric list` shows, or a file, with a slash or .yaml in its name",
                suggestion=near[0] if near else "",
            ),
        )
    return found


def grade(
    path: str | os.PathLike[str],
    rubric: Rubric | str | os.PathLike[str],
    *,
    options: GradeOptions | None = None,
    registry: Registry | None = None,
    observe: Observe | None = None,
    tell: Callable[[CheckSpec, str], object] | None = None,
    begin: Begin | None = None,
    known: SubmissionRef | None = None,
) -> Scorecard:
    """Grade the submission in a folder and return its scorecard.

    The folder is only read; learner code runs in the sandbox alone, on a copy, or in what live checks make of it.
    `observe` sees each outcome, and `tell` what a check that takes long is at, maybe in other threads; `begin` sees
    each check that only reads before it runs, with the seconds that it may take. `known` is how the scorecard names
    the submission, where the caller knows more of it than the folder tells. Raises `RubricError`, `SubmissionError`,
    `PluginError` or `UsageError` for what the caller can mend; nothing about the submission raises.
    """
    options = options or GradeOptions()
    registry = registry or Registry()
    if options.sandbox != "auto":
        registry.find_sandbox(options.sandbox)  # a wrong name is said before anything is graded
    if not isinstance(rubric, Rubric):
        refuse_inside(rubric, path)
        rubric = load_rubric(rubric, registry, only=options.only)
    if options.unassessed is not None:
        rubric = rubric.replace(unassessed=options.unassessed)
    registry.use(rubric.plugins)
    order = plan(rubric, options.only)
    submission = open_submission(Path(path), rubric)
    started = _now()
    commit = cache(lambda: _commit(submission, options) if known is None else (known.commit, known.dirty))

    def named() -> SubmissionRef:
        return known.replace(root=submission.root) if known is not None else submission_ref(submission, *commit())

    recorder, replay = _recorder(options, submission), _replay(options, rubric, submission, lambda: commit()[0])
    with open_session(submission, rubric, order, registry, options) as session:
        session.tell = tell or session.tell
        session.recorder, session.replay, session.about = recorder, replay, named
        session.seed = session.seed if replay is None else replay.head.seed
        outcomes = run(
            order,
            session,
            _observe_all(registry, *([recorder.settle] if recorder else []), *([observe] if observe else [])),
            options.workers,
            meanwhile=commit,
            begin=begin or (lambda _check, _seconds: None),
            settled=options.settled,
            until=Deadline(options.seconds) if options.seconds is not None else None,
        )
    if recorder is not None:
        recorder.finish(rubric, named(), options.live, options.sandbox, environment(session))
    facts = {**environment(session), **({LATE: options.late} if options.late else {})}
    if options.unassessed is not None:
        facts[UNASSESSED] = options.unassessed.value
    scorecard = score(rubric, outcomes, named(), environment=facts, started=started, finished=_now())
    return adjusted(scorecard, rubric, registry)


def rescore(
    scorecard: Scorecard, rubric: Rubric | str | os.PathLike[str], *, registry: Registry | None = None
) -> Scorecard:
    """Return what a recorded scorecard is worth under another version of its rubric, without asking anything again.

    Words of the command line that the record holds, on late work and on what is not assessed, go before the rubric's.
    Raises `RubricError`, or `UsageError` if the record is of another rubric.
    """
    registry = registry or Registry()
    if not isinstance(rubric, Rubric):
        rubric = load_rubric(rubric, registry)
    if rubric.id != scorecard.rubric.id:
        raise UsageError(
            f"the record is of the rubric {scorecard.rubric.id}, not of {rubric.id}",
            "Name the rubric that the submission was graded with, in any version.",
        )
    if (said := str(scorecard.environment.get(UNASSESSED))) in tuple(Unassessed):
        rubric = rubric.replace(unassessed=Unassessed(said))
    registry.use(rubric.plugins)
    from infra_grader.engine.rescore import rescore as rescored  # grading does without it

    return adjusted(rescored(scorecard, rubric), rubric, registry)


def refuse_inside(rubric: str | os.PathLike[str], path: str | os.PathLike[str], plugins: Iterable[Path] = ()) -> None:
    """Raise `UsageError` if a rubric's or plugin's file lies inside the submission: nobody grades by the learner's own.

    A rubric named by id is ours wherever infra-grader is installed, in a `.venv` of the submission for example.
    """
    if names_file(rubric):
        _refuse_inside("rubric", Path(rubric), path)
    for plugin in plugins:
        _refuse_inside("plugin", plugin, path)


def _refuse_inside(what: str, place: Path, submission: str | os.PathLike[str]) -> None:
    if Path(os.path.realpath(place)).is_relative_to(os.path.realpath(submission)):
        raise UsageError(f"the {what} {place} lies inside the submission", "Use a copy of yours that lies outside.")


def _recorder(options: GradeOptions, submission: Submission) -> Recorder | None:
    """Return what keeps a record, if one is wished. Raises `UsageError` where it cannot be written."""
    if options.record is None:
        return None
    from infra_grader.engine.recorder import Recorder  # most gradings do without

    if options.replay is not None:
        raise UsageError("--record and --replay exclude each other", "A replay sees nothing that is not recorded yet.")
    _refuse_inside("record", options.record, submission.folder)
    return Recorder(options.record, submission.folder)


def _replay(
    options: GradeOptions, rubric: Rubric, submission: Submission, commit: Callable[[], str | None]
) -> Replay | None:
    """Return the record that takes the place of what would be run, if one is wished.

    Raises `UsageError` for one that cannot be read, or is of another submission or rubric.
    """
    if options.replay is None:
        return None
    from infra_grader.engine.replay import hold_against, load_replay

    _refuse_inside("record", options.replay, submission.folder)
    for name, value, default in (
        ("live", options.live, "auto"),
        ("kube-context", options.kube_context, ""),
        ("sandbox", options.sandbox, "auto"),
    ):
        if value != default:
            raise UsageError(f"--replay takes no --{name}: it opens nothing", f"Leave out --{name}.")
    replay = load_replay(options.replay, rubric)
    if options.seed not in (None, replay.head.seed):
        raise UsageError(f"the record was made with the seed {replay.head.seed}", "Leave out --seed, or grade anew.")
    hold_against(replay.head, submission.folder, commit())
    return replay


def open_session(
    submission: Submission, rubric: Rubric, order: Plan, registry: Registry, options: GradeOptions
) -> Session:
    """Return the session in which the checks of a submission run; use it in a `with` block."""
    session = Session(
        workspace=Workspace(submission.work, starter_of(rubric)),
        rubric_folder=rubric.folder,
        root=submission.root,
        find_kind=registry.find_kind,
        openers=openers(registry, options.sandbox, rubric.folder, options.live, options.kube_context),
        seed=options.seed if options.seed is not None else _fresh_seed(order, registry),
        takes_excerpts=options.takes_excerpts,
    )
    if options.reading_backstop is not None:
        session.reading_backstop = options.reading_backstop
    return session


def starter_of(rubric: Rubric) -> Starter:
    """Return what the course hands out for a rubric's exercise, as far as it is known here."""
    exercise = find_exercise(rubric.id)
    return read_starter(exercise) if exercise is not None else NO_STARTER


def _commit(submission: Submission, options: GradeOptions) -> tuple[str | None, bool]:
    """Return which commit the folder is at and whether it differs from it, if a report is to show that."""
    if not options.needs_commit:
        return None, False
    from infra_grader.loading.commit import read_commit  # slow, and many callers do without

    try:
        with interrupt_after(COMMIT_LIMIT_S):
            return read_commit(submission.folder)
    except Overrun:
        return None, False


def submission_ref(submission: Submission, commit: str | None, dirty: bool) -> SubmissionRef:
    """Return how a scorecard names a submission."""
    return SubmissionRef(
        id=submission.id, path=str(submission.folder), root=submission.root, commit=commit, dirty=dirty
    )


def _fresh_seed(order: Plan, registry: Registry) -> int:
    """Return a seed that no learner can foretell, where a check runs learner code; else always the same one."""
    kinds = (registry.find_kind(check.uses) for check in order.checks if check.id in order.chosen)
    draws = any("sandbox" in kind.capabilities for kind in kinds)
    return int.from_bytes(os.urandom(4)) if draws else 0


def environment(session: Session) -> Mapping[str, str | int]:
    """Return the facts about this machine and this run that explain an outcome."""
    used: Mapping[str, str] = {
        "sandbox": session.sandbox_name,
        "docker": session.docker_version,
        "kubernetes": session.kubernetes_version,
    }
    if session.replay is not None:
        used = session.replay.head.tools
    return {
        "infra_grader": __version__,
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "platform": sys.platform,
        "seed": session.seed,
        **{name: value for name, value in used.items() if value},
    }


def _observe_all(registry: Registry, *first: Observe) -> Observe:
    watching = (*first, *observers(registry))

    def observe_all(check: CheckSpec, outcome: Outcome) -> None:
        for watcher in watching:
            watcher(check, outcome)

    return observe_all


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def bundled() -> Mapping[str, Path]:
    """Return the files of the bundled rubrics by id."""
    return bundled_rubrics()
