"""What an instructor says of a cluster in which work is graded: that it may be used, and how much of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from infra_grader.capabilities.kubernetes_owner import DOMAIN
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record

if TYPE_CHECKING:
    from infra_grader.capabilities.kubernetes import Cluster

HOME = "infra-grader"
"""The namespace that marks a lab, and holds its settings and the turns of graders."""
LAB_LABEL = f"{DOMAIN}/lab"
SETTINGS = "infra-grader-lab"
"""The ConfigMap with the settings."""
USE = (
    f"Name the context with --kube-context, or mark the cluster as a lab: `kubectl create namespace {HOME}` and "
    f"`kubectl label namespace {HOME} {LAB_LABEL}=true`."
)
REGISTRY = re.compile(r"[a-zA-Z0-9.-]+(?::\d{1,5})?(?:/[a-z0-9._/-]+)?")
IMAGE = re.compile(r"[a-zA-Z0-9][\w.:/@-]*")


class Lab(Record):
    """The settings of a lab."""

    registry: str = ""
    """Where images that we build are pushed to, and nodes pull them from; nothing where there is none."""
    mirror: bool = False
    """Whether the nodes pull every image from that registry, so that there is none that it has not."""
    probe_image: str = "python:3.11-slim"
    """Image of the pods that ask; it has `python3`."""
    request_scale: Fraction = Fraction(1)
    """What the requests in our copy of the manifests are multiplied by."""
    namespaces: int = 4
    """How many submissions may be in the cluster at once, over all graders."""
    turn_seconds: int = 15
    """Seconds of silence after which the turn of a grader is over."""
    internet: bool = False
    """Whether learners' pods may reach public addresses."""


def read_lab(cluster: Cluster) -> Lab:
    """Return the settings of a cluster. Raises `NotAssessed` for one that says something else than it may."""
    config_maps = cluster.resource("v1", "ConfigMap")
    found = cluster.get(config_maps, SETTINGS, HOME) if config_maps is not None else None
    return lab_of((found or {}).get("data") or {})


def lab_of(data: Mapping[str, Any]) -> Lab:
    """Return the settings that a ConfigMap holds; raises as `read_lab` does."""
    given = {}
    for name, text in data.items():
        if name not in READERS:
            known = ", ".join(sorted(READERS))
            raise NotAssessed(f"The lab's settings know no {name}.", f"ConfigMap {HOME}/{SETTINGS} may hold {known}.")
        wanted, read = READERS[name]
        value = read(str(text).strip())
        if value is None:
            raise NotAssessed(
                f"The lab's setting {name} is {str(text)[:80]!r}, which is not {wanted}.",
                f"Correct it: `kubectl -n {HOME} edit configmap {SETTINGS}`.",
            )
        given[name.replace("-", "_")] = value
    return Lab(**given)


def is_marked(cluster: Cluster) -> bool:
    """Whether a cluster is marked as a lab."""
    namespaces = cluster.resource("v1", "Namespace")
    found = cluster.get(namespaces, HOME) if namespaces is not None else None
    labels = ((found or {}).get("metadata") or {}).get("labels") or {}
    return bool(labels.get(LAB_LABEL) == "true")


def _whole(least: int, most: int) -> Callable[[str], int | None]:
    return lambda text: int(text) if text.isdecimal() and len(text) < 9 and least <= int(text) <= most else None


def _share(text: str) -> Fraction | None:
    if not re.fullmatch(r"\d{1,3}(?:\.\d{1,6})?", text):
        return None
    share = Fraction(text)
    return share if 0 < share <= 1 else None


READERS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "registry": ("host:port", lambda text: text if REGISTRY.fullmatch(text) else None),
    "mirror": ("true or false", {"true": True, "false": False}.get),
    "probe-image": ("the name of an image", lambda text: text if IMAGE.fullmatch(text) else None),
    "request-scale": ("a number above 0, at most 1", _share),
    "namespaces": ("a whole number from 1 to 100", _whole(1, 100)),
    "turn-seconds": ("a whole number from 5 to 300", _whole(5, 300)),
    "internet": ("true or false", {"true": True, "false": False}.get),
}
