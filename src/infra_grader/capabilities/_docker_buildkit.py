"""Builds by BuildKit, which only the `docker` command can ask for: it sends the files that BuildKit wants."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from infra_grader.capabilities._docker_request import BuildRequest, Made, NoBuilder
from infra_grader.capabilities.command import clean_environment
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker import address
from infra_grader.capabilities.docker_build_log import BuildKitLog
from infra_grader.capabilities.docker_room import Room
from infra_grader.capabilities.live_docker import LiveDocker

USUAL = "/usr/bin/docker"
"""Where the command of the system's own package is, which may come after another one on the PATH."""
NAMESPACE = "BUILDKIT_CACHE_MOUNT_NS"
"""The argument by which the places of `RUN --mount=type=cache` are a run's own."""
WAIT_S = 0.5
MAX_LINE = 65_536
WATCH = """exec 3<&0
"$@" 3<&- </dev/null & build=$!
{ read -r _ <&3; kill -KILL $build; } >/dev/null 2>&1 &
wait $build; status=$?
exit $status"""
"""Ends the command when the pipe from us ends: a grader that is killed must not leave it building."""


def build(
    docker: LiveDocker, request: BuildRequest, name: str, deadline: Deadline, show: Callable[[str], object]
) -> Made:
    """Build by the first `docker` command that can. Raises `NoBuilder` if none can, `Overrun` at the deadline."""
    if os.name != "posix":
        raise NoBuilder
    for client in _clients():
        deadline.check()
        log = BuildKitLog()
        status = _run(docker, request, [client, *_arguments(docker, request, name)], deadline, log, show)
        if not log.has_begun:  # the command itself cannot: it lacks buildx, or does not speak with this daemon
            continue
        made = request.folder / "image"
        if status == 0 and made.is_file():
            return Made(result=made.read_text(encoding="ascii").strip(), log=log.text)
        return Made(result=log.failure(), log=log.text)
    raise NoBuilder


def _clients() -> Iterator[str]:
    """Yield the `docker` commands of this machine, each once."""
    places = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(folder)]
    found = [shutil.which("docker", path=place) for place in places]
    seen: set[str] = set()
    for client in [*filter(None, found), USUAL]:
        real = os.path.realpath(client)
        if real not in seen and os.access(real, os.X_OK):
            seen.add(real)
            yield client


def _arguments(docker: LiveDocker, request: BuildRequest, name: str) -> list[str]:
    arguments = {**dict(request.arguments), NAMESPACE: docker.run}
    return [
        "build", "--progress=plain", "--no-cache", f"--tag={name}", f"--file={request.dockerfile}",
        f"--iidfile={request.folder / 'image'}", *([f"--target={request.target}"] if request.target else ()),
        *([f"--network={request.network}"] if request.network != "default" else ()),
        *(f"--label={key}={value}" for key, value in docker.labels.items()),
        *(f"--build-arg={key}={value}" for key, value in arguments.items()),
        str(request.context),
    ]  # fmt: skip


def _environment(docker: LiveDocker, request: BuildRequest) -> Mapping[str, str]:
    """Return the variables of the command: nothing of the user's but where the daemon is."""
    secured = {key: os.environ[key] for key in ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH") if key in os.environ}
    return {
        **clean_environment(docker.scratch),
        **secured,
        "DOCKER_HOST": address(),
        "DOCKER_BUILDKIT": "1",
        "DOCKER_CONFIG": str(_configuration(request.folder / "client")),
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
        "BUILDKIT_PROGRESS": "plain",
    }


def _configuration(folder: Path) -> Path:
    """Make a configuration with no credentials and no helper for them, but with the user's plugins: buildx is one."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"auths": {}}), encoding="utf-8")
    users = Path(os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"), "cli-plugins")
    with suppress(FileExistsError):
        if users.is_dir():
            (folder / "cli-plugins").symlink_to(users.resolve())
    return folder


def _run(
    docker: LiveDocker,
    request: BuildRequest,
    arguments: list[str],
    deadline: Deadline,
    log: BuildKitLog,
    show: Callable[[str], object],
) -> int:
    """Run the command to its end, and return its exit status. It is killed at the deadline, and when the run closes."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", WATCH, "sh", *arguments],
        cwd=docker.scratch,
        env=dict(_environment(docker, request)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    ended = threading.Event()
    docker.on_close(lambda: None if ended.is_set() else _kill(process))
    room = Room(docker)
    try:
        for line in _lines(process, deadline, room):
            if log.take(line) and log.step is not None:
                show(log.step.title)
        return process.wait()
    finally:
        _kill(process)
        ended.set()


def _lines(process: subprocess.Popen[bytes], deadline: Deadline, room: Room) -> Iterator[str]:
    """Yield what a process prints, line by line, until it ends. Raises `Overrun` at the deadline."""
    printed: queue.Queue[bytes | None] = queue.Queue(maxsize=1000)
    stopped = threading.Event()
    assert process.stdout is not None
    threading.Thread(target=_read, args=(process.stdout, printed, stopped), daemon=True).start()
    try:
        while True:
            deadline.check()
            room.check()
            try:
                line = printed.get(timeout=min(WAIT_S, deadline.remaining() or WAIT_S))
            except queue.Empty:
                continue
            if line is None:
                return
            yield line.decode("utf-8", errors="replace")
    finally:
        stopped.set()


def _read(stream: IO[bytes], printed: queue.Queue[bytes | None], stopped: threading.Event) -> None:
    """Hand over the lines of a stream, the longest ones in pieces, until it ends or nobody wants more."""
    with stream:
        while not stopped.is_set():
            line = stream.readline(MAX_LINE) or None
            while not stopped.is_set():
                try:
                    printed.put(line, timeout=WAIT_S)
                    break
                except queue.Full:
                    continue
            if line is None:
                return


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a command with its whole group; its daemon ends the build when the connection is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
