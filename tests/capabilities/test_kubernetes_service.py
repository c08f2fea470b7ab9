"""A Service in a cluster that is played; tests/checks/kubernetes/test_asked.py asks one in a real cluster."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes_service import ClusterRunning, ClusterService, alone


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


class PlayedLive:
    """A run that makes things once."""

    def __init__(self):
        self._made = {}

    def once(self, key, make):
        return self._made.setdefault(key, make())


def test_who_asks_next_waits_for_the_pods_that_were_ended_once_nobody_else_asks():
    live, order = PlayedLive(), []
    service = ClusterService(live, "the Service", "kubectl", lambda _deadline: order.append("pods are back"))

    def ask():
        with service.turn(Deadline(60)) as running:
            order.append(f"asks {running}")

    asking = threading.Thread(target=ask)
    with alone(live, Deadline(60)):
        asking.start()
        time.sleep(0.05)
        order.append("pods are ended")
    asking.join(60)
    assert order == ["pods are ended", "pods are back", "asks the Service"]
