"""One check, asked of a submission: its outcome, whatever happens inside the check kind."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.shared import Shared
from infra_grader.capabilities.witness import Witness
from infra_grader.capabilities.workspace import Workspace
from infra_grader.engine.evidence import bounded, rooted, sound
from infra_grader.engine.limits import interrupt_after
from infra_grader.engine.log import logger
from infra_grader.model.outcome import ONE, ZERO, CheckFailed, Evidence, NotAssessed, Outcome, Status, Unavailable
from infra_grader.model.rubric import CheckSpec
from infra_grader.model.scorecard import SubmissionRef
from infra_grader.plugin import LIVE, CheckKind, Context

if TYPE_CHECKING:  # most gradings do without either
    from infra_grader.engine.recorder import Recorder
    from infra_grader.engine.replay import Replay

READING_BACKSTOP_S = 60.0
"""Seconds that a check which only reads may take where the rubric states no limit."""
WAITING_BACKSTOP_S = 300.0
"""The same for a check that waits for tools, sandboxes or servers."""


class Session(msgspec.Struct, kw_only=True):
    """What the checks of one submission work with: opened once, on first use, and closed at the end."""

    workspace: Workspace
    rubric_folder: Path
    root: str = "."
    """Folder inside the submission that the workspace is."""
    find_kind: Callable[[str], CheckKind]
    openers: Mapping[str, Callable[[Shared], object]] = {}
    """How to open each capability; one that is not here is not available on this machine."""
    seed: int = 0
    reading_backstop: float = READING_BACKSTOP_S
    waiting_backstop: float = WAITING_BACKSTOP_S
    takes_excerpts: bool = True
    """Whether the evidence of what was lost quotes the lines that it points at."""
    tell: Callable[[CheckSpec, str], object] = lambda _check, _text: None
    """Shows the user what a check that takes long is at."""
    about: Callable[[], SubmissionRef] | None = None
    """Tells whose work it is, and its commit."""
    shared: Shared = msgspec.field(default_factory=Shared)
    handles: dict[str, Mapping[str, str]] = {}
    recorder: Recorder | None = None
    """Keeps what the checks see."""
    replay: Replay | None = None
    """Gives the checks what was seen before, in place of everything that runs."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shared.close()

    @property
    def sandbox_name(self) -> str:
        """Name of the sandbox in which learner code ran; nothing if no check asked for it, or there was none."""
        return str(getattr(self.shared.made(("capability", "sandbox")), "name", ""))

    @property
    def docker_version(self) -> str:
        """Version of the Docker daemon that live checks looked at; nothing if none did."""
        return str(getattr(self.shared.made(("capability", "docker")), "version", ""))

    @property
    def kubernetes_version(self) -> str:
        """Version of the cluster that live checks looked at; nothing if none did."""
        return str(getattr(self.shared.made(("capability", "kubernetes")), "version", ""))

    def probed(self, kind: CheckKind) -> list[Any]:
        """Return the open capabilities whose being down may be why a check of this kind loses.

        They are what it asked for, and for one that asks services all there are, as its service may run there.
        """
        names = LIVE if "http" in kind.capabilities else kind.capabilities & LIVE
        opened = (self.shared.made(("capability", name)) for name in sorted(names))
        return [capability for capability in opened if capability is not None]

    def limit(self, check: CheckSpec, kind: CheckKind) -> float:
        """Return the seconds that a check may take."""
        return check.timeout or (self.waiting_backstop if kind.waits else self.reading_backstop)

    def context(self, check: CheckSpec, kind: CheckKind, deadline: Deadline) -> Context:
        """Return what a check may use. Raises `NotAssessed` for a capability that this machine lacks."""
        return Context(
            workspace=self.workspace.view(allow_starter=check.allow_starter),
            deadline=deadline,
            capabilities={name: self._open(name, check) for name in kind.capabilities},
            rubric_folder=self.rubric_folder,
            shared=self.shared,
            handles=self.handles,
            seed=self.seed,
            tell=lambda text: self.tell(check, text),
        )

    def witness(self, check: CheckSpec) -> Witness:
        """Return who sees what a check looks at, from its beginning."""
        told = self.recorder or self.replay
        if told is None:
            return Witness()
        return told.witness(check, tuple(sorted(need for need in check.needs if need in self.handles)))

    def _open(self, name: str, check: CheckSpec) -> object:
        if self.replay is not None and not self.replay.opens(name):
            return self.replay.in_place_of(check, name)
        opener = self.openers.get(name)
        if opener is None:
            raise NotAssessed(f"{name} is not available here.", "`infra-grader doctor` says what this machine lacks.")
        return self.shared.get(("capability", name), lambda: opener(self.shared))


def ask(check: CheckSpec, kind: CheckKind, session: Session, deadline: Deadline) -> Outcome:
    """Run one check to its end and return what it found. Raises nothing but what ends the whole run.

    A kind that only reads is interrupted when the deadline passes. One that waits hands the deadline to each call
    of its capabilities, which raise `Overrun`.
    """
    if session.replay is None:
        return _ask(check, kind, session, deadline)
    return session.replay.answer(check, kind, session.rubric_folder, lambda: _ask(check, kind, session, deadline))


def _ask(check: CheckSpec, kind: CheckKind, session: Session, deadline: Deadline) -> Outcome:
    started = time.perf_counter()
    # What waits runs in a thread of its own, where only the calls that it makes can be interrupted.
    limit: AbstractContextManager[None] = nullcontext() if kind.waits else interrupt_after(deadline.remaining())
    try:
        with limit:
            # Bounded within the limit too: what a check hands back may be as large as the submission.
            outcome = bounded(sound(_run(check, kind, session, deadline)))
    except CheckFailed as verdict:
        outcome = bounded(Outcome.failed(verdict.message, *verdict.evidence))
    except NotAssessed as verdict:
        if session.recorder is not None and isinstance(verdict, Unavailable):
            session.recorder.forget(check)
        outcome = bounded(not_assessed(verdict.reason, verdict.remedy, *verdict.evidence))
    except Overrun:
        outcome = overrun(check, deadline.seconds)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a fault of ours costs nobody a point, whatever it is
        logger().exception("check %s (%s) failed", check.id, kind.name)
        outcome = Outcome(
            status=Status.ERROR,
            fraction=ZERO,
            message="The grader itself failed at this check; no points are lost by it.",
            remedy="Run again with -v and report what the log says.",
        )
    if session.takes_excerpts and outcome.evidence and not outcome.status.is_open and outcome.fraction < ONE:
        from infra_grader.engine.excerpt import with_excerpts  # `validate`, which shows none, does without

        outcome = with_excerpts(outcome, check, session.workspace)
    return rooted(outcome, session.root).replace(duration_s=round(time.perf_counter() - started, 3))


def _run(check: CheckSpec, kind: CheckKind, session: Session, deadline: Deadline) -> Outcome:
    witness = session.witness(check)
    context = session.context(check, kind, deadline).watched_by(witness, session.about)
    if not (probed := session.probed(kind)):
        return kind.run(context, check.params)
    from infra_grader.engine.attribution import attributed  # most rubrics have no live checks

    def anew() -> Outcome:
        return kind.run(context.watched_by(session.witness(check), session.about), check.params)

    return attributed(anew, probed, deadline, session.shared.forget_verdicts)


def not_assessed(reason: str, remedy: str = "", *evidence: Evidence) -> Outcome:
    """Return the outcome of a check that this machine cannot judge."""
    return Outcome(status=Status.NOT_ASSESSED, fraction=ZERO, message=reason, remedy=remedy, evidence=evidence)


def overrun(check: CheckSpec, seconds: float) -> Outcome:
    """Return the outcome of a check that took too long: the learner's, where the rubric stated the limit."""
    evidence = Evidence.number(actual=seconds, expected=f"less than {seconds:g}", unit="s", text="stopped there")
    if check.timeout:
        return Outcome.failed(f"Not done within the {seconds:g} s that the rubric allows.", evidence)
    return not_assessed(
        f"Stopped after {seconds:g} s, the grader's own limit.", "Grade again on a machine with less to do.", evidence
    )
