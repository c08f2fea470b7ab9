"""Signs of life for what a run has in a cluster, by which graders on other machines see that it still runs."""

from __future__ import annotations

import threading
from contextlib import suppress

from infra_grader.capabilities.kubernetes import Cluster, Refused
from infra_grader.capabilities.kubernetes_owner import ALIVE, SIGN_S, now
from infra_grader.capabilities.kubernetes_resource import Resource
from infra_grader.model.outcome import NotAssessed


class Signs:
    """Gives a sign of life for each thing that is kept, again and again until the end. Safe from several threads."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._kept: list[tuple[Resource, str]] = []
        self._lock = threading.Lock()
        self._over = threading.Event()

    def keep(self, resource: Resource, name: str) -> None:
        """Give signs of life for something that belongs to no namespace, from now on."""
        with self._lock:
            self._kept.append((resource, name))
            is_first = len(self._kept) == 1
        if is_first:
            threading.Thread(target=self._give, daemon=True).start()

    def end(self) -> None:
        """Give no more."""
        self._over.set()

    def _give(self) -> None:
        while not self._over.wait(SIGN_S):
            for resource, name in tuple(self._kept):
                with suppress(Refused, NotAssessed):  # the next sign comes soon enough
                    self._cluster.patch(resource, name, "", {"metadata": {"annotations": {ALIVE: now()}}})
