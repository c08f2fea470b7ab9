"""The queries of Grafana's panels, with its variables filled in so that they can be read as PromQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from infra_grader.reading.grafana import Dashboard, Panel, Target
from infra_grader.reading.promql import PromqlError, Query, read_query

OTHER_SOURCES = re.compile(
    r"(?i)loki|elastic|opensearch|influx|mysql|postgres|sql|graphite|cloudwatch|tempo|jaeger|zipkin|testdata|__expr__|json"
    r"|grafana-|stackdriver|azure|timestream|clickhouse|mongo"
)
"""Data sources whose queries are no PromQL."""
LOGQL = re.compile(r"\}\s*\|(?:[=~]|\s*(?:json|logfmt|pattern|regexp|unpack|line_format|label_format|decolorize)\b)")
"""What only Loki knows after a selector."""
VARIABLE = re.compile(r"\$\{(\w+)(?:[.:][^}]{0,100})?\}|\$(\w+)|\[\[(\w+)(?::\w+)?\]\]")
IN_RANGE = re.compile(r"\[([^\[\]{}\"']{0,100})\]")
OFFSET = re.compile(r"(\boffset\s+)(\$\{?\w+\}?)", re.IGNORECASE)
NUMBERS = frozenset({"__interval_ms", "__range_s", "__range_ms", "__from", "__to"})
BUILT_IN = (
    frozenset(
        {
            "__interval",
            "__rate_interval",
            "__range",
            "__dashboard",
            "__name",
            "__org",
            "__user",
            "timeFilter",
            "__timeFilter",
        }
    )
    | NUMBERS
)
STAND_IN_METRIC = "grafana_variable"
"""What stands for a variable that is the name of a metric: nobody exports it."""


class PanelQuery(NamedTuple):
    """A PromQL query of a panel: the query, or why it is none."""

    panel: Panel
    target: Target
    query: Query | None
    problem: str


def is_promql(target: Target) -> bool:
    """Whether a query is meant for Prometheus: it stands in `expr`, and no other data source is named.

    One in the language of Loki is not, unless Prometheus is named.
    """
    if target.key != "expr" or OTHER_SOURCES.search(target.source):
        return False
    is_logql = LOGQL.search(target.text) is not None and _read(target.text)[0] is None
    return not is_logql or "prometheus" in target.source.lower()


def panel_queries(board: Dashboard) -> Iterator[PanelQuery]:
    """Yield the PromQL queries of a dashboard. Raises `NotAssessed` where no parser is installed."""
    known = {variable.name for variable in board.variables} | BUILT_IN
    for panel in board.panels:
        for target in panel.targets:
            if not is_promql(target):
                continue
            query, problem = _read(target.text)
            undefined = sorted(variables_in(target.text) - known)
            if query is not None and undefined:
                query, problem = None, f"the variable ${undefined[0]} is not defined"
            yield PanelQuery(panel, target, query, problem)


def variables_in(text: str) -> set[str]:
    """Return the names of the variables in a text."""
    return {
        name
        for found in VARIABLE.finditer(text)
        if (name := next(filter(None, found.groups()), "")) and not name.isdigit()
    }


def _read(text: str) -> tuple[Query | None, str]:
    problem = ""
    for stand_in in (STAND_IN_METRIC, "5"):
        try:
            return read_query(fill_in(text, stand_in)), ""
        except PromqlError as error:
            problem = problem or str(error)
    return None, problem


def fill_in(text: str, stand_in: str) -> str:
    """Return a query with its variables replaced: spans of time where one belongs, a name or a number elsewhere."""
    text = IN_RANGE.sub(_fill_range, text)
    text = OFFSET.sub(r"\g<1>5m", text)

    def fill(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[3]
        return "5" if name in NUMBERS else stand_in

    return VARIABLE.sub(fill, text)


def _fill_range(found: re.Match[str]) -> str:
    if found[0].startswith("[[") or "$" not in found[1]:
        return found[0]
    return "[" + ":".join("5m" if "$" in part else part for part in found[1].split(":")) + "]"
