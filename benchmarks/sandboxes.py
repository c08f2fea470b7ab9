"""What a start in a sandbox costs beside the bare tool: `python benchmarks/sandboxes.py [--runs N] [SANDBOX...]`.

Each run starts `true` through the sandbox and through `docker run` or `bwrap` with the same walls, set up by hand. They
start one after the other and the first one in turn, so that a busy machine slows both; the median of the ratios is
compared with the bar.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker import address
from infra_grader.capabilities.sandbox import Job, Limits, Sandbox
from infra_grader.engine.registry import Registry

BAR = 1.2
LIMITS = Limits()
JOB = Job(arguments=("/usr/bin/true",), limits=LIMITS)


def main() -> int:
    """Print a line for each sandbox that can be used here, and return 1 if one is over the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("sandboxes", nargs="*", default=["bubblewrap", "docker"])
    options = parser.parse_args()
    over = False
    for name in options.sandboxes:
        kind = Registry().find_sandbox(name)
        if problem := kind.find_problem():
            print(f"{name:12} not measured: {problem}")
            continue
        with closing(kind.open(())) as sandbox, tempfile.TemporaryDirectory() as folder:
            by_hand = {"bubblewrap": bwrap, "docker": docker_run}[name](folder)
            over = over or measured(name, sandbox, by_hand, "by hand", options.runs) > BAR
            if name == "bubblewrap":  # to know what the walls that it lacks cost
                measured(name, sandbox, bwrap_alone(folder), "for bwrap alone", options.runs)
    return int(over)


def measured(name: str, sandbox: Sandbox, other: list[str], what: str, runs: int) -> float:
    """Return the median ratio, and print it."""
    ours: list[float] = []
    theirs: list[float] = []

    def start_ours() -> None:
        ended = sandbox.run(JOB, Deadline(60))
        if ended.exit_status:
            sys.exit(f"{name}: true ended with {ended.exit_status}: {ended.stderr.decode()}")

    def start_theirs() -> None:
        subprocess.run(other, stdin=subprocess.DEVNULL, capture_output=True, check=True)

    pair: list[tuple[Callable[[], None], list[float]]] = [(start_ours, ours), (start_theirs, theirs)]
    for run in range(-2, runs):
        for start, kept in pair if run % 2 else reversed(pair):
            before = time.perf_counter()
            start()
            if run >= 0:
                kept.append(time.perf_counter() - before)
    ratio = statistics.median(mine / yours for mine, yours in zip(ours, theirs, strict=True))
    here, there = (statistics.median(times) * 1000 for times in (ours, theirs))
    bar = f" (bar {BAR})" if what == "by hand" else ""
    print(f"{name:12} {here:7.1f} ms / {there:7.1f} ms {what} = {ratio:4.2f}{bar}")
    return ratio


def docker_run(folder: str) -> list[str]:
    """Return the command that starts `true` with Docker's own client, behind the walls that ours puts up."""
    from infra_grader.sandboxes._docker_image import image_name

    docker = next(
        (place for place in ("/usr/bin/docker", shutil.which("docker")) if place and os.path.exists(place)), ""
    )
    walls = ["--network", "none", "--read-only", "--tmpfs", "/tmp:size=64m,mode=1777", "--user", "65534:65534"]
    walls += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "64", "--memory", "256m"]
    walls += [
        "--memory-swap",
        "256m",
        "--cpus",
        "1",
        "--ipc",
        "private",
        "--ulimit",
        "nofile=256",
        "--ulimit",
        "core=0",
    ]
    walls += ["--init", "--log-driver", "none", "--volume", f"{folder}:/work", "--workdir", "/work"]
    return [
        docker,
        "--host",
        address(),
        "run",
        "--rm",
        "--interactive",
        "--pull",
        "never",
        *walls,
        image_name(),
        "true",
    ]


def bwrap(folder: str) -> list[str]:
    """Return the command that starts `true` with bubblewrap, behind the walls that ours puts up: `docs/trust.md`.

    Bubblewrap limits neither memory nor processes, and started by root runs programs as root: control groups, `prlimit`
    and `setpriv` do the rest, as far as this user may.
    """
    walls = walls_of_bwrap(folder)
    limits = ["prlimit", "--core=0", "--fsize=67108864", "--nofile=256", "--cpu=60"]
    if os.geteuid() == 0:
        # In a user namespace of root's there is no nobody to become.
        walls = [*UNSHARED_BY_ROOT, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", *walls[1:]]
        walls = ["--cap-add", "CAP_SETPCAP", *walls]
        limits = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", *limits]
    command = ["bwrap", *walls, "--", *limits, "/usr/bin/true"]
    groups = [f"/sys/fs/cgroup/{name}/infra-grader-benchmark-{os.getpid()}" for name in ("memory", "pids")]
    if not all(os.access(os.path.dirname(group), os.W_OK) for group in groups):  # version 2, or not ours to make
        return command
    return ["/bin/sh", "-c", GROUPED, *groups, *command]


def bwrap_alone(folder: str) -> list[str]:
    """Return the command that starts `true` with bubblewrap and nothing else, as the user that runs this."""
    return ["bwrap", *walls_of_bwrap(folder), "/usr/bin/true"]


def walls_of_bwrap(folder: str) -> list[str]:
    """Return the options of bubblewrap."""
    links = [option for name in ("bin", "lib", "lib64", "sbin") for option in ("--symlink", f"usr/{name}", f"/{name}")]
    walls = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--ro-bind", "/usr", "/usr", *links]
    walls += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/dev/shm", "--bind", folder, "/work"]
    return [*walls, "--chdir", "/work"]


UNSHARED_BY_ROOT = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
GROUPED = """\
mkdir "$0" "$1" && echo 268435456 >"$0"/memory.limit_in_bytes && echo 64 >"$1"/pids.max
(echo 0 >"$0"/cgroup.procs && echo 0 >"$1"/cgroup.procs && shift && exec "$@")
status=$?
for group in "$0" "$1"; do until rmdir "$group" 2>/dev/null; do :; done; done
exit $status
"""


if __name__ == "__main__":
    sys.exit(main())
