"""What live checks make in Docker: everything carries the label of its run, and none of it outlives the run.

A run is one grading of one submission. Things of a run that could not be removed, since the grader was killed or the
daemon went away, are removed by the next grader that starts.
"""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Hashable, Mapping
from contextlib import ExitStack, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from infra_grader.capabilities import docker, home
from infra_grader.capabilities.docker import FREE, LABEL, START, address, answering, data_folder, socket_of
from infra_grader.capabilities.docker_lifeline import Lifeline
from infra_grader.capabilities.docker_owner import has_no_owner, owner_labels
from infra_grader.capabilities.home import Home
from infra_grader.capabilities.side_by_side import side_by_side
from infra_grader.model.outcome import NotAssessed, Unavailable

LIVE = "live"
"""What the label of a live check's things says."""
RUN_LABEL = f"{LABEL}.run"
"""The label with the run that a thing belongs to."""
PREFIX = "infra-grader-live-"
FULL_BYTES = 20_000_000
"""With less than this, a disk is as good as full."""


class Kind(NamedTuple):
    """A kind of thing in Docker, and how those with a label are found and one is removed."""

    title: str
    find: Callable[[Any, str], list[Mapping[str, Any]]]
    remove: Callable[[Any, Mapping[str, Any]], None]


CONTAINER = Kind(
    "container",
    lambda api, label: list(api.containers(all=True, filters={"label": label})),
    lambda api, facts: api.remove_container(facts["Id"], force=True, v=True),
)
USED = (
    # Nothing of these can be removed before the containers that use it.
    Kind(
        "network",
        lambda api, label: list(api.networks(filters={"label": label})),
        lambda api, facts: api.remove_network(facts["Id"]),
    ),
    Kind(
        "volume",
        lambda api, label: list(api.volumes(filters={"label": label}).get("Volumes") or ()),
        lambda api, facts: api.remove_volume(facts["Name"], force=True),
    ),
    Kind(
        "image",
        lambda api, label: list(api.images(all=True, filters={"label": label})),
        lambda api, facts: api.remove_image(facts["Id"], force=True),
    ),
)
KINDS = (CONTAINER, *USED)


class LiveDocker:
    """A Docker daemon, and what the checks of one submission make in it. Safe to use from several threads at once."""

    def __init__(self, api: Any) -> None:
        """Remove what graders that were killed left behind, and begin a run. Raises `NotAssessed` if Docker cannot."""
        self.api = api
        """The low-level client of the docker SDK; use it inside `docker.answering()`."""
        with answering():
            facts = api.version()
        self.version = str(facts.get("Version", ""))
        remove_left(api)
        list(home.sweep(PREFIX))
        self._home = Home(PREFIX)
        self.run = secrets.token_hex(6)
        """What the names and labels of this run's things hold."""
        self._numbers = itertools.count(1)
        self._made: dict[Hashable, str] = {}
        self._lock = threading.Lock()
        self._lifeline = Lifeline(socket_of(address()))
        self._seen = threading.local()
        self._closing = ExitStack()
        for close in (api.close, self._lifeline.close, self._home.close, self._remove):  # the last one first
            self._closing.callback(close)

    @property
    def labels(self) -> dict[str, str]:
        """The labels that everything of this run must carry: containers, networks, volumes and images alike."""
        return {**owner_labels(self._home.folder, LIVE), RUN_LABEL: self.run}

    @property
    def scratch(self) -> Path:
        """A folder of ours, removed at the end of the run."""
        return self._home.folder

    def name(self, what: str) -> str:
        """Return a new name for something of this run, unique in the daemon; it will do for a tag as well."""
        return f"infra-grader-{self.run}-{what}-{next(self._numbers)}"

    def once(self, key: Hashable, make: Callable[[], str]) -> str:
        """Return the name of what several checks use, made by the first of them that asks for it."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    @property
    def restarts(self) -> int:
        """How often the daemon was started anew since the run began, each of which has ended what ran."""
        with self._lock:
            return self._lifeline.ends()

    def probe(self) -> None:
        """Raise `Unavailable` unless the daemon answers now, and is the one that answered this thread before.

        Each check asks in a thread of its own, and a daemon that was started anew is told to each of them. Nor has its
        disk to be full, where a check asks once more: then nothing that ran there could write.
        """
        with answering():
            self.api.ping()
        restarts = self.restarts
        seen, self._seen.restarts = getattr(self._seen, "restarts", None), restarts
        if seen is None:
            return
        if seen != restarts:
            raise Unavailable("The Docker daemon was started anew in the meantime.", START)
        folder = data_folder(self.api)
        if folder and shutil.disk_usage(folder).free < FULL_BYTES:
            raise Unavailable("There is no space left on the disk of Docker.", FREE)

    def on_close(self, close: Callable[[], None]) -> None:
        """Call this before the run's things are removed, latest first."""
        self._closing.callback(close)

    def leftovers(self) -> list[str]:
        """Return what of this run is still there, each in words."""
        label = f"{RUN_LABEL}={self.run}"
        return [f"{kind.title} {_title(facts)}" for kind in KINDS for facts in _find(self.api, kind, label)]

    def close(self) -> None:
        """Remove everything of this run. What a daemon that is gone still holds goes when the next run begins."""
        self._closing.close()

    def _remove(self) -> None:
        _remove_all(self.api, f"{RUN_LABEL}={self.run}", lambda _facts: True)


def open_live_docker() -> LiveDocker:
    """Return a new run with the daemon of this machine. Raises `NotAssessed` where Docker cannot be used."""
    if os.name != "posix":
        raise NotAssessed("Live checks on Docker need Linux or macOS.", "Grade there, or in WSL.")
    with ExitStack() as opening:
        api = docker.connect()
        opening.callback(api.close)
        opened = LiveDocker(api)
        opening.pop_all()  # from here on, the run closes it
        return opened


def remove_left(api: Any) -> None:
    """Remove what graders left that have ended without removing it."""
    _remove_all(api, f"{LABEL}={LIVE}", lambda facts: has_no_owner(_labels(facts), _created(facts)))


def _remove_all(api: Any, label: str, is_chosen: Callable[[Mapping[str, Any]], bool]) -> None:
    """Remove the chosen things with a label; what another grader removes at the same time is no fault."""

    def remove(kind: Kind) -> None:
        import docker.errors

        for facts in _find(api, kind, label):
            if is_chosen(facts):
                with suppress(NotAssessed), answering(), suppress(docker.errors.NotFound):
                    kind.remove(api, facts)

    with suppress(NotAssessed):
        remove(CONTAINER)
        side_by_side(partial(remove, kind) for kind in USED)


def _find(api: Any, kind: Kind, label: str) -> list[Mapping[str, Any]]:
    with answering():
        return kind.find(api, label)


def _labels(facts: Mapping[str, Any]) -> Mapping[str, str]:
    return facts.get("Labels") or {}


def _title(facts: Mapping[str, Any]) -> str:
    names = facts.get("Names") or facts.get("RepoTags") or [facts.get("Name") or str(facts.get("Id"))[:19]]
    return str(names[0]).lstrip("/")


def _created(facts: Mapping[str, Any]) -> float:
    """Return when something was made, in seconds; the daemon says it as a number, or as text in two spellings."""
    said = facts.get("Created") or facts.get("CreatedAt")
    if isinstance(said, int | float):
        return float(said)
    try:
        return datetime.fromisoformat(str(said)[:19]).astimezone().timestamp()
    except ValueError:
        return 0.0
