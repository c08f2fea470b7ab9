"""What builds leave in BuildKit's cache, found by what was there before and removed at the end of the run.

Records of the cache carry no labels. A ledger in a folder of ours says which were there when the run's first build
began; the next grader that builds reads those of graders that were killed. Records of base images stay, since other
builds share them, and BuildKit itself keeps what a build is using.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra_grader.capabilities.docker import address, answering
from infra_grader.capabilities.docker_build import BuildFailed
from infra_grader.capabilities.home import Home, is_left, remove
from infra_grader.capabilities.live_docker import LiveDocker
from infra_grader.model.outcome import NotAssessed

PREFIX = "infra-grader-builds-"
LEDGER = "ledger.json"
TOUCH_S = 1.0
LATE_S = 10.0
"""Seconds after the last sign of a grader that was killed in which its build may still have left something."""
ROUNDS = 20
"""Times that pruning is asked for at most: a record goes only after those that build on it."""
SETTLE_S = 5.0
"""Seconds that the daemon is given to let go of what a stopped build used."""
PAUSE_S = 0.1
BUSY = "disk usage operation is already running"
"""What a daemon says that counts for somebody else; older ones count for one client at a time."""
BUSY_S = 60.0
"""Seconds that the daemon is given to count for others, which takes long where it has much."""
BASES = ("pulled from ", "from local")
"""How the descriptions of records begin that hold base images."""


class BuildCache:
    """The cache of the daemon while a run builds; it is as before after the run is closed, but for base images."""

    def __init__(self, docker: LiveDocker) -> None:
        """Remove what graders that were killed left in the cache, and note what is there now."""
        self._api = docker.api
        for folder in _left():
            _prune_left(self._api, folder)
        self._before = frozenset(record["ID"] for record in _records(self._api))
        self._home = Home(PREFIX)
        self._ledger = self._home.folder / LEDGER
        facts = {"address": address(), "started": time.time(), "before": sorted(self._before)}
        self._ledger.write_text(json.dumps(facts), encoding="utf-8")
        self._touched = 0.0
        self._was_stopped = False
        docker.on_close(self.close)

    def touch(self) -> None:
        """Note that a build goes on."""
        now = time.monotonic()
        if now - self._touched > TOUCH_S:
            self._touched = now
            with suppress(OSError):
                os.utime(self._ledger)

    @contextmanager
    def building(self) -> Iterator[None]:
        """Note that a build goes on, and whether it was stopped, which the daemon takes a moment to see."""
        was_stopped, self._was_stopped = self._was_stopped, True
        try:
            yield
        except BuildFailed:
            self._was_stopped = was_stopped
            raise
        self._was_stopped = was_stopped

    def close(self) -> None:
        """Remove what the run's builds have left, as far as nobody uses it.

        The daemon may hold on to what a stopped build was sent for a while; the next grader that builds removes that.
        """
        left = True
        try:
            with suppress(NotAssessed):
                left = self._clear()
        finally:
            self._home.close(keeps_folder=left and self._was_stopped)

    def _clear(self) -> bool:
        """Remove what is new; whether some of it is left."""
        until = time.monotonic() + (SETTLE_S if self._was_stopped else 0)
        while left := _prune(self._api, (record for record in _records(self._api) if record["ID"] not in self._before)):
            # The daemon sees a moment later that a build was stopped, and then keeps what it had under other names.
            if time.monotonic() > until:
                break
            time.sleep(PAUSE_S)
        return left


def _left() -> list[Path]:
    """Return the folders of graders that were killed while they built."""
    folders = [folder for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*") if not folder.is_symlink()]
    left = []
    for folder in folders:
        with suppress(OSError):
            facts = folder.lstat()
            if facts.st_uid == os.getuid() and is_left(folder, facts):
                left.append(folder)
    return left


def _prune_left(api: Any, folder: Path) -> None:
    """Remove what appeared in the cache while a grader was building that has been killed."""
    try:
        ledger = folder / LEDGER
        facts = json.loads(ledger.read_bytes())
        if facts["address"] == address():
            before, started, ended = set(facts["before"]), int(facts["started"]), ledger.stat().st_mtime + LATE_S
            new = (item for item in _records(api) if item["ID"] not in before and started <= _made(item) <= ended)
            _prune(api, new)
    except (OSError, ValueError, KeyError, TypeError, NotAssessed):  # killed before it was written
        pass
    remove(folder)


def _records(api: Any) -> list[Mapping[str, Any]]:
    with answering():
        return [record for record in _usage(api).get("BuildCache") or () if record.get("ID")]


def _usage(api: Any) -> Mapping[str, Any]:
    """Return what the daemon holds, once it has time to count it."""
    import docker.errors

    until = time.monotonic() + BUSY_S
    while True:
        try:
            found: Mapping[str, Any] = api.df()
            return found
        except docker.errors.APIError as error:
            if BUSY not in str(error.explanation) or time.monotonic() > until:
                raise
        time.sleep(PAUSE_S)


def _made(record: Mapping[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(record.get("CreatedAt"))[:19]).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


def _prune(api: Any, records: Iterable[Mapping[str, Any]]) -> bool:
    """Remove records, those first that no other builds on; whether some are left, since something uses them."""
    left = {record["ID"] for record in records if not str(record.get("Description", "")).startswith(BASES)}
    for _ in range(ROUNDS):
        if not left:
            break
        gone = _pruned(api, f'"^({"|".join(sorted(left))})$"')  # the daemon takes an expression, and quotes around it
        if not gone:
            break
        left -= gone
    return bool(left)


def _pruned(api: Any, which: str) -> set[str]:
    """Ask for records to be removed and return those that were; another prune at the same time is no fault."""
    import docker.errors

    with answering():
        try:
            return set(api.prune_builds(filters={"id": which}, all=True).get("CachesDeleted") or ())
        except docker.errors.APIError:
            return set()
