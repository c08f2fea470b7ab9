"""The data sources that files give Grafana, and which of them the queries of a dashboard are for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed
from infra_grader.plugin import Context
from infra_grader.reading.grafana import Dashboard
from infra_grader.reading.grafana_query import VARIABLE
from infra_grader.reading.prometheus_files import as_list, as_mapping, find_mappings

FILES = ("**/*datasource*.y*ml", "**/*datasource*/**/*.y*ml")
DEFAULT = ("", "default")


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
            name, kind, uid = (str(source.get(key) or "") for key in ("name", "type", "uid"))
            if not kind:
                continue
            yield uid or _uid_of(name), kind
            yield name, kind
            if source.get("isDefault") is True:
                yield from ((default, kind) for default in DEFAULT)


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
