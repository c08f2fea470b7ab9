"""What a running Prometheus says of itself: its targets, its rules and the alerts that it has raised."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.model.outcome import CheckFailed, Evidence, EvidenceKind
from infra_grader.model.record import Record
from infra_grader.reading.monitor_live import Monitor, open_monitor

PORT = 9090
PROBE = "/api/v1/status/buildinfo"
Labels = tuple[tuple[str, str], ...]


class Scraped(Record):
    """A target as Prometheus sees it."""

    job: str
    url: str
    health: str
    """`up`, `down` or `unknown`, which is before it was asked."""
    problem: str
    last: str
    """When it was asked last."""
    interval: str
    """How often it is asked, `15s`; nothing where Prometheus does not say."""
    labels: Labels

    @property
    def host(self) -> str:
        """The name or address that is asked."""
        try:
            return (urlsplit(self.url).hostname or "").lower()
        except ValueError:
            return ""

    @property
    def title(self) -> str:
        """What it is called in evidence."""
        return f"job {self.job}: {self.url}"


class Rule(Record):
    """A rule that is loaded."""

    name: str
    group: str
    file: str
    is_alert: bool
    health: str
    """`ok`, `err` or `unknown`, which is before it was evaluated."""
    problem: str
    query: str
    waits_s: float
    """For how long an alert waits before it fires."""
    raised: tuple[Alert, ...]


class Alert(Record):
    """An alert that waits to fire, or fires."""

    labels: Labels
    is_firing: bool
    annotations: Labels

    @property
    def name(self) -> str:
        """The name of its rule."""
        return dict(self.labels).get("alertname", "")


class PrometheusApi:
    """The API of a Prometheus."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor

    def targets(self, deadline: Deadline) -> list[Scraped]:
        """Return what it scrapes."""
        said = self.ask("/api/v1/targets", deadline, state="active")
        return [
            Scraped(
                job=str((one.get("labels") or {}).get("job") or one.get("scrapePool") or ""),
                url=str(one.get("scrapeUrl") or ""),
                health=str(one.get("health") or ""),
                problem=str(one.get("lastError") or ""),
                last=str(one.get("lastScrape") or ""),
                interval=str(one.get("scrapeInterval") or ""),
                labels=_labels(one.get("labels")),
            )
            for one in _items(said, "activeTargets")
        ]

    def rules(self, deadline: Deadline) -> list[Rule]:
        """Return the rules that it has loaded."""
        said = self.ask("/api/v1/rules", deadline)
        return [
            Rule(
                name=str(one.get("name") or ""),
                group=str(group.get("name") or ""),
                file=str(group.get("file") or ""),
                is_alert=one.get("type") == "alerting",
                health=str(one.get("health") or ""),
                problem=str(one.get("lastError") or ""),
                query=str(one.get("query") or ""),
                waits_s=float(one.get("duration") or 0),
                raised=tuple(
                    Alert(
                        labels=_labels(alert.get("labels")),
                        is_firing=alert.get("state") == "firing",
                        annotations=_labels(alert.get("annotations")),
                    )
                    for alert in _items(one, "alerts")
                ),
            )
            for group in _items(said, "groups")
            for one in _items(group, "rules")
        ]

    def samples(self, deadline: Deadline) -> dict[tuple[str, str], float]:
        """Return how many samples the last scrape of each target gave, by its job and instance."""
        found = self._query("scrape_samples_scraped", deadline)
        return {(labels.get("job", ""), labels.get("instance", "")): value for labels, value in found}

    def flags(self, deadline: Deadline) -> Mapping[str, str]:
        """Return the flags that it was started with, those left out too."""
        said = self.ask("/api/v1/status/flags", deadline)
        return {str(key): str(value) for key, value in said.items()} if isinstance(said, dict) else {}

    def prove(self, seed: str, deadline: Deadline) -> None:
        """Raise `CheckFailed` where it does not calculate, as whatever answers with texts that stand ready does not."""
        drawn = random.Random(f"{seed} prometheus")  # noqa: S311 - no secret
        first, second = drawn.randint(1000, 9999), drawn.randint(1000, 9999)
        asked = f"vector({first}) * {second}"
        values = [value for _, value in self._query(asked, deadline)]
        if values != [first * second]:
            raise CheckFailed(
                f"{self.monitor.name} is no Prometheus: it cannot calculate.",
                Evidence(
                    kind=EvidenceKind.HTTP,
                    path=f"GET /api/v1/query?query={asked}",
                    expected=str(first * second),
                    actual=str(values)[:200],
                ),
            )

    def _query(self, query: str, deadline: Deadline) -> Iterator[tuple[Mapping[str, str], float]]:
        said = self.ask("/api/v1/query", deadline, query=query)
        for one in _items(said, "result"):
            try:
                yield one.get("metric") or {}, float(one["value"][1])
            except (KeyError, IndexError, TypeError, ValueError):
                continue

    def ask(self, path: str, deadline: Deadline, **asked: str) -> Any:
        """Return the data of an answer. Raises `CheckFailed` for one of failure."""
        said = self.monitor.ask(path, deadline, **asked)
        if not isinstance(said, dict) or said.get("status") != "success":
            raise CheckFailed(
                f"{self.monitor.name} does not answer as Prometheus does.",
                Evidence(kind=EvidenceKind.HTTP, path=f"GET {path}", expected="success", actual=str(said)[:200]),
            )
        return said.get("data")


def open_prometheus(container: RunningContainer, name: str, seed: str, deadline: Deadline) -> PrometheusApi:
    """Return the API of a Prometheus. Raises `CheckFailed` where nothing of the kind answers."""
    api = PrometheusApi(open_monitor(container, name, PORT, PROBE, deadline))
    api.prove(seed, deadline)
    return api


def _items(said: Any, key: str) -> list[Mapping[str, Any]]:
    """Return the mappings of a list in an answer."""
    found = said.get(key) if isinstance(said, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _labels(said: Any) -> Labels:
    return tuple(sorted((str(key), str(value)) for key, value in said.items())) if isinstance(said, dict) else ()
