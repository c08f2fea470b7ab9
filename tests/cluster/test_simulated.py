"""Simulated nodes come when they are asked for, bear the pods of a class, and go without a trace."""

from __future__ import annotations

import argparse
import fcntl
import runpy
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cluster
import pytest

from infra_grader.capabilities.kubernetes import connect

CLUSTER = Path(__file__).with_name("cluster")
BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "kubernetes_class.py"
LABEL = "kwok.x-k8s.io/node"
BUILD_S = 300
WAIT_S = 30
LEARNERS = 5
PODS = """
apiVersion: v1
kind: Pod
metadata: {name: tolerates}
spec:
  nodeSelector: {kwok.x-k8s.io/node: simulated}
  tolerations: [{key: kwok.x-k8s.io/node, operator: Exists}]
  containers: [{name: one, image: "registry.invalid/nothing:1"}]
---
apiVersion: v1
kind: Pod
metadata: {name: does-not}
spec:
  nodeSelector: {kwok.x-k8s.io/node: simulated}
  containers: [{name: one, image: "registry.invalid/nothing:1"}]
"""


@pytest.fixture
def folder(kubeconfig) -> Iterator[Path]:
    """Return the folder of the cluster, whose simulated nodes are gone at the end."""
    place = kubeconfig.parent
    if not (place / "pids" / "init").is_file():
        pytest.skip(f"the cluster of {kubeconfig} is not one of tests/cluster/cluster")
    with (place / "simulating").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # each call replaces the nodes of another worker's
        try:
            yield place
        finally:
            simulate(place, 0)


@pytest.fixture
def namespace(folder) -> Iterator[str]:
    """Return a namespace that ends before the simulated nodes do."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    try:
        yield name
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=false")


def simulate(folder: Path, number: int) -> None:
    """Give a cluster so many simulated nodes; the first call may have to build what simulates them."""
    subprocess.run([CLUSTER, "simulate", folder, str(number)], check=True, timeout=BUILD_S)


def names(*arguments: str) -> set[str]:
    """Return the names of the objects that `kubectl get` finds."""
    return {each["metadata"]["name"] for each in cluster.read(*arguments)["items"]}


def test_simulated_nodes_come_and_go_and_only_bear_what_tolerates_them(folder, namespace):
    real = names("nodes", "--selector", f"!{LABEL}")
    simulate(folder, 3)
    simulate(folder, 2)
    assert names("nodes", "--selector", LABEL) == {"simulated-1", "simulated-2"}
    cluster.kubectl("apply", "-n", namespace, "-f", "-", text=PODS)
    cluster.kubectl("wait", "-n", namespace, "--for=condition=Ready", f"--timeout={WAIT_S}s", "pod/tolerates")
    refused = "jsonpath={.status.conditions[?(@.type=='PodScheduled')].reason}=Unschedulable"
    cluster.kubectl("wait", "-n", namespace, f"--for={refused}", f"--timeout={WAIT_S}s", "pod/does-not")
    process = int((folder / "pids" / "kwok").read_text())
    simulate(folder, 0)
    assert names("nodes") == real
    assert names("pods", "-n", namespace) == {"does-not"}
    assert not names("leases", "-n", "kube-node-lease") - real
    assert not (folder / "pids" / "kwok").exists()
    assert not Path(f"/proc/{process}").exists()


def test_a_class_is_graded_on_simulated_nodes(folder, kubeconfig, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    simulate(folder, 1)
    benchmark = runpy.run_path(str(BENCHMARK))
    options = argparse.Namespace(kube_context="lab", simulated=True, jobs=LEARNERS, image="")
    with closing(connect("lab")) as connected:
        requests, is_odd = benchmark["graded"](tmp_path, connected, options, LEARNERS)
    assert not is_odd, capsys.readouterr().out
    assert requests > 0


def test_a_number_of_nodes_is_asked_for_in_a_cluster_that_runs(tmp_path):
    for folder, number, problem in ((tmp_path, "2", "no cluster runs in"), (tmp_path, "many", "many is no number")):
        done = subprocess.run([CLUSTER, "simulate", folder, number], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert problem in done.stderr
