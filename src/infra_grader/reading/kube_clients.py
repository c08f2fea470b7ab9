"""Who may reach pods by the NetworkPolicies that select them: a client that one of their own rules lets in."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra_grader.capabilities.kubernetes_owner import DOMAIN
from infra_grader.model.record import Record
from infra_grader.reading.manifest_workload import selects

ANY_VALUE = "any"
HELD = ("kubernetes.io/metadata.name", "pod-security.kubernetes.io/", f"{DOMAIN}/")
"""How labels begin that a namespace of ours has, or has not, for good."""
EVERYBODY = 0
"""Bits of a network that holds every address."""


class Client(Record):
    """A pod that a rule lets in."""

    labels: Mapping[str, str] = {}
    namespace_labels: Mapping[str, str] | None = None
    """Labels of the namespace that it has to be in; `None` for the namespace of the policy itself."""


def admitted_clients(
    policies: Sequence[Mapping[str, Any]],
    labels: Mapping[str, str],
    ports: Sequence[int | str],
    own_namespace: Mapping[str, str],
) -> list[Client] | None:
    """Return a client for each way in which rules let pods in, nearest first; `None` where no policy keeps any out.

    `labels` are those of the pods that are asked, `ports` the number and name of their port, and `own_namespace` the
    labels of their namespace. Addresses of single networks name no pod, and are left out.
    """
    isolating = [each for each in policies if _isolates(each, labels)]
    if not isolating:
        return None
    found = [
        client
        for each in isolating
        for rule in each["spec"].get("ingress") or ()
        if _opens(rule, ports)
        for client in _clients(rule, own_namespace)
    ]
    unique = {(str(sorted(each.labels.items())), str(each.namespace_labels)): each for each in found}
    return sorted(unique.values(), key=lambda each: each.namespace_labels is not None)


def can_be_made(client: Client) -> bool:
    """Whether a namespace of ours can bear the labels that a client's has to.

    Its name is never ours to choose, and no rule changes the labels by which it is ours and held in.
    """
    return not any(key.startswith(HELD) for key in client.namespace_labels or ())


def _isolates(policy: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    spec = policy.get("spec") or {}
    return "Ingress" in (spec.get("policyTypes") or ["Ingress"]) and selects(spec.get("podSelector") or {}, labels)


def _opens(rule: Mapping[str, Any], ports: Sequence[int | str]) -> bool:
    """Whether a rule is about one of the ports, or about all."""
    named = rule.get("ports")
    if not named:
        return True
    for each in named:
        port = each.get("port")
        if each.get("protocol", "TCP") != "TCP":
            continue
        last = each.get("endPort", port)
        if port is None or port in ports:
            return True
        if isinstance(port, int) and any(isinstance(one, int) and port <= one <= last for one in ports):
            return True
    return False


def _clients(rule: Mapping[str, Any], own_namespace: Mapping[str, str]) -> Iterator[Client]:
    peers = rule.get("from")
    if not peers:
        yield Client()
        return
    for peer in peers:
        if "ipBlock" in peer:
            if _is_everybody(peer["ipBlock"]):
                yield Client()
            continue
        labels = labels_for(peer.get("podSelector") or {})
        if labels is None:
            continue
        spaces = peer.get("namespaceSelector")
        if spaces is None or selects(spaces, own_namespace):
            yield Client(labels=labels)
        elif (others := labels_for(spaces)) is not None:
            yield Client(labels=labels, namespace_labels=others)


def labels_for(selector: Mapping[str, Any]) -> dict[str, str] | None:
    """Return labels that a selector selects, as few as possible; `None` where none can be thought of."""
    found = {str(key): str(value) for key, value in (selector.get("matchLabels") or {}).items()}
    for each in selector.get("matchExpressions") or ():
        key, values = each.get("key", ""), each.get("values") or []
        if each.get("operator") == "In" and values:
            found.setdefault(key, values[0])
        elif each.get("operator") == "Exists":
            found.setdefault(key, ANY_VALUE)
    return found if selects(selector, found) else None


def _is_everybody(block: Mapping[str, Any]) -> bool:
    try:
        network = ipaddress.ip_network(str(block.get("cidr")), strict=False)
    except ValueError:
        return False
    return network.prefixlen == EVERYBODY and not block.get("except")
