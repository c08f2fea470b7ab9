"""What a rollout costs beside the same by kubectl: `python benchmarks/kubernetes_rollouts.py --kube-context NAME`.

Each run puts the manifests of Project 02's solution into the cluster, waits until they are up, judges how a pod stops,
and removes everything; by kubectl: `create namespace`, `apply`, `rollout status` and `delete namespace`, which waits
for the same stop. The service is a stand-in that takes as long to drain as the solution's. They go one after the
other, and the first one in turn. Interpreter start and imports of ours are left out: all is asked by this one process.
Ours ends when the check is answered and the clean-up is asked for; how long the namespace then takes to go is said.

The solution's manifests ask for waits, as the course has them: ten seconds before a pod is first asked whether it is
ready, and ten more before it counts as available. Both take them alike, so `--at-once` measures without.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import NAMESPACES, connect
from infra_grader.model.outcome import Outcome
from infra_grader.testing import run_check

BAR = 0.7
SOLUTION = Path(__file__).parents[1] / "exercises" / "project-02-kubernetes-serving" / "solution" / "kubernetes"
LEFT_OUT = {"Namespace", "Ingress"}
NAMESPACE = "infra-grader-benchmark"
SERVER = """
import http.server, signal, sys, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_):
        pass
def drain(*_):
    time.sleep(5); sys.exit(0)
signal.signal(signal.SIGTERM, drain)
http.server.ThreadingHTTPServer(("", 5000), Handler).serve_forever()
"""


def main() -> int:
    """Print the medians and their ratio, and return 1 if that is over the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kube-context", required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--image", default="python:3.11-slim")
    parser.add_argument("--kubectl", default="kubectl")
    parser.add_argument("--at-once", action="store_true", help="leave out the waits that the manifests ask for")
    options = parser.parse_args()
    ours, ends, theirs = [], [], []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        objects = manifests(options.image, at_once=options.at_once)
        warm_up(folder, options.kube_context)
        (folder / "all.yaml").write_text(yaml.safe_dump_all(objects), encoding="utf-8")
        for number in range(options.runs):
            turns = [lambda: ours.append(by_us(folder, options.kube_context)), lambda: ends.append(until_gone(options))]
            hand = [lambda: theirs.append(by_hand(options, objects))]
            for act in [*turns, *hand] if number % 2 == 0 else [*hand, *turns]:
                act()
    mine, yours, end = statistics.median(ours), statistics.median(theirs), statistics.median(ends)
    for title, each in (("ours", ours), ("kubectl", theirs), ("gone", ends)):
        print(f"{title:8}", *(f"{seconds:5.1f}" for seconds in each))
    print(f"ours {mine:5.1f} s / {yours:5.1f} s by kubectl = {mine / yours:5.3f} (bar {BAR}); gone {end:.1f} s later")
    return int(mine / yours > BAR)


def manifests(image: str, *, at_once: bool = False) -> list[dict[str, Any]]:
    """Return the objects of the solution, without their namespace, with a stand-in for its service."""
    read = [each for file in sorted(SOLUTION.glob("*.yaml")) for each in yaml.safe_load_all(file.read_text("utf-8"))]
    objects = [copy.deepcopy(each) for each in read if each["kind"] not in LEFT_OUT]
    for each in objects:
        each["metadata"].pop("namespace", None)
        if each["kind"] == "Deployment":
            container = each["spec"]["template"]["spec"]["containers"][0]
            container.update(image=image, command=["python3", "-c", SERVER])
            container["resources"]["requests"] = {"cpu": "50m", "memory": "64Mi"}
            if at_once:
                each["spec"].pop("minReadySeconds")
                container["readinessProbe"].update(initialDelaySeconds=0, periodSeconds=1)
    return objects


def warm_up(folder: Path, context: str) -> None:
    """Import what the checks import, by asking them of a pod that is refused before it reaches the cluster."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "none"}, "spec": {"hostNetwork": True}}
    (folder / "all.yaml").write_text(yaml.safe_dump(pod), encoding="utf-8")
    ask(folder, context)


def by_us(folder: Path, context: str) -> float:
    """Return the seconds that the checks take, with the clean-up."""
    began = time.perf_counter()
    outcome = ask(folder, context)
    if outcome.status != "passed":
        sys.exit(f"the rollout is {outcome.status}: {outcome.message} {outcome.remedy}")
    return time.perf_counter() - began


def ask(folder: Path, context: str) -> Outcome:
    """Ask whether what lies in a folder comes up, and how it stops."""
    return run_check(
        "kubernetes.rollout",
        {"of": "app", "stays_s": 0, "stops_within": 20, "seconds": 200},
        folder,
        live="kubernetes",
        kube_context=context,
        timeout=280,
        before={"app": {"uses": "kubernetes.apply"}},
    )


def until_gone(options: argparse.Namespace) -> float:
    """Return the seconds until no namespace of ours is left."""
    began = time.perf_counter()
    cluster = connect(options.kube_context)
    try:
        label = "infra-grader.io/run"
        cluster.await_(NAMESPACES, "", lambda found: None if found else True, Deadline(60), labels=label)
    finally:
        cluster.close()
    return time.perf_counter() - began


def by_hand(options: argparse.Namespace, objects: list[dict[str, Any]]) -> float:
    """Return the seconds that the same takes by kubectl."""
    base = [options.kubectl, "--context", options.kube_context]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    name = next(each["metadata"]["name"] for each in objects if each["kind"] == "Deployment")
    began = time.perf_counter()
    for arguments, text in (
        (["create", "namespace", NAMESPACE], None),
        (["--namespace", NAMESPACE, "apply", "--filename", "-"], listed),
        (["--namespace", NAMESPACE, "rollout", "status", f"deployment/{name}", "--timeout", "200s"], None),
        (["delete", "namespace", NAMESPACE], None),
    ):
        subprocess.run([*base, *arguments], input=text, text=True, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
