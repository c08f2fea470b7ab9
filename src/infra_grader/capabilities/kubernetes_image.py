"""An image that Docker built here, put where the nodes of a cluster can fetch it."""

from __future__ import annotations

from contextlib import closing, nullcontext
from typing import Any

from infra_grader.capabilities import docker
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.docker_image import BuiltImage
from infra_grader.capabilities.docker_layer import Layer, layered
from infra_grader.model.outcome import NotAssessed

PUSH_S = 300.0
"""Seconds in which the registry of a lab takes an image; layers that it has are not sent again."""
SET = "Set `registry` in the lab's ConfigMap to the host and port of a registry that its nodes pull from."


def push(image: BuiltImage, registry: str, name: str, tag: str, layer: Layer | None = None) -> str:
    """Push an image to the registry of a lab and return the reference by which nodes pull exactly this one.

    With a layer, the image is pushed with that on it. Nobody's login is used. Raises `NotAssessed` where the lab has no
    registry, or that does not take it in time.
    """
    if not registry:
        raise NotAssessed("The lab has no registry for images that are built here.", SET)
    repository = f"{registry}/{name}"
    with closing(docker.connect()) as api, layered(api, image.id, layer) if layer else nullcontext(image.id) as key:
        with answering():
            api.tag(key, repository, tag)
        try:
            digest = _pushed(api, repository, tag, Deadline(PUSH_S))
        finally:
            with answering():
                api.remove_image(f"{repository}:{tag}", noprune=True)
    return f"{repository}@{digest}" if digest else f"{repository}:{tag}"


def _pushed(api: Any, repository: str, tag: str, deadline: Deadline) -> str:
    """Push, and return the digest that the registry gave; nothing if it told none."""
    digest = ""
    with answering():
        for step in api.push(repository, tag, stream=True, decode=True, auth_config={"username": "", "password": ""}):
            if not deadline.remaining():
                raise NotAssessed(f"The lab's registry has not taken the image within {PUSH_S:g} s.", "Grade again.")
            if problem := step.get("error"):
                raise NotAssessed(f"The lab's registry does not take the image: {problem}.", SET)
            digest = str((step.get("aux") or {}).get("Digest") or digest)
    return digest
