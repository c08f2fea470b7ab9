"""What keeps a submission's pods to themselves, and changes nothing of what is judged.

Policies add up: whatever one of them allows is allowed, so that a policy of ours that let the pods of a namespace talk
to each other would undo the learner's own. Ours therefore select only the pods that no policy of the learner's
isolates in the same direction, by the opposite of their selectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from infra_grader.capabilities.kubernetes_owner import RUN_LABEL
from infra_grader.model.outcome import NotAssessed

Term = Mapping[str, Any]
"""An expression of a selector."""
MOST = 64
"""Policies of ours for one direction."""
OPPOSITE = {"In": "NotIn", "NotIn": "In", "Exists": "DoesNotExist", "DoesNotExist": "Exists"}
DNS = {
    "to": [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ],
    "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
}
PUBLIC = {
    "to": [
        {
            "ipBlock": {
                "cidr": "0.0.0.0/0",
                "except": [
                    "0.0.0.0/8",
                    "10.0.0.0/8",
                    "100.64.0.0/10",  # behind the address translation of providers
                    "127.0.0.0/8",
                    "169.254.0.0/16",  # link-local, and where clouds tell machines their secrets
                    "172.16.0.0/12",
                    "192.0.0.0/24",
                    "192.0.2.0/24",
                    "192.88.99.0/24",
                    "192.168.0.0/16",
                    "198.18.0.0/15",
                    "198.51.100.0/24",
                    "203.0.113.0/24",
                    "224.0.0.0/3",  # multicast, and what is reserved
                ],
            }
        },
        {
            "ipBlock": {
                "cidr": "2000::/3",  # all that is given to anybody; private, local and mapped addresses lie outside
                "except": ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],  # tunnels to IPv4, and documents
            }
        },
    ]
}
"""Every public address, and no other."""


def guards(
    run: str, policies: Sequence[Mapping[str, Any]], *, api: Iterable[tuple[str, int]] = (), internet: bool = False
) -> list[dict[str, Any]]:
    """Return the policies that keep the pods of a run to its own namespaces and the DNS, beside the learner's.

    `api` are addresses and ports of the cluster's API, where the pods may ask it; with `internet`, they may reach
    public addresses too.
    """
    ours = {"namespaceSelector": {"matchLabels": {RUN_LABEL: run}}}
    asks = [
        {
            "to": [{"ipBlock": {"cidr": f"{host}/{128 if ':' in host else 32}"}}],
            "ports": [{"port": port, "protocol": "TCP"}],
        }
        for host, port in api
    ]
    rules: dict[str, dict[str, Any]] = {
        "Ingress": {"ingress": [{"from": [ours]}]},
        "Egress": {"egress": [{"to": [ours]}, DNS, *asks, *([PUBLIC] if internet else [])]},
    }
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": f"infra-grader-{direction.lower()}-{number}", "labels": {RUN_LABEL: run}},
            "spec": {"podSelector": selector, "policyTypes": [direction], **rule},
        }
        for direction, rule in rules.items()
        for number, selector in enumerate(left_alone(policies, direction), start=1)
    ]


def left_alone(policies: Sequence[Mapping[str, Any]], direction: str) -> list[dict[str, Any]]:
    """Return selectors which together choose exactly the pods that no policy isolates in a direction.

    Raises `NotAssessed` where that takes more of them than `MOST`.
    """
    isolating = [terms for each in policies if (terms := _selected(each, direction)) is not None]
    if any(not terms for terms in isolating):
        return []  # one that selects every pod
    chosen: list[dict[str, Term]] = [{}]
    for terms in isolating:
        opposites = [_opposite(term) for term in terms]
        chosen = _widest({**one, str(term): term} for one in chosen for term in opposites)
        if len(chosen) > MOST:
            raise NotAssessed(
                "The NetworkPolicies select pods in too many ways to tell which pods none of them selects.",
                "Tell the author of the rubric: this work is judged by hand.",
            )
    return [{"matchExpressions": list(one.values())} if one else {} for one in chosen]


def _widest(found: Iterable[dict[str, Term]]) -> list[dict[str, Term]]:
    """Return selectors without those that choose nothing but what another one chooses."""
    kept: list[dict[str, Term]] = []
    for one in sorted(found, key=len):
        if not any(other.keys() <= one.keys() for other in kept):
            kept.append(one)
    return kept


def _selected(policy: Mapping[str, Any], direction: str) -> tuple[Term, ...] | None:
    """Return what a policy selects; `None` if it does not isolate in this direction, or no cluster would take it."""
    spec = policy.get("spec")
    selector = spec.get("podSelector") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(selector, dict | None):
        return None
    types = spec.get("policyTypes") or (("Ingress", "Egress") if spec.get("egress") else ("Ingress",))
    labels, expressions = (selector or {}).get("matchLabels") or {}, (selector or {}).get("matchExpressions") or []
    if not isinstance(types, list | tuple) or direction not in types:
        return None
    if not isinstance(labels, dict) or not isinstance(expressions, list):
        return None
    wanted = [{"key": key, "operator": "In", "values": [value]} for key, value in labels.items()]
    return (*wanted, *expressions) if all(map(_is_sound, expressions)) else None


def _is_sound(term: Any) -> bool:
    """Whether a cluster would take an expression."""
    if not isinstance(term, dict) or not term.get("key") or not isinstance(term.get("operator"), str):
        return False
    values = term.get("values") or []
    return term["operator"] in OPPOSITE and isinstance(values, list) and bool(values) is ("In" in term["operator"])


def _opposite(term: Term) -> Term:
    values = {"values": list(term["values"])} if term.get("values") else {}
    return {"key": term["key"], "operator": OPPOSITE[term["operator"]], **values}
