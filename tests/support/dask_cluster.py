"""A Dask cluster on loopback: a scheduler and workers in processes of their own, as an instructor starts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parent


def require_dask() -> None:
    """Skip a test where the library is not installed; in CI that is a failure."""
    if find_spec("distributed") is None:
        if os.environ.get("CI"):
            pytest.fail("distributed must be there in CI: it is in the group dev of pyproject.toml")
        pytest.skip("distributed is not installed: pip install 'infra-grader[dask]'")


def wait_for(is_so, seconds=30.0):
    """Wait until something is so, and return whether it came to be."""
    until = time.monotonic() + seconds
    while not (found := is_so()) and time.monotonic() < until:
        time.sleep(0.05)
    return found


class Cluster:
    """A scheduler, and the workers that are started for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self._processes: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start("scheduler", "--port", "0")
        assert wait_for(lambda: self._file.exists() and self._file.stat().st_size > 0)
        self.address = json.loads(self._file.read_text())["address"]

    def add_worker(self, *options: str, **variables: str) -> None:
        """Start a worker, with a nanny unless told otherwise."""
        self.workers.append(self._start("worker", "--nthreads", "1", *options, **variables))

    def close(self) -> None:
        """End everything by force where it does not listen."""
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _start(self, what: str, *options: str, **variables: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", what, "--scheduler-file", str(self._file), "--host", "127.0.0.1"]
        paths = os.pathsep.join([str(SUPPORT), *filter(None, [os.environ.get("PYTHONPATH")])])
        log = (self._folder / f"{what}-{len(self._processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [*command, "--no-dashboard", *options],
                cwd=self._folder,
                env={**os.environ, "PYTHONPATH": paths, "DASK_TEMPORARY_DIRECTORY": str(self._folder), **variables},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process
