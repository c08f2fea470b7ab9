"""A program of ours in the network of a container: whether it reaches others by their names and ports."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.docker_pull import find_image
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.live_docker import LiveDocker
from infra_grader.capabilities.sandbox import MIB
from infra_grader.model.outcome import NotAssessed, Unavailable
from infra_grader.model.record import Record

PROGRAM = r"""
import http.client, json, socket, sys, time
asked = json.loads(sys.argv[1])
end = time.monotonic() + asked["seconds"]
said = {"reason": "nothing was tried"}
def ask(host):
    port = asked["port"]
    try:
        places = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        return {"reason": f"the name {host} is not known: {error.strerror}"}
    try:
        with socket.create_connection(places[0][4], min(3, max(0.1, end - time.monotonic()))) as plain:
            plain.settimeout(0.1)
            try:
                if not plain.recv(1):
                    return {"reason": f"{host}:{port} breaks connections off"}
            except TimeoutError:
                pass
        if not asked["path"]:
            return {"connected": True, "address": places[0][4][0]}
        client = http.client.HTTPConnection(host, port, timeout=max(0.1, end - time.monotonic()))
        client.request("GET", asked["path"])
        answer = client.getresponse()
        return {"connected": True, "address": places[0][4][0], "status": answer.status,
                "body": answer.read(2000).decode("utf-8", "replace")}
    except (OSError, http.client.HTTPException) as error:
        return {"reason": f"{host}:{port}: {error or type(error).__name__}"}
while True:
    for host in asked["hosts"]:
        said = ask(host)
        if said.get("connected") and (not asked["statuses"] or said.get("status") in asked["statuses"]):
            break
    else:
        if time.monotonic() < end and not asked["once"]:
            time.sleep(0.2)
            continue
    break
print("\n" + json.dumps(said))
"""
NAMED = "INFRA_GRADER_SANDBOX_IMAGE"
"""The variable with an image that the user has named; it has Python."""
IMAGES = "python"
"""The images that have what the program needs."""
START_S = 10.0
POLL_S = 0.05
MEMORY_BYTES = 64 * MIB


class Reached(Record):
    """What came of a try to reach something."""

    is_connected: bool
    reason: str = ""
    """Why not, as a clause."""
    address: str = ""
    status: int = 0
    """Of the answer to a GET, where one was sent."""
    body: str = ""


class Question(Record):
    """What is tried."""

    hosts: tuple[str, ...]
    """Names or addresses; one that is reached is enough."""
    port: int
    seconds: float
    """How long it is tried again and again."""
    path: str = ""
    """What is asked by GET; nothing to connect only."""
    statuses: tuple[int, ...] = ()
    """What the answer may be; any if none."""
    once: bool = False


def reach(container: RunningContainer, question: Question, deadline: Deadline) -> Reached:
    """Return whether a program in the network of a container reaches something.

    Raises `NotAssessed` where no image is there that could run it, and `Unavailable` where it says nothing.
    """
    docker = container.docker
    facts = {name: getattr(question, name) for name in question.__struct_fields__}
    options: dict[str, Any] = {
        "Image": python_image(docker),
        "Entrypoint": ["python3", "-I", "-c", PROGRAM, json.dumps(facts)],
        "Labels": docker.labels,
        "HostConfig": {
            "NetworkMode": f"container:{container.key}",
            "Memory": MEMORY_BYTES,
            "PidsLimit": 16,
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
        },
    }
    deadline.check()
    with answering():
        made = docker.api.create_container_from_config(options, docker.name("probe"))["Id"]
    probe = RunningContainer(docker, made)
    try:
        with answering():
            docker.api.start(made)
        limit = Deadline(min(question.seconds + START_S, deadline.remaining()))
        while probe.state().is_running and limit.remaining():
            time.sleep(POLL_S)
        deadline.check()
        return _read(probe.log("stdout"))
    finally:
        probe.remove()


def _read(said: bytes) -> Reached:
    try:
        found = json.loads(said.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise Unavailable("Our probe in the network of a service says nothing.", "Grade again.") from error
    return Reached(
        is_connected=bool(found.get("connected")),
        reason=str(found.get("reason") or ""),
        address=str(found.get("address") or ""),
        status=int(found.get("status") or 0),
        body=str(found.get("body") or ""),
    )


def python_image(docker: LiveDocker) -> str:
    """Return an image with Python that is there. Raises `NotAssessed` if there is none."""

    def find() -> str:
        with answering():
            found = docker.api.images(name=IMAGES)
        tags = [tag for facts in found for tag in facts.get("RepoTags") or ()]
        tags.sort(key=lambda tag: "slim" not in tag)
        tags[:0] = filter(None, [os.environ.get(NAMED)])
        return next((tag for tag in tags if find_image(docker, tag)), "")

    image = docker.once(("probe", "image"), find)
    if not image:
        raise NotAssessed("No image with Python is there to ask from.", "Get one: docker pull python:3-slim")
    return image
