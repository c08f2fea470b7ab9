"""A client that the learner's own rules let in."""

from __future__ import annotations

import pytest
from kube_things import policy

from infra_grader.reading.kube_clients import Client, admitted_clients, can_be_made, labels_for

PODS = {"podSelector": {"matchLabels": {"app": "api"}}}
OWN = {"kubernetes.io/metadata.name": "ours", "team": "ml"}


def clients(*ingress, ports=(5000, "http"), **spec):
    return admitted_clients([policy({**PODS, "ingress": list(ingress), **spec})], {"app": "api"}, ports, OWN)


def test_without_a_policy_nobody_is_kept_out():
    assert admitted_clients([], {"app": "api"}, [80], OWN) is None
    other = policy({"podSelector": {"matchLabels": {"app": "other"}}})
    assert admitted_clients([other], {"app": "api"}, [80], OWN) is None
    egress = policy({**PODS, "policyTypes": ["Egress"], "egress": []})
    assert admitted_clients([egress], {"app": "api"}, [80], OWN) is None


def test_a_policy_without_rules_lets_nobody_in():
    assert clients() == []


def test_a_pod_by_its_labels():
    assert clients({"from": [{"podSelector": {"matchLabels": {"role": "front"}}}]}) == [
        Client(labels={"role": "front"})
    ]


def test_any_client_where_a_rule_names_none():
    assert clients({}) == [Client()]
    assert clients({"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}) == [Client()]
    assert clients({"from": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}) == []


def test_a_namespace_by_its_labels():
    spaces = {"namespaceSelector": {"matchLabels": {"name": "ingress"}}}
    [client] = clients({"from": [spaces]})
    assert client == Client(namespace_labels={"name": "ingress"})
    assert can_be_made(client)
    assert clients({"from": [{"namespaceSelector": {"matchLabels": {"team": "ml"}}}]}) == [Client()]


def test_a_namespace_by_its_name_is_not_ours_to_make():
    named = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    [client] = clients({"from": [named]})
    assert not can_be_made(client)


@pytest.mark.parametrize("key", ["infra-grader.io/purpose", "pod-security.kubernetes.io/enforce"])
def test_a_namespace_by_the_labels_that_hold_ours_in_is_not_made(key):
    [client] = clients({"from": [{"namespaceSelector": {"matchLabels": {key: "privileged"}}}]})
    assert not can_be_made(client)


def test_the_nearest_client_comes_first():
    far = {"namespaceSelector": {"matchLabels": {"name": "ingress"}}}
    near = {"podSelector": {"matchLabels": {"a": "b"}}}
    assert [each.namespace_labels is None for each in clients({"from": [far, near]})] == [True, False]


@pytest.mark.parametrize(
    ("ports", "is_open"),
    [
        ([{"port": 5000}], True),
        ([{"port": "http"}], True),
        ([{"port": 4000, "endPort": 6000}], True),
        ([{"protocol": "TCP"}], True),
        ([{"port": 80}], False),
        ([{"port": 5000, "protocol": "UDP"}], False),
    ],
)
def test_a_rule_is_about_ports_of_the_pods(ports, is_open):
    assert bool(clients({"ports": ports})) is is_open


def test_labels_that_a_selector_selects():
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "x", "operator": "Exists"},
        {"key": "y", "operator": "DoesNotExist"},
        {"key": "z", "operator": "NotIn", "values": ["q"]},
    ]
    assert labels_for({"matchExpressions": expressions}) == {"tier": "a", "x": "any"}
    assert labels_for({}) == {}
    assert (
        labels_for({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}) is None
    )
