"""What a class costs one cluster: `python benchmarks/kubernetes_class.py --kube-context NAME [--learners N]`.

A class is generated, each with a small service from a ConfigMap, and graded by `batch`: applied, waited for, and asked
over HTTP. Every tenth answers with the wrong word and has to lose that check, and nobody another one. First ten are
graded, then all. While they are, the namespaces are followed: how many submissions were in the cluster at once, which
the lab's setting bounds, and how many namespaces were ending. The API's requests are counted by each grader itself, up
to its end: for each submission of a large class there may be no more than for one of ten. In the end nothing is left.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import NAMESPACES, Cluster, connect
from infra_grader.capabilities.kubernetes_lab import read_lab
from infra_grader.capabilities.kubernetes_owner import PURPOSE_LABEL, RUN_LABEL
from infra_grader.capabilities.kubernetes_room import QUOTAS, SUBMISSION, is_ending

PROGRAM = [sys.executable, "-P", "-m", "infra_grader", "batch"]
FEW = 10
WRONG = 10
"""Of so many submissions, one answers wrongly."""
GROWTH_BAR = 1.05
"""How many more requests a submission may take in a large class, as a factor."""
LOOK_S = 0.25
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
      - id: answers
        title: It answers
        uses: kubernetes.http
        with: {of: app, paths: [/], contains: [ready to serve], seconds: 15}
        needs: [up]
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
MANIFESTS = """\
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
            self.wfile.write(b"WORDS NUMBER")

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


class Peaks:
    """The most namespaces of submissions that were seen at once."""

    def __init__(self) -> None:
        self.working = 0
        """That a submission is in: past its wait for a place, and not ending."""
        self.waiting = 0
        """That hold nothing yet."""
        self.ending = 0
        self._before: set[str] = set()

    def look(self, namespaces: list[Mapping[str, Any]], quotas: list[Mapping[str, Any]]) -> None:
        """Note how many there are now; to be called twice a second or so.

        Both lists are not of exactly the same moment, so what counts as at work was so the last time too.
        """
        bounded = {each["metadata"]["namespace"] for each in quotas}
        live = {each["metadata"]["name"] for each in namespaces if not is_ending(each)}
        working = live & bounded
        self.working = max(self.working, len(working & self._before))
        self.waiting = max(self.waiting, len(live - bounded))
        self.ending = max(self.ending, sum(map(is_ending, namespaces)))
        self._before = working


def main() -> int:
    """Print the figures, and return 1 if one is over its bar, a score is wrong or anything is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kube-context", required=True)
    parser.add_argument("--learners", type=int, default=100)
    parser.add_argument("--jobs", type=int, help="default: one more than submissions may be in the cluster")
    parser.add_argument("--image", default="python:3.11-slim")
    options = parser.parse_args()
    with closing(connect(options.kube_context)) as cluster, tempfile.TemporaryDirectory(prefix="bench-class-") as name:
        before = homes()
        most = read_lab(cluster).namespaces
        jobs = options.jobs or most + 1
        place = Path(name)
        (place / "rubric.yaml").write_text(RUBRIC, encoding="utf-8")
        small, is_few_wrong = graded(place / "few", cluster, options, FEW, jobs, most)
        large, is_all_wrong = graded(place / "all", cluster, options, options.learners, jobs, most)
        left = leftovers(cluster, before)
    growth = large / small
    print(f"requests for each: {growth:.2f} times those in a class of {FEW} (bar {GROWTH_BAR})")
    print(f"left in the end: {', '.join(left) or 'nothing'}")
    return int(bool(left or is_few_wrong or is_all_wrong or growth > GROWTH_BAR))


def graded(
    place: Path, cluster: Cluster, options: argparse.Namespace, learners: int, jobs: int, most: int
) -> tuple[float, bool]:
    """Grade a class; return the requests that each submission took, and whether a score or a bound was wrong."""
    make_class(place / "class", learners, options.image)
    counts = place / "requests.txt"
    plugin = place / "counting.py"
    plugin.write_text(COUNTING.format(file=str(counts)), encoding="utf-8")
    command = [*PROGRAM, str(place / "class"), "--rubric", str(place.parent / "rubric.yaml"), "--out"]
    command += [str(place / "out"), "--jobs", str(jobs), "--live", "kubernetes", "--plugin", str(plugin)]
    peaks = Peaks()
    began = time.perf_counter()
    with followed(cluster, peaks):
        ended = subprocess.run([*command, "--kube-context", options.kube_context], check=False, capture_output=True)
    seconds = time.perf_counter() - began
    odd = sorted(odd_scores(place / "out", learners))
    requests = [int(line.split()[1]) for line in counts.read_text(encoding="utf-8").splitlines()]
    print(
        f"{learners} submissions by {jobs} workers: {seconds:.0f} s, {seconds / learners:.1f} s each; at most "
        f"{peaks.working} in the cluster at once (bar {most}), {peaks.waiting} waiting, {peaks.ending} ending; "
        f"{sum(requests) / learners:.1f} requests each (from {min(requests)} to {max(requests)})"
    )
    for each in odd[:10]:
        print(f"  not as it should be: {each}")
    if ended.returncode:
        print(ended.stderr.decode(errors="replace")[-2000:])
    is_odd = bool(odd or ended.returncode or peaks.working > most or not peaks.working)
    return sum(requests) / learners, is_odd


def make_class(folder: Path, learners: int, image: str) -> None:
    """Write the work of so many learners."""
    for number in range(learners):
        words = "not ready" if is_wrong(number) else "ready to serve"
        work = folder / f"learner-{number:04}" / "k8s"
        work.mkdir(parents=True)
        manifests = MANIFESTS.replace("WORDS", words).replace("NUMBER", str(number)).replace("IMAGE", image)
        (work / "app.yaml").write_text(manifests, encoding="utf-8")


def is_wrong(number: int) -> bool:
    """Whether the work of a learner answers with the wrong word."""
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
        wanted = {"app": "passed", "up": "passed", "answers": "failed" if is_wrong(number) else "passed"}
        if found != wanted:
            reasons = "; ".join(str(check.get("message")) for check in checks if check["status"] != "passed")
            yield f"{name}: {found}: {reasons}"


@contextmanager
def followed(cluster: Cluster, peaks: Peaks) -> Iterator[None]:
    """Note the most namespaces that there are at once, during the block."""
    is_over = threading.Event()

    def follow() -> None:
        with cluster.watch((NAMESPACES, "", f"{PURPOSE_LABEL}={SUBMISSION}"), (QUOTAS, "")) as watch:
            while not is_over.wait(LOOK_S):
                peaks.look(*watch.now)

    follower = threading.Thread(target=follow)
    follower.start()
    try:
        yield
    finally:
        is_over.set()
        follower.join()


def leftovers(cluster: Cluster, before: set[Path]) -> list[str]:
    """Return what is still there when the namespaces have had their time to end."""
    cluster.await_(NAMESPACES, "", lambda found: None if found else True, Deadline(GONE_S), labels=RUN_LABEL)
    namespaces = [f"namespace {each['metadata']['name']}" for each in cluster.list(NAMESPACES, labels=RUN_LABEL)]
    return [*namespaces, *sorted(map(str, homes() - before))]


def homes() -> set[Path]:
    """Return the folders of graders on this machine."""
    return {*Path(tempfile.gettempdir()).glob("infra-grader-kubernetes-*")}


if __name__ == "__main__":
    sys.exit(main())
