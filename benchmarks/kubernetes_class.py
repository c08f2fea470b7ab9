"""What a class costs one cluster: `python benchmarks/kubernetes_class.py --kube-context NAME [--learners N...]`.

A class is generated, each with a small service from a ConfigMap, and graded by `batch`: applied, waited for, and asked
over HTTP. Every tenth answers with the wrong word and has to lose that check, and nobody another one. First ten are
graded, then the larger classes. While they are, the namespaces are followed: how many submissions were in the cluster
at once, which the lab's setting bounds, and how many namespaces were ending. The API's requests are counted by each
grader itself, up to its end: for each submission of a large class there may be no more than for one of ten. In the end
nothing is left.

A class of 1,000 asks too much of one small node, so `--simulated --learners 100 1000` grades classes whose pods only go
to simulated nodes, as `tests/cluster/cluster simulate FOLDER 4` adds them. Nothing runs there: instead of being asked
over HTTP, a Deployment has to have as many available pods as the rubric wants, and every tenth asks for too few.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import kubernetes

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import NAMESPACES, PODS, Cluster, Resource, connect
from infra_grader.capabilities.kubernetes_lab import read_lab
from infra_grader.capabilities.kubernetes_owner import PURPOSE_LABEL, RUN_LABEL
from infra_grader.capabilities.kubernetes_room import SUBMISSION, is_ending
from infra_grader.capabilities.kubernetes_turn import LEASES

PROGRAM = [sys.executable, "-P", "-m", "infra_grader", "batch"]
FEW = 10
WRONG = 10
"""Of so many submissions, one answers wrongly."""
GROWTH_BAR = 1.05
"""How many more requests a submission may take in a large class, as a factor."""
NODES = Resource(api_version="v1", kind="Node", plural="nodes", is_namespaced=False)
WATCH_S = 2
GONE_S = 120.0
RUBRIC = """\
schema: infra-grader/rubric/v1
id: cluster-class
version: 1
title: A service in a cluster
points: 30
pass_mark: 25
criteria:
  - id: live
    title: Live
    points: 30
    checks:
      - {id: app, title: It is applied, uses: kubernetes.apply, with: {manifests: k8s}}
      - {id: up, title: It comes up, uses: kubernetes.rollout, with: {of: app, seconds: 200, stays_s: 0}}
      - {id: works, title: It does what it is for, QUESTION, needs: [up]}
"""
COUNTING = """\
import os
from infra_grader.capabilities.kubernetes import Cluster

close = Cluster.close

def counted(self):
    with open({file!r}, "a", encoding="utf-8") as file:
        file.write(f"{{os.getpid()}} {{self.requests}}\\n")
    close(self)

Cluster.close = counted
"""
"""A plugin that writes down how many requests each grader has sent, when it leaves the cluster."""
SERVICE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: api}
data:
  server.py: |
    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"GIVEN NUMBER")

    http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 1
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: api
          image: IMAGE
          command: [python3, /app/server.py]
          ports: [{name: http, containerPort: 8000}]
          readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
          resources: {requests: {cpu: 20m, memory: 32Mi}, limits: {cpu: 500m, memory: 96Mi}}
          volumeMounts: [{name: code, mountPath: /app}]
      volumes: [{name: code, configMap: {name: api}}]
---
apiVersion: v1
kind: Service
metadata: {name: api}
spec:
  selector: {app: api}
  ports: [{port: 80, targetPort: http}]
"""
SIMULATED_NODES = "kwok.x-k8s.io/node"
"""The label of simulated nodes, and the key of their taint."""
NOTHING_RUNS = f"""\
apiVersion: v1
kind: ConfigMap
metadata: {{name: api}}
data: {{learner: "NUMBER"}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: api}}
spec:
  replicas: GIVEN
  selector: {{matchLabels: {{app: api}}}}
  template:
    metadata: {{labels: {{app: api}}}}
    spec:
      nodeSelector: {{{SIMULATED_NODES}: simulated}}
      tolerations: [{{key: {SIMULATED_NODES}, operator: Exists, effect: NoSchedule}}]
      containers:
        - name: api
          image: registry.invalid/on-a-real-node-this-is-never-pulled:1
          envFrom: [{{configMapRef: {{name: api}}}}]
          ports: [{{name: http, containerPort: 8000}}]
          resources: {{requests: {{cpu: 500m, memory: 1Gi}}, limits: {{cpu: "1", memory: 1Gi}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: api}}
spec:
  selector: {{app: api}}
  ports: [{{port: 80, targetPort: http}}]
"""


class Exercise(NamedTuple):
    """What the learners of a class hand in, and what is asked of it last."""

    manifests: str
    question: str
    right: str
    """What stands for `GIVEN` in the manifests of most learners."""
    wrong: str
    """And in those that have to lose the last check."""


ON_REAL_NODES = Exercise(
    manifests=SERVICE,
    question="uses: kubernetes.http, with: {of: app, paths: [/], contains: [ready to serve], seconds: 15}",
    right="ready to serve",
    wrong="not ready",
)
ON_SIMULATED_NODES = Exercise(
    manifests=NOTHING_RUNS,
    question=(
        "uses: kubernetes.resource, "
        "with: {of: app, kind: Deployment, expect: {status: {availableReplicas: 2}}, seconds: 1}"
    ),
    right="2",
    wrong="1",
)


class Stays:
    """The steps of each submission's namespace: made, entered, ending, gone, each with the revision of its write.

    The API numbers all that it writes, so the order of these numbers is the true one, however late we hear of it.
    """

    def __init__(self) -> None:
        self._steps: dict[str, dict[str, int]] = {}

    def note_namespace(self, what: str, found: Mapping[str, Any]) -> None:
        """Note what an event says of a namespace."""
        step = "gone" if what == "DELETED" else "ending" if is_ending(found) else "made"
        self._note(found["metadata"]["name"], step, found)

    def note_object(self, what: str, found: Mapping[str, Any]) -> None:
        """Note what an event says of an object of a learner's, which is put there once the submission has its place."""
        if what == "ADDED":
            self._note(found["metadata"]["namespace"], "entered", found)

    def most(self, begin: str, *ends: str) -> int:
        """Return how many namespaces there were at most that had taken one step, and none of the others."""
        changes = []
        for steps in list(self._steps.values()):
            if begin in steps:
                changes.append((steps[begin], 1))
                changes += [(min(steps[end] for end in ends if end in steps), -1)] if {*ends} & {*steps} else []
        return max(accumulate(change for _, change in sorted(changes)), default=0)

    def _note(self, name: str, step: str, found: Mapping[str, Any]) -> None:
        self._steps.setdefault(name, {}).setdefault(step, int(found["metadata"]["resourceVersion"]))


def main() -> int:
    """Print the figures, and return 1 if one is over its bar, a score is wrong or anything is left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kube-context", required=True)
    parser.add_argument("--learners", type=int, nargs="+", default=[100], help="how large the larger classes are")
    parser.add_argument("--simulated", action="store_true", help="let the pods go to simulated nodes only")
    parser.add_argument("--jobs", type=int, help="default: one more than submissions may be in the cluster")
    parser.add_argument("--image", default="python:3.11-slim")
    options = parser.parse_args()
    with closing(connect(options.kube_context)) as cluster, tempfile.TemporaryDirectory(prefix="bench-class-") as name:
        if options.simulated and not cluster.list(NODES, labels=SIMULATED_NODES):
            parser.error("the cluster has no simulated nodes: `tests/cluster/cluster simulate FOLDER 4` adds some")
        sizes = [FEW, *options.learners]
        classes = [
            graded(Path(name) / f"{number}", cluster, options, learners) for number, learners in enumerate(sizes)
        ]
        left = leftovers(cluster)
    growth = max(requests for requests, _ in classes) / classes[0][0]
    print(f"requests for each: at most {growth:.2f} times those in a class of {FEW} (bar {GROWTH_BAR})")
    print(f"left in the end: {', '.join(left) or 'nothing'}")
    return int(bool(left or any(is_odd for _, is_odd in classes) or growth > GROWTH_BAR))


def graded(place: Path, cluster: Cluster, options: argparse.Namespace, learners: int) -> tuple[float, bool]:
    """Grade a class; return the requests that each submission took, and whether a score or a bound was wrong."""
    most = read_lab(cluster).namespaces
    jobs = options.jobs or most + 1
    exercise = ON_SIMULATED_NODES if options.simulated else ON_REAL_NODES
    scratch = place / "scratch"
    scratch.mkdir(parents=True)
    make_class(place / "class", learners, exercise, options.image)
    rubric, plugin, counts = place / "rubric.yaml", place / "counting.py", place / "requests.txt"
    rubric.write_text(RUBRIC.replace("QUESTION", exercise.question), encoding="utf-8")
    plugin.write_text(COUNTING.format(file=str(counts)), encoding="utf-8")
    command = [*PROGRAM, str(place / "class"), "--rubric", str(rubric), "--plugin", str(plugin), "--jobs", str(jobs)]
    command += ["--out", str(place / "out"), "--live", "kubernetes", "--kube-context", options.kube_context]
    stays = Stays()
    began = time.perf_counter()
    with followed(options.kube_context, stays):
        environment = {**os.environ, "TMPDIR": str(scratch)}
        ended = subprocess.run(command, env=environment, check=False, capture_output=True)
    seconds = time.perf_counter() - began
    working, waiting = stays.most("entered", "ending"), stays.most("made", "entered", "ending")
    ending = stays.most("ending", "gone")
    odd = sorted(odd_scores(place / "out", learners))
    requests = [int(line.split()[1]) for line in counts.read_text(encoding="utf-8").splitlines()]
    print(
        f"{learners} submissions by {jobs} workers: {seconds:.0f} s, {seconds / learners:.1f} s each; at most "
        f"{working} in the cluster at once (bar {most}), {waiting} waiting, {ending} ending; "
        f"{sum(requests) / learners:.1f} requests each (from {min(requests)} to {max(requests)})",
        flush=True,
    )
    odd += [f"left on this machine: {each}" for each in sorted(scratch.iterdir())]
    for each in odd[:10]:
        print(f"  not as it should be: {each}")
    if ended.returncode:
        print(ended.stderr.decode(errors="replace")[-2000:])
    is_odd = bool(odd or ended.returncode or not 0 < working <= most)
    return sum(requests) / learners, is_odd


def make_class(folder: Path, learners: int, exercise: Exercise, image: str) -> None:
    """Write the work of so many learners."""
    for number in range(learners):
        given = exercise.wrong if is_wrong(number) else exercise.right
        work = folder / f"learner-{number:04}" / "k8s"
        work.mkdir(parents=True)
        manifests = exercise.manifests.replace("GIVEN", given).replace("NUMBER", str(number)).replace("IMAGE", image)
        (work / "app.yaml").write_text(manifests, encoding="utf-8")


def is_wrong(number: int) -> bool:
    """Whether the work of a learner has to lose the last check."""
    return number % WRONG == WRONG - 1


def odd_scores(out: Path, learners: int) -> Iterator[str]:
    """Yield the learners whose checks did not end as their work deserves."""
    for number in range(learners):
        name = f"learner-{number:04}"
        file = out / "results" / name / "result.json"
        if not file.is_file():
            yield f"{name}: no result"
            continue
        result = json.loads(file.read_text(encoding="utf-8"))
        checks = [check for criterion in result["criteria"] for check in criterion["checks"]]
        found = {check["id"]: check["status"] for check in checks}
        wanted = {"app": "passed", "up": "passed", "works": "failed" if is_wrong(number) else "passed"}
        if found != wanted:
            reasons = "; ".join(str(check.get("message")) for check in checks if check["status"] != "passed")
            yield f"{name}: {found}: {reasons}"


@contextmanager
def followed(context: str, stays: Stays) -> Iterator[None]:
    """Note each step of each submission's namespace, during the block."""
    client = kubernetes.client.CoreV1Api(
        kubernetes.config.new_client_from_config(os.environ.get("KUBECONFIG"), context)  # else as of the first import
    )
    is_over = threading.Event()

    def follow(listing: Any, note: Callable[[str, Mapping[str, Any]], None], **chosen: str) -> None:
        watch, version = kubernetes.watch.Watch(), "0"
        while not is_over.is_set():
            # The next one goes on where this one ends: no event is missed.
            for event in watch.stream(listing, resource_version=version, timeout_seconds=WATCH_S, **chosen):
                note(event["type"], event["raw_object"])
            version = watch.resource_version or version

    chosen = {"label_selector": f"{PURPOSE_LABEL}={SUBMISSION}"}
    first = {"field_selector": "metadata.name=api"}
    with ThreadPoolExecutor(2) as pool:
        followers = [
            pool.submit(follow, client.list_namespace, stays.note_namespace, **chosen),
            pool.submit(follow, client.list_config_map_for_all_namespaces, stays.note_object, **first),
        ]
        try:
            yield
        finally:
            is_over.set()
        for each in followers:
            each.result()


def leftovers(cluster: Cluster) -> list[str]:
    """Return what is still there when the namespaces have had their time to end."""
    cluster.await_(NAMESPACES, "", lambda found: None if found else True, Deadline(GONE_S), labels=RUN_LABEL)
    return [
        f"{kind.kind} {each['metadata']['name']}"
        for kind, labels in ((NAMESPACES, RUN_LABEL), (LEASES, RUN_LABEL), (PODS, PURPOSE_LABEL))
        for each in cluster.list(kind, labels=labels)
    ]


if __name__ == "__main__":
    sys.exit(main())
