"""A run by itself: what it shares, how it lives and what it guards, with a cluster that only keeps objects."""

from __future__ import annotations

import logging
import threading

import pytest

from infra_grader.capabilities import kubernetes_signs, live_kubernetes
from infra_grader.capabilities.home import Home
from infra_grader.capabilities.kubernetes import NAMESPACES, Resource
from infra_grader.capabilities.kubernetes_definition import DEFINITIONS
from infra_grader.capabilities.kubernetes_guard import DNS
from infra_grader.capabilities.kubernetes_lab import Lab
from infra_grader.capabilities.kubernetes_room import OUR_PREFIX
from infra_grader.capabilities.live_kubernetes import LiveKubernetes
from infra_grader.model.outcome import NotAssessed

SLICES = Resource(api_version="discovery.k8s.io/v1", kind="EndpointSlice", plural="endpointslices", is_namespaced=True)
API = {
    "metadata": {"name": "kubernetes", "labels": {"kubernetes.io/service-name": "kubernetes"}},
    "ports": [{"port": 6443}],
    "endpoints": [{"addresses": ["10.0.0.1"]}],
}


class Keeper:
    """A cluster that keeps objects by kind and namespace, and nothing else."""

    context = "test"
    asked = ()

    def __init__(self):
        self.kept = {("EndpointSlice", "default"): {"kubernetes": API}}
        self.signs = []
        self.signed = threading.Event()
        self.stays = ()

    def version(self):
        return "v1.34"

    def resource(self, _api_version, _kind):
        return SLICES

    def list(self, resource, namespace="", *, labels=""):
        found = list(self.kept.get((resource.kind, namespace), {}).values())
        key, _, value = labels.partition("=")
        return [each for each in found if not labels or (each["metadata"].get("labels") or {}).get(key) == value]

    def apply(self, manifest, namespace=""):
        self.kept.setdefault((manifest["kind"], namespace), {})[manifest["metadata"]["name"]] = manifest

    def delete(self, resource, name, namespace="", **_):
        self.kept.get((resource.kind, namespace), {}).pop(name, None)

    def delete_all(self, *_, **__):
        pass

    def patch(self, resource, name, _namespace, body):
        if name == "refused":
            raise NotAssessed("We may not.")
        self.signs.append((resource.kind, name, list(body["metadata"]["annotations"])))
        self.signed.set()

    def await_(self, _resource, _namespace, look, _deadline, **_):
        return look(list(self.stays))

    def close(self):
        pass


@pytest.fixture
def cluster():
    return Keeper()


@pytest.fixture
def live(cluster):
    opened = LiveKubernetes(cluster, Lab(), Home(live_kubernetes.PREFIX))
    yield opened
    opened.close()


def policy(name, **labels):
    spec = {"podSelector": {"matchLabels": labels}, "policyTypes": ["Egress"]}
    return {"kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def egress_guards(cluster, namespace):
    found = cluster.kept["NetworkPolicy", namespace].values()
    return [each["spec"] for each in found if each["metadata"]["name"].startswith(f"{OUR_PREFIX}egress")]


def test_what_takes_its_time_keeps_nobody_waiting_for_something_else(live):
    began, over = threading.Event(), threading.Event()

    def slow():
        began.set()
        over.wait(20)
        return "slow"

    waiting = threading.Thread(target=live.once, args=("a place", slow))
    waiting.start()
    try:
        assert began.wait(10)
        asking = threading.Thread(target=live.once, args=("nodes", lambda: "quick"), daemon=True)
        asking.start()
        asking.join(5)
        assert not asking.is_alive()
    finally:
        over.set()
        waiting.join()
    assert live.once("nodes", lambda: "anew") == "quick"


def test_what_one_makes_may_need_what_another_makes(live):
    assert live.once("probe", lambda: live.once("namespace", lambda: "n") + "p") == "np"


def test_all_that_a_run_made_gives_signs_of_life(live, cluster, monkeypatch):
    monkeypatch.setattr(kubernetes_signs, "SIGN_S", 0.01)
    for resource, name in ((NAMESPACES, "refused"), (NAMESPACES, "one"), (DEFINITIONS, "kinds.example.com")):
        live.keep(resource, name)
    for _ in range(2):  # the second round began when all were kept
        cluster.signed.clear()
        assert cluster.signed.wait(10)
    live.close()
    alive = ["infra-grader.io/alive"]
    assert ("Namespace", "one", alive) in cluster.signs
    assert ("CustomResourceDefinition", "kinds.example.com", alive) in cluster.signs


def test_guards_follow_the_policies_that_are_there_whoever_put_them(live, cluster):
    cluster.apply(policy("learners", app="api"), "ours")
    cluster.apply(policy(f"{OUR_PREFIX}probe", app="probe"), "ours")
    live.guard([policy("next", app="db")], namespace="ours")
    assert [each["podSelector"]["matchExpressions"] for each in egress_guards(cluster, "ours")] == [
        [
            {"key": "app", "operator": "NotIn", "values": ["api"]},
            {"key": "app", "operator": "NotIn", "values": ["db"]},
        ]
    ]
    live.guard(namespace="ours")  # `next` was refused
    [guard] = egress_guards(cluster, "ours")
    assert guard["podSelector"]["matchExpressions"] == [{"key": "app", "operator": "NotIn", "values": ["api"]}]
    assert f"{OUR_PREFIX}probe" in cluster.kept["NetworkPolicy", "ours"]


def test_pods_that_may_ask_the_api_go_on_to(live, cluster):
    live.guard(namespace="ours", reaches_api=True)
    live.guard(namespace="ours")
    [guard] = egress_guards(cluster, "ours")
    assert [rule["to"] for rule in guard["egress"][1:] if rule != DNS] == [[{"ipBlock": {"cidr": "10.0.0.1/32"}}]]


def test_a_namespace_that_does_not_go_is_told_at_the_end_of_its_own_run(live, cluster, caplog, monkeypatch):
    monkeypatch.setattr(live_kubernetes, "await_gone", lambda *_: [f"namespace infra-grader-{live.run}: held", "other"])
    live._namespaces.append(f"infra-grader-{live.run}")
    with caplog.at_level(logging.WARNING):
        live.close()
    assert [each.getMessage() for each in caplog.records] == [
        f"does not go away: namespace infra-grader-{live.run}: held"
    ]
