"""The data sources that files give Grafana, and which of them the queries of a dashboard are for."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator, Mapping

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed
from infra_grader.plugin import Context
from infra_grader.reading.grafana import Dashboard, Target
from infra_grader.reading.grafana_query import VARIABLE
from infra_grader.reading.prometheus_files import as_list, as_mapping, find_mappings

FILES = ("**/*datasource*.y*ml", "**/*datasource*/**/*.y*ml")
DEFAULT = ("", "default")
BUILT_IN = frozenset({"grafana", "__expr__", "-- Grafana --", "-- Mixed --", "-- Dashboard --"})
"""Sources that Grafana has by itself."""


def read_sources(context: Context) -> Mapping[str, str]:
    """Return the types of the data sources by what dashboards call them: their uid or name, or nothing for the default.

    Read once a submission; a file that is no YAML tells of none.
    """
    return context.shared(("grafana.sources",), lambda: dict(_sources(context)))


def parse_sources(file: TextFile) -> Iterator[tuple[str, str]]:
    """Yield what the data sources of a file are called, each with its type. Raises `CheckFailed` for no YAML."""
    for found in find_mappings(file, lambda data: bool(as_list(data.get("datasources")))):
        for item in as_list(found.data.get("datasources")):
            source = as_mapping(item)
            kind = str(source.get("type") or "")
            if not kind:
                continue
            yield from ((called, kind) for called in names_of(source))
            if source.get("isDefault") is True:
                yield from ((default, kind) for default in DEFAULT)


def names_of(source: Mapping[str, object]) -> tuple[str, str]:
    """Return what dashboards may call a data source of a file: its uid, and its name."""
    name, uid = (str(source.get(key) or "") for key in ("name", "uid"))
    return uid or _uid_of(name), name


def is_found(target: Target, board: Dashboard, names: Container[str]) -> bool:
    """Tell whether Grafana finds the data source of a query, if it has those with these names.

    A variable has to be one of the dashboard's: what an export asks for when a person imports it (`__inputs`) is never
    filled in where files are loaded.
    """
    called = target.source_name
    if found := VARIABLE.fullmatch(called):
        return any(variable.name in found.groups() for variable in board.variables)
    return called in DEFAULT or called in BUILT_IN or called in names


def with_types(board: Dashboard, types: Mapping[str, str]) -> Dashboard:
    """Return a dashboard whose queries name the type of their data source, where that is known."""
    chosen = {variable.name: variable.query for variable in board.variables if variable.type == "datasource"}

    def type_of(source: str) -> str:
        if found := VARIABLE.fullmatch(source):
            return chosen.get(found[1] or found[2] or found[3]) or source
        return types.get(source, source)

    return board.replace(
        panels=tuple(
            panel.replace(targets=tuple(target.replace(source=type_of(target.source)) for target in panel.targets))
            for panel in board.panels
        )
    )


def _sources(context: Context) -> Iterator[tuple[str, str]]:
    for path in context.workspace.find(*FILES):
        try:
            yield from parse_sources(TextFile(path, context.workspace.read_text(path)))
        except CheckFailed:
            continue  # the check of the files themselves tells of it


def _uid_of(name: str) -> str:
    """Return the uid that Grafana gives a data source whose file gives none."""
    return "P" + hashlib.sha256(name.encode()).hexdigest()[:16].upper()
