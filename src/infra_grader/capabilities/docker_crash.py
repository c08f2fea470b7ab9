"""A container whose program ends as in a crash: nobody asked Docker to stop it, so that its restart policy holds."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.model.outcome import NotAssessed

PROGRAM = "import os, sys; os.kill(int(sys.argv[1]), 9)"
END_S = 15


def crash(container: RunningContainer, image: str) -> None:
    """End process 1 of a container from outside; `docker kill` would count as a wish that it stays down.

    Where this machine does not run the container itself, a program in `image`, which has Python, does it from there.
    """
    facts = container.inspect()
    pid, key = int((facts.get("State") or {}).get("Pid") or 0), str(facts.get("Id") or "")
    if not pid:
        return
    try:
        if key and key in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8", errors="replace"):
            os.kill(pid, signal.SIGKILL)
            return
    except (OSError, PermissionError):  # it runs on another machine, or we may not
        pass
    _from_inside(container, pid, image)


def _from_inside(container: RunningContainer, pid: int, image: str) -> None:
    docker = container.docker
    options: dict[str, Any] = {
        "Image": image,
        "Entrypoint": ["python3", "-I", "-c", PROGRAM, str(pid)],
        "User": "0",
        "Labels": docker.labels,
        "HostConfig": {"PidMode": "host", "NetworkMode": "none", "ReadonlyRootfs": True},
    }
    with answering():
        made = docker.api.create_container_from_config(options, docker.name("crash"))["Id"]
        try:
            docker.api.start(made)
            ended = docker.api.wait(made, timeout=END_S)
        finally:
            docker.api.remove_container(made, force=True, v=True)
    if ended.get("StatusCode"):
        raise NotAssessed(
            "This machine cannot end a container's program as a crash does.", "Grade as root, or by hand."
        )
