"""Quotas of a learner's that make room for pods of ours, with a cluster that only keeps objects."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest

from infra_grader.capabilities import kubernetes_bounds, kubernetes_probe_pods
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Refused
from infra_grader.capabilities.kubernetes_bounds import TRIES, bounds_of, ranges_away, room_beside
from infra_grader.capabilities.kubernetes_probe_pods import Place, probes
from infra_grader.model.outcome import NotAssessed, Unavailable

FEW, SIZES = ("ResourceQuota", "few"), ("LimitRange", "sizes")
HUGE = [{"type": "Container", "min": {"memory": "8Gi"}}]
SMALL = [{"type": "Container", "min": {"memory": "64Mi"}}]


def bound(name, used=None, **spec):
    metadata = {"name": name, "namespace": "ours", "uid": f"uid-{name}", "managedFields": [{"manager": "learner"}]}
    return {"metadata": metadata, "spec": spec, "status": {"used": used or {}}}


class Keeper:
    """A cluster with quotas and limits; it notices a change when it has been asked for a pod twice more."""

    def __init__(self):
        self.kept = {
            ("ResourceQuota", "infra-grader"): bound("infra-grader", hard={"pods": "60"}),
            FEW: bound("few", {"pods": "1"}, hard={"pods": "1", "limits.memory": "1Gi"}),
            SIZES: bound("sizes", limits=SMALL),
        }
        self.written = copy.deepcopy(self.kept)
        self.unnoticed = 2
        self.failures = []
        self.pods = {}
        self.patches = []
        self.waits = 0

    def list(self, resource, _namespace):
        return [copy.deepcopy(each) for (kind, _), each in self.kept.items() if kind == resource.kind]

    def get(self, resource, name, _namespace):
        return copy.deepcopy(self.kept.get((resource.kind, name)))

    def patch(self, resource, name, _namespace, body):
        if self.pods == {} and self.patches and self.failures:
            raise self.failures.pop()
        self.patches.append((name, body))
        there = self.kept[resource.kind, name]
        for part, fields in body.items():
            for key, value in fields.items():
                is_merged = isinstance(value, dict)
                there[part][key] = {**there[part][key], **value} if is_merged else value
                if part == "spec":
                    there["metadata"]["managedFields"] = [{"manager": "learner"}, {"manager": "infra-grader"}]

    def create(self, manifest, _namespace):
        self.unnoticed -= 1
        room = int(self.kept[FEW]["spec"]["hard"]["pods"]) - int(self.written[FEW]["status"]["used"]["pods"])
        if self.unnoticed >= 0 or len(self.pods) >= room:
            raise Refused(403, "Forbidden", "exceeded quota: few")
        self.pods[manifest["metadata"]["name"]] = manifest["spec"]["containers"][0]["resources"]

    def delete(self, _resource, name, _namespace, **_):
        self.pods.pop(name, None)

    def await_(self, resource, namespace, look, _deadline):
        self.waits += 1
        self.kept[FEW]["status"]["used"]["pods"] = "3"
        assert look(self.list(resource, namespace)) is None
        self.kept[FEW]["status"]["used"]["pods"] = "1"
        assert look(self.list(resource, namespace))


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


def asking(cluster, number=2):
    return probes(live(cluster), [Place(namespace="ours")] * number, Deadline(60))


def test_there_is_room_for_pods_of_ours_as_long_as_they_are_there(cluster):
    with asking(cluster) as made:
        assert [each.pod for each in made] == ["probe-1", "probe-2"]
        assert set(cluster.pods) == {"probe-1", "probe-2"}
        hard = cluster.kept[FEW]["spec"]["hard"]
        assert (hard["pods"], hard["limits.memory"]) == ("3", str(2**30 + 2 * 128 * 2**20))
        assert cluster.kept[SIZES] == cluster.written[SIZES]
    assert not cluster.pods
    assert cluster.waits == 1
    assert cluster.kept == cluster.written


def test_they_are_of_a_size_that_the_learners_range_allows(cluster):
    with asking(cluster, 1):
        [resources] = cluster.pods.values()
    assert resources["requests"] == {"cpu": "0", "memory": str(64 * 2**20)}


def test_a_range_in_which_none_fits_is_away_while_they_are_made(cluster):
    cluster.kept[SIZES]["spec"]["limits"] = cluster.written[SIZES]["spec"]["limits"] = HUGE
    with asking(cluster, 1):
        assert ("sizes", {"spec": {"limits": []}}) in cluster.patches
        assert cluster.kept[SIZES] == cluster.written[SIZES]
        assert cluster.pods["probe-1"]["requests"] == {"cpu": "0", "memory": "0"}
    assert cluster.kept == cluster.written


def test_where_a_learner_sets_no_bounds_nothing_is_changed_and_no_size_said(cluster):
    del cluster.kept[FEW], cluster.kept[SIZES]
    bounds = bounds_of(cluster, "ours")
    assert not bounds.are_there
    assert not bounds.resources
    with room_beside(cluster, "ours", bounds, 3), ranges_away(cluster, "ours", bounds):
        pass
    assert not cluster.patches
    assert not cluster.waits


def in_room(cluster):
    return room_beside(cluster, "ours", bounds_of(cluster, "ours"), 1)


@pytest.mark.parametrize("error", [Unavailable("The API is busy."), Refused(409, "Conflict", "changed")])
def test_one_that_cannot_be_put_back_at_first_is_tried_again(cluster, error):
    with in_room(cluster):
        cluster.failures = [error] * (TRIES - 1)
    assert cluster.kept == cluster.written


def test_what_was_written_back_half_is_written_back_whole(cluster):
    with in_room(cluster):
        pass
    cluster.kept[FEW]["metadata"]["managedFields"] = [{"manager": "infra-grader"}]
    change = kubernetes_bounds.Change(
        resource=kubernetes_bounds.QUOTAS, before=cluster.written[FEW], field="hard", meanwhile={"pods": "2"}
    )
    kubernetes_bounds._write_back(cluster, change, "ours")
    assert cluster.kept == cluster.written


def test_one_that_cannot_be_put_back_at_all_is_told_when_the_others_are_back(cluster):
    many = ("ResourceQuota", "many")
    cluster.kept[many] = bound("many", hard={"pods": "9"})
    cluster.written[many] = copy.deepcopy(cluster.kept[many])
    said = r"^ResourceQuota few of the learner's, .* cannot be put back: The API is busy.$"
    with pytest.raises(NotAssessed, match=said) as failure, in_room(cluster):
        cluster.failures = [Unavailable("The API is busy.")] * TRIES
    assert not isinstance(failure.value, Unavailable)
    assert cluster.kept[many] == cluster.written[many]


@pytest.mark.parametrize(
    "changed",
    [{"spec": {"hard": {"pods": "7"}}}, {"metadata": {"name": "few", "uid": "another"}}],
    ids=["written anew", "made anew"],
)
def test_what_somebody_else_has_written_meanwhile_stays(cluster, changed):
    with in_room(cluster):
        cluster.kept[FEW] = there = {**cluster.kept[FEW], **changed}
    assert cluster.kept[FEW] == there


def test_one_that_was_removed_meanwhile_is_not_made_again(cluster):
    with in_room(cluster):
        gone = cluster.kept.pop(FEW)
        cluster.await_ = lambda *_: None
    assert gone["spec"]["hard"]["pods"] == "2"
    assert FEW not in cluster.kept


def test_a_probe_that_is_refused_for_another_reason_is_nobodys_fault(cluster, monkeypatch):
    monkeypatch.setattr(kubernetes_probe_pods, "NOTICE_S", 0.02)
    cluster.unnoticed = 10**9
    with (
        pytest.raises(NotAssessed, match="does not take a pod that asks of ours: exceeded quota: few"),
        asking(cluster),
    ):
        pass
    assert cluster.kept == cluster.written
