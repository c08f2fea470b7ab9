"""Grafana dashboards: panels with what they query, wherever they are nested, and the variables beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.model.record import Record
from infra_grader.plugin import Context
from infra_grader.reading.document import read_json
from infra_grader.reading.prometheus_files import as_list, as_mapping, find_mappings

MOST_BYTES = 16 * 1024 * 1024
MOST_PANELS = 5000
DEEPEST = 20
NO_DATA = frozenset(
    {"text", "row", "news", "dashlist", "welcome", "gettingstarted", "alertlist", "annolist", "pluginlist"}
)
"""Panels that show no series."""
QUERY_KEYS = ("expr", "query", "rawSql", "rawQuery", "target", "queryText", "expression")
"""Where the data sources keep the text of a query."""


class Target(Record):
    """A query of a panel."""

    text: str
    key: str
    """Where the text stands: `expr` for Prometheus and Loki."""
    source: str
    """Type, name or uid of its data source, as written."""
    source_name: str
    """What the data source is found by, its uid or name; nothing for the default one."""
    has_metrics: bool
    """Whether it asks by settings of its own, as for Elasticsearch, where the text may be empty."""


class Panel(Record):
    """A panel that is no row."""

    title: str
    type: str
    targets: tuple[Target, ...]
    """The queries that are not hidden."""
    unit: str
    thresholds: int
    """Steps beyond the first, which every panel has."""

    @property
    def shows_data(self) -> bool:
        """Whether it is of a type that shows series."""
        return self.type not in NO_DATA


class Variable(Record):
    """A template variable."""

    name: str
    type: str
    query: str
    regex: str = ""
    """What of the values found is taken, between slashes; everything if there is none."""
    chosen: tuple[str, ...] = ()
    """The values that were chosen when the dashboard was saved."""
    has_all: bool = False
    """Whether all values can be chosen at once."""
    all_value: str = ""
    """What stands for all of them; the values themselves if there is none."""


class Dashboard(Record):
    """A dashboard."""

    path: str
    title: str
    uid: str
    refresh: str
    panels: tuple[Panel, ...]
    variables: tuple[Variable, ...]
    text: str
    """The file as it is."""

    def line_of(self, written: str) -> int | None:
        """Return the line on which a text of the dashboard first stands, or `None` where that cannot be told."""
        if not written:
            return None
        at = self.text.find(json.dumps(written))
        if at < 0:
            at = self.text.find(json.dumps(written, ensure_ascii=False))
        return self.text.count("\n", 0, at) + 1 if at >= 0 else None


def read_dashboards(context: Context, paths: Sequence[str], unread: list[Evidence]) -> list[Dashboard]:
    """Return the dashboards in some files, each read once a submission; what cannot be read is added to `unread`."""
    found: list[Dashboard] = []
    for path in paths:
        try:
            found += context.shared(("grafana.dashboard", path), lambda path=path: _read(context, path))  # type: ignore[misc]
        except CheckFailed as verdict:
            unread += verdict.evidence or (Evidence(path=path, actual=verdict.message),)
    return found


def _read(context: Context, path: str) -> list[Dashboard]:
    return parse_dashboards(TextFile(path, context.workspace.read_text(path, MOST_BYTES)))


def parse_dashboards(file: TextFile) -> list[Dashboard]:
    """Return the dashboards of a file: JSON, wrapped or not, or a ConfigMap that holds some.

    Raises `CheckFailed` where the file is no JSON or YAML, or holds no dashboard.
    """
    if file.path.endswith((".yaml", ".yml")):
        found = [item for text in _config_texts(file) for item in _unwrap(_loads(text))]
    else:
        found = _unwrap(read_json(file))
    if not found:
        raise CheckFailed(
            f"{file.path} is no dashboard of Grafana.",
            Evidence(path=file.path, expected="an object with panels", actual="none"),
        )
    return [_dashboard(file, data) for data in found]


def _config_texts(file: TextFile) -> Iterator[str]:
    for found in find_mappings(file, lambda mapping: mapping.get("kind") == "ConfigMap"):
        yield from (text for text in as_mapping(found.data.get("data")).values() if isinstance(text, str))


def _loads(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _unwrap(data: object) -> list[dict[str, object]]:
    for _ in range(3):  # {"dashboard": {...}}, {"dashboard": {"spec": {...}}}
        if not isinstance(data, dict):
            return []
        if isinstance(data.get("panels"), list) or isinstance(data.get("rows"), list):
            return [data]
        data = data.get("dashboard") or data.get("spec")
    return []


def _dashboard(file: TextFile, data: dict[str, object]) -> Dashboard:
    panels = tuple(_panels(data))
    return Dashboard(
        path=file.path,
        title=_text(data.get("title")),
        uid=_text(data.get("uid")),
        refresh=_text(data.get("refresh")),
        panels=panels,
        variables=tuple(_variables(data)),
        text=file.text,
    )


def _panels(data: dict[str, object]) -> Iterator[Panel]:
    """Yield the panels, those in rows too: rows of today hold panels, as those of old did."""
    pending = [(item, 0) for key in ("rows", "panels") for item in as_list(data.get(key))][::-1]
    count = 0
    while pending and count < MOST_PANELS:
        item, depth = pending.pop()
        panel = as_mapping(item)
        inner = as_list(panel.get("panels"))
        if inner and depth < DEEPEST:
            pending += [(part, depth + 1) for part in reversed(inner)]
        if not panel or panel.get("type") == "row" or (inner and "type" not in panel) or "type" not in panel:
            continue
        count += 1
        yield _panel(panel)


def _panel(panel: dict[str, object]) -> Panel:
    defaults = as_mapping(as_mapping(panel.get("fieldConfig")).get("defaults"))
    steps = as_list(as_mapping(defaults.get("thresholds")).get("steps"))
    old = panel.get("thresholds")
    before = len(old) if isinstance(old, list) else len(_text(old).split(",")) if _text(old) else 0
    axes = [as_mapping(axis).get("format") for axis in as_list(panel.get("yaxes"))]
    unit = _text(defaults.get("unit")) or _text(panel.get("format")) or _text(next(iter(axes), ""))
    source = panel.get("datasource")
    return Panel(
        title=_text(panel.get("title")),
        type=_text(panel.get("type")),
        targets=tuple(_targets(panel, source)),
        unit="" if unit in ("short", "none") else unit,
        thresholds=max(len(steps) - 1, before, 0),
    )


def _targets(panel: dict[str, object], source: object) -> Iterator[Target]:
    for item in as_list(panel.get("targets")):
        target = as_mapping(item)
        if not target or target.get("hide") is True:
            continue
        key = next((name for name in QUERY_KEYS if _text(target.get(name)).strip()), "")
        asks = bool(as_list(target.get("metrics")) and as_list(target.get("bucketAggs")))
        if key or asks:
            yield Target(
                text=_text(target.get(key)).strip(),
                key=key,
                source=_source(target.get("datasource")) or _source(source),
                source_name=_source_name(target.get("datasource")) or _source_name(source),
                has_metrics=asks,
            )


def _source(value: object) -> str:
    if isinstance(value, dict):
        return _text(value.get("type")) or _text(value.get("uid"))
    return _text(value)


def _source_name(value: object) -> str:
    return _text(value.get("uid")) if isinstance(value, dict) else _text(value)


def _variables(data: dict[str, object]) -> Iterator[Variable]:
    for item in as_list(as_mapping(data.get("templating")).get("list")):
        variable = as_mapping(item)
        query = variable.get("query")
        if name := _text(variable.get("name")):
            text = _text(as_mapping(query).get("query")) if isinstance(query, dict) else _text(query)
            value = as_mapping(variable.get("current")).get("value")
            yield Variable(
                name=name,
                type=_text(variable.get("type")),
                query=text,
                regex=_text(variable.get("regex")),
                chosen=tuple(_text(one) for one in (value if isinstance(value, list) else [value]) if _text(one)),
                has_all=variable.get("includeAll") is True,
                all_value=_text(variable.get("allValue")),
            )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
