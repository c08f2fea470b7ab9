"""An object of a kind that the submission defines: made, watched, ended, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Annotated, Any

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Cluster, Refused, Resource
from infra_grader.model.record import Record
from infra_grader.plugin import Context, Meta, NotAssessed, Params
from infra_grader.reading.kube_seen import is_ours
from infra_grader.reading.kube_tree import hold

Objects = list[Mapping[str, Any]]


class Made(Params):
    """What an operator makes for an object."""

    kind: Annotated[str, Meta(min_length=1, description="Kind of what it makes.")]
    api_version: Annotated[str, Meta(min_length=1, description="Its `apiVersion`.")] = "v1"
    name: Annotated[str, Meta(description="Its name, as a glob.")] = "*"
    count: Annotated[int, Meta(ge=1, le=50, description="How many of them there are at least.")] = 1
    expect: Annotated[
        dict[str, Any], Meta(description="A part of each, as for `kubernetes.resource`; nothing where left out.")
    ] = msgspec.field(default_factory=dict)


class Life(Record):
    """One object from its beginning to its end."""

    is_served: bool
    """Whether the cluster has the kind."""
    admitted: tuple[str, ...] = ()
    """For each object that should be refused: what the API said, or nothing where it took it."""
    refused: str = ""
    """Why the API did not take the object itself."""
    last: Mapping[str, Any] = {}
    """The object as it was when all was right or the time was up."""
    made: tuple[tuple[str, ...], ...] = ()
    """For each kind that is made: the names of those that are as asked."""
    seconds: float = 0.0
    """Until all was right, or the time was up."""
    gone_after: float | None = None
    """Seconds until it was gone; `None` where it stayed, and we had to take its finalizers away."""
    finalizers: tuple[str, ...] = ()
    """Those that it had when its end was asked for."""
    left: tuple[str, ...] = ()
    """What was made for it and outlived it."""


class Subject(Record):
    """What is to be done with an object."""

    namespace: str
    manifest: Mapping[str, Any]
    refuses: tuple[Mapping[str, Any], ...]
    """Manifests that the kind's schema should not admit."""
    expect: Mapping[str, Any]
    makes: tuple[Made, ...]
    seconds: float
    gone_s: float
    is_namespaced: bool = True
    """What its definition says of the kind."""


def live_through(context: Context, subject: Subject) -> Life:
    """Make the object, watch what becomes of it, end it, and return what was seen; nothing of it is left."""
    cluster = context.kubernetes.cluster
    resource = cluster.resource(str(subject.manifest["apiVersion"]), str(subject.manifest["kind"]))
    if resource is None or resource.is_namespaced != subject.is_namespaced:  # another kind of the same name
        return Life(is_served=False)
    admitted = tuple(_said(cluster, each, subject.namespace) for each in subject.refuses)
    makers = [(each, cluster.resource(each.api_version, each.kind)) for each in subject.makes]
    if missing := [each.kind for each, found in makers if found is None]:
        raise NotAssessed(f"The cluster has no kind {missing[0]}.", "Tell the author of the rubric.")
    kinds = [found for _, found in makers if found is not None]
    before = [{each["metadata"]["name"] for each in cluster.list(kind, subject.namespace)} for kind in kinds]
    name = str(subject.manifest["metadata"]["name"])
    began = time.monotonic()
    try:
        cluster.create(subject.manifest, subject.namespace)
    except Refused as error:
        return Life(is_served=True, admitted=admitted, refused=error.message)
    life = Life(is_served=True, admitted=admitted)
    try:
        life = _watched(context, subject, resource, kinds, before, life)
        life = life.replace(seconds=round(time.monotonic() - began, 2))
        return _ended(context, subject, resource, kinds, life)
    finally:
        _release(cluster, resource, name, subject.namespace)


def _said(cluster: Cluster, manifest: Mapping[str, Any], namespace: str) -> str:
    try:
        cluster.create(manifest, namespace, dry_run=True)
    except Refused as error:
        return error.message or "refused"
    return ""


def _watched(
    context: Context,
    subject: Subject,
    resource: Resource,
    kinds: Sequence[Resource],
    before: Sequence[set[str]],
    life: Life,
) -> Life:
    """Watch the object and what is made for it, until all is as asked or the time is up."""
    name, found = subject.manifest["metadata"]["name"], life

    def look(lists: list[Objects]) -> Life | None:
        nonlocal found
        own = next((each for each in lists[0] if each["metadata"]["name"] == name), {})
        made = tuple(
            tuple(sorted(_fitting(wanted, each, there)))
            for wanted, each, there in zip(subject.makes, lists[1:], before, strict=True)
        )
        finalizers = tuple((own.get("metadata") or {}).get("finalizers") or ())
        found = life.replace(last=dict(own), made=made, finalizers=finalizers)
        is_right = bool(own) and not hold(subject.expect, own).differences
        is_made = all(len(names) >= each.count for each, names in zip(subject.makes, made, strict=True))
        return found if is_right and is_made else None

    context.tell(f"wait for {subject.manifest['kind']} {name}")
    deadline = Deadline(min(subject.seconds, context.deadline.remaining()))
    with context.kubernetes.cluster.watch(*((each, subject.namespace) for each in (resource, *kinds))) as watch:
        watch.until(look, deadline)
    return found


def _fitting(wanted: Made, objects: Objects, there: set[str]) -> list[str]:
    """Return the names of those that were made since and are as asked."""
    return [
        str(each["metadata"]["name"])
        for each in objects
        if each["metadata"]["name"] not in there
        and not is_ours(each)
        and fnmatchcase(each["metadata"]["name"], wanted.name)
        and (not wanted.expect or not hold(wanted.expect, each).differences)
    ]


def _ended(context: Context, subject: Subject, resource: Resource, kinds: Sequence[Resource], life: Life) -> Life:
    """Ask for the end of the object, and see whether it and what was made for it go."""
    name, cluster = str(subject.manifest["metadata"]["name"]), context.kubernetes.cluster
    began = time.monotonic()
    gone_after: list[float] = []
    left: list[str] = []

    def look(lists: list[Objects]) -> bool | None:
        names = [{str(each["metadata"]["name"]) for each in one} for one in lists]
        if name not in names[0] and not gone_after:
            gone_after.append(round(time.monotonic() - began, 2))
        left[:] = [
            f"{kind.kind} {one}"
            for kind, made, there in zip(kinds, life.made, names[1:], strict=True)
            for one in made
            if one in there
        ]
        return True if gone_after and not left else None

    context.tell(f"end {subject.manifest['kind']} {name}")
    cluster.delete(resource, name, subject.namespace)
    deadline = Deadline(min(subject.gone_s, context.deadline.remaining()))
    with cluster.watch(*((each, subject.namespace) for each in (resource, *kinds))) as watch:
        watch.until(look, deadline)
    return life.replace(gone_after=gone_after[0] if gone_after else None, left=tuple(left))


def _release(cluster: Cluster, resource: Resource, name: str, namespace: str) -> None:
    """Let the object go, whatever finalizer holds it: its namespace could not go either."""
    with suppress(NotAssessed, Refused):
        if cluster.get(resource, name, namespace) is not None:
            cluster.delete(resource, name, namespace)
            cluster.patch(resource, name, namespace, {"metadata": {"finalizers": None}})
