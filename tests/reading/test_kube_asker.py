"""The policies of ours that let one probe through."""

from __future__ import annotations

from kube_things import CHOSEN, policy

from infra_grader.capabilities.kubernetes_probe_pods import ADMITTED_LABEL
from infra_grader.reading.kube_asker import admitting, isolates


def test_nothing_is_added_where_nothing_keeps_the_probe_out():
    assert admitting(CHOSEN, []) == []
    assert admitting(CHOSEN, [policy({"podSelector": {"matchLabels": {"app": "other"}}})]) == []


def test_a_policy_on_the_pods_is_opened_for_our_probe_alone():
    [added] = admitting(CHOSEN, [policy({"podSelector": {"matchLabels": {"app": "api"}}, "ingress": []})])
    assert added["spec"]["podSelector"] == {"matchLabels": {"app": "api"}}
    assert added["spec"]["policyTypes"] == ["Ingress"]
    assert added["spec"]["ingress"] == [{"from": [{"podSelector": {"matchLabels": {ADMITTED_LABEL: "true"}}}]}]


def test_one_on_every_pod_holds_for_the_probe_as_well():
    every = policy({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    directions = [each["spec"]["policyTypes"] for each in admitting(CHOSEN, [every])]
    assert directions == [["Ingress"], ["Egress"]]
    assert admitting(CHOSEN, [every])[1]["spec"]["egress"] == [{}]


def test_the_api_fills_in_the_directions():
    assert isolates(policy({"podSelector": {}}), {}, "Ingress")
    assert not isolates(policy({"podSelector": {}}), {}, "Egress")
    assert isolates(policy({"podSelector": {}, "egress": [{}]}), {}, "Egress")
