"""The turn on a cluster whose API is played; test_live_kubernetes takes turns on a real one."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from types import SimpleNamespace

import pytest

from infra_grader.capabilities import kubernetes_turn
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.home import Home
from infra_grader.capabilities.kubernetes import Refused
from infra_grader.capabilities.kubernetes_owner import marks
from infra_grader.capabilities.kubernetes_turn import LEASES, Taker, leave_turns, remove_left_turns, turn
from infra_grader.capabilities.live_kubernetes import PREFIX
from infra_grader.model.outcome import CheckFailed, NotAssessed, Unavailable

WAIT_S = 20


class Leases:
    """A cluster that keeps leases, and tells who waits of each change."""

    def __init__(self):
        self.kept = {}
        self.asked = Counter()
        self.errors = {}
        self._versions = itertools.count(100)
        self._changed = threading.Condition(threading.RLock())

    def get(self, *_):
        return {}

    def list(self, _resource, _namespace, *, labels):
        with self._changed:
            key, _, value = labels.partition("=")
            return [each for each in self.kept.values() if each["metadata"]["labels"].get(key) == value]

    def create(self, lease, _namespace):
        self._ask("create")
        return SimpleNamespace(object=self.put(lease["metadata"]["name"], lease))

    def patch(self, _resource, name, _namespace, body):
        self._ask("patch")
        with self._changed:
            if name not in self.kept:
                raise Refused(404, "NotFound", "not found")
            old = self.kept[name]
        metadata = {**old["metadata"]}
        metadata["annotations"] = {**metadata["annotations"], **body.get("metadata", {}).get("annotations", {})}
        return self.put(name, {**old, "metadata": metadata, "spec": {**old["spec"], **body.get("spec", {})}})

    def delete(self, _resource, name, _namespace):
        self._ask("delete")
        with self._changed:
            self._changed.notify_all()
            return self.kept.pop(name, None) is not None

    def delete_all(self, resource, namespace, *, labels):
        for each in self.list(resource, namespace, labels=labels):
            self.delete(resource, each["metadata"]["name"], namespace)

    def await_(self, resource, namespace, look, deadline, *, labels, every_s):
        while True:
            with self._changed:
                if (found := look(self.list(resource, namespace, labels=labels))) is not None:
                    return found
                if not deadline.remaining():
                    return None
                self._changed.wait(min(every_s, deadline.remaining()))

    def put(self, name, lease):
        with self._changed:
            metadata = {"uid": name, "annotations": {}, **lease["metadata"]}
            self.kept[name] = {**lease, "metadata": {**metadata, "resourceVersion": str(next(self._versions))}}
            self._changed.notify_all()
            return self.kept[name]

    def _ask(self, what):
        self.asked[what] += 1
        if what in self.errors:
            raise self.errors[what]


@pytest.fixture
def cluster(monkeypatch):
    leases = Leases()
    monkeypatch.setattr(kubernetes_turn, "LOOK_S", 0.02)
    return leases


def taker(name, *, silent_s=15, run="run", notes=None, yields=False):
    return Taker(name=name, run=run, marks=notes or {}, silent_s=silent_s, yields=yields)


def queued(cluster, many):
    """Wait until so many leases have their tickets."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        if sum(kubernetes_turn.TICKET in each["metadata"]["annotations"] for each in [*cluster.kept.values()]) >= many:
            return
        time.sleep(0.005)
    pytest.fail(f"{len(cluster.kept)} leases are there, not {many}")


def test_who_comes_first_is_served_first(cluster):
    order, threads = [], []

    def take(name):
        with turn(cluster, taker(name), Deadline(WAIT_S)):
            order.append(name)

    with turn(cluster, taker("holder"), Deadline(WAIT_S)):
        for number in range(5):
            name = f"later-{9 - number}"
            threads.append(threading.Thread(target=take, args=(name,)))
            threads[-1].start()
            queued(cluster, number + 2)
        order.append("holder")
    for thread in threads:
        thread.join(WAIT_S)
    assert order == ["holder", "later-9", "later-8", "later-7", "later-6", "later-5"]
    assert not cluster.kept


def test_one_that_yields_lets_the_others_of_its_run_go_first(cluster):
    order, threads = [], []

    def take(name, run, yields):
        with turn(cluster, taker(name, run=run, yields=yields), Deadline(WAIT_S)):
            order.append(name)

    with turn(cluster, taker("holder"), Deadline(WAIT_S)):
        for number, (name, run, yields) in enumerate(
            [("scales", "a", True), ("others", "b", False), ("grows", "a", True), ("updates", "a", False)]
        ):
            threads.append(threading.Thread(target=take, args=(name, run, yields)))
            threads[-1].start()
            queued(cluster, number + 2)
    for thread in threads:
        thread.join(WAIT_S)
    assert order == ["others", "updates", "scales", "grows"]
    assert not cluster.kept


def test_there_is_one_at_a_time(cluster):
    inside, most = [], []

    def take(name):
        with turn(cluster, taker(name), Deadline(WAIT_S)):
            inside.append(name)
            most.append(len(inside))
            time.sleep(0.005)
            inside.remove(name)

    threads = [threading.Thread(target=take, args=(f"one-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert most == [1] * 8


def test_a_check_does_not_pay_for_the_wait(cluster):
    deadline = Deadline(0.1)
    with ExitStack() as held:
        held.enter_context(turn(cluster, taker("holder"), Deadline(WAIT_S)))
        waiting = threading.Timer(0.3, held.pop_all().close)
        waiting.start()
        with turn(cluster, taker("next"), deadline):
            deadline.check()
            time.sleep(0.12)
            with pytest.raises(Overrun):
                deadline.check()
        waiting.join()


def test_it_waits_no_longer_than_its_patience_lasts(cluster, monkeypatch):
    monkeypatch.setattr(kubernetes_turn, "PATIENCE_S", 0.05)
    with (
        turn(cluster, taker("holder"), Deadline(WAIT_S)),
        pytest.raises(NotAssessed, match=r"have measured in the cluster for 0.05 s; 1 are left"),
        turn(cluster, taker("next"), Deadline(WAIT_S)),
    ):
        pass
    assert not cluster.kept


def test_one_that_is_silent_loses_its_place(cluster):
    """It was killed on another machine; time is told by our own clock, whatever the lease says."""
    left = {
        "metadata": {"labels": {kubernetes_turn.PURPOSE_LABEL: "turns"}, "annotations": {}},
        "spec": {"leaseDurationSeconds": 0.1, "renewTime": "2999-01-01T00:00:00Z"},
    }
    left["metadata"]["annotations"][kubernetes_turn.TICKET] = "0" * 20
    cluster.put("dead", {**left, "metadata": {**left["metadata"], "name": "dead"}})
    with turn(cluster, taker("next"), Deadline(WAIT_S)):
        assert list(cluster.kept) == ["next"]


def test_one_whose_grader_has_ended_here_loses_it_at_once(cluster):
    home = Home(PREFIX)
    notes = marks(home.folder)
    with turn(cluster, taker("lives", notes=notes), Deadline(WAIT_S)):
        remove_left_turns(cluster)
        assert list(cluster.kept) == ["lives"]
    home.close()
    killed = {"name": "killed", "labels": {kubernetes_turn.PURPOSE_LABEL: "turns"}, "annotations": notes}
    cluster.put("killed", {"metadata": killed, "spec": {"leaseDurationSeconds": 300}})
    remove_left_turns(cluster)
    assert not cluster.kept
    cluster.put("killed", {"metadata": killed, "spec": {"leaseDurationSeconds": 300}})
    with turn(cluster, taker("next"), Deadline(WAIT_S)):
        assert list(cluster.kept) == ["next"]


def test_one_that_lives_keeps_it_by_its_signs(cluster):
    with turn(cluster, taker("holder", silent_s=0.3), Deadline(WAIT_S)):
        done = threading.Event()

        def take():
            with turn(cluster, taker("next", silent_s=0.3), Deadline(WAIT_S)):
                done.set()

        waiting = threading.Thread(target=take)
        waiting.start()
        assert not done.wait(0.7)
    waiting.join(WAIT_S)
    assert done.is_set()


def test_what_was_measured_when_the_turn_was_lost_does_not_count(cluster):
    with pytest.raises(Unavailable, match="at the same time"), turn(cluster, taker("me"), Deadline(WAIT_S)):
        cluster.delete(LEASES, "me", "")


def test_what_condemns_when_the_turn_was_lost_does_not_count_either(cluster):
    def measure():
        with turn(cluster, taker("me"), Deadline(WAIT_S)):
            cluster.delete(LEASES, "me", "")
            raise CheckFailed("12 % of the requests were lost.")

    with pytest.raises(Unavailable, match="at the same time") as said:
        measure()
    assert isinstance(said.value.__cause__, CheckFailed)


def test_a_place_that_was_lost_while_waiting_is_told(cluster):
    with turn(cluster, taker("holder"), Deadline(WAIT_S)):
        lost = []

        def take():
            try:
                with turn(cluster, taker("next"), Deadline(WAIT_S)):
                    lost.append("nothing")
            except Unavailable as error:
                lost.append(error.reason)

        waiting = threading.Thread(target=take)
        waiting.start()
        queued(cluster, 2)
        cluster.delete(LEASES, "next", "")
        waiting.join(WAIT_S)
    assert lost == ["Our place among those who measure in the cluster was lost."]


def test_a_run_that_ends_leaves_the_turns_of_checks_that_were_left_behind(cluster):
    with (
        suppress(Unavailable),
        turn(cluster, taker("other", run="other"), Deadline(WAIT_S), "another-queue"),
        turn(cluster, taker("mine", run="mine"), Deadline(WAIT_S)),
    ):
        leave_turns(cluster, "mine")
        assert list(cluster.kept) == ["other"]


@pytest.mark.parametrize("failure", [Overrun(), CheckFailed("12 % of the requests were lost.")])
def test_a_failure_within_stays_what_it_is(cluster, failure):
    with pytest.raises(type(failure)) as said, turn(cluster, taker("me"), Deadline(WAIT_S)):
        raise failure
    assert said.value is failure
    assert not cluster.kept


@pytest.mark.parametrize("what", ["create", "patch"])
def test_a_cluster_that_takes_no_leases_gives_no_turns(cluster, what):
    cluster.errors[what] = Refused(403, "Forbidden", "leases is forbidden")
    said = pytest.raises(NotAssessed, match="gives no turns: leases is forbidden")
    with said, turn(cluster, taker("me"), Deadline(WAIT_S)):
        pass
    assert not cluster.kept


@pytest.mark.parametrize(
    "error", [Refused(409, "Conflict", "changed"), Unavailable("No answer."), NotAssessed("We may not patch leases.")]
)
def test_a_sign_of_life_that_fails_ends_no_thread(cluster, error):
    with turn(cluster, taker("me", silent_s=0.03), Deadline(WAIT_S)):
        cluster.errors["patch"] = error
        before = cluster.asked["patch"]
        until = time.monotonic() + WAIT_S
        while cluster.asked["patch"] < before + 3 and time.monotonic() < until:
            time.sleep(0.005)
        assert cluster.asked["patch"] >= before + 3
