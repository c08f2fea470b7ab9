"""Quotas and limits of a learner's, set aside while pods of ours are made, with a cluster that only keeps objects."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from infra_grader.capabilities import kubernetes_bounds, kubernetes_probe_pods
from infra_grader.capabilities.kubernetes import Refused
from infra_grader.capabilities.kubernetes_bounds import LIMITS, TRIES, as_written, set_aside
from infra_grader.capabilities.kubernetes_probe_pods import Place, _start
from infra_grader.capabilities.kubernetes_room import QUOTAS
from infra_grader.model.outcome import NotAssessed, Unavailable


def bound(name, **spec):
    metadata = {"name": name, "namespace": "ours", "labels": {"app": "api"}, "uid": "u", "resourceVersion": "7"}
    return {"metadata": {**metadata, "managedFields": [{}]}, "spec": spec, "status": {"hard": {"pods": "1"}}}


class Keeper:
    """A cluster with quotas and limits; it notices what is gone when it has been asked for a pod twice more."""

    def __init__(self):
        self.kept = {
            "ResourceQuota": {each["metadata"]["name"]: each for each in (bound("infra-grader"), bound("few", hard=1))},
            "LimitRange": {"sizes": bound("sizes", limits=[])},
        }
        self.refusals = 2
        self.failures = {}
        self.pods = []
        self.there = []

    def list(self, resource, _namespace):
        return list(self.kept[resource.kind].values())

    def delete(self, resource, name, _namespace, **_):
        self.kept.get(resource.kind, {}).pop(name, None)

    def apply(self, manifest, _namespace):
        if left := self.failures.get(manifest["metadata"]["name"]):
            raise left.pop()
        self.kept[manifest["kind"]][manifest["metadata"]["name"]] = manifest

    def create(self, manifest, _namespace):
        self.refusals -= 1
        if self.refusals >= 0 or "few" in self.kept["ResourceQuota"]:
            raise Refused(403, "Forbidden", "exceeded quota: few")
        self.pods.append(manifest["metadata"]["name"])
        self.there.append([name for names in self.kept.values() for name in names])


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.setattr(kubernetes_probe_pods, "PAUSE_S", 0.0)
    monkeypatch.setattr(kubernetes_bounds, "PAUSE_S", 0.0)
    monkeypatch.setattr(kubernetes_probe_pods, "_await", lambda *_: None)
    return Keeper()


def live(cluster):
    names = iter(["probe-1", "probe-2"])
    return SimpleNamespace(
        cluster=cluster, name=lambda _: next(names), labels={}, lab=SimpleNamespace(probe_image="python")
    )


def test_they_are_away_for_the_block_alone(cluster):
    with set_aside(cluster, "ours") as is_bounded:
        assert is_bounded
        assert list(cluster.kept["ResourceQuota"]) == ["infra-grader"]
        assert not cluster.kept["LimitRange"]
    assert cluster.kept["ResourceQuota"]["few"] == {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few", "namespace": "ours", "labels": {"app": "api"}},
        "spec": {"hard": 1},
    }
    assert list(cluster.kept["LimitRange"]) == ["sizes"]


@pytest.mark.parametrize("error", [Unavailable("The API is busy."), Refused(409, "Conflict", "changed")])
def test_one_that_cannot_be_put_back_at_first_is_tried_again(cluster, error):
    cluster.failures["few"] = [error] * (TRIES - 1)
    with set_aside(cluster, "ours"):
        pass
    assert set(cluster.kept["ResourceQuota"]) == {"infra-grader", "few"}
    assert list(cluster.kept["LimitRange"]) == ["sizes"]


def test_one_that_cannot_be_put_back_at_all_is_told_when_the_others_are_back(cluster):
    cluster.kept["ResourceQuota"]["many"] = bound("many", hard=9)
    cluster.failures = {"few": [Unavailable("The API is busy.")] * TRIES}
    said = pytest.raises(
        NotAssessed, match=r"^ResourceQuota few of the learner's, .* cannot be put back: The API is busy.$"
    )
    with said as failure, set_aside(cluster, "ours"):
        pass
    assert not isinstance(failure.value, Unavailable)
    assert set(cluster.kept["ResourceQuota"]) == {"infra-grader", "many"}
    assert list(cluster.kept["LimitRange"]) == ["sizes"]


def test_a_namespace_without_any_is_left_as_it_is(cluster):
    cluster.kept = {"ResourceQuota": {"infra-grader": bound("infra-grader")}, "LimitRange": {}}
    with set_aside(cluster, "ours") as is_bounded:
        assert not is_bounded
        assert list(cluster.kept["ResourceQuota"]) == ["infra-grader"]


def test_a_probe_is_made_without_them(cluster):
    assert _start(live(cluster), [Place(namespace="ours"), Place(namespace="ours")]) == ["probe-1", "probe-2"]
    assert cluster.pods == ["probe-1", "probe-2"]
    assert cluster.there == [["infra-grader"]] * 2
    assert set(cluster.kept["ResourceQuota"]) == {"infra-grader", "few"}


def test_a_probe_that_is_refused_for_another_reason_is_nobodys_fault(cluster, monkeypatch):
    monkeypatch.setattr(kubernetes_probe_pods, "NOTICE_S", 0.02)
    cluster.refusals = 10**9
    with pytest.raises(NotAssessed, match="does not take a pod that asks of ours: exceeded quota: few"):
        _start(live(cluster), [Place(namespace="ours")])
    assert set(cluster.kept["ResourceQuota"]) == {"infra-grader", "few"}
    assert list(cluster.kept["LimitRange"]) == ["sizes"]


def test_what_the_server_adds_is_not_written_back():
    assert as_written(LIMITS, bound("sizes", limits=[]))["kind"] == "LimitRange"
    assert set(as_written(QUOTAS, bound("few"))) == {"apiVersion", "kind", "metadata", "spec"}
