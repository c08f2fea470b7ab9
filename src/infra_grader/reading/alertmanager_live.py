"""What a running Alertmanager says of itself: the alerts that it has, for whom they are, and whom it has told."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_files import read_below
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.model.record import Record
from infra_grader.reading.metrics_text import read_metrics
from infra_grader.reading.monitor_live import Monitor, open_monitor, words_of
from infra_grader.reading.prometheus_files import as_list, as_mapping, seconds
from infra_grader.reading.yaml import YamlError, read_document

PORT = 9093
PROBE = "/api/v2/status"
TOLD = "alertmanager_notifications_total"
FILE = re.compile(r"--config\.file[= ](\S+)")
USUAL_FILE = "alertmanager.yml"
USUAL_WAIT_S = 30.0
WAYS = "_configs"
HTTP_PORT = 80


class Received(Record):
    """An alert that Alertmanager has."""

    name: str
    labels: Mapping[str, str]
    fingerprint: str
    is_silent: bool
    """Whether it is silenced, or kept back by another one."""
    receivers: tuple[str, ...]


class Setup(Record):
    """Whom Alertmanager tells, by its configuration."""

    ways: Mapping[str, tuple[str, ...]]
    """Each receiver with how it tells: `slack`, `email`, `webhook` ..."""
    hosts: tuple[tuple[str, int], ...]
    """Hosts and ports of the webhooks that are sent in plain HTTP."""
    waits: Mapping[str, float]
    """Each receiver with the longest time, in seconds, for which it waits for other alerts of a group."""


class AlertmanagerApi:
    """The API of an Alertmanager."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor

    def alerts(self, deadline: Deadline) -> list[Received]:
        """Return the alerts that it has now."""
        said = self.monitor.ask("/api/v2/alerts", deadline)
        return [
            Received(
                name=str(as_mapping(one.get("labels")).get("alertname") or ""),
                labels={str(key): str(value) for key, value in as_mapping(one.get("labels")).items()},
                fingerprint=str(one.get("fingerprint") or ""),
                is_silent=as_mapping(one.get("status")).get("state") == "suppressed",
                receivers=tuple(str(as_mapping(item).get("name") or "") for item in as_list(one.get("receivers"))),
            )
            for one in as_list(said)
            if isinstance(one, dict)
        ]

    def told(self, deadline: Deadline) -> dict[str, float]:
        """Return how often it has tried to tell somebody, by the way in which it does."""
        try:
            families = read_metrics(self.monitor.get("/metrics", deadline).text)
        except ValueError:
            return {}
        found: dict[str, float] = {}
        for family in families:
            for one in family.series:
                if one.name == TOLD:
                    way = one.labels.get("integration", "")
                    found[way] = found.get(way, 0.0) + one.value
        return found

    def setup(self, deadline: Deadline) -> Setup:
        """Return whom it tells: by its file, since it hides the addresses in it from whoever asks."""
        said = as_mapping(self.monitor.ask(PROBE, deadline))
        shown = str(as_mapping(said.get("config")).get("original") or "")
        return read_setup(_file(self.monitor.container) or shown)


def open_alertmanager(container: RunningContainer, name: str, deadline: Deadline) -> AlertmanagerApi:
    """Return the API of an Alertmanager. Raises `CheckFailed` where none answers."""
    return AlertmanagerApi(open_monitor(container, name, PORT, PROBE, deadline))


def read_setup(text: str) -> Setup:
    """Return whom a configuration tells; nobody where it cannot be read."""
    try:
        config = as_mapping(read_document(text).data)
    except YamlError:
        config = {}
    receivers = [item for item in as_list(config.get("receivers")) if isinstance(item, dict)]
    return Setup(
        ways={
            str(item.get("name")): tuple(
                key.removesuffix(WAYS) for key, value in item.items() if key.endswith(WAYS) and as_list(value)
            )
            for item in receivers
        },
        hosts=tuple(dict.fromkeys(place for item in receivers for place in _places(item))),
        waits=_waits(config.get("route")),
    )


def _places(receiver: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for one in as_list(receiver.get("webhook_configs")):
        try:
            url = urlsplit(str(as_mapping(one).get("url") or ""))
            place = (url.hostname or "", url.port or HTTP_PORT)
        except ValueError:
            continue
        if url.scheme == "http" and place[0]:
            yield place


def _waits(root: object) -> dict[str, float]:
    found: dict[str, float] = {}
    waiting: list[tuple[object, str, float]] = [(root, "", USUAL_WAIT_S)]
    while waiting:
        route, receiver, wait = waiting.pop()
        facts = as_mapping(route)
        receiver = str(facts.get("receiver") or receiver)
        own = seconds(facts["group_wait"]) if facts.get("group_wait") else None
        wait = wait if own is None else own
        found[receiver] = max(found.get(receiver, 0.0), wait)
        waiting += [(item, receiver, wait) for item in as_list(facts.get("routes"))]
    return found


def _file(container: RunningContainer) -> str:
    """Return the text of the configuration file of a container; nothing where it cannot be found."""
    facts = container.inspect()
    found = FILE.search(words_of(facts))
    folder = str((facts.get("Config") or {}).get("WorkingDir") or "/")
    path = posixpath.normpath(posixpath.join(folder, found[1] if found else USUAL_FILE))
    entry = read_below(container, path).get(path)
    return entry.content.decode("utf-8", "replace") if entry is not None and entry.content else ""
