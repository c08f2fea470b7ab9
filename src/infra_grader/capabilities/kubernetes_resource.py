"""Kinds of objects as a cluster serves them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from infra_grader.model.record import Record


class Resource(Record):
    """A kind of object that the cluster serves."""

    api_version: str
    kind: str
    plural: str
    """Its name in the paths of the API."""
    is_namespaced: bool
    subresources: tuple[str, ...] = ()
    """Such as `status` and `scale`."""

    @property
    def group(self) -> str:
        """Its API group; nothing for the core."""
        return self.api_version.rpartition("/")[0]

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the path of its list, or of one object; of all namespaces where none is given."""
        root = f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        within = f"/namespaces/{quote(namespace)}" if self.is_namespaced and namespace else ""
        steps = [quote(step, safe="") for step in (name, subresource) if step]
        return "/".join([f"{root}{within}/{self.plural}", *steps])


PODS = Resource(api_version="v1", kind="Pod", plural="pods", is_namespaced=True)
NAMESPACES = Resource(api_version="v1", kind="Namespace", plural="namespaces", is_namespaced=False)


def resources_of(api_version: str, found: Iterable[Mapping[str, Any]]) -> dict[str, Resource]:
    """Return by kind what an API group serves, out of the API's own list."""
    served: dict[str, Resource] = {}
    ordered = sorted(found, key=lambda each: "/" in each["name"])
    below = [each["name"].split("/", 1) for each in ordered if "/" in each["name"]]
    for each in itertools.takewhile(lambda item: "/" not in item["name"], ordered):
        served[each["kind"]] = Resource(
            api_version=api_version,
            kind=each["kind"],
            plural=each["name"],
            is_namespaced=each["namespaced"],
            subresources=tuple(part for plural, part in below if plural == each["name"]),
        )
    return served
