"""How each capability that this machine has is opened, on first use and once a submission."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from infra_grader.engine.registry import PACKAGE, Registry
from infra_grader.plugin import Shared


def open_command(shared: Shared) -> object:
    """Return our own tools' `Command`, closed with everything else that the submission opened."""
    from infra_grader.capabilities.command import Command  # starting processes is slow to import

    command = Command()
    shared.on_close(command.close)
    return command


OPENERS: Mapping[str, Callable[[Shared], object]] = {"command": open_command}
"""The capabilities by name. One that is not here is not available, and checks that ask for it are not assessed."""


def openers(registry: Registry, sandbox: str, rubric_folder: Path) -> Mapping[str, Callable[[Shared], object]]:
    """Return how to open every capability, where learner code runs in the sandbox of this name.

    The sandbox is looked for when the first check asks for it. Neither the grader nor the rubric can be seen in it.
    """

    def open_sandbox(shared: Shared) -> object:
        opened = registry.choose_sandbox(sandbox).open([PACKAGE, rubric_folder])
        shared.on_close(opened.close)
        return opened

    return {**OPENERS, "sandbox": open_sandbox}
