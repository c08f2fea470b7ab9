"""A compose project that runs in Docker, started from a file of ours: its containers, what they print, its end."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from infra_grader.capabilities.compose_command import ComposeCommand
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.docker_state import State, read_state
from infra_grader.capabilities.live_docker import LiveDocker
from infra_grader.capabilities.turns import taking_turns
from infra_grader.model.outcome import NotAssessed, Unavailable
from infra_grader.model.record import Record

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
LOG_LINES = 40
STOP_S = 4
"""Seconds that each container gets to stop by itself: compose stops them one after another."""
FRACTION = re.compile(r"\.[0-9]+")
OF_THE_MACHINE = re.compile(
    r"no space left|pool overlaps|address pools|cannot connect to the docker daemon|error during connect"
    r"|context deadline exceeded|cannot allocate memory|requires? docker engine|is the docker daemon running",
    re.IGNORECASE,
)
"""What compose says where the machine, not the project, is at fault."""
NOT_GRANTED = re.compile(r"error setting rlimits?\b[^\n]*not permitted", re.IGNORECASE)
"""What compose says where the daemon itself may not have as much as a container's `ulimits` ask for."""
OF_OUR_FILE = re.compile(r"invalid compose project|validating \S*compose\.json|additional propert", re.IGNORECASE)
"""What compose says where it does not take the file that we wrote."""


class Member(Record):
    """A container of a project, as it was when it was looked at."""

    id: str
    service: str
    number: int
    state: State
    ports: Mapping[int, int] = {}
    """The TCP ports inside, with those of this machine's loopback that lead there."""

    @property
    def started_s(self) -> float:
        """When it was started last, in seconds since 1970; 0 if it was not."""
        try:
            started = datetime.fromisoformat(f"{self.state.started[:19]}+00:00")
        except ValueError:
            return 0.0
        fraction = FRACTION.match(self.state.started[19:])
        return max(0.0, started.timestamp() + float(fraction[0] if fraction else 0))


class NotUp(Exception):
    """Compose did not start all of a project; says what it printed."""


class ComposeProject:
    """A project of ours in a daemon. Checks take turns with it, since one may take it down and up."""

    def __init__(
        self,
        docker: LiveDocker,
        compose: ComposeCommand,
        name: str,
        folder: Path,
    ) -> None:
        self.docker = docker
        self.name = name
        self._compose = compose
        self._folder = folder
        """Where the file `compose.json` is, and nothing of the learner's."""
        self._turn = threading.RLock()
        self._restarts = docker.restarts

    @contextmanager
    def turn(self, deadline: Deadline) -> Iterator[None]:
        """Keep the project for one check alone; see `taking_turns`. Raises `NotAssessed` if the daemon has ended it."""
        with taking_turns(self._turn, deadline, "project"):
            if self.docker.restarts != self._restarts:
                raise NotAssessed("The Docker daemon was started anew after the project was up.", "Grade again.")
            yield

    def up(self, deadline: Deadline) -> None:
        """Start it, each service after those that it waits for. Raises `NotUp`, or `Overrun` when the time is up."""
        self._restarts = self.docker.restarts
        words = ["up", "--detach", "--no-build", "--pull", "never", "--quiet-pull", "--no-color"]
        output = self._run(words, deadline)
        if output.exit_status:
            said = "\n".join(line for line in output.stderr.splitlines() if line.strip())[-4000:]
            if found := OF_THE_MACHINE.search(said):
                raise Unavailable(
                    f"Docker cannot start the project here: {_line_of(said, found.start())}.", "Try later."
                )
            if NOT_GRANTED.search(said):
                raise NotAssessed(
                    "The Docker daemon of this machine may not grant the `ulimits` that the project asks for.",
                    "Grade where the daemon runs as root of the machine.",
                )
            if OF_OUR_FILE.search(said):
                raise NotAssessed(f"Compose does not take the project as we rewrote it: {said[-300:]}", "Report it.")
            raise NotUp(said or f"compose ended with {output.exit_status}")

    def members(self) -> list[Member]:
        """Return its containers, also those that have ended, by service and number."""
        import docker.errors

        found: list[Member] = []
        with answering():
            for facts in self.docker.api.containers(all=True, filters={"label": f"{PROJECT}={self.name}"}):
                with suppress(docker.errors.NotFound):  # removed in the meantime
                    found.append(_member(self.docker.api.inspect_container(facts["Id"])))
        return sorted(found, key=lambda member: (member.service, member.number))

    def container(self, member: Member) -> RunningContainer:
        """Return the container as the kinds know it that look at one."""
        return RunningContainer(self.docker, member.id)

    def log(self, member: Member) -> str:
        """Return the end of what a container has printed."""
        said = self.container(member).log(lines=LOG_LINES)
        return said.decode("utf-8", errors="replace").replace("\r\n", "\n").strip()

    def down(self, deadline: Deadline, *, volumes: bool = False) -> None:
        """Stop and remove its containers and networks; named volumes stay unless told otherwise.

        What compose itself does, but for anonymous volumes: it would leave them behind, unlabelled, and never use
        them again. Here they go with their containers.
        """
        with suppress(Overrun):
            self._run(["stop", "--timeout", str(STOP_S)], Deadline(min(deadline.remaining(), 4.0 * STOP_S)))
        self.remove(volumes=volumes)

    def remove(self, *, volumes: bool) -> None:
        """Remove its containers at once, then its networks."""
        import docker.errors

        api, label = self.docker.api, f"{PROJECT}={self.name}"
        with answering(), suppress(docker.errors.NotFound):
            for facts in api.containers(all=True, filters={"label": label}):
                with suppress(docker.errors.NotFound):
                    api.remove_container(facts["Id"], force=True, v=True)
            for facts in api.networks(filters={"label": label}):
                with suppress(docker.errors.NotFound):
                    api.remove_network(facts["Id"])
            for facts in (api.volumes(filters={"label": label}).get("Volumes") or ()) if volumes else ():
                with suppress(docker.errors.NotFound):
                    api.remove_volume(facts["Name"], force=True)

    def _run(self, words: Sequence[str], deadline: Deadline) -> Any:
        base = ["--progress", "plain", "--project-name", self.name, "--project-directory", str(self._folder)]
        base += ["--env-file", "/dev/null", "--file", str(self._folder / "compose.json")]
        return self._compose.run([*base, *words], deadline, folder=self._folder)


def _line_of(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    return text[start:].partition("\n")[0].strip().rstrip(".")[:300]


def _member(facts: Mapping[str, Any]) -> Member:
    labels = facts["Config"].get("Labels") or {}
    return Member(
        id=facts["Id"],
        service=labels.get(SERVICE, ""),
        number=int(labels.get(NUMBER) or 1),
        state=read_state(facts),
        ports=_ports((facts.get("NetworkSettings") or {}).get("Ports") or {}),
    )


def _ports(said: Mapping[str, Any]) -> dict[int, int]:
    found: dict[int, int] = {}
    for inside, places in said.items():
        number, _, protocol = inside.partition("/")
        if protocol == "tcp" and places:
            found[int(number)] = int(places[0]["HostPort"])
    return found
