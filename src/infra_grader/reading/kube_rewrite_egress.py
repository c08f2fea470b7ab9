"""Where a learner's NetworkPolicies let pods out to, as we apply them: no further than pods without any policy get.

Policies add up, so that none of ours could take back what one of the learner's allows. What theirs lets out inside of
the run's namespaces and to DNS stays as it is, and so does what it selects. The manifest itself stays too: the change
is made for the cluster alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from infra_grader.capabilities.kubernetes_guard import DNS, PUBLIC
from infra_grader.capabilities.kubernetes_owner import DOMAIN, RUN_LABEL
from infra_grader.model.record import Record

Note = Callable[[tuple[str | int, ...], str], None]
Network = IPv4Network | IPv6Network
Peer = Mapping[str, Any]
POLICY = ("networking.k8s.io", "NetworkPolicy")
NAME_LABEL = "kubernetes.io/metadata.name"
SHAPE = re.compile(r"[0-9a-fA-F:.]+/[0-9]{1,3}")
LEADING_ZEROS = re.compile(r"(?<![0-9a-fA-F])0+(?=[0-9])")
MAPPED = 96
"""Bits before an IPv4 address that is written as one of IPv6."""
DNS_PODS: Peer = DNS["to"][0]  # type: ignore[index]
IN_DNS, IS_DNS = (next(iter(DNS_PODS[key]["matchLabels"].items())) for key in ("namespaceSelector", "podSelector"))
"""The labels of the namespace of the cluster's DNS, and of its pods."""
NOBODY: Peer = {"podSelector": {"matchLabels": {f"{DOMAIN}/nobody": "true"}}}
"""In place of a list without peers, which would mean everybody."""


class Reach(Record):
    """How far pods of a run may get."""

    run: str
    internet: bool = False
    """Whether they may reach public addresses."""
    dns: tuple[str, ...] = ()
    """Addresses of the pods of the cluster's DNS; only asked for where a policy names addresses."""
    api: tuple[tuple[str, int], ...] = ()
    """Addresses and ports of the cluster's API, where the pods may ask it."""

    @property
    def ours(self) -> Peer:
        """All pods of the run."""
        return {"namespaceSelector": {"matchLabels": {RUN_LABEL: self.run}}}


def narrow_egress(policy: Mapping[str, Any], reach: Reach) -> dict[str, Any]:
    """Return a NetworkPolicy that lets out to what it did and a pod of the run may reach.

    What no cluster takes stays as it is, for the cluster to say so.
    """
    spec = policy.get("spec")
    rules = spec.get("egress") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(rules, list):
        return dict(policy)
    made = [one for rule in rules for one in _narrowed({} if rule is None else rule, reach)]
    return {**policy, "spec": {**spec, "egress": made}}


def note_egress(data: Mapping[str, Any], note: Note) -> None:
    """Say which rules of a policy are narrowed."""
    spec, namespace = data.get("spec"), (data.get("metadata") or {}).get("namespace")
    rules = spec.get("egress") if isinstance(spec, dict) else None
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        peers = (rule or {}).get("to") if isinstance(rule, dict | None) else "all"
        if not peers or (isinstance(peers, list) and any(_leads_beyond(peer, namespace) for peer in peers)):
            note(("spec", "egress", number), "the run's own namespaces, DNS, and what else the lab lets pods reach")


def names_addresses(policy: Mapping[str, Any]) -> bool:
    """Whether a policy lets pods out to addresses."""
    spec = policy.get("spec")
    rules = spec.get("egress") if isinstance(spec, dict) else None
    lists = [rule.get("to") for rule in (rules if isinstance(rules, list) else ()) if isinstance(rule, dict)]
    peers = [peer for each in lists if isinstance(each, list) for peer in each]
    return any(isinstance(peer, dict) and peer.get("ipBlock") for peer in peers)


def _leads_beyond(peer: Any, namespace: object) -> bool:
    """Whether a peer may be something else than pods of a namespace, or of the cluster's DNS."""
    if not isinstance(peer, dict):
        return False
    spaces, pods = ((peer.get(key) or {}) for key in ("namespaceSelector", "podSelector"))
    if peer.get("ipBlock") is not None:
        return True
    is_inside = peer.get("namespaceSelector") is None or _labels(spaces).get(NAME_LABEL) == namespace
    return not is_inside and _labels(pods).get(IS_DNS[0]) != IS_DNS[1]


def _labels(selector: Any) -> Mapping[str, Any]:
    labels = selector.get("matchLabels") if isinstance(selector, dict) else None
    return labels if isinstance(labels, dict) else {}


def _narrowed(rule: Any, reach: Reach) -> list[Any]:
    peers = rule.get("to") if isinstance(rule, dict) else ""
    if not isinstance(peers, list | None):
        return [rule]
    if peers:
        to = [one for peer in peers for one in _peers(peer, reach)] or [NOBODY]
    else:
        to = [reach.ours, DNS_PODS, *(PUBLIC["to"] if reach.internet else ())]
    return [{**rule, "to": to}, *_to_api(rule, peers or [], reach)]


def _peers(peer: Any, reach: Reach) -> Iterator[Any]:
    """Yield what is left of a peer."""
    keys = ("ipBlock", "namespaceSelector", "podSelector")
    block, spaces, pods = (peer.get(key) if isinstance(peer, dict) else None for key in keys)
    if block is not None and spaces is None and pods is None:
        read = _block(block)
        yield from [peer] if read is None else _addresses(*read, reach)
    elif spaces is not None and block is None:
        yield {**peer, "namespaceSelector": _both(spaces, RUN_LABEL, reach.run)}
        of_dns = {"namespaceSelector": _both(spaces, *IN_DNS), "podSelector": _both(pods or {}, *IS_DNS)}
        yield {**peer, **of_dns}
    else:
        yield peer  # pods of the policy's own namespace, or what no cluster takes


def _both(selector: Any, key: str, value: str) -> Any:
    """Return a selector that asks for a label besides."""
    labels, expressions = (
        selector.get(part) if isinstance(selector, dict) else "" for part in ("matchLabels", "matchExpressions")
    )
    if not isinstance(labels, dict | None) or not isinstance(expressions, list | None):
        return selector  # no cluster takes it
    if (labels or {}).get(key, value) == value:
        return {**selector, "matchLabels": {**(labels or {}), key: value}}
    return {**selector, "matchExpressions": [*(expressions or ()), {"key": key, "operator": "In", "values": [value]}]}


def _block(block: Any) -> tuple[Network, list[Network]] | None:
    """Return the network that a block names and those which it leaves out; `None` for one that no cluster takes."""
    named = block.get("except") if isinstance(block, dict) else ""
    if not isinstance(named, list | None):
        return None
    whole, holes = _network(block.get("cidr")), [_network(each) for each in named or ()]
    if whole is None or not all(each and each != whole and _is_in(each, whole) for each in holes):
        return None
    return whole, [each for each in holes if each]


def _network(text: Any) -> Network | None:
    """Return a network as the API reads it, which takes `010.0.0.0/8` for 10.0.0.0/8."""
    if not isinstance(text, str) or not SHAPE.fullmatch(text):
        return None
    try:
        found = ip_network(LEADING_ZEROS.sub("", text), strict=False)
    except ValueError:
        return None
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    if mapped is not None and found.prefixlen >= MAPPED:
        return IPv4Network((mapped, found.prefixlen - MAPPED))
    return found


def _addresses(whole: Network, holes: list[Network], reach: Reach) -> Iterator[Peer]:
    """Yield what of a block may be reached. One that holds DNS holds the addresses of pods, ours among them."""
    reached = [address for address in reach.dns if _holds(whole, holes, address)]
    yield from ({"ipBlock": {"cidr": _alone(address)}} for address in reached)
    if reached:
        yield reach.ours
    for public in PUBLIC["to"] if reach.internet else ():
        block = _block(public["ipBlock"])
        shared = _shared((whole, holes), block) if block is not None else None
        if shared is not None:
            yield {"ipBlock": shared}


def _shared(one: tuple[Network, list[Network]], other: tuple[Network, list[Network]]) -> dict[str, Any] | None:
    """Return the block of the addresses that two have in common; `None` where there are none."""
    if not (_is_in(one[0], other[0]) or _is_in(other[0], one[0])):
        return None
    base = one[0] if _is_in(one[0], other[0]) else other[0]
    holes = [each for each in (*one[1], *other[1]) if each.version == base.version]
    if any(_is_in(base, each) for each in holes):
        return None
    cut = {str(each): None for each in holes if _is_in(each, base)}
    return {"cidr": str(base), **({"except": list(cut)} if cut else {})}


def _to_api(rule: Mapping[str, Any], peers: list[Any], reach: Reach) -> Iterator[dict[str, Any]]:
    """Yield the rules for the cluster's API, as far as a rule lets pods out to it."""
    blocks = [_block(peer["ipBlock"]) for peer in peers if isinstance(peer, dict) and peer.get("ipBlock")]
    for host, port in reach.api:
        is_named = not peers or any(block is not None and _holds(*block, host) for block in blocks)
        if is_named and _opens(rule.get("ports"), port):
            yield {"to": [{"ipBlock": {"cidr": _alone(host)}}], "ports": [{"port": port, "protocol": "TCP"}]}


def _opens(ports: Any, wanted: int) -> bool:
    if not ports:
        return True
    for each in ports if isinstance(ports, list) else ():
        first = each.get("port") if isinstance(each, dict) else ""
        if not isinstance(first, int | None) or (each.get("protocol") or "TCP") != "TCP":
            continue
        if first is None or first <= wanted <= (each.get("endPort") or first):
            return True
    return False


def _is_in(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # of one version


def _holds(whole: Network, holes: list[Network], address: str) -> bool:
    asked = ip_address(address)
    return asked in whole and not any(asked in each for each in holes)


def _alone(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"
