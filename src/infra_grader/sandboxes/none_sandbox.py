"""No sandbox: no learner code is run, and checks that need it are not assessed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from infra_grader.capabilities.sandbox import Sandbox, SandboxKind
from infra_grader.model.outcome import NotAssessed
from infra_grader.plugin import hookimpl


def open_none(_hidden: Sequence[Path]) -> Sandbox:
    """Raise `NotAssessed`, with what to do about it."""
    raise NotAssessed(
        "No learner code is run here: no sandbox can be used, or none was asked for.",
        "`infra-grader doctor` says which sandboxes there are; grade with --sandbox bubblewrap.",
    )


@hookimpl
def infra_grader_sandboxes() -> Sequence[SandboxKind]:
    """Give the sandbox that runs nothing."""
    return [
        SandboxKind(
            name="none",
            summary="runs no learner code; checks that need it are not assessed",
            find_problem=str,  # there is none
            open=open_none,
        )
    ]
