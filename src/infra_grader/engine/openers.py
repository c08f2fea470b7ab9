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


def open_kubernetes(shared: Shared, context: str = "") -> object:
    """Return the run of this submission with the cluster of a context, closed at its end."""
    from infra_grader.capabilities.live_kubernetes import open_live_kubernetes  # only where a live check asks for it

    run = open_live_kubernetes(context)
    shared.on_close(run.close)
    return run


def open_http(_shared: Shared) -> object:
    """Return nothing: a check's client opens its own connections, to a service that another check started."""
    return None


LIVE_OPENERS: Mapping[str, Callable[[Shared], object]] = {"docker": open_docker, "kubernetes": open_kubernetes}
"""The live capabilities that this version has."""
OPENERS: Mapping[str, Callable[[Shared], object]] = {"command": open_command, "http": open_http}
"""The capabilities by name. One that is not here is not available, and checks that ask for it are not assessed."""


def openers(
    registry: Registry, sandbox: str, rubric_folder: Path, live: str = "auto", kube_context: str = ""
) -> Mapping[str, Callable[[Shared], object]]:
    """Return how to open every capability, where learner code runs in the sandbox of this name.

    The sandbox is looked for when the first check asks for it. Neither the grader nor the rubric can be seen in it.
    `live` is what `--live` says, and `kube_context` what `--kube-context` does. Raises `UsageError` if `live` names
    what no live check looks at.
    """
    wanted = live_names(live, kube_context)

    def open_sandbox(shared: Shared) -> object:
        opened = registry.choose_sandbox(sandbox).open([PACKAGE, rubric_folder])
        shared.on_close(opened.close)
        return opened

    live_openers = {**LIVE_OPENERS, "kubernetes": lambda shared: open_kubernetes(shared, kube_context)}
    opened = {**OPENERS, "sandbox": open_sandbox, **live_openers}
    return {name: _left_out(name) if name in LIVE and name not in wanted else opener for name, opener in opened.items()}


def live_names(live: str, kube_context: str = "") -> frozenset[str]:
    """Return the live capabilities that `--live` asks for. Raises `UsageError` for a name that is none.

    `auto` is a cluster too where one is named, and never where none is: which one is for the user to say.
    """
    if live == "none":
        return frozenset()
    if live == "auto":
        return frozenset({"docker", "kubernetes"}) if kube_context else frozenset({"docker"})
    names = frozenset(name.strip() for name in live.split(","))
    if unknown := sorted(names.difference(LIVE)):
        known = ", ".join(["auto", "none", *sorted(LIVE)])
        raise UsageError(f"--live knows no {unknown[0] or 'empty name'}", f"It knows {known}.")
    return names


def _left_out(name: str) -> Callable[[Shared], object]:
    def refuse(_shared: Shared) -> object:
        how = "--kube-context NAME" if name == "kubernetes" else f"--live {name}"
        raise NotAssessed(f"Live checks on {name.title()} were not asked for.", f"Grade with {how}.")

    return refuse
