"""The policies of ours that let one probe through."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from kube_things import CHOSEN, policy

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes_owner import RUN_LABEL
from infra_grader.capabilities.kubernetes_probe_pods import ADMITTED_LABEL, Place
from infra_grader.plugin import NotAssessed
from infra_grader.reading import kube_asker
from infra_grader.reading.kube_asker import admitting, isolates


def test_nothing_is_added_where_nothing_keeps_the_probe_out():
    assert admitting(CHOSEN, [], "r") == []
    assert admitting(CHOSEN, [policy({"podSelector": {"matchLabels": {"app": "other"}}})], "r") == []


def test_a_policy_on_the_pods_is_opened_for_our_probe_alone():
    [added] = admitting(CHOSEN, [policy({"podSelector": {"matchLabels": {"app": "api"}}, "ingress": []})], "r")
    assert added["spec"]["podSelector"] == {"matchLabels": {"app": "api"}}
    assert added["spec"]["policyTypes"] == ["Ingress"]
    assert added["spec"]["ingress"] == [
        {
            "from": [
                {
                    "namespaceSelector": {"matchLabels": {RUN_LABEL: "r"}},
                    "podSelector": {"matchLabels": {ADMITTED_LABEL: "true"}},
                }
            ]
        }
    ]


def test_one_on_what_goes_out_does_not_hold_for_a_probe_in_another_namespace():
    assert admitting(CHOSEN, [policy({"podSelector": {}, "policyTypes": ["Egress"]})], "r") == []
    [added] = admitting(CHOSEN, [policy({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})], "r")
    assert added["spec"]["policyTypes"] == ["Ingress"]


class Lab:
    """A cluster with a namespace of the run, and what is applied to it."""

    def __init__(self):
        self.run = "r"
        self.namespaces = ("ours", "ours-release")
        self.namespace = "ours"
        self.applied = []
        self.cluster = SimpleNamespace(
            resource=lambda *_: "NetworkPolicy",
            list=lambda *_: [policy({"podSelector": {}})],
            apply=lambda manifest, namespace: self.applied.append((manifest["spec"]["policyTypes"], namespace)),
        )

    def other_namespace(self, purpose):
        return f"ours-{purpose}"


@pytest.fixture
def context(monkeypatch):
    monkeypatch.setattr(kube_asker, "shared_probe", lambda _live, place, _deadline: place)
    return SimpleNamespace(kubernetes=Lab(), deadline=Deadline(10))


@pytest.mark.parametrize("namespace", ["ours", "ours-release"])
def test_it_asks_from_beside_what_it_asks(context, monkeypatch, namespace):
    """So that no quota, limit or rule of the learner's own namespace holds for it."""
    monkeypatch.setattr(kube_asker, "deployed_of", lambda *_: SimpleNamespace(namespace=namespace))
    assert kube_asker.asker(context, CHOSEN, "app") == Place(namespace="ours-outside", is_admitted=True)
    assert context.kubernetes.applied == [(["Egress"], "ours-outside"), (["Ingress"], namespace)]


def test_a_learners_own_deployment_is_left_as_it_is(context, monkeypatch):
    monkeypatch.setattr(kube_asker, "deployed_of", lambda *_: SimpleNamespace(namespace="ada"))
    with pytest.raises(NotAssessed, match="keep our pods out of Service api"):
        kube_asker.asker(context, CHOSEN, "app")
    context.kubernetes.cluster.list = lambda *_: []
    assert kube_asker.asker(context, CHOSEN, "app") == Place(namespace="ours", is_admitted=True)
    assert context.kubernetes.applied == [(["Egress"], "ours")]


def test_the_api_fills_in_the_directions():
    assert isolates(policy({"podSelector": {}}), {}, "Ingress")
    assert not isolates(policy({"podSelector": {}}), {}, "Egress")
    assert isolates(policy({"podSelector": {}, "egress": [{}]}), {}, "Egress")
