"""How each capability that this machine has is opened, on first use and once a submission."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from infra_grader.capabilities.shared import Shared
from infra_grader.engine.registry import PACKAGE, Registry
from infra_grader.errors import UsageError
from infra_grader.model.outcome import NotAssessed
from infra_grader.plugin import LIVE


def open_command(shared: Shared) -> object:
    """Return our own tools' `Command`, closed with everything else that the submission opened."""
    from infra_grader.capabilities.command import Command  # starting processes is slow to import

    command = Command()
    shared.on_close(command.close)
    return command


def open_docker(shared: Shared) -> object:
    """Return the run of this submission with the Docker daemon, closed at its end."""
    from infra_grader.capabilities.live_docker import open_live_docker  # only where a live check asks for it

    run = open_live_docker()
    shared.on_close(run.close)
    return run


def open_http(_shared: Shared) -> object:
    """Return nothing: a check's client opens its own connections, to a service that another check started."""
    return None


LIVE_OPENERS: Mapping[str, Callable[[Shared], object]] = {"docker": open_docker}
"""The live capabilities that this version has."""
OPENERS: Mapping[str, Callable[[Shared], object]] = {"command": open_command, "http": open_http}
"""The capabilities by name. One that is not here is not available, and checks that ask for it are not assessed."""


def openers(
    registry: Registry, sandbox: str, rubric_folder: Path, live: str = "auto"
) -> Mapping[str, Callable[[Shared], object]]:
    """Return how to open every capability, where learner code runs in the sandbox of this name.

    The sandbox is looked for when the first check asks for it. Neither the grader nor the rubric can be seen in it.
    `live` is what `--live` says. Raises `UsageError` if it names what no live check looks at.
    """
    wanted = live_names(live)

    def open_sandbox(shared: Shared) -> object:
        opened = registry.choose_sandbox(sandbox).open([PACKAGE, rubric_folder])
        shared.on_close(opened.close)
        return opened

    opened = {**OPENERS, "sandbox": open_sandbox, **LIVE_OPENERS}
    return {name: _left_out(name) if name in LIVE and name not in wanted else opener for name, opener in opened.items()}


def live_names(live: str) -> frozenset[str]:
    """Return the live capabilities that `--live` asks for. Raises `UsageError` for a name that is none."""
    if live == "none":
        return frozenset()
    if live == "auto":
        return frozenset({"docker"})  # never a cluster: which one is for the user to say
    names = frozenset(name.strip() for name in live.split(","))
    if unknown := sorted(names.difference(LIVE)):
        known = ", ".join(["auto", "none", *sorted(LIVE)])
        raise UsageError(f"--live knows no {unknown[0] or 'empty name'}", f"It knows {known}.")
    return names


def _left_out(name: str) -> Callable[[Shared], object]:
    def refuse(_shared: Shared) -> object:
        raise NotAssessed(f"Live checks on {name.title()} were not asked for.", f"Grade with --live {name}.")

    return refuse
