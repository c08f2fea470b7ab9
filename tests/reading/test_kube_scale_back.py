"""A workload that is brought back to as many pods as before a load of ours."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from kube_things import API

from infra_grader.capabilities.kubernetes import Refused, Resource
from infra_grader.model.outcome import NotAssessed
from infra_grader.reading import kube_scale_back
from infra_grader.reading.kube_scale_back import CALM_S, WINDOW_S, scale_back
from infra_grader.reading.kube_scaler import Scaler

BEFORE = Scaler(name="api", target=API.title, least=2, most=6, current=2, desired=2, has_behavior=True)


def after(current, desired, pressure):
    return BEFORE.replace(current=current, desired=desired, used={"cpu": pressure})


class PlayedCluster:
    """A cluster in which a scaler goes through some states, and whose pods follow what is asked for."""

    def __init__(self, *states):
        self.states = states
        self.seen = []
        self.waited = []
        self.patches = []

    def resource(self, api_version, kind):
        return Resource(api_version=api_version, kind=kind, plural="deployments", is_namespaced=True)

    def patch(self, resource, name, namespace, body):
        self.patches.append((resource.kind, name, namespace, body))

    def await_scaler(self, _cluster, _namespace, _name, look, deadline):
        self.waited.append(deadline.seconds)
        while self.states:
            each, *self.states = self.states
            self.seen.append(each)
            if (found := look(each)) is not None:
                return found
        return None

    @contextmanager
    def following(self, *_):
        def until(look, _deadline):
            ready, ending = SimpleNamespace(is_ready=True), SimpleNamespace(is_ready=False)
            assert look([ready, ready, ending]) is None
            assert look([ready, ending]) is None
            assert look([ready, ready])
            self.waited.append("whole")

        yield SimpleNamespace(until=until)


@pytest.fixture
def play(monkeypatch):
    def begin(*states, before=BEFORE):
        cluster = PlayedCluster(*states)
        monkeypatch.setattr(kube_scale_back, "await_scaler", cluster.await_scaler)
        monkeypatch.setattr(kube_scale_back, "following", cluster.following)
        scale_back(cluster, "ours", API, before)
        return cluster

    return begin


def test_pods_that_only_the_window_keeps_are_ended_as_soon_as_the_load_is_over(play):
    busy, idle = after(5, 5, 1.0), after(5, 5, 0.3)
    cluster = play(busy, idle, after(2, 2, 0.3))
    assert cluster.patches == [("Deployment", API.name, "ours", {"spec": {"replicas": 2}})]
    assert cluster.seen[:2] == [busy, idle]
    assert not cluster.states
    assert cluster.waited == [CALM_S, CALM_S, "whole"]


def test_pods_that_use_something_even_so_are_ended_step_by_step_each_when_the_one_before_is_seen(play):
    cluster = play(after(6, 6, 0.45), after(6, 6, 0.3), after(3, 3, 0.6), after(2, 2, 0.9), after(6, 6, 0.1))
    assert [body["spec"]["replicas"] for *_, body in cluster.patches] == [3, 2]
    assert cluster.states == [after(6, 6, 0.1)]


def test_a_scaler_without_a_behavior_would_ask_for_them_again_and_is_waited_for(play):
    cluster = play(after(5, 5, 0.1), after(2, 2, 0.1), before=BEFORE.replace(has_behavior=False))
    assert not cluster.patches
    assert len(cluster.seen) == 2
    assert cluster.waited == [WINDOW_S, "whole"]


def test_one_that_has_not_seen_the_load_yet_is_not_taken_for_calm(play):
    cluster = play(after(2, 2, 2.0), after(2, 4, 2.0), after(4, 4, 0.5))
    assert len(cluster.seen) == 3
    assert cluster.patches


def test_one_that_is_as_it_was_is_left_alone(play):
    cluster = play(after(2, 2, 1.05))
    assert not cluster.patches
    assert cluster.waited == [CALM_S, "whole"]


def test_a_cluster_that_does_not_allow_it_is_nobodys_fault(play, monkeypatch):
    def refuse(*_):
        raise Refused(403, "Forbidden", "deployments may not be patched")

    monkeypatch.setattr(PlayedCluster, "patch", refuse)
    with pytest.raises(NotAssessed, match="does not take the number of pods from before a load of ours"):
        play(after(5, 5, 0.1))
