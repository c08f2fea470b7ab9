"""What live checks make in a cluster: in namespaces of their run alone, none of which outlives the run.

A run is one grading of one submission. Namespaces of a run that could not be removed, since the grader was killed or
the cluster went away, are removed by the next grader that starts.
"""

from __future__ import annotations

import itertools
import logging
import secrets
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any

from infra_grader.capabilities import home, kubernetes_room
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.home import Home
from infra_grader.capabilities.kubernetes import NAMESPACES, Cluster, connect
from infra_grader.capabilities.kubernetes_ending import OURS, await_gone, let_go, remove_left
from infra_grader.capabilities.kubernetes_guard import guards
from infra_grader.capabilities.kubernetes_lab import USE, Lab, is_marked, read_lab
from infra_grader.capabilities.kubernetes_owner import PURPOSE_LABEL, RUN_LABEL, marks
from infra_grader.capabilities.kubernetes_resource import Resource
from infra_grader.capabilities.kubernetes_room import PROBES, SUBMISSION, is_ending
from infra_grader.capabilities.kubernetes_signs import Signs
from infra_grader.capabilities.kubernetes_turn import Taker, leave_turns, turn
from infra_grader.model.outcome import NotAssessed, Unavailable

PREFIX = "infra-grader-kubernetes-"
PLACE_S = 600.0
"""Seconds that a submission waits at most until others have left the cluster."""
ENDING_S = 30.0
"""Seconds that the end of a run waits for namespaces which are ending, where there are too many of them."""


class LiveKubernetes:
    """A cluster, and what the checks of one submission make in it. Safe to use from several threads at once."""

    def __init__(self, cluster: Cluster, lab: Lab, own: Home) -> None:
        """Remove what graders that were killed left behind, and begin a run; `own` is closed with it."""
        self.cluster = cluster
        self.lab = lab
        self.version = cluster.version()
        """Version of the API server."""
        self.run = secrets.token_hex(5)
        """What the names and labels of this run's things hold."""
        self._home = own
        self._numbers = itertools.count(1)
        self._made: dict[Hashable, Any] = {}
        self._locks: dict[Hashable, threading.RLock] = {}
        self._namespaces: list[str] = []
        self._signs = Signs(cluster)
        self._asking: set[str] = set()
        self._filled: set[str] = set()
        self._lock = threading.Lock()
        self._guarding = threading.Lock()
        self._closing = ExitStack()
        for close in (own.close, cluster.close, self._remove, self._signs.end):  # the last one first
            self._closing.callback(close)
        remove_left(cluster)

    @property
    def namespace(self) -> str:
        """The namespace of the submission's own, made at the first use, when there is a place for it.

        Raises `NotAssessed` where none is free within `PLACE_S` seconds.
        """
        name = f"infra-grader-{self.run}"
        return str(self.once("the submission's namespace", lambda: self._make(name, SUBMISSION)))

    def enter(self, deadline: Deadline) -> str:
        """Return the submission's namespace; a check does not pay for the wait. Raises as `namespace` does."""
        with deadline.paused():
            return self.namespace

    def other_namespace(self, purpose: str) -> str:
        """Return another namespace of this run, the same for the same purpose; for probes from outside."""
        name = f"infra-grader-{self.run}-{purpose}"
        return str(self.once(("other namespace", purpose), lambda: self._make(name, PROBES)))

    @property
    def namespaces(self) -> tuple[str, ...]:
        """All namespaces that this run has made."""
        return tuple(self._namespaces)

    @property
    def labels(self) -> dict[str, str]:
        """The labels that what we put beside a learner's objects carries: pods that ask, above all."""
        return {PURPOSE_LABEL: PROBES, RUN_LABEL: self.run}

    @property
    def owner_labels(self) -> dict[str, str]:
        """The labels of what belongs to no namespace, by which it is found when this grader has ended."""
        return {PURPOSE_LABEL: SUBMISSION, RUN_LABEL: self.run}

    @property
    def owner_marks(self) -> dict[str, str]:
        """The annotations of the same."""
        return marks(self._home.folder)

    def name(self, what: str) -> str:
        """Return a new name for an object of this run."""
        return f"infra-grader-{what}-{next(self._numbers)}"

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what several checks use, made by the first of them that asks for it."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.RLock())
        with lock:  # of this key alone: what takes its time keeps nobody waiting for anything else
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    def label_namespace(self, labels: Mapping[str, str]) -> None:
        """Give the submission's namespace labels that its policies select by; ours and the cluster's own stay."""
        kept = {PURPOSE_LABEL, RUN_LABEL, *kubernetes_room.ADMISSION}
        chosen = {key: value for key, value in labels.items() if key not in kept and "kubernetes.io/" not in key}
        if chosen:
            with kubernetes_room.refusing("the labels of a namespace"):
                self.cluster.patch(NAMESPACES, self.namespace, "", {"metadata": {"labels": chosen}})

    def guard(
        self, policies: Iterable[Mapping[str, Any]] = (), *, namespace: str = "", reaches_api: bool = False
    ) -> None:
        """Keep to themselves those pods of the submission that none of its own policies isolates.

        They are the policies that its namespace has, whoever put them there, and the given ones, which come next.
        To be called when NetworkPolicies have been applied, and before there are pods. `reaches_api` lets its pods ask
        the API from now on. `namespace` is another one of this run.
        """
        place = namespace or self.namespace
        given = list(policies)
        with self._guarding:
            self._filled.add(place)
            if reaches_api:
                self._asking.add(place)
            there = kubernetes_room.find_policies(self.cluster, place)
            api = self.listening("default", "kubernetes") if place in self._asking else ()
            wanted = guards(self.run, [*there, *given], api=api, internet=self.lab.internet)
            kubernetes_room.set_guards(self.cluster, place, wanted, f"{RUN_LABEL}={self.run}")

    def listening(self, namespace: str, service: str) -> list[tuple[str, int]]:
        """Return where a Service's pods listen, as policies see it after the translation of the Service's address."""
        slices = self.cluster.resource("discovery.k8s.io/v1", "EndpointSlice")
        labels = f"kubernetes.io/service-name={service}"
        return [
            (address, int(port["port"]))
            for each in (self.cluster.list(slices, namespace, labels=labels) if slices else ())
            for port in each.get("ports") or ()
            if port.get("port")
            for endpoint in each.get("endpoints") or ()
            for address in endpoint.get("addresses") or ()
        ]

    def turn(self, deadline: Deadline, *, yields: bool = False) -> AbstractContextManager[None]:
        """Return a block in which no other check, of any grader, counts or times anything in this cluster.

        They come one after another, and do not pay for the wait; one that `yields` lets those of its run go first that
        wait as well. See `kubernetes_turn.turn`.
        """
        self.once("leaves its turns", lambda: self.on_close(lambda: leave_turns(self.cluster, self.run)))
        taker = Taker(
            name=f"infra-grader-turn-{self.run}-{next(self._numbers)}",
            run=self.run,
            marks=self.owner_marks,
            silent_s=self.lab.turn_seconds,
            yields=yields,
        )
        return turn(self.cluster, taker, deadline)

    def probe(self) -> None:
        """Raise `Unavailable` unless the API answers now, and some node is ready."""
        nodes = self.once("nodes", lambda: self.cluster.resource("v1", "Node"))
        try:
            found = self.cluster.list(nodes)
        except Unavailable:
            raise
        except NotAssessed:  # who may not read nodes may grade all the same
            self.cluster.version()
            return
        if not any(_is_ready(node) for node in found):
            raise Unavailable("No node of the cluster is ready.", "`kubectl get nodes` shows them.")

    def keep(self, resource: Resource, name: str) -> None:
        """Give signs of life for something of this run that belongs to no namespace, so that nobody removes it."""
        self._signs.keep(resource, name)

    def on_close(self, close: Callable[[], None]) -> None:
        """Call this before the run's things are removed, latest first."""
        self._closing.callback(close)

    def leftovers(self) -> list[str]:
        """Return what of this run is still there and not ending, each in words."""
        found = self.cluster.list(NAMESPACES, labels=f"{RUN_LABEL}={self.run}")
        return [f"namespace {each['metadata']['name']}" for each in found if not is_ending(each)]

    def await_end(self, deadline: Deadline) -> list[str]:
        """Wait until the namespaces of this run are gone; return those that stay, each with the reason."""
        return await_gone(self.cluster, f"{RUN_LABEL}={self.run}", 0, deadline)

    def close(self) -> None:
        """Ask for the end of everything of this run. Its namespaces end in the background, up to a bound of them."""
        self._closing.close()

    def _make(self, name: str, purpose: str) -> str:
        ticket = str(self.once(("ticket", name), lambda: self._draw(name, purpose)))
        if purpose == SUBMISSION:
            kubernetes_room.await_place(self.cluster, ticket, self.lab.namespaces, Deadline(PLACE_S))
        kubernetes_room.await_ready(self.cluster, name)
        return name

    def _draw(self, name: str, purpose: str) -> str:
        """Make a namespace, and return the ticket with which the next check goes on waiting if one gives up.

        Its bounds and guards are put into it while it waits for its place, so that it is ready by then.
        """
        labels = {PURPOSE_LABEL: purpose, RUN_LABEL: self.run}
        self._namespaces.append(name)  # before it is there, so that it is removed whatever happens
        ticket = kubernetes_room.make(self.cluster, name, labels, marks(self._home.folder))
        self.keep(NAMESPACES, name)
        kubernetes_room.furnish(self.cluster, name, self.run, internet=self.lab.internet and purpose == SUBMISSION)
        return ticket

    def _remove(self) -> None:
        if not self._namespaces:
            return
        say = logging.getLogger(__name__).warning
        with suppress(NotAssessed):  # what a cluster that is gone still holds goes when the next run begins
            for each in let_go(self.cluster, sorted(self._filled), self.cluster.asked):
                say("%s; it was let go", each)
            for name in self._namespaces:
                kubernetes_room.remove(self.cluster, name)
            if left := self.leftovers():
                say("still in the cluster: %s", ", ".join(left))
            for each in await_gone(self.cluster, OURS, 2 * self.lab.namespaces, Deadline(ENDING_S)):
                if self.run in each:
                    say("does not go away: %s", each)


def open_live_kubernetes(context: str = "") -> LiveKubernetes:
    """Return a new run with the cluster of a context, which is named or marked as a lab.

    Raises `NotAssessed` where there is none that may be used, with what to do.
    """
    with ExitStack() as opening:
        list(home.sweep(PREFIX))
        own = Home(PREFIX)
        opening.callback(own.close)
        cluster = connect(context, own.folder)
        opening.callback(cluster.close)
        if not context and not is_marked(cluster):
            raise NotAssessed(f"The current context, {cluster.context}, is not marked as a lab.", USE)
        opened = LiveKubernetes(cluster, read_lab(cluster), own)
        opening.pop_all()  # from here on, the run closes it
        return opened


def _is_ready(node: Mapping[str, Any]) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
