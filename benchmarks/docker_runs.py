"""What a container costs that a check runs, asks and removes: `python benchmarks/docker_runs.py [--runs N]`.

Each run does the same, one after the other and in turn: by hand, with `docker run` in a network of its own, a request
until it is answered, `docker rm --force` and `docker network rm`; and with `docker.run` as the one check of a
submission, which makes and removes a network as well. The start of the interpreter and imports are left out of ours;
the commands have next to none. The median of the ratios is compared with the bar. What it is against a `docker run` on
the daemon's own bridge, where containers of different learners would meet, is said beside it.
"""

from __future__ import annotations

import argparse
import http.client
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from operator import truediv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import containers

from infra_grader.testing import run_check

BAR = 1.3
NAME = "infra-grader-by-hand"


def main() -> int:
    """Print the medians and their ratio, and return 1 if it is over the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    if problem := containers.problem():
        sys.exit(f"not measured: {problem}")
    image = containers.build()
    with tempfile.TemporaryDirectory() as folder:
        steps: list[tuple[list[float], Callable[[], None]]] = [
            ([], lambda: by_check(image, Path(folder))),
            ([], lambda: in_a_network_by_hand(image)),
            ([], lambda: by_hand(image)),
        ]
        for _, step in steps:  # imports, and what the daemon keeps
            step()
        for number in range(runs):
            for times, step in steps if number % 2 else reversed(steps):
                began = time.perf_counter()
                step()
                times.append(time.perf_counter() - began)
    ours, same, bridged = (times for times, _ in steps)
    ratio, beside = (statistics.median(map(truediv, ours, theirs)) for theirs in (same, bridged))
    mine, theirs, least = (statistics.median(times) for times, _ in steps)
    print(f"run, ask and remove a container: {mine:.2f} s / {theirs:.2f} s by hand = {ratio:.2f} (bar {BAR})")
    print(f"  on the daemon's own bridge by hand {least:.2f} s, which is {beside:.2f}")
    return int(ratio > BAR)


def by_check(image: str, folder: Path) -> None:
    """Do it by a check."""
    outcome = run_check("docker.run", {"reference": image, "ready": ["/health"], "stays_s": 0}, folder, live="docker")
    if outcome.status != "passed":
        sys.exit(f"docker.run: {outcome}")


def in_a_network_by_hand(image: str) -> None:
    """Do it by the command, in a network that is made for it."""
    docker("network", "create", NAME)
    try:
        by_hand(image, "--network", NAME)
    finally:
        docker("network", "rm", NAME)


def by_hand(image: str, *options: str) -> None:
    """Do it by the command."""
    try:
        limits = ["--memory", "1g", "--memory-swap", "1g", "--pids-limit", "512", "--cpus", "2"]
        docker("run", "--detach", "--name", NAME, "--publish", "127.0.0.1::8000", *limits, *options, image)
        address = docker("port", NAME, "8000/tcp").strip()
        while not answers(address):
            time.sleep(0.05)
    finally:
        docker("rm", "--force", "--volumes", NAME)


def answers(address: str) -> bool:
    """Whether a service answers there."""
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection(address, timeout=5)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    return False


def docker(*arguments: str) -> str:
    """Run the command that fits the daemon; a newer one may be first on the path and not speak with it."""
    command = "/usr/bin/docker" if Path("/usr/bin/docker").exists() else shutil.which("docker") or "docker"
    return subprocess.run([command, *arguments], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
