"""Who asks in a check of the kind kubernetes.reachable: the rows of a rubric, as pods that can be made here."""

from __future__ import annotations

from typing import Literal

import msgspec

from infra_grader.capabilities.kubernetes import NAMESPACES
from infra_grader.capabilities.kubernetes_probe_pods import Place
from infra_grader.model.record import Record
from infra_grader.plugin import Annotated, Context, Meta, Params
from infra_grader.reading.kube_asker import find_policies
from infra_grader.reading.kube_clients import Client, admitted_clients, can_be_made
from infra_grader.reading.kube_enforcement import OUTSIDE
from infra_grader.reading.kube_seen import Things
from infra_grader.reading.kube_target import Chosen, Globs, matches


class Asking(Params):
    """Who asks, and whether it may reach the Service."""

    reaches: Annotated[bool, Meta(description="Whether it reaches the Service.")]
    where: Annotated[
        Literal["inside", "outside"], Meta(description="Whether it asks in the same namespace or in another one.")
    ] = "inside"
    labels: Annotated[dict[str, str], Meta(description="Labels of the pod that asks.")] = msgspec.field(
        default_factory=dict
    )
    like: Annotated[Globs, Meta(description="Names of a workload, as globs: it asks with the labels of its pods.")] = (
        msgspec.field(default_factory=list)
    )
    admitted: Annotated[
        bool, Meta(description="Whether it is a pod that a rule of the learner's own NetworkPolicies lets in.")
    ] = False
    title: Annotated[str, Meta(description="What it stands for, shown to the learner.")] = ""

    def __post_init__(self) -> None:
        """Refuse one that is two at once."""
        if sum(map(bool, (self.labels, self.like, self.admitted))) > 1:
            raise ValueError("one who asks has `labels`, or is `like` a workload, or is `admitted`")
        if self.admitted and not self.reaches:
            raise ValueError("one who is `admitted` reaches the Service")


class Asker(Record):
    """A pod to be made for one row, or why it cannot be."""

    who: str
    place: Place | None = None
    left_out: str = ""
    nobody: bool = False
    """Whether the learner's rules let no pod in at all."""


def asker_of(context: Context, things: Things, chosen: Chosen, asking: Asking, inside: str) -> Asker:
    """Return the pod that asks for a row; `inside` is the namespace of what is asked."""
    live = context.kubernetes
    who = title_of(asking)
    if asking.admitted:
        return _admitted(context, chosen, who, inside)
    namespace = inside if asking.where == "inside" else live.other_namespace(OUTSIDE)
    labels = asking.labels
    if asking.like:
        like = [each for each in things.workloads if matches(each.name, asking.like)]
        if not like:
            return Asker(who=who, left_out="there is no such workload")
        labels, who = dict(like[0].labels), f"{who}, like {like[0].title}"
    return Asker(who=who, place=Place(namespace=namespace, labels=labels))


def title_of(asking: Asking) -> str:
    """Return what a row is called."""
    if asking.title:
        return asking.title
    if asking.admitted:
        return "a pod that the rules let in"
    where = "a pod of this namespace" if asking.where == "inside" else "a pod of another namespace"
    return f"{where} with {_labels(asking.labels)}" if asking.labels else where


def elsewhere(context: Context, chosen: Chosen, place: Place, inside: str) -> str:
    """Return why a pod that was kept out says nothing: rules let such a pod in, from a namespace with other labels.

    Nothing where no rule does.
    """
    others = [
        each
        for each in _let_in(context, chosen, inside) or ()
        if each.namespace_labels and each.labels.items() <= dict(place.labels).items()
    ]
    return _not_here(others[0]) if others else ""


def _let_in(context: Context, chosen: Chosen, inside: str) -> list[Client] | None:
    """Return the clients that the learner's rules let in; `None` where no rule keeps anybody out."""
    live = context.kubernetes
    own = live.cluster.get(NAMESPACES, inside) or {}
    labels = (own.get("metadata") or {}).get("labels") or {}
    pods = chosen.workloads[0].labels if chosen.workloads else chosen.service.selector
    return admitted_clients(find_policies(live, inside), pods, chosen.pod_ports, labels)


def _not_here(client: Client) -> str:
    spaces = _labels(client.namespace_labels or {})
    return f"the rules let in only another namespace, {spaces}, which is not here"


def _admitted(context: Context, chosen: Chosen, who: str, inside: str) -> Asker:
    found = _let_in(context, chosen, inside)
    if found is None:
        return Asker(who=f"{who}: no policy keeps anybody out", place=Place(namespace=inside))
    if not found:
        return Asker(who=f"{who}: no rule lets a pod in", nobody=True)
    client = next(filter(can_be_made, found), None)
    if client is None:
        return Asker(who=who, left_out=_not_here(found[0]))
    return Asker(who=f"{who}: {_labels(client.labels) or 'any pod'}", place=_place_of(context, client, inside))


def _place_of(context: Context, client: Client, inside: str) -> Place:
    live = context.kubernetes
    if client.namespace_labels is None:
        return Place(namespace=inside, labels=client.labels)
    namespace = live.other_namespace("admitted")
    live.cluster.patch(NAMESPACES, namespace, "", {"metadata": {"labels": dict(client.namespace_labels)}})
    return Place(namespace=namespace, labels=client.labels)


def _labels(labels: object) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items()) if isinstance(labels, dict) else ""
