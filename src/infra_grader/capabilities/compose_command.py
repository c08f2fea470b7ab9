"""The compose command of this machine: where it is, and runs of it that nothing of the user's steers."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra_grader.capabilities import docker
from infra_grader.capabilities.command import Command, CommandOutput
from infra_grader.capabilities.deadline import Deadline
from infra_grader.model.outcome import NotAssessed

PLUGIN = "docker-compose"
LEAST_VERSION = 2
INSTALL = "Install the compose plugin of Docker; `docker compose version` shows whether it is there."
SYSTEM_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
    "/Applications/Docker.app/Contents/Resources/cli-plugins",
)
HANDED_ON = ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION")
"""What the user says of the way to the daemon."""
VERSION = re.compile(r"v?([0-9]+)\.[0-9]+")
VERSION_S = 20.0


class ComposeCommand:
    """Compose v2, run as our own tool: neither its settings nor the user's logins are seen."""

    def __init__(self, command: Command, arguments: tuple[str, ...], folder: Path) -> None:
        self._command = command
        self._arguments = arguments
        self._folder = folder
        """A folder of ours, as the place for settings of Docker's commands."""

    def run(
        self,
        arguments: Sequence[str],
        deadline: Deadline,
        *,
        folder: Path,
    ) -> CommandOutput:
        """Run compose in a folder and return what it printed; raises as `Command.run` does."""
        words = [*self._arguments, "--ansi", "never", *arguments]
        return self._command.run(words, deadline, folder=folder, variables=_variables(self._folder))


def find_compose(command: Command, folder: Path, deadline: Deadline) -> ComposeCommand:
    """Return compose v2 of this machine. Raises `NotAssessed` if there is none."""
    older = ""
    for arguments in _candidates():
        limit = Deadline(min(VERSION_S, deadline.remaining()))
        output = command.run([*arguments, "version", "--short"], limit, variables=_variables(folder))
        found = VERSION.match(output.stdout.strip()) if output.exit_status == 0 else None
        if found and int(found[1]) >= LEAST_VERSION:
            return ComposeCommand(command, arguments, folder)
        older = older or (found.string if found else "")
    what = (
        f"Compose {older} is too old: version 2 is needed." if older else "Docker's compose command is not installed."
    )
    raise NotAssessed(what, INSTALL)


def _candidates() -> Iterator[tuple[str, ...]]:
    """Yield the ways to call compose: the plugin by itself, where Docker's command looks for it, else that command."""
    settings = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    for folder in (os.path.join(settings, "cli-plugins"), *SYSTEM_FOLDERS):
        file = os.path.join(folder, PLUGIN)
        if os.access(file, os.X_OK) and os.path.isfile(file):
            yield (os.path.realpath(file),)
    for path in (os.environ.get("PATH", os.defpath), "/usr/bin"):
        entries = os.pathsep.join(entry for entry in path.split(os.pathsep) if os.path.isabs(entry))
        if alone := shutil.which(PLUGIN, path=entries):
            yield (alone,)
        if client := shutil.which("docker", path=entries):
            yield (client, "compose")


def _variables(folder: Path) -> dict[str, str]:
    ours = {
        "DOCKER_HOST": docker.address(),
        "DOCKER_CONFIG": os.fspath(folder),
        # Files of a project are those of the submission: none is fetched.
        "COMPOSE_EXPERIMENTAL_GIT_REMOTE": "false",
        "COMPOSE_EXPERIMENTAL_OCI_REMOTE": "false",
        # A `.env` may set what is not set: it must not lead to other files.
        "COMPOSE_ENV_FILES": "",
    }
    return ours | {name: os.environ[name] for name in HANDED_ON if name in os.environ}
