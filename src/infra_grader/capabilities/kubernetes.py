"""A cluster: its objects are read, applied, watched and removed, its pods asked. Knows nothing of checks.

Whatever is asked of it raises `Unavailable` where the API does not answer, after some tries, and `NotAssessed` where
it does not accept who asks: neither is a learner's fault. `Refused` is about the object that was given.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes_access import account_kubeconfig
from infra_grader.capabilities.kubernetes_connection import Connection, Refused, decoded
from infra_grader.capabilities.kubernetes_context import open_connection
from infra_grader.capabilities.kubernetes_exec import Ended
from infra_grader.capabilities.kubernetes_pods import Answer, PodAccess
from infra_grader.capabilities.kubernetes_resource import NAMESPACES, PODS, Resource, resources_of
from infra_grader.capabilities.kubernetes_watch import Selection, Watch
from infra_grader.model.record import Record

__all__ = ["NAMESPACES", "PODS", "Answer", "Applied", "Cluster", "Ended", "Refused", "Resource", "connect"]

MANAGER = "infra-grader"
"""Who we are among the managers of an object's fields."""
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
WARNING = re.compile(r'^\d{3} \S+ "((?:[^"\\]|\\.)*)"')
Object = Mapping[str, Any]
Objects = list[Mapping[str, Any]]
Found = TypeVar("Found")


class Applied(Record):
    """An object as the cluster took it."""

    object: Object
    warnings: tuple[str, ...] = ()
    """What the cluster has to say about it."""


class Cluster(PodAccess):
    """A cluster whose API is asked as somebody who is named in a kubeconfig. Safe from several threads at once."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._served: dict[str, dict[str, Resource]] = {}
        self._asked: set[Resource] = set()
        self._lock = threading.Lock()

    @property
    def context(self) -> str:
        """Name of the context in the kubeconfig."""
        return self._connection.context

    @property
    def requests(self) -> int:
        """How many requests the API was sent."""
        return self._connection.requests

    @property
    def asked(self) -> list[Resource]:
        """The kinds that were asked for and found."""
        with self._lock:
            return sorted(self._asked, key=Resource.path)

    def version(self) -> str:
        """Return the version of the API server, such as `v1.34.1`."""
        return str(self._get("/version").get("gitVersion", ""))

    def resource(self, api_version: str, kind: str) -> Resource | None:
        """Return how the cluster serves a kind; `None` if it has none of this name, as where its CRD is missing.

        What it serves is asked once for each group; a kind that is not found is asked for anew each time.
        """
        with self._lock:
            found = self._served.get(api_version, {}).get(kind)
        if found is None and re.fullmatch(r"[a-z0-9.-]+(?:/[a-z0-9]+)?", api_version):
            served = self._discover(api_version)
            with self._lock:
                self._served[api_version] = served
            found = served.get(kind)
        if found is not None:
            with self._lock:
                self._asked.add(found)
        return found

    def get(self, resource: Resource, name: str, namespace: str = "") -> Object | None:
        """Return an object; `None` if there is none."""
        try:
            return self._get(resource.path(namespace, name))
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def list(self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = "") -> Objects:
        """Return the objects that the selectors choose, in a namespace or in all of them."""
        selection = Selection(path=resource.path(namespace), labels=labels, fields=fields)
        return list(self._get(selection.path, selection.query).get("items") or ())

    def apply(self, manifest: Object, namespace: str = "", *, force: bool = True, dry_run: bool = False) -> Applied:
        """Apply a manifest on the server's side, with us as the manager of its fields.

        Raises `Refused` where the cluster does not take it; a kind that it does not serve is refused with status 404.
        """
        resource = self._resource_of(manifest)
        name = str((manifest.get("metadata") or {}).get("name") or "")
        if not name:
            raise Refused(422, "Invalid", "the object has no name", (("metadata.name", "Required value"),))
        query = [("fieldManager", MANAGER), ("force", str(force).lower()), ("fieldValidation", "Strict")]
        query += [("dryRun", "All")] if dry_run else []
        answer = self._connection.ask(
            "PATCH", resource.path(namespace, name), query=query, body=manifest, content_type=APPLY
        )
        return Applied(object=decoded(answer), warnings=_warnings(answer))

    def patch(
        self, resource: Resource, name: str, namespace: str, body: Object, *, subresource: str = ""
    ) -> Mapping[str, Any]:
        """Change fields of an object by a JSON merge patch, and return it. Raises `Refused`."""
        path = resource.path(namespace, name, subresource)
        query = [("fieldManager", MANAGER)]
        return decoded(self._connection.ask("PATCH", path, query=query, body=body, content_type=MERGE))

    def create(self, manifest: Object, namespace: str = "", *, dry_run: bool = False) -> Applied:
        """Create an object. Raises `Refused`, with the reason `AlreadyExists` where there is one of its name."""
        query = [("fieldManager", MANAGER), ("fieldValidation", "Strict")] + ([("dryRun", "All")] if dry_run else [])
        path = self._resource_of(manifest).path(namespace)
        answer = self._connection.ask("POST", path, query=query, body=manifest)
        return Applied(object=decoded(answer), warnings=_warnings(answer))

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str = "",
        *,
        grace_s: int | None = None,
        propagation: str = "Background",
    ) -> bool:
        """Ask for the end of an object; returns whether there was one."""
        try:
            self._connection.ask("DELETE", resource.path(namespace, name), body=_ending(grace_s, propagation))
        except Refused as error:
            if error.status == 404:
                return False
            raise
        return True

    def delete_all(
        self,
        resource: Resource,
        namespace: str,
        *,
        labels: str = "",
        grace_s: int | None = None,
        propagation: str = "Background",
    ) -> None:
        """Ask for the end of all objects of a kind in a namespace that a selector chooses."""
        query = [("labelSelector", labels)] if labels else []
        self._connection.ask("DELETE", resource.path(namespace), query=query, body=_ending(grace_s, propagation))

    def watch(self, *selections: tuple[Resource, str] | tuple[Resource, str, str]) -> Watch:
        """Return a watch of several kinds at once: each a resource, a namespace, and maybe a label selector."""
        return Watch(
            self._connection,
            [Selection(path=each[0].path(each[1]), labels=each[2] if len(each) == 3 else "") for each in selections],
        )

    def await_(
        self,
        resource: Resource,
        namespace: str,
        look: Callable[[Objects], Found | None],
        deadline: Deadline,
        *,
        labels: str = "",
        fields: str = "",
        every_s: float | None = None,
    ) -> Found | None:
        """Return what `look` gives for the objects chosen, as soon as that is not `None`; `None` when time is up.

        It is given all of them each time that one changes, and each `every_s` seconds where asked to.
        """
        selection = Selection(path=resource.path(namespace), labels=labels, fields=fields)
        with Watch(self._connection, [selection]) as watch:
            return watch.until(lambda lists: look(lists[0]), deadline, every_s=every_s)

    def can_i(
        self,
        user: str,
        verb: str,
        group: str,
        resource: str,
        namespace: str = "",
        name: str = "",
        *,
        subresource: str = "",
    ) -> bool:
        """Return whether somebody may do something; `user` is a name, or `system:serviceaccount:NAMESPACE:NAME`."""
        asked = {"verb": verb, "group": group, "resource": resource, "namespace": namespace, "name": name}
        if subresource:
            asked["subresource"] = subresource
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "groups": _groups(user), "resourceAttributes": asked},
        }
        answer = self._connection.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body=review)
        return bool(decoded(answer).get("status", {}).get("allowed"))

    def account_kubeconfig(self, account: str, namespace: str, seconds: int) -> Mapping[str, Any]:
        """Return a kubeconfig by which a program acts as a ServiceAccount for some seconds, 600 at least."""
        return account_kubeconfig(self._connection, account, namespace, seconds)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def _get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Mapping[str, Any]:
        return decoded(self._connection.ask("GET", path, query=query))

    def _resource_of(self, manifest: Object) -> Resource:
        api_version, kind = str(manifest.get("apiVersion") or ""), str(manifest.get("kind") or "")
        found = self.resource(api_version, kind)
        if found is None:
            raise Refused(404, "NotFound", f"the cluster has no kind {kind or '(none)'} in {api_version or '(none)'}")
        return found

    def _discover(self, api_version: str) -> dict[str, Resource]:
        try:
            found = self._get(f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}")
        except Refused as error:
            if error.status == 404:
                return {}
            raise
        return resources_of(api_version, found.get("resources") or ())


def connect(context: str = "", scratch: Path | None = None) -> Cluster:
    """Return the cluster of a context, as `kubectl` finds it; of the current one if none is named.

    Keys of the kubeconfig are written below `scratch` while they are used. Raises `NotAssessed` where there is no
    library, no kubeconfig, no such context, or nobody who could log in.
    """
    return Cluster(open_connection(context, scratch))


def _ending(grace_s: int | None, propagation: str) -> dict[str, Any]:
    grace = {} if grace_s is None else {"gracePeriodSeconds": grace_s}
    return {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation, **grace}


def _warnings(answer: Any) -> tuple[str, ...]:
    found = (WARNING.match(line) for line in answer.headers.getlist("Warning"))
    return tuple(match[1].replace('\\"', '"') for match in found if match)


def _groups(user: str) -> list[str]:
    """Return the groups that the API gives to a user of this name."""
    words = user.split(":")
    if user.startswith("system:serviceaccount:") and len(words) == 4:
        return ["system:serviceaccounts", f"system:serviceaccounts:{words[2]}", "system:authenticated"]
    return ["system:unauthenticated"] if user == "system:anonymous" else ["system:authenticated"]
