"""The pods of a workload as we apply them: our images, and nothing of nodes, classes and owners."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from infra_grader.reading.kube_rewrite_metadata import clean_marks, clean_ties
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_workload import Workload

Note = Callable[[tuple[str | int, ...], str], None]
CONTAINERS = ("initContainers", "containers")
OF_THE_CLUSTER = {
    "nodeName": "a node that the scheduler chooses",
    "priority": "the usual priority",
    "priorityClassName": "the usual priority",
    "runtimeClassName": "the usual runtime",
    "preemptionPolicy": "the usual priority",
}
"""Settings of a pod by which one would push others aside, or that name what only another cluster has."""
TOKEN_S = 3600
"""Seconds that a token lasts at most; the kubelet fetches a new one in time."""


def rewrite_pod(data: dict[str, Any], manifest: Manifest, images: Mapping[str, str], note: Note) -> None:
    """Rewrite the template of a workload in place."""
    path = Workload(manifest).pod.path
    pod, template = _at(data, path), _at(data, path[:-1])
    claims = enumerate(_list(_at(data, ("spec",)).get("volumeClaimTemplates")))
    templates = [(("spec", "volumeClaimTemplates", number), claim) for number, claim in claims]
    for place, each in [*templates, *([(path[:-1], template)] if len(path) > 1 else [])]:
        if isinstance(each, dict) and isinstance(each.get("metadata"), dict):
            each["metadata"].pop("namespace", None)
            clean_ties(each["metadata"], (*place, "metadata"), note)
            clean_marks(each["metadata"], (*place, "metadata"), note)
    for key, expected in OF_THE_CLUSTER.items():
        if pod.pop(key, None) is not None:
            note((*path, key), expected)
    for place, container in _containers(pod):
        _image(container, (*path, *place), images, note)
    for place, token in _tokens(pod):
        seconds = token.get("expirationSeconds")
        if isinstance(seconds, int) and seconds > TOKEN_S:
            token["expirationSeconds"] = TOKEN_S
            note((*path, *place, "expirationSeconds"), f"at most {TOKEN_S} seconds")


def chosen_image(image: str, images: Mapping[str, str]) -> str | None:
    """Return the reference of the image that we built for one of the submission's; `None` where there is none."""
    if image in images.values():
        return image
    plain = image.partition("@")[0]
    wanted = (image, plain, plain if ":" in plain.rpartition("/")[2] else f"{plain}:latest")
    return next((ours for glob, ours in images.items() if any(fnmatchcase(each, glob) for each in wanted)), None)


def _image(container: dict[str, Any], path: tuple[str | int, ...], images: Mapping[str, str], note: Note) -> None:
    image = container.get("image")
    ours = chosen_image(image, images) if isinstance(image, str) else None
    if ours is None or ours == image:
        return
    container["image"] = ours
    note((*path, "image"), ours)
    if container.get("imagePullPolicy") == "Never":  # right for an image that was loaded into the node by hand
        container["imagePullPolicy"] = "IfNotPresent"


def _containers(pod: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    for key in CONTAINERS:
        for number, container in enumerate(_list(pod.get(key))):
            if isinstance(container, dict):
                yield (key, number), container


def _tokens(pod: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield what a pod says of the tokens that its volumes hold."""
    for number, volume in enumerate(_list(pod.get("volumes"))):
        for index, source in enumerate(_list(_at(volume, ("projected",)).get("sources"))):
            if token := _at(source, ("serviceAccountToken",)):
                yield ("volumes", number, "projected", "sources", index, "serviceAccountToken"), token


def _at(data: Any, path: tuple[str | int, ...]) -> dict[str, Any]:
    """Return the mapping at a path; an empty one where there is none."""
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
