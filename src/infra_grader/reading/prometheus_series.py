"""The series that a running Prometheus has, and what its targets say that they export."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.model.record import Record
from infra_grader.reading.prometheus_live import Labels, PrometheusApi, Rule, Scraped

SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "counter": ("", "_total", "_created"),
    "histogram": ("_bucket", "_sum", "_count", "_created"),
    "summary": ("", "_sum", "_count", "_created"),
    "info": ("", "_info"),
}
"""What the series of a family end in, by its type; all others are called as their family is."""


class RefusedQuery(Exception):
    """Prometheus does not answer a query; the message is its own."""


class Declared(Record):
    """A family of metrics that a target says it exports, with or without a series."""

    target: Labels
    family: str
    type: str

    def makes(self, name: str) -> bool:
        """Whether series of this name belong to it."""
        return any(name == self.family + suffix for suffix in SUFFIXES.get(self.type, ("",)))


class Series:
    """What a Prometheus has at this moment. Each thing is asked once."""

    def __init__(self, api: PrometheusApi, deadline: Deadline) -> None:
        self._api = api
        self._deadline = deadline
        self._numbers: dict[str, int | RefusedQuery] = {}
        self._labels: dict[str, frozenset[str]] = {}

    @cached_property
    def targets(self) -> list[Scraped]:
        """What it scrapes."""
        return self._api.targets(self._deadline)

    @cached_property
    def rules(self) -> list[Rule]:
        """The rules that it has loaded."""
        return self._api.rules(self._deadline)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all metrics that it has series of, or had."""
        return frozenset(map(str, _items(self._api.ask("/api/v1/label/__name__/values", self._deadline))))

    @cached_property
    def declared(self) -> tuple[Declared, ...]:
        """What its targets say that they export."""
        said = self._api.ask("/api/v1/targets/metadata", self._deadline)
        return tuple(
            Declared(
                target=tuple(sorted((str(key), str(value)) for key, value in (one.get("target") or {}).items())),
                family=str(one.get("metric") or ""),
                type=str(one.get("type") or ""),
            )
            for one in _items(said)
            if isinstance(one, dict)
        )

    def number(self, query: str) -> int:
        """Return how many series a query gives now. Raises `RefusedQuery`."""
        if query not in self._numbers:
            try:
                self._numbers[query] = self._ask(query)
            except RefusedQuery as error:
                self._numbers[query] = error
        found = self._numbers[query]
        if isinstance(found, RefusedQuery):
            raise found
        return found

    def labels(self, selector: str) -> frozenset[str]:
        """Return the labels that the series which a selector finds have. Raises `RefusedQuery`."""
        if selector not in self._labels:
            self._labels[selector] = frozenset(map(str, _items(self._hear("/api/v1/labels", **{"match[]": selector}))))
        return self._labels[selector]

    def values(self, label: str, selector: str) -> list[str]:
        """Return the values of a label, in order; of those series alone that the selector finds, if there is one.

        Raises `RefusedQuery`, for what is a query and no selector too.
        """
        asked = {"match[]": selector} if selector else {}
        return [str(one) for one in _items(self._hear(f"/api/v1/label/{label}/values", **asked))]

    def _ask(self, query: str) -> int:
        data = self._hear("/api/v1/query", query=query) or {}
        result = data.get("result") or ()
        return len(result) if data.get("resultType") in ("vector", "matrix") else int(bool(result))

    def _hear(self, path: str, **asked: str) -> Any:
        """Return the data that it answers with. Raises `RefusedQuery` where it answers with none."""
        answer = self._api.monitor.hear(path, self._deadline, **asked)
        try:
            said = msgspec.json.decode(answer.body)
        except msgspec.DecodeError:
            said = None
        if not isinstance(said, dict) or said.get("status") != "success":
            raise RefusedQuery(_problem(said) or f"status {answer.status}")
        return said.get("data")


def _problem(said: Any) -> str:
    return " ".join(str(said.get("error") or "").split())[:300] if isinstance(said, dict) else ""


def _items(said: Any) -> list[Any]:
    return said if isinstance(said, list) else []
