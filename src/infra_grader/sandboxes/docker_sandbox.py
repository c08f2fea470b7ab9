"""The Docker sandbox: a container of its own for each program, from an image that is there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from infra_grader.capabilities import docker
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.home import sweep
from infra_grader.capabilities.sandbox import Channel, Dialogue, Ended, Job, Limit, Mount, SandboxKind
from infra_grader.model.outcome import NotAssessed
from infra_grader.plugin import hookimpl
from infra_grader.sandboxes import _scratch
from infra_grader.sandboxes._docker_container import Daemon, remove, remove_left, started
from infra_grader.sandboxes._docker_image import Image, find_image, image_name
from infra_grader.sandboxes._docker_streams import Container, ContainerChannel, ContainerProgram
from infra_grader.sandboxes._process import LineDialogue, Watch, finish
from infra_grader.sandboxes._resources import left_behind, watch

NOBODY = 65534
ROOTLESS = "name=rootless"
SELINUX = "name=selinux"


class Docker:
    """Runs each program in a container: no network, no capabilities, read-only but for its copy of the submission.

    Started by root, programs run as nobody (65534); else as the user who grades, whose copy it is.
    """

    name: str = "docker"
    is_wall: bool = True

    def __init__(self, api: Any, image: Image) -> None:
        self.python = image.python
        self.python_version = image.python_version
        with docker.answering():
            facts = api.info()
        self._daemon = Daemon(api, docker.socket_of(docker.address()), image, _user(facts), tuple(_security(facts)))
        self.cannot_enforce = tuple(_weaknesses(facts))
        remove_left(api)  # before the folders go that tell whose they were
        list(sweep(_scratch.PREFIX))
        self._home = _scratch.Home()
        self._running: set[str] = set()

    def run(self, job: Job, deadline: Deadline) -> Ended:
        """Run a program to its end; see `Sandbox`."""
        with self._started(job, deadline, has_stderr=True) as (container, work, look):
            printed = finish(ContainerProgram(container), job, deadline, look)
            return Ended(
                exit_status=printed.exit_status,
                stdout=bytes(printed.stdout),
                stderr=bytes(printed.stderr),
                limit=printed.limit,
                left=left_behind(work, job),
            )

    @contextmanager
    def converse(self, job: Job, deadline: Deadline) -> Iterator[Dialogue]:
        """Start a program that answers questions; see `Sandbox`."""
        deadline.check()
        with self._started(job, deadline, has_stderr=False) as (container, _, look):
            yield LineDialogue(ContainerChannel(container, look), job.limits)

    @contextmanager
    def attach(self, job: Job, deadline: Deadline) -> Iterator[Channel]:
        """Start a program that lives on; see `Sandbox`."""
        deadline.check()
        with self._started(job, deadline, has_stderr=False) as (container, _, look):
            yield ContainerChannel(container, look)

    def place_inside(self, inside: str, _mount: Mount) -> str:
        """Return where a mount is found; see `Sandbox`."""
        return inside

    def close(self) -> None:
        """Remove every trace.

        Containers are removed with the call that started them. Those of a grading that is interrupted still run here:
        the calls are made by other threads, which end with the process.
        """
        for name in tuple(self._running):
            remove(self._daemon, name)
        self._home.close()
        self._daemon.api.close()

    @contextmanager
    def _started(self, job: Job, deadline: Deadline, *, has_stderr: bool) -> Iterator[tuple[Container, Path, Watch]]:
        owner = NOBODY if os.geteuid() == 0 else None
        if owner is not None:
            for mount in job.mounts.values():
                if mount.is_writable:
                    os.chown(mount.folder, owner, owner)
        with (
            self._home.run_folder(job, owner) as place,
            self._listed(place.name),
            started(self._daemon, job, place, deadline, has_stderr=has_stderr) as container,
        ):
            yield container, place.work, _or_out_of_memory(watch(place.work, job.limits, container.group), container)

    @contextmanager
    def _listed(self, name: str) -> Iterator[None]:
        self._running.add(name)
        try:
            yield
        finally:
            self._running.discard(name)


def _or_out_of_memory(look: Watch, container: Container) -> Watch:
    """Return a watch that also believes the daemon, which tells once a program has ended that memory ran out."""

    def look_closer(exit_status: int | None) -> Limit | None:
        limit = look(exit_status)
        if limit is None and exit_status is not None and container.state()["OOMKilled"]:
            return Limit.MEMORY
        return limit

    return look_closer


def _user(facts: dict[str, Any]) -> str:
    """Return as whom programs run: somebody who may write in the copy, and has no other right."""
    if os.geteuid() == 0:
        return f"{NOBODY}:{NOBODY}"
    if ROOTLESS in (facts.get("SecurityOptions") or ()):
        return "0:0"  # which is the user who grades, outside
    return f"{os.geteuid()}:{os.getegid()}"


def _security(facts: dict[str, Any]) -> Iterator[str]:
    yield "no-new-privileges"
    if SELINUX in (facts.get("SecurityOptions") or ()):
        yield "label=disable"  # else a folder of ours could not be read, as it carries no label of containers


def _weaknesses(facts: dict[str, Any]) -> Iterator[str]:
    for what, name in (("memory", "MemoryLimit"), ("processes", "PidsLimit"), ("processors", "CpuCfsQuota")):
        if not facts.get(name, True):
            yield f"{what}: the daemon cannot limit them on its kernel"
    if not facts.get("SwapLimit", True):
        yield "memory: the daemon cannot limit swap on its kernel"
    if facts.get("KernelVersion") != os.uname().release:
        yield "processes: limited on another kernel than this, which does not tell whether a program hit the limit"
    yield "disk: looked at five times a second, so a program can exceed it for a moment"
    yield "processor time: limited for each process, not for all of a run together"


def find_problem() -> str:
    """Return why Docker cannot be used here, or nothing."""
    try:
        with closing(_connect()) as api:
            _find(api)
    except NotAssessed as verdict:
        return f"{verdict.reason} {verdict.remedy}".strip().rstrip(".")
    return ""


def open_docker(_hidden: Sequence[Path]) -> Docker:
    """Return an open sandbox, in which nothing of ours is seen. Raises `NotAssessed` where Docker cannot be used."""
    with ExitStack() as opening:
        api = _connect()
        opening.callback(api.close)
        sandbox = Docker(api, _find(api))
        opening.pop_all()  # from here on, the sandbox closes it
        return sandbox


def _connect() -> Any:
    where = docker.address()
    if os.name != "posix" or not docker.socket_of(where):
        raise NotAssessed(
            f"The Docker daemon at {where} is reached over a network, and the copies of submissions lie here.",
            "Grade on the machine where the daemon runs.",
        )
    return docker.connect(where)


def _find(api: Any) -> Image:
    """Return the image to use."""
    with docker.answering():
        facts = api.version()
    if facts.get("Os", "linux") != "linux":
        raise NotAssessed("The Docker daemon runs no Linux containers.", "Switch it to Linux containers.")
    return find_image(api, image_name())


@hookimpl
def infra_grader_sandboxes() -> Sequence[SandboxKind]:
    """Give the Docker sandbox."""
    return [
        SandboxKind(
            name="docker",
            summary="a container for each program, from an image that is there",
            find_problem=find_problem,
            open=open_docker,
        )
    ]
