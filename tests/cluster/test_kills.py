"""A cluster leaves nothing on the machine, whatever was killed before it was stopped."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

CLUSTER = Path(__file__).with_name("cluster")
START_S = 300
GROUPS = Path("/sys/fs/cgroup")
SEARCHED = f"{os.environ['PATH']}:/usr/sbin:/sbin"
PROGRAMS = ("etcd", "containerd", "/usr/lib/cni/bridge", "ipset", "conntrack", "docker-registry")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder for a cluster of the test's own, which is stopped at its end."""
    missing = [name for name in PROGRAMS if not shutil.which(name, path=SEARCHED)]
    if missing or os.geteuid():
        problem = f"{', '.join(missing) or 'root'} is missing"
        pytest.fail(problem) if os.environ.get("CI") else pytest.skip(problem)
    place = Path(tempfile.mkdtemp(prefix="infra-grader-kills-", dir="/tmp"))
    try:
        yield place
    finally:
        subprocess.run([CLUSTER, "stop", place], check=True)


def left_by(folder: Path, network: str) -> dict[str, list[str]]:
    """Return what is on the machine of a cluster: nothing, if it was stopped as it should be."""
    name = folder.name

    def lines(pattern: str, *command: str) -> list[str]:
        env = {**os.environ, "PATH": SEARCHED}
        printed = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
        return [line for line in printed.splitlines() if re.search(pattern, line)]

    found = {
        "folder": [str(folder)] if folder.exists() else [],
        "processes": [command for command in commands() if name in command],
        "mounts": [line for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines() if name in line],
        "control groups": [str(path) for path in GROUPS.glob(f"*/infra-grader-{name}")]
        + [str(path) for path in GROUPS.glob(f"infra-grader-{name}")],
        "namespaces": lines(rf"\binfra-grader-{network}\b", "ip", "netns", "list"),
        "links": lines(rf"^(igc-{network}|pods|services)\b", "ip", "-brief", "link"),
        "routes": lines(rf"\b10\.{network}\.", "ip", "route", "show", "table", "all"),
        "rules": lines(rf"KUBE-|\b10\.{network}\.", "iptables-save"),
        "sets": lines("KUBE-", "ipset", "list", "-name"),
    }
    return {kind: things for kind, things in found.items() if things}


def commands() -> Iterator[str]:
    """Yield the command line of each process."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")


def pids(folder: Path) -> dict[str, int]:
    """Return the process number of each component."""
    lines = subprocess.run([CLUSTER, "pids", folder], check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: int(number) for name, number in (line.split() for line in lines)}


def test_nothing_is_left_after_all_components_were_killed(folder):
    # The pod that is left without any of them is that of the cluster's DNS.
    subprocess.run([CLUSTER, "start", folder], check=True, timeout=START_S)
    network = (folder / "network").read_text().strip()
    assert set(left_by(folder, network)) >= {"folder", "processes", "control groups", "namespaces", "links", "routes"}
    again = subprocess.run([CLUSTER, "start", folder], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert f"a cluster runs in {folder} already, KUBECONFIG={folder}/admin.conf" in again.stderr
    components = pids(folder)
    assert {"etcd", "kube-apiserver", "kubelet", "containerd", "kube-router", "registry"} <= set(components)
    del components["init"]  # the kernel would end all others with it
    for process in components.values():
        with suppress(ProcessLookupError):  # one that ended with another
            os.kill(process, signal.SIGKILL)
    subprocess.run([CLUSTER, "stop", folder], check=True)
    assert left_by(folder, network) == {}


@pytest.mark.parametrize("after_s", [1.0, 6.0])
def test_nothing_is_left_of_a_start_that_was_killed(folder, after_s):
    start = subprocess.Popen([CLUSTER, "start", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + START_S
    while not (folder / "registry").exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(after_s)
    start.kill()
    start.wait()
    network = (folder / "network").read_text().strip()
    subprocess.run([CLUSTER, "stop", folder], check=True)
    assert left_by(folder, network) == {}


def test_a_folder_of_others_is_left_alone(folder):
    (folder / "mine").touch()
    for command in ("start", "stop"):
        done = subprocess.run([CLUSTER, command, folder], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert f"{folder} is not" in done.stderr
    (folder / "mine").unlink()  # which is still there
