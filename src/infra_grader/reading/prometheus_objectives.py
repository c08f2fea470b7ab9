"""Service level objectives: what Sloth and Pyrra are told to ask Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from infra_grader.capabilities.workspace import TextFile
from infra_grader.reading.prometheus_files import Found, as_list, as_mapping, find_mappings
from infra_grader.reading.promql import PromqlError, Query, read_query

WINDOW = re.compile(r"\{\{-?\s*\.window\s*-?\}\}")
"""Where Sloth puts the span of time that it asks about."""
OF_SLOTH: tuple[tuple[str, ...], ...] = (
    ("sli", "events", "errorQuery"),
    ("sli", "events", "totalQuery"),
    ("sli", "raw", "errorRatioQuery"),
    ("sli", "events", "error_query"),
    ("sli", "events", "total_query"),
    ("sli", "raw", "error_ratio_query"),
)
"""Where the queries of an objective stand: in an object of Kubernetes, and in a file for Sloth's own command."""
OF_PYRRA: tuple[tuple[str, ...], ...] = (
    ("ratio", "errors", "metric"),
    ("ratio", "total", "metric"),
    ("latency", "success", "metric"),
    ("latency", "total", "metric"),
    ("latencyNative", "total", "metric"),
    ("bool_gauge", "metric"),
)


class ObjectiveQuery(NamedTuple):
    """A query by which an objective is counted."""

    query: Query | None
    """`None` where what is written is no PromQL."""
    found: Found
    steps: tuple[str | int, ...]
    """Where it stands below what was found."""
    title: str


def objective_queries(file: TextFile) -> Iterator[ObjectiveQuery]:
    """Yield the queries of the objectives in a YAML file. Raises `CheckFailed` where the file is no YAML."""
    for found in find_mappings(file, _is_objective):
        if found.data.get("kind") == "ServiceLevelObjective":
            yield from _queries(found, ("spec", "indicator"), OF_PYRRA, _name(as_mapping(found.data.get("metadata"))))
            continue
        inside: tuple[str, ...] = () if "slos" in found.data else ("spec",)
        spec = as_mapping(found.data["spec"]) if inside else found.data
        for index, objective in enumerate(as_list(spec.get("slos"))):
            yield from _queries(found, (*inside, "slos", index), OF_SLOTH, _name(as_mapping(objective)))


def _is_objective(mapping: dict[str, object]) -> bool:
    if mapping.get("kind") == "PrometheusServiceLevel":
        return "slos" in as_mapping(mapping.get("spec"))
    if mapping.get("kind") == "ServiceLevelObjective":
        return "indicator" in as_mapping(mapping.get("spec"))
    return mapping.get("version") == "prometheus/v1" and "slos" in mapping


def _name(data: Mapping[str, object]) -> str:
    return f"objective {str(data.get('name', ''))[:80]}".strip()


def _queries(
    found: Found, at: tuple[str | int, ...], places: tuple[tuple[str, ...], ...], title: str
) -> Iterator[ObjectiveQuery]:
    for place in places:
        value: object = found.data
        for step in (*at, *place):
            items = as_list(value)
            value = items[step] if isinstance(step, int) and step < len(items) else as_mapping(value).get(str(step))
        if value is None:
            continue
        try:
            query = read_query(WINDOW.sub("5m", str(value)))
        except PromqlError:
            query = None
        yield ObjectiveQuery(query, found, (*at, *place), title)
