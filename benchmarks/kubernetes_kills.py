"""What graders leave that are killed: `python benchmarks/kubernetes_kills.py --kube-context NAME [--kills N]`.

Each run grades a small deployment and is killed with -9 at a random moment. The next grader that starts has to remove
what is left; in the end no namespace, no kind and no folder of ours may be there. Prints how many were killed in which
phase, and what is left.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import NAMESPACES, connect
from infra_grader.capabilities.live_kubernetes import PREFIX, open_live_kubernetes

LABEL = "infra-grader.io/run"
GRADED = """
import sys
from pathlib import Path
from infra_grader.testing import run_check
print("started", flush=True)
run_check("kubernetes.rollout", {"of": "app", "stays_s": 1}, Path(sys.argv[1]), live="kubernetes",
          kube_context=sys.argv[2], before={"app": {"uses": "kubernetes.apply"}})
"""
MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers: [{name: api, image: IMAGE, command: [python3, -m, http.server]}]
"""


def main() -> int:
    """Kill graders, start one more, and return 1 if anything is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kube-context", required=True)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--image", default="python:3.11-slim")
    parser.add_argument("--seconds", type=float, default=6.0, help="the latest moment, after a grader's start")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    runs: set[str] = set()
    graders: set[int] = set()
    with tempfile.TemporaryDirectory() as place:
        Path(place, "app.yaml").write_text(MANIFEST.replace("IMAGE", options.image), encoding="utf-8")
        for _ in range(options.kills):
            grader, found = kill_one(place, options.kube_context, moments.uniform(0.0, options.seconds))
            graders.add(grader)
            runs |= found
    live = open_live_kubernetes(options.kube_context)
    live.close()
    homes = [home for pid in graders for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}{pid}-*")]
    left = [*await_end(options.kube_context, runs), *map(str, homes)]
    print(f"{options.kills} kills, {len(runs)} of them with a namespace; left: {', '.join(left) or 'nothing'}")
    return int(bool(left))


def kill_one(folder: str, context: str, after_s: float) -> tuple[int, set[str]]:
    """Kill a grader so many seconds after its start; return its number and the runs that had a namespace then."""
    command = [sys.executable, "-c", GRADED, folder, context]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as grader:
        assert grader.stdout is not None
        grader.stdout.readline()
        time.sleep(after_s)
        grader.send_signal(signal.SIGKILL)
    cluster = connect(context)
    try:
        marked = [each for each in cluster.list(NAMESPACES, labels=LABEL) if f"-{grader.pid}-" in home_of(each)]
    finally:
        cluster.close()
    return grader.pid, {each["metadata"]["labels"][LABEL] for each in marked}


def home_of(namespace: object) -> str:
    """Return the home of the grader that made a namespace."""
    metadata = namespace["metadata"] if isinstance(namespace, dict) else {}
    return str((metadata.get("annotations") or {}).get("infra-grader.home", ""))


def await_end(context: str, runs: set[str]) -> list[str]:
    """Return the namespaces of these runs that are still there after two minutes."""
    cluster = connect(context)
    try:
        chosen = f"{LABEL} in ({','.join(sorted(runs))})" if runs else f"{LABEL}=none"
        cluster.await_(NAMESPACES, "", lambda found: None if found else True, Deadline(120), labels=chosen)
        return [str(each["metadata"]["name"]) for each in cluster.list(NAMESPACES, labels=chosen)]
    finally:
        cluster.close()


if __name__ == "__main__":
    sys.exit(main())
