"""Egress as we apply it: what a learner's policy lets out to, of what a pod of the run may reach, and nothing else."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.capabilities.kubernetes_guard import DNS, PUBLIC, guards
from infra_grader.reading.kube_rewrite_egress import Reach, names_addresses, narrow_egress, note_egress
from infra_grader.reading.manifest_workload import selects

RUN = "infra-grader.io/run"
NAME = "kubernetes.io/metadata.name"
DNS_ADDRESS = "10.42.0.3"
REACH = Reach(run="one", dns=(DNS_ADDRESS,), api=(("10.0.0.1", 6443),))
OURS, OUTSIDE = {NAME: "ours", RUN: "one", "team": "a"}, {NAME: "ours-outside", RUN: "one"}
OTHERS, SYSTEM = {NAME: "theirs", RUN: "two", "team": "a"}, {NAME: "kube-system"}
PODS: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "ours": (OURS, {"app": "db"}, "10.42.1.5"),
    "outside": (OUTSIDE, {"app": "api"}, "10.42.1.6"),
    "dns": (SYSTEM, {"k8s-app": "kube-dns"}, DNS_ADDRESS),
    "another of the system": (SYSTEM, {"app": "db"}, "10.42.0.4"),
    "another run": (OTHERS, {"app": "db"}, "10.42.1.7"),
}
"""Labels of the namespace, labels and address of pods that may be asked."""
ADDRESSES = ("10.0.0.1", "10.0.0.9", "169.254.169.254", "172.17.0.1", "8.8.8.8", "1.1.1.1", "2606:4700::1", "fd00::1")

LABELS = st.sampled_from([{}, {"app": "db"}, {"k8s-app": "kube-dns"}, {"app": "api"}])
SPACES = st.sampled_from(
    [
        {},
        {"matchLabels": {NAME: "kube-system"}},
        {"matchLabels": {NAME: "ours"}},
        {"matchLabels": {"team": "a"}},
        {"matchExpressions": [{"key": RUN, "operator": "Exists"}]},
        {"matchExpressions": [{"key": NAME, "operator": "NotIn", "values": ["kube-system"]}]},
    ]
)
HOLES = st.lists(st.sampled_from(["10.0.0.0/8", "169.254.0.0/16", "8.8.8.8/32", "10.42.0.0/16"]), unique=True)
BLOCKS = st.one_of(
    st.builds(lambda holes: {"cidr": "0.0.0.0/0", "except": holes}, HOLES),
    st.sampled_from(["0.0.0.0/0", "::/0", "10.0.0.0/8", "10.42.0.0/16", "8.8.8.0/24", "169.254.169.254/32"]).map(
        lambda cidr: {"cidr": cidr}
    ),
)
PEERS = st.one_of(
    LABELS.map(lambda labels: {"podSelector": {"matchLabels": labels}}),
    SPACES.map(lambda spaces: {"namespaceSelector": spaces}),
    st.builds(lambda s, p: {"namespaceSelector": s, "podSelector": {"matchLabels": p}}, SPACES, LABELS),
    BLOCKS.map(lambda block: {"ipBlock": block}),
)
PORTS = st.sampled_from([[{"port": 53, "protocol": "UDP"}], [{"port": 443}, {"port": 6443, "protocol": "TCP"}], []])
RULES = st.fixed_dictionaries({}, optional={"to": st.lists(PEERS, max_size=3), "ports": PORTS})


def policy(*rules: Any) -> dict[str, Any]:
    return {
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "ours"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": list(rules)},
    }


def lets_out(rules: Any, address: str, port: tuple[int, str], spaces: Any = None, labels: Any = None) -> bool:
    """Whether egress rules of a policy in `ours` let a packet out, as Kubernetes says."""
    return any(
        (not rule.get("to") or any(is_meant(peer, address, spaces, labels) for peer in rule["to"]))
        and (
            not rule.get("ports") or any((each["port"], each.get("protocol", "TCP")) == port for each in rule["ports"])
        )
        for rule in rules
    )


def is_meant(peer: Any, address: str, spaces: Any, labels: Any) -> bool:
    if "ipBlock" in peer:
        block, asked = peer["ipBlock"], ipaddress.ip_address(address)
        return asked in ipaddress.ip_network(block["cidr"]) and not any(
            asked in ipaddress.ip_network(each) for each in block.get("except", ())
        )
    if spaces is None:
        return False
    in_space = selects(peer["namespaceSelector"], spaces) if "namespaceSelector" in peer else spaces is OURS
    return in_space and selects(peer.get("podSelector", {}), labels)


@given(
    st.lists(RULES, max_size=3),
    st.sampled_from([*PODS, *ADDRESSES]),
    st.sampled_from([(53, "UDP"), (443, "TCP"), (6443, "TCP")]),
    st.booleans(),
)
def test_a_policy_lets_out_to_what_it_did_of_what_a_guarded_pod_may_reach(
    rules: Any, asked: str, port: tuple[int, str], internet: bool
) -> None:
    spaces, labels, address = PODS.get(asked, (None, None, asked))
    allowed = guards("one", [], api=REACH.api, internet=internet)[1]["spec"]["egress"]
    may = lets_out(allowed, address, port, spaces, labels) or asked == "dns"  # whatever its port
    narrowed = narrow_egress(policy(*rules), REACH.replace(internet=internet))["spec"]["egress"]
    did = lets_out(rules, address, port, spaces, labels)
    assert lets_out(narrowed, address, port, spaces, labels) is (did and may)


def test_a_rule_for_everything_leads_to_the_run_and_its_dns() -> None:
    [rule, api] = narrow_egress(policy({}), REACH)["spec"]["egress"]
    assert rule == {"to": [REACH.ours, DNS["to"][0]]}
    assert api == {"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}], "ports": [{"port": 6443, "protocol": "TCP"}]}
    [opened] = narrow_egress(policy(None), Reach(run="one", internet=True))["spec"]["egress"]
    assert opened["to"][2:] == PUBLIC["to"]


def test_what_leads_to_nobody_leads_to_nobody() -> None:
    narrowed = narrow_egress(policy({"to": [{"ipBlock": {"cidr": "169.254.169.254/32"}}]}), REACH)
    [rule] = narrowed["spec"]["egress"]
    assert rule["to"] == [{"podSelector": {"matchLabels": {"infra-grader.io/nobody": "true"}}}]
    assert narrow_egress(policy(), REACH) == policy()


@pytest.mark.parametrize(
    "block",
    [
        {"cidr": "000.0.0.0/0"},
        {"cidr": "169.254.169.254/16"},
        {"cidr": "::ffff:0.0.0.0/96", "except": ["10.0.0.0/8"]},
        {"cidr": "0.0.0.0/00", "except": ["::ffff:10.0.0.0/104"]},
    ],
)
def test_no_way_to_write_addresses_leads_further(block: Any) -> None:
    peer = {"ipBlock": block, "podSelector": None}
    rules = narrow_egress(policy({"to": [peer]}), REACH.replace(dns=(), internet=True))["spec"]["egress"]
    assert not lets_out(rules[:1], "169.254.169.254", (80, "TCP"))
    assert peer not in rules[0]["to"]


@pytest.mark.parametrize(
    "rule",
    [
        "all",
        {"to": "all"},
        {"to": [{"ipBlock": {"cidr": "10.0.0.0"}}]},
        {"to": [{"ipBlock": {"cidr": "300.0.0.0/8"}}]},
        {"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}}]},
        {"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["fd00::/8"]}}]},
        {"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": 5}}]},
        {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}, "podSelector": {}}]},
        {"to": [{}]},
        {"to": [None]},
        {"to": ["all"]},
    ],
)
def test_what_no_cluster_takes_stays_for_the_cluster_to_say_so(rule: Any) -> None:
    assert narrow_egress(policy(rule), Reach(run="one")) == policy(rule)


@pytest.mark.parametrize("spec", [None, [], {"egress": None}, {"egress": {}}, {"podSelector": {}}])
def test_a_policy_without_rules_stays(spec: Any) -> None:
    assert narrow_egress({"spec": spec}, REACH) == {"spec": spec}
    assert not names_addresses({"spec": spec})


def test_addresses_of_dns_are_asked_for_where_a_policy_names_any() -> None:
    assert names_addresses(policy({}, {"to": [{"podSelector": {}}, {"ipBlock": {"cidr": "10.0.0.0/8"}}]}))
    assert not names_addresses(policy({}, "x", {"to": [None, {"podSelector": {}}]}, {"to": "x"}, {"to": 5}))


def test_each_rule_that_may_lead_further_is_noted() -> None:
    dns = {"namespaceSelector": {"matchLabels": {NAME: "kube-system"}}, "podSelector": DNS["to"][0]["podSelector"]}
    inside = {"namespaceSelector": {"matchLabels": {NAME: "ours"}}}
    block = {"ipBlock": {"cidr": "0.0.0.0/0"}}
    noted: list[Any] = []
    rules = policy({}, {"to": [{"podSelector": {}}, dns, inside]}, {"to": [dns, block]}, {"to": [5]}, "x")
    note_egress(rules, lambda path, _expected: noted.append(path))
    assert noted == [("spec", "egress", 0), ("spec", "egress", 2)]
