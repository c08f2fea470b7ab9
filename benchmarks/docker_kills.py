"""What graders leave in Docker that are killed at random moments: `python benchmarks/docker_kills.py [--kills N]`.

Each grader builds an image of a submission, runs a container of it and asks it; it is killed by SIGKILL at a moment
that the seed draws from the time that the whole takes. Then one more grader starts, as the next one always does, and
the daemon is compared with how it was before: containers, networks, volumes and images, those with our labels and all
others, and the folders of ours. The audit's figures are printed; it returns 1 if anything is left.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import containers

from infra_grader.capabilities import docker as daemons
from infra_grader.capabilities.docker_owner import has_no_owner
from infra_grader.capabilities.home import is_left
from infra_grader.capabilities.live_docker import KINDS, LIVE, PREFIX, open_live_docker
from infra_grader.testing import run_check

SETTLE_S = 60.0
"""How long a build may go on whose grader was killed."""


def main() -> int:
    """Kill graders, audit, and say what was there and what is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shared", action="store_true", help="others use the daemon: look at labelled things alone")
    parser.add_argument("--grade", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.grade:
        return grade(Path(options.grade))
    if problem := containers.problem():
        sys.exit(f"not measured: {problem}")
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder))
        look = left_by_graders if options.shared else everything
        left = audited(Path(folder), options.kills, random.Random(options.seed), look)
    print(f"left after the next start: {', '.join(sorted(left)) or 'nothing'}")
    return int(bool(left))


def audited(folder: Path, kills: int, moments: random.Random, look: Callable[[], set[str]]) -> set[str]:
    """Kill so many graders; print what they had made when they were killed, and return what is left of it."""
    run(folder).wait()  # the base image's layers, once
    open_live_docker().close()
    before = look()
    began = time.monotonic()
    if run(folder).wait():
        sys.exit("a grader that nobody kills does not pass")
    whole = time.monotonic() - began
    seen: Counter[str] = Counter()
    unharmed = 0
    for _ in range(kills):
        grader = run(folder)
        time.sleep(moments.uniform(0, whole))
        grader.kill()
        unharmed += grader.wait() == 0
        seen.update({thing.split()[0] for thing in look() - before})
    print(f"{kills} graders of {whole:.1f} s were killed, {unharmed} of them had ended by then")
    print(f"at the kill there were: {', '.join(f'{kind} {times} times' for kind, times in sorted(seen.items()))}")
    until = time.monotonic() + SETTLE_S
    while True:  # a build that the daemon was at goes on for a moment
        open_live_docker().close()
        left = look() - before
        if not left or time.monotonic() > until:
            return left
        time.sleep(1)


def grade(folder: Path) -> int:
    """Be a grader: build an image, run it and ask it."""
    before: dict[str, dict[str, Any]] = {
        "image": {"uses": "docker.build", "with": {}},
        "api": {"uses": "docker.run", "with": {"image": "image", "stays_s": 0}},
    }
    outcome = run_check("docker.http", {"container": "api", "paths": ["/health"]}, folder, live="docker", before=before)
    return int(outcome.status != "passed")


def run(folder: Path) -> subprocess.Popen[bytes]:
    """Start a grader in a process of its own."""
    return subprocess.Popen([sys.executable, __file__, "--grade", folder])


def lay_out(folder: Path) -> None:
    """Write the submission: a service, and an anonymous volume beside it."""
    (folder / "server.py").write_text(containers.SERVER)
    (folder / "health.py").write_text(containers.HEALTH)
    (folder / "Dockerfile").write_text(
        containers.SOUND + "VOLUME /data\nRUN echo built > /app/built\n" + containers.CMD
    )


def everything() -> set[str]:
    """Return all that the daemon has, and the folders of graders, each in words; base images and caches stay."""
    with closing(daemons.connect()) as api:
        found = {f"container {each['Id'][:12]} {each['Names']}" for each in api.containers(all=True)}
        found |= {f"network {each['Name']}" for each in api.networks()}
        found |= {f"volume {each['Name'][:20]}" for each in api.volumes()["Volumes"] or ()}
        found |= {
            f"image {each['Id'][7:19]}" for each in api.images(all=True, filters={"label": f"{daemons.LABEL}={LIVE}"})
        }
        found |= {f"image {each['Id'][7:19]}" for each in api.images()}
    homes = Path(tempfile.gettempdir()).glob(f"{PREFIX}*")
    return found | {f"folder {home.name}" for home in homes if home.is_dir() and is_left(home, home.lstat())}


def left_by_graders() -> set[str]:
    """Return what carries our labels and belongs to a grader that has ended, each in words."""
    with closing(daemons.connect()) as api:
        return {
            f"{kind.title} {facts.get('Id') or facts.get('Name')}"
            for kind in KINDS
            for facts in kind.find(api, f"{daemons.LABEL}={LIVE}")
            if has_no_owner(facts.get("Labels") or {}, time.time())
        }


if __name__ == "__main__":
    sys.exit(main())
