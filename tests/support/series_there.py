"""A Prometheus in memory, for tests of what is asked of one: it selects series, and calculates nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infra_grader.reading.prometheus_live import Rule, Scraped
from infra_grader.reading.prometheus_series import Declared, RefusedQuery
from infra_grader.reading.promql import PromqlError, read_query

REFUSED = "refused"
"""A metric in whose presence a query is refused."""


class SeriesThere:
    """Looks like `prometheus_series.Series`: a query gives a series if each part of it selects some."""

    def __init__(
        self,
        *series: Mapping[str, str],
        targets: Sequence[Mapping[str, str]] = (),
        declared: Mapping[str, str] | None = None,
        rules: Mapping[str, str] | None = None,
        empty: Sequence[str] = (),
        interval: str = "15s",
    ) -> None:
        self._series = series
        self._empty = empty
        self.names = frozenset(one["__name__"] for one in series)
        self.targets = [scraped(labels, interval) for labels in targets]
        own = tuple(sorted(targets[0].items())) if targets else ()
        self.declared = tuple(
            Declared(target=own, family=family, type=kind) for family, kind in (declared or {}).items()
        )
        self.rules = [rule(name, query) for name, query in (rules or {}).items()]

    def number(self, query: str) -> int:
        try:
            root = read_query(query).root
        except PromqlError as error:
            raise RefusedQuery(str(error)) from error
        if query in self._empty:
            return 0
        parts = [part for part in root.walk() if part.kind == "selector"]
        if any(part.name == REFUSED for part in parts):
            raise RefusedQuery("as the test says")
        if root.kind == "binary" and root.name == "or":
            return 1
        if root.kind == "binary" and root.name == "unless":
            root = root.parts[0]
            parts = [part for part in root.walk() if part.kind == "selector"]
        counts = [len(self._selected(part)) for part in parts]
        return counts[0] if root.kind == "selector" else int(all(counts))

    def labels(self, selector: str) -> frozenset[str]:
        return frozenset(label for one in self._find(selector) for label in one)

    def values(self, label: str, selector: str) -> list[str]:
        found = self._find(selector) if selector else self._series
        return sorted({one[label] for one in found if label in one})

    def _find(self, selector: str) -> list[Mapping[str, str]]:
        root = read_query(selector).root
        if root.kind != "selector":
            raise RefusedQuery("this is no selector")
        return self._selected(root)

    def _selected(self, part) -> list[Mapping[str, str]]:
        return [
            one
            for one in self._series
            if part.name in ("", one["__name__"])
            and all(matcher.admits(one.get(matcher.label, "")) for matcher in part.matchers)
        ]


def scraped(labels: Mapping[str, str], interval: str) -> Scraped:
    return Scraped(
        job=labels.get("job", ""),
        url=f"http://{labels.get('instance', 'api:8000')}/metrics",
        health="up",
        problem="",
        last="",
        interval=interval,
        labels=tuple(sorted(labels.items())),
    )


def rule(name: str, query: str) -> Rule:
    return Rule(
        name=name,
        group="",
        file="",
        is_alert=name[0].isupper(),
        health="ok",
        problem="",
        query=query,
        waits_s=0.0,
        raised=(),
    )
