"""How each capability that this machine has is opened, on first use and once a submission."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from infra_grader.plugin import Shared


def open_command(shared: Shared) -> object:
    """Return our own tools' `Command`, closed with everything else that the submission opened."""
    from infra_grader.capabilities.command import Command  # starting processes is slow to import

    command = Command()
    shared.on_close(command.close)
    return command


OPENERS: Mapping[str, Callable[[Shared], object]] = {"command": open_command}
"""The capabilities by name. One that is not here is not available, and checks that ask for it are not assessed."""
