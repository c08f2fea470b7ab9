"""How a namespace of a run is emptied, with a cluster that only listens."""

from __future__ import annotations

from infra_grader.capabilities import kubernetes_room
from infra_grader.reading.live_deployed import WORKLOADS


def test_whatever_makes_pods_is_removed_before_them():
    removed = []

    class Listener:
        def delete_all(self, resource, _name, **_):
            removed.append(resource.kind)

    kubernetes_room.empty(Listener(), "ours")
    assert removed[-1] == "Pod"
    assert set(removed) == set(WORKLOADS)
