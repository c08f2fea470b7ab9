"""What holds a namespace that is to end, with a cluster that keeps objects; test_live_kubernetes ends real ones."""

from __future__ import annotations

import pytest

from infra_grader.capabilities import kubernetes_ending
from infra_grader.capabilities.kubernetes import Refused, Resource
from infra_grader.capabilities.kubernetes_ending import let_go
from infra_grader.capabilities.kubernetes_room import CONFIG_MAPS
from infra_grader.model.outcome import NotAssessed

WIDGETS = Resource(api_version="example.com/v1", kind="Widget", plural="widgets", is_namespaced=True)
NODES = Resource(api_version="v1", kind="Node", plural="nodes", is_namespaced=False)


class Keeper:
    """A cluster that keeps objects until no finalizer is left; an operator takes its own away when it is asked to."""

    def __init__(self, *objects):
        self.kept = {(kind, name): list(finalizers) for kind, name, finalizers in objects}
        self.ending = set()
        self.operators = ()
        self.unreadable = ()

    def list(self, resource, _namespace):
        assert resource.is_namespaced
        if resource.kind in self.unreadable:
            raise self.unreadable[resource.kind]
        return [
            {"metadata": {"name": name, "finalizers": finalizers}}
            for (kind, name), finalizers in self.kept.items()
            if kind == resource.kind
        ]

    def get(self, resource, name, _namespace):
        return self.kept.get((resource.kind, name))

    def delete(self, resource, name, _namespace):
        self.ending.add((resource.kind, name))
        left = [each for each in self.kept[resource.kind, name] if each not in self.operators]
        self.kept[resource.kind, name] = left
        if not left:
            del self.kept[resource.kind, name]

    def patch(self, resource, name, _namespace, body):
        assert body == {"metadata": {"finalizers": None}}
        del self.kept[resource.kind, name]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(kubernetes_ending, "OPERATOR_S", 0.02)
    monkeypatch.setattr(kubernetes_ending, "PAUSE_S", 0.005)


def test_what_nobody_lets_go_is_told_and_let_go():
    cluster = Keeper(("ConfigMap", "stays", ["example.com/never", "kubernetes.io/ours"]), ("ConfigMap", "goes", []))
    assert let_go(cluster, ["ours"]) == [
        "ConfigMap stays in ours does not go: the finalizer example.com/never holds it"
    ]
    assert cluster.kept == {("ConfigMap", "goes"): []}
    assert cluster.ending == {("ConfigMap", "stays")}


def test_what_its_operator_lets_go_is_not():
    cluster = Keeper(("Widget", "one", ["example.com/cleanup"]))
    cluster.operators = ("example.com/cleanup",)
    assert let_go(cluster, ["ours"], [WIDGETS, NODES]) == []
    assert not cluster.kept
    assert cluster.ending == {("Widget", "one")}


def test_a_kind_of_the_runs_own_is_looked_at_where_it_is_named():
    cluster = Keeper(("Widget", "one", ["example.com/cleanup"]))
    assert let_go(cluster, ["ours"]) == []
    [told] = let_go(cluster, ["ours"], [WIDGETS, CONFIG_MAPS])
    assert told.startswith("Widget one in ours does not go")


def test_finalizers_of_the_cluster_itself_are_its_own_business():
    own = ["kubernetes.io/pvc-protection", "batch.kubernetes.io/job-tracking", "foregroundDeletion", "x.k8s.io/y"]
    cluster = Keeper(*(("ConfigMap", str(number), [each]) for number, each in enumerate(own)))
    assert let_go(cluster, ["ours"]) == []
    assert not cluster.ending
    assert let_go(Keeper(("ConfigMap", "x", ["notkubernetes.io/a"])), ["ours"])


def test_kinds_that_cannot_be_read_keep_nobody_from_the_others():
    cluster = Keeper(("ConfigMap", "stays", ["example.com/never"]))
    cluster.unreadable = {
        "Secret": NotAssessed("We may not list secrets."),
        "Widget": Refused(404, "NotFound", "the server could not find the requested resource"),
    }
    assert len(let_go(cluster, ["ours"], [WIDGETS])) == 1
