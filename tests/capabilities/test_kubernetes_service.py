"""A Service in a cluster that is played; tests/checks/kubernetes/test_asked.py asks one in a real cluster."""

from __future__ import annotations

from types import SimpleNamespace

from infra_grader.capabilities.kubernetes_service import ClusterRunning


class PlayedPods:
    """A cluster in which each namespace has one pod, which says where it is."""

    def list(self, _resource, namespace, *, labels):
        return [{"metadata": {"name": f"{labels} of {namespace}"}}]

    def logs(self, name, namespace, *, lines):
        return f"{name} in {namespace}: {lines} lines"


def test_what_a_pod_behind_it_printed_is_looked_for_where_the_service_is_and_not_where_the_probe_is():
    probe = SimpleNamespace(cluster=PlayedPods(), namespace="run-outside", pod="probe")
    running = ClusterRunning(probe, "run", "api", "10.0.0.1", 80, "app=api")
    assert running.output == "app=api of run in run: 30 lines"
