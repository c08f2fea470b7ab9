"""What kinds do to a cluster and ask of it, where the cluster is played."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import msgspec
import pytest
from kube_things import API, CHOSEN

from infra_grader.capabilities.deadline import Deadline
from infra_grader.checks.kubernetes import update

DEPLOYMENT = {
    "metadata": {"name": "api", "generation": 1},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "api", "image": "api:1"}]}}},
}


def params(model, **facts):
    return msgspec.convert({"of": "app", **facts}, model)


class PlayedPods:
    """A workload that is whole at any moment, and keeps what is done to it."""

    workload = API
    object = DEPLOYMENT
    pods = ()
    trouble = ""

    def __init__(self):
        self.patches = []

    def await_whole(self, _deadline):
        return 1

    def until(self, look, _deadline):
        return look([])


class PlayedProbe:
    """A probe that asks nobody."""

    @contextmanager
    def watching(self, _asked, _deadline):
        yield SimpleNamespace(traffic=update.COLD)


@pytest.fixture
def context():
    return SimpleNamespace(kubernetes=SimpleNamespace(cluster=None), deadline=Deadline(60))


class TestUpdate:
    @pytest.fixture
    def pods(self, monkeypatch):
        pods = PlayedPods()

        @contextmanager
        def following(*_):
            yield pods

        def patch(_cluster, _pods, _namespace, body):
            pods.patches.append(body["spec"]["template"]["metadata"]["annotations"][update.MARK])
            return 1

        monkeypatch.setattr(update, "following", following)
        monkeypatch.setattr(update, "_patch", patch)
        monkeypatch.setattr(update, "deployed_of", lambda *_, **__: SimpleNamespace(namespace="ours"))
        monkeypatch.setattr(update, "asker", lambda *_: PlayedProbe())
        monkeypatch.setattr(update, "repeated", lambda *_: None)
        monkeypatch.setattr(update, "is_updated", lambda *_: True)
        monkeypatch.setattr(update, "CALM_S", 0.0)
        return pods

    def test_each_update_makes_a_revision_that_was_not_there_before(self, context, pods):
        for _ in range(2):
            found = update._update(context, params(update.Update), CHOSEN)
            assert found.steps[0].seconds is not None
        first, second = pods.patches
        assert first != second

    def test_the_way_back_leads_to_the_revision_of_the_update(self, context, pods):
        pods.trouble = "ErrImagePull: no Image"
        found = update._update(context, params(update.Update, rollback=True), CHOSEN)
        assert [each.title for each in found.steps] == ["the update", "the way back"]
        made, broken, back = pods.patches
        assert made == back != broken
