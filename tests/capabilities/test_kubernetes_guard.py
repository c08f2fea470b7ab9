"""Policies that keep pods to themselves and leave the learner's as they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra_grader.capabilities.kubernetes_guard import DNS, guards, left_alone
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


def test_pods_may_ask_the_api_where_they_shall():
    egress = guards("run1", [], api=[("10.0.0.1", 6443), ("fd00::1", 6443)])[1]["spec"]["egress"]
    assert [rule["to"][0]["ipBlock"]["cidr"] for rule in egress[2:]] == ["10.0.0.1/32", "fd00::1/128"]
