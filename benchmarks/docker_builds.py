"""What docker.build costs beside the same `docker build`: `python benchmarks/docker_builds.py [--runs N]`.

Each run builds ten steps without any cache and removes what that leaves, image and cache, by the check and by hand.
They go one after the other and the first one in turn, so that a busy machine slows both; the ratio of the medians is
compared with the bar. Interpreter start and imports are left out: both are asked by this one process. By hand, the
whole cache goes: use a daemon that has nothing else to keep.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from infra_grader.capabilities.docker import address
from infra_grader.testing import run_check

BAR = 1.1
BASE = "python:3.11-slim"
STEPS = 10
SOURCES = 200
"""Files in the context, a kilobyte each."""


def main() -> int:
    """Print the two medians and their ratio, and return 1 if that is over the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--client", default="/usr/bin/docker", help="the docker command to build with by hand")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write(folder)
        ours, theirs = measured(folder, options.client, options.runs)
    mine, yours = statistics.median(ours), statistics.median(theirs)
    print(f"docker.build {mine:6.2f} s / {yours:6.2f} s by hand = {mine / yours:4.2f} (bar {BAR})")
    return int(mine / yours > BAR)


def write(folder: Path) -> None:
    """Lay out a small service with a Dockerfile of ten steps."""
    lines = [f"FROM {BASE}", "WORKDIR /app", "COPY . ."]
    lines += [f'RUN python3 -c \'open("/app/{number}", "w").write("x" * 100000)\'' for number in range(STEPS - 3)]
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for number in range(SOURCES):
        (folder / f"module_{number}.py").write_text("x = 1\n" * 170, encoding="utf-8")


def measured(folder: Path, client: str, runs: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each run, ours and by hand."""

    def build_ours() -> None:
        outcome = run_check("docker.build", {"network": "none"}, folder, live="docker", timeout=300)
        if outcome.status != "passed":
            sys.exit(f"docker.build: {outcome.message}")

    def build_theirs() -> None:
        command = [client, "build", "--no-cache", "--network=none", "--quiet", "--tag=infra-grader-bench", str(folder)]
        variables = {**os.environ, "DOCKER_HOST": address(), "DOCKER_BUILDKIT": "1"}
        subprocess.run(command, env=variables, capture_output=True, check=True)
        for remove in (["rmi", "infra-grader-bench"], ["builder", "prune", "--all", "--force"]):
            subprocess.run([client, *remove], env=variables, capture_output=True, check=True)

    ours: list[float] = []
    theirs: list[float] = []
    pair: list[tuple[Callable[[], None], list[float]]] = [(build_ours, ours), (build_theirs, theirs)]
    for run in range(-1, runs):
        for build, kept in pair if run % 2 else reversed(pair):
            before = time.perf_counter()
            build()
            if run >= 0:
                kept.append(time.perf_counter() - before)
    return ours, theirs


if __name__ == "__main__":
    sys.exit(main())
