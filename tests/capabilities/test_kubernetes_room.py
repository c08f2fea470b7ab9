"""How a namespace of a run is removed, with a cluster that only listens."""

from __future__ import annotations

from infra_grader.capabilities import kubernetes_room


def test_a_namespace_ends_before_its_pods_so_that_nothing_makes_new_ones():
    asked = []

    class Listener:
        def delete(self, resource, name):
            asked.append((resource.kind, name, None))

        def delete_all(self, resource, namespace, *, grace_s):
            asked.append((resource.kind, namespace, grace_s))

    kubernetes_room.remove(Listener(), "ours")
    assert asked == [("Namespace", "ours", None), ("Pod", "ours", 1)]
