"""What live checks make in a cluster, held apart and removed: on the cluster of the tests, with empty namespaces."""

from __future__ import annotations

import copy
import ipaddress
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import cluster as kubectl
import fake_api
import pytest

from infra_grader.capabilities import kubernetes_ending, kubernetes_guard, kubernetes_room
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import NAMESPACES, Refused
from infra_grader.capabilities.kubernetes_bounds import LIMITS
from infra_grader.capabilities.kubernetes_guard import PUBLIC
from infra_grader.capabilities.kubernetes_lab import HOME
from infra_grader.capabilities.kubernetes_owner import PURPOSE_LABEL, RUN_LABEL
from infra_grader.capabilities.kubernetes_probe import Target
from infra_grader.capabilities.kubernetes_probe_pods import Place, probes, shared_probe
from infra_grader.capabilities.kubernetes_turn import LEASES, Taker, leave_turns, turn
from infra_grader.capabilities.live_kubernetes import PREFIX, open_live_kubernetes
from infra_grader.model.outcome import NotAssessed, Unavailable

KILLED = """
import sys, time
from infra_grader.capabilities.live_kubernetes import open_live_kubernetes
live = open_live_kubernetes()
print(live.namespace, live.other_namespace("outside"), live._home.folder, flush=True)
time.sleep(100)
"""


@pytest.fixture(autouse=True)
def own_cluster(kubeconfig, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))


@pytest.fixture
def live():
    opened = open_live_kubernetes()
    yield opened
    opened.close()


def test_a_submissions_namespace_is_bounded_and_gone_in_the_end(live):
    name = live.namespace
    namespace = live.cluster.get(NAMESPACES, name)
    labels = namespace["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
    assert labels["infra-grader.io/run"] == live.run
    guards = live.cluster.list(kubernetes_room.POLICIES, name)
    assert [each["spec"]["podSelector"] for each in guards] == [{}, {}]
    quota = live.cluster.list(kubernetes_room.QUOTAS, name)[0]
    assert not [each for each in quota["spec"]["hard"] if "cpu" in each or "memory" in each]
    assert not kubectl.read("limitranges", "--namespace", name)["items"]
    assert live.leftovers() == [f"namespace {name}"]
    learners = {"spec": {"podSelector": {"matchLabels": {"app": "api"}}, "policyTypes": ["Ingress"]}}
    live.guard([learners])
    chosen = {each["spec"]["policyTypes"][0]: each["spec"]["podSelector"] for each in live.cluster.list(
        kubernetes_room.POLICIES, name
    )}  # fmt: skip
    assert chosen["Egress"] == {}
    assert chosen["Ingress"]["matchExpressions"] == [{"key": "app", "operator": "NotIn", "values": ["api"]}]
    with pytest.raises(Refused, match="PodSecurity"):
        live.cluster.create(privileged(), name)
    for each in live.namespaces:
        kubernetes_room.remove(live.cluster, each)
    assert live.leftovers() == []
    assert live.await_end(Deadline(60)) == []


def test_a_lab_may_let_the_submissions_pods_reach_public_addresses(live):
    live.lab = live.lab.replace(internet=True)
    live.guard([])
    for namespace, is_open in ((live.namespace, True), (live.other_namespace("outside"), False)):
        policies = live.cluster.list(kubernetes_room.POLICIES, namespace)
        rules = [rule for each in policies for rule in each["spec"].get("egress") or ()]
        assert (PUBLIC in rules) is is_open


def test_what_is_excepted_from_public_addresses_is_shut_off_by_that_alone(live, monkeypatch):
    """A pod of a lab with `internet` does not reach the API, whose address is private, and would if that were none."""
    live.lab = live.lab.replace(internet=True)
    [(host, port), *_] = live.listening("default", "kubernetes")
    probe = shared_probe(live, Place(namespace=live.namespace), Deadline(60))
    target = Target(host=host, port=port, is_wanted=False)
    [shut] = probe.reach([target], 10.0, Deadline(60))
    assert shut.is_steady
    blocks = copy.deepcopy(PUBLIC)
    block = blocks["to"][0]["ipBlock"]
    address = ipaddress.ip_address(host)
    block["except"] = [each for each in block["except"] if address not in ipaddress.ip_network(each)]
    assert len(block["except"]) == len(PUBLIC["to"][0]["ipBlock"]["except"]) - 1
    monkeypatch.setattr(kubernetes_guard, "PUBLIC", blocks)
    live.guard()
    [opened] = probe.reach([target.replace(is_wanted=True)], 10.0, Deadline(60))
    assert opened.is_steady


def test_a_learners_bounds_hold_for_pods_of_ours_and_are_as_they_were(live):
    """One pod and no more, and none below 64 MiB: two of ours run beside it, and nothing of it stays."""

    def bound(kind, name, **spec):
        live.cluster.apply({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "spec": spec}, live.namespace)

    def seen():
        found = [each for kind in (kubernetes_room.QUOTAS, LIMITS) for each in live.cluster.list(kind, live.namespace)]
        return {each["metadata"]["name"]: (each["spec"], owners(each)) for each in found}

    def owners(found):
        managed = found["metadata"]["managedFields"]
        return [(each["manager"], each["operation"], each["fieldsV1"]) for each in managed if "subresource" not in each]

    bound("ResourceQuota", "one", hard={"pods": "1", "requests.cpu": "100m", "limits.memory": "128Mi"})
    bound("ResourceQuota", "others", hard={"pods": "0"}, scopes=["NotTerminating"])
    item = {"type": "Container", "min": {"memory": "64Mi"}, "max": {"memory": "128Mi"}}
    bound("LimitRange", "sizes", limits=[{**item, "maxLimitRequestRatio": {"cpu": "2"}}])
    before = seen()
    with probes(live, [Place(namespace=live.namespace), Place(namespace=live.namespace)], Deadline(60)) as made:
        assert made[0].look_up(["kubernetes.default"], 10.0, Deadline(60))[0].state == "known"
        now = seen()
        assert now["one"][0]["hard"] == {"pods": "3", "requests.cpu": "300m", "limits.memory": "402653184"}
        assert (now["others"], now["sizes"]) == (before["others"], before["sizes"])
    assert seen() == before
    bound("LimitRange", "sizes", limits=[{"type": "Container", "min": {"memory": "8Gi"}}])
    before = seen()
    with probes(live, [Place(namespace=live.namespace)], Deadline(60)):
        assert seen()["sizes"] == before["sizes"]
    assert seen() == before


def privileged():
    container = {"name": "c", "image": "x", "securityContext": {"privileged": True}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}


def test_what_a_killed_grader_left_is_removed_by_the_next(tmp_path):
    before = len(list(tmp_path.parent.glob("*")))
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True) as grader:
        first, second, folder = grader.stdout.readline().split()
        there = open_live_kubernetes()
        try:
            # One that lives keeps what it has.
            assert not there.cluster.get(NAMESPACES, first)["metadata"].get("deletionTimestamp")
        finally:
            there.close()
        grader.send_signal(signal.SIGKILL)
    next_one = open_live_kubernetes()
    try:
        for name in (first, second):
            left = next_one.cluster.get(NAMESPACES, name)
            assert left is None or left["metadata"]["deletionTimestamp"]
    finally:
        next_one.close()
    assert PREFIX in folder
    assert not kubectl_folder_exists(folder)
    assert len(list(tmp_path.parent.glob("*"))) == before


def kubectl_folder_exists(folder):
    return subprocess.run(["/usr/bin/test", "-e", folder], check=False).returncode == 0


def test_a_finalizer_that_nobody_removes_is_told(live):
    config = {"apiVersion": "v1", "kind": "ConfigMap"}
    config["metadata"] = {"name": "stays", "finalizers": ["example.com/never"]}
    live.cluster.create(config, live.namespace)
    kubernetes_room.remove(live.cluster, live.namespace)
    try:
        live.cluster.await_(
            NAMESPACES,
            "",
            lambda found: kubernetes_room.why_stuck(found[0]) or None,
            Deadline(60),
            fields=f"metadata.name={live.namespace}",
        )
        stuck = live.await_end(Deadline(0.1))
        assert stuck[0].startswith(f"namespace {live.namespace}: ")
        assert "example.com/never" in stuck[0]
    finally:
        live.cluster.patch(kubernetes_room.CONFIG_MAPS, "stays", live.namespace, {"metadata": {"finalizers": None}})


def test_what_holds_a_namespace_is_told_at_the_end_of_its_own_run_and_let_go(live, caplog, monkeypatch):
    monkeypatch.setattr(kubernetes_ending, "OPERATOR_S", 0.3)
    config = {"apiVersion": "v1", "kind": "ConfigMap"}
    config["metadata"] = {"name": "stays", "finalizers": ["example.com/never"]}
    name = live.namespace
    live.guard()  # as before objects of a learner's come
    live.cluster.create(config, name)
    live.close()
    assert [each.getMessage() for each in caplog.records] == [
        f"ConfigMap stays in {name} does not go: the finalizer example.com/never holds it; it was let go"
    ]
    assert not kubectl.read("configmaps", "--namespace", name, "--field-selector", "metadata.name=stays")["items"]


def test_who_comes_later_waits_until_a_place_is_free(live):
    ticket = "0" * 20
    kubernetes_room.await_place(live.cluster, ticket, 1, Deadline(10))
    live.enter(Deadline(60))
    with pytest.raises(NotAssessed, match="taken by 1 other submissions"):
        kubernetes_room.await_place(live.cluster, "9" * 20, 1, Deadline(0.5))
    kubernetes_room.await_place(live.cluster, "9" * 20, 100, Deadline(10))


def taker(name):
    return Taker(name=f"infra-grader-test-{name}", run=name, marks={}, silent_s=15)


class TestTurns:
    """Checks that count or time come one after another."""

    def test_the_second_waits_for_the_first(self, live):
        order = []

        def second():
            other = open_live_kubernetes()
            try:
                with turn(other.cluster, taker("second"), Deadline(30), "test"):
                    order.append("second")
            finally:
                other.close()

        waiting = threading.Thread(target=second)
        with turn(live.cluster, taker("first"), Deadline(30), "test"):
            waiting.start()
            live.cluster.await_(
                LEASES, HOME, lambda found: len(found) == 2 or None, Deadline(30), labels=f"{PURPOSE_LABEL}=test"
            )
            order.append("first")
        waiting.join()
        assert order == ["first", "second"]
        assert not live.cluster.list(LEASES, HOME, labels=f"{PURPOSE_LABEL}=test")

    def test_a_holder_that_is_silent_loses_it(self, live):
        metadata = {"name": "infra-grader-test-dead", "labels": {PURPOSE_LABEL: "test-silent"}}
        lease = {"apiVersion": LEASES.api_version, "kind": "Lease", "metadata": metadata}
        live.cluster.create({**lease, "spec": {"holderIdentity": "dead", "leaseDurationSeconds": 1}}, HOME)
        began = time.monotonic()
        with turn(live.cluster, taker("next"), Deadline(30), "test-silent"):
            assert time.monotonic() - began > 1
            there = live.cluster.list(LEASES, HOME, labels=f"{PURPOSE_LABEL}=test-silent")
            assert [each["metadata"]["name"] for each in there] == ["infra-grader-test-next"]

    def test_a_run_leaves_the_turns_of_checks_that_were_left_behind(self, live):
        with suppress(Unavailable), turn(live.cluster, taker(live.run), Deadline(30), "test-left"):
            leave_turns(live.cluster, live.run)
            assert not live.cluster.list(LEASES, HOME, labels=f"{RUN_LABEL}={live.run}")


class TestLabs:
    """Which clusters are used at all."""

    def test_a_current_context_that_is_no_lab_is_not(self, tmp_path, monkeypatch):
        resources = [{"name": "namespaces", "kind": "Namespace", "namespaced": False}]

        def answers(method, path):
            if path == "/api/v1":
                return 200, {"resources": resources}
            return fake_api.failure(404, "NotFound", "no such namespace")

        with fake_api.api(answers, tmp_path) as (file, asked):
            monkeypatch.setenv("KUBECONFIG", str(file))
            with pytest.raises(NotAssessed, match="The current context, lab, is not marked as a lab") as verdict:
                open_live_kubernetes()
            assert {method for method, _ in asked} == {"GET"}
        assert "--kube-context" in verdict.value.remedy
        assert "infra-grader.io/lab=true" in verdict.value.remedy
