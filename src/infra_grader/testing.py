"""One check on a folder, for the tests of a plugin author.

from infra_grader.testing import run_check

def test_the_answer_is_found(tmp_path):
    (tmp_path / "a.txt").write_text("42")
    assert run_check("course.answers", {"path": "a.txt"}, tmp_path).status == "passed"
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from infra_grader import __version__
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.starter import NO_STARTER, Starter, read_starter
from infra_grader.capabilities.workspace import Workspace
from infra_grader.engine.ask import Session, ask
from infra_grader.engine.openers import openers
from infra_grader.engine.recorder import Recorder
from infra_grader.engine.registry import Registry
from infra_grader.engine.replay import Replay, hold_against, load_replay
from infra_grader.loading.rubric_build import question_digest
from infra_grader.model.outcome import Outcome
from infra_grader.model.rubric import CheckSpec, Rubric
from infra_grader.model.scorecard import SubmissionRef
from infra_grader.plugin import CheckKind

UNNAMED = Rubric(id="", version=1, title="", points=Decimal(0), pass_mark=Decimal(0), criteria=())
"""Stands in a record for the rubric that there is none of."""


def run_check(  # noqa: PLR0913 - by name, each a thing that a rubric or the command line says
    kind: str | object,
    parameters: Mapping[str, object],
    folder: Path,
    *,
    starter: Path | None = None,
    allow_starter: bool = False,
    rubric_folder: Path | None = None,
    timeout: float = 60.0,
    sandbox: str = "auto",
    live: str = "auto",
    kube_context: str = "",
    seed: int = 0,
    before: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    submission: SubmissionRef | None = None,
    record: Path | None = None,
    replay: Path | None = None,
) -> Outcome:
    """Run one check on a folder and return its outcome.

    `kind` is a name, or a function marked with `@check`. `starter` is a folder with what was handed out, `sandbox`
    names where learner code runs, `live` what live checks may look at, `kube_context` which cluster, and `seed` is
    where random inputs start. `before` holds checks whose handles the check names, by their ids and in order, each as
    `{"uses": kind, "with": parameters}`; the outcome of the first of them that does not pass is returned instead.
    `submission` says whose work it is, for kinds that ask. `record` is a new folder for what the checks see, and
    `replay` one that was recorded of the same folder, by which they are judged with nothing running.
    Raises `msgspec.ValidationError` for parameters that the kind does not accept, `PluginError` for an unknown kind,
    and `UsageError` for a record that cannot be written, or is not of this folder.
    """
    found = _kind(kind)
    recorder = Recorder(record, folder) if record is not None else None
    replayed = _replay(replay, folder) if replay is not None else None
    session = Session(
        workspace=Workspace(folder, _starter(starter)),
        rubric_folder=rubric_folder or folder,
        find_kind=lambda _name: found,
        openers=openers(Registry(), sandbox, rubric_folder or folder, live, kube_context),
        seed=seed if replayed is None else replayed.head.seed,
        about=(lambda: submission) if submission is not None else None,
        recorder=recorder,
        replay=replayed,
    )
    with session:
        outcome = _ask_all(found, parameters, before, session, timeout, allow_starter=allow_starter)
        if recorder is not None:
            facts: Mapping[str, str | int] = {"infra_grader": __version__, "seed": session.seed}
            recorder.finish(UNNAMED, submission or SubmissionRef(id="", path="", root="."), live, sandbox, facts)
        return outcome


def _replay(record: Path, folder: Path) -> Replay:
    replay = load_replay(record, UNNAMED)
    hold_against(replay.head, folder, None)
    return replay


def _ask_all(
    kind: CheckKind,
    parameters: Mapping[str, object],
    before: Mapping[str, Mapping[str, Any]],
    session: Session,
    timeout: float,
    *,
    allow_starter: bool,
) -> Outcome:
    for check_id, facts in before.items():
        earlier = _ask(check_id, _kind(facts["uses"]), facts.get("with") or {}, session, timeout)
        if not earlier.status.satisfies:
            return earlier
        session.handles[check_id] = dict(earlier.provides)
    return _ask("check", kind, parameters, session, timeout, allow_starter=allow_starter)


def _ask(
    check_id: str,
    kind: CheckKind,
    parameters: Mapping[str, object],
    session: Session,
    timeout: float,
    *,
    allow_starter: bool = False,
) -> Outcome:
    params = msgspec.convert(dict(parameters), kind.params)
    spec = CheckSpec(
        id=check_id,
        title="A check",
        uses=kind.name,
        params=params,
        parameters=question_digest(kind.name, parameters),
        needs=tuple(session.handles),
        allow_starter=allow_starter,
    )
    outcome = ask(spec, kind, session, Deadline(timeout))
    if session.recorder is not None:
        session.recorder.settle(spec, outcome)
    return outcome


def _kind(kind: str | object) -> CheckKind:
    if isinstance(kind, str):
        return Registry().find_kind(kind)
    marked = getattr(kind, "__infra_grader_kind__", None)
    if not isinstance(marked, CheckKind):
        raise TypeError(f"{kind!r} is neither a name nor a function marked with @check")
    return marked


def _starter(folder: Path | None) -> Starter:
    """Return the starter whose files lie in a folder, or in its `starter/` as an exercise has it."""
    if folder is None:
        return NO_STARTER
    return read_starter(folder.parent if folder.name == "starter" else folder)
