"""The logs.kibana check kind."""

from __future__ import annotations

import json
from collections.abc import Mapping

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Meta,
    Outcome,
    Params,
    Places,
    TextFile,
    check,
    places,
)
from infra_grader.reading.pieces import Piece, counted, cut, judge, whole
from infra_grader.reading.prometheus_files import as_list, as_mapping
from infra_grader.reading.prometheus_known import is_named_by

MOST_BYTES = 16 * 1024 * 1024
DRAWN = frozenset({"visualization", "lens", "map", "search", "canvas-workpad"})


class Kibana(Params):
    """Where the export is, and what it must hold."""

    path: Annotated[Places, Meta(description="Saved objects exported from Kibana, one JSON object a line (NDJSON).")]
    index_pattern: Annotated[
        str, Meta(description="Title of the index pattern or data view, `*` standing for itself or for anything.")
    ] = "*"
    dashboards: Annotated[int, Meta(ge=0, description="Dashboards that show something exported with them.")] = 1
    visualizations: Annotated[
        int, Meta(ge=0, description="Visualizations, saved searches and maps, different ones.")
    ] = 1


@check("logs.kibana")
def kibana(context: Context, params: Kibana) -> Outcome:
    """An export of Kibana's saved objects is valid, and holds an index pattern, dashboards and visualizations."""
    path = context.workspace.first(places(params.path))
    file = TextFile(path, context.workspace.read_text(path, MOST_BYTES))
    objects, broken = _objects(file)
    if not objects:
        shown = cut(broken) or (Evidence(path=path, line=1, expected="saved objects", actual="none"),)
        raise CheckFailed(f"{path} holds no saved object of Kibana.", *shown)
    titles = [_title(item) for item in objects.values() if item["type"] in ("index-pattern", "data-view")]
    drawn = {str(_drawing(item)) for item in objects.values() if item["type"] in DRAWN and _drawing(item)}
    boards = [item for item in objects.values() if item["type"] == "dashboard" and _shows(item, objects)]
    fits = [title for title in titles if title == params.index_pattern or is_named_by(title, (params.index_pattern,))]
    pieces: list[Piece] = [
        whole(
            not broken,
            "not every line is a JSON object",
            *(cut(broken) or (Evidence(path=path, expected="NDJSON", actual="valid"),)),
        ),
        whole(
            bool(fits),
            f"no index pattern is {params.index_pattern}",
            Evidence(path=path, expected=f"index pattern {params.index_pattern}", actual=", ".join(titles) or "none"),
        ),
        counted(
            len(boards),
            params.dashboards,
            f"{len(boards)} of {params.dashboards} dashboards show something",
            Evidence.number(len(boards), f"at least {params.dashboards}", "dashboards"),
        ),
        counted(
            len(drawn),
            params.visualizations,
            f"{len(drawn)} of {params.visualizations} visualizations are there",
            Evidence.number(len(drawn), f"at least {params.visualizations}", "visualizations"),
        ),
    ]
    return judge(path, pieces)


def _objects(file: TextFile) -> tuple[dict[tuple[str, str], Mapping[str, object]], list[Evidence]]:
    """Return the saved objects by type and id, and the lines that are none."""
    found: dict[tuple[str, str], Mapping[str, object]] = {}
    broken: list[Evidence] = []
    for number, line in enumerate(file.lines, 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            broken.append(
                Evidence(path=file.path, line=number, expected="a JSON object", actual="no JSON", text=line[:100])
            )
            continue
        if isinstance(data, dict) and isinstance(data.get("type"), str) and isinstance(data.get("attributes"), dict):
            found[data["type"], str(data.get("id") or number)] = data
        elif not (isinstance(data, dict) and "exportedCount" in data):  # the summary that Kibana adds
            broken.append(Evidence(path=file.path, line=number, expected="a saved object", actual="something else"))
    return found, broken


def _title(item: Mapping[str, object]) -> str:
    return str(as_mapping(item["attributes"]).get("title") or "")


def _drawing(item: Mapping[str, object]) -> object:
    """Return what an object draws, the same for two that draw the same."""
    attributes = as_mapping(item["attributes"])
    if item["type"] == "visualization":
        state = attributes.get("visState")
        return state if isinstance(state, str) and len(state) > len("{}") else None
    if item["type"] == "search":
        source = as_mapping(attributes.get("kibanaSavedObjectMeta")).get("searchSourceJSON")
        return [attributes.get("columns"), source, attributes.get("title")] if source else None
    return attributes.get("state") or attributes.get("layerListJSON")


def _shows(item: Mapping[str, object], objects: Mapping[tuple[str, str], object]) -> bool:
    """Whether a dashboard shows an object of the export, or panels that carry their own."""
    references = [as_mapping(reference) for reference in as_list(item.get("references"))]
    if any((str(one.get("type")), str(one.get("id"))) in objects and one.get("type") in DRAWN for one in references):
        return True
    try:
        panels = json.loads(str(as_mapping(item["attributes"]).get("panelsJSON") or "[]"))
    except (ValueError, RecursionError):
        return False
    return any(as_mapping(as_mapping(panel).get("embeddableConfig")).get("attributes") for panel in as_list(panels))
