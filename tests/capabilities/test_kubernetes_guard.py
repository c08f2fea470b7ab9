"""Policies that keep pods to themselves and leave the learner's as they are."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.capabilities.kubernetes_guard import DNS, PUBLIC, guards, left_alone
from infra_grader.model.outcome import NotAssessed
from infra_grader.reading.manifest_workload import selects

KEYS, VALUES = st.sampled_from("abc"), st.sampled_from("xyz")
EXPRESSIONS = st.one_of(
    st.fixed_dictionaries(
        {"key": KEYS, "operator": st.sampled_from(["In", "NotIn"]), "values": st.lists(VALUES, min_size=1, max_size=2)}
    ),
    st.fixed_dictionaries({"key": KEYS, "operator": st.sampled_from(["Exists", "DoesNotExist"])}),
)
SELECTORS = st.fixed_dictionaries(
    {},
    optional={
        "matchLabels": st.dictionaries(KEYS, VALUES, max_size=2),
        "matchExpressions": st.lists(EXPRESSIONS, max_size=2),
    },
)
POLICIES = st.fixed_dictionaries(
    {"podSelector": SELECTORS},
    optional={"policyTypes": st.lists(st.sampled_from(["Ingress", "Egress"]), min_size=1, unique=True)},
).map(lambda spec: {"spec": spec})


def isolates(policy, labels, direction):
    return direction in policy["spec"].get("policyTypes", ["Ingress"]) and selects(
        policy["spec"]["podSelector"], labels
    )


@given(st.lists(POLICIES, max_size=3), st.dictionaries(KEYS, VALUES), st.sampled_from(["Ingress", "Egress"]))
def test_exactly_the_pods_are_guarded_that_no_policy_isolates(policies, labels, direction):
    is_isolated = any(isolates(each, labels, direction) for each in policies)
    is_guarded = any(selects(each, labels) for each in left_alone(policies, direction))
    assert is_guarded is not is_isolated


def test_without_policies_all_pods_are_guarded_in_both_directions():
    ingress, egress = guards("run1", [])
    assert ingress["spec"]["podSelector"] == egress["spec"]["podSelector"] == {}
    assert [ingress["spec"]["policyTypes"], egress["spec"]["policyTypes"]] == [["Ingress"], ["Egress"]]
    ours = {"namespaceSelector": {"matchLabels": {"infra-grader.io/run": "run1"}}}
    assert ingress["spec"]["ingress"] == [{"from": [ours]}]
    assert egress["spec"]["egress"] == [{"to": [ours]}, DNS]


def test_a_policy_that_no_cluster_takes_opens_nothing():
    for broken in ({}, {"spec": None}, {"spec": {"podSelector": []}}, {"spec": {"podSelector": {"matchLabels": 5}}}):
        assert left_alone([broken], "Ingress") == [{}]
    odd = {"spec": {"podSelector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}}}
    assert left_alone([odd], "Ingress") == [{}]


@pytest.mark.parametrize(
    "spec",
    [
        {"podSelector": {}, "policyTypes": 5},
        {"podSelector": {"matchExpressions": [{"key": "a", "operator": ["In"], "values": ["b"]}]}},
        {"podSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": 5}]}},
        {"podSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}},
    ],
)
def test_a_field_of_another_type_opens_nothing(spec):
    assert left_alone([{"spec": spec}], "Ingress") == [{}]


def policy(**labels):
    return {"spec": {"podSelector": {"matchLabels": labels}}}


def test_many_policies_with_a_label_in_common_take_few_guards():
    found = left_alone([policy(app=f"a{number}", course="c") for number in range(9)], "Ingress")
    assert sorted(len(each["matchExpressions"]) for each in found) == [1, 9]


def test_more_than_guards_can_follow_are_not_left_without_any():
    with pytest.raises(NotAssessed, match="too many ways"):
        left_alone([policy(app=f"a{number}", tier=f"t{number}") for number in range(7)], "Ingress")
    assert (
        left_alone([*(policy(app=f"a{number}", tier=f"t{number}") for number in range(6)), policy()], "Ingress") == []
    )


def test_pods_may_ask_the_api_where_they_shall():
    egress = guards("run1", [], api=[("10.0.0.1", 6443), ("fd00::1", 6443)])[1]["spec"]["egress"]
    assert [rule["to"][0]["ipBlock"]["cidr"] for rule in egress[2:]] == ["10.0.0.1/32", "fd00::1/128"]


def test_the_internet_is_open_where_the_lab_says_so_and_to_the_same_pods():
    policy = {"spec": {"podSelector": {"matchLabels": {"app": "api"}}, "policyTypes": ["Egress"]}}
    shut, opened = (guards("run1", [policy], internet=internet) for internet in (False, True))
    assert opened[0] == shut[0]
    assert opened[1]["spec"] == {**shut[1]["spec"], "egress": [*shut[1]["spec"]["egress"], PUBLIC]}


def is_let_out(address):
    """Whether the rule for public addresses lets a pod reach this one."""
    asked = ipaddress.ip_address(address)
    blocks = [each["ipBlock"] for each in PUBLIC["to"]]
    return any(
        asked in ipaddress.ip_network(block["cidr"])
        and not any(asked in ipaddress.ip_network(cidr) for cidr in block["except"])
        for block in blocks
    )


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_no_address_is_let_out_that_is_not_public(address):
    assert not is_let_out(address) or (address.is_global and not address.is_multicast)


@pytest.mark.parametrize("address", ["8.8.8.8", "151.101.0.223", "2606:4700::6810:84e5", "2a00:1450:4001::1"])
def test_public_addresses_are_let_out(address):
    assert is_let_out(address)


@pytest.mark.parametrize(
    "address",
    [
        *("10.96.0.1", "127.0.0.1", "169.254.169.254", "100.100.100.200", "172.31.0.2", "192.168.1.1", "224.0.0.251"),
        *("0.0.0.0", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1"),
        *("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::1"),
    ],
)  # fmt: skip
def test_others_are_not(address):
    assert not is_let_out(address)


def test_exceptions_lie_within_their_block_as_the_api_demands():
    for block in (each["ipBlock"] for each in PUBLIC["to"]):
        whole = ipaddress.ip_network(block["cidr"])
        parts = [ipaddress.ip_network(cidr) for cidr in block["except"]]
        assert all(part.subnet_of(whole) and part != whole for part in parts)
