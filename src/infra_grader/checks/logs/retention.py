"""The logs.retention check kind."""

from __future__ import annotations

import json
from collections.abc import Iterator

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
from infra_grader.reading.document import read_json
from infra_grader.reading.pieces import cut
from infra_grader.reading.prometheus_files import as_list, as_mapping, find_mappings, seconds

DAY_S = 86_400.0
UNITS = {
    "seconds": 1.0,
    "minutes": 60.0,
    "hours": 3600.0,
    "days": DAY_S,
    "weeks": 7 * DAY_S,
    "months": 30 * DAY_S,
    "years": 365 * DAY_S,
}
MOST_OBJECTS = 500


class Retention(Params):
    """Where logs are told to go away, and after how long."""

    path: Annotated[
        Places,
        Meta(
            description="Files or globs: lifecycle policies (JSON, or sent by a script), Curator's or Loki's settings."
        ),
    ]
    at_least: Annotated[str, Meta(description="Shortest time that logs are kept, such as `30d`.")] = "1d"
    at_most: Annotated[str, Meta(description="Longest time that logs are kept, such as `90d`.")] = "3650d"

    def __post_init__(self) -> None:
        """Refuse what is no span of time."""
        for text in (self.at_least, self.at_most):
            if not seconds(text):
                raise ValueError(f"{text!r} is no span of time such as `90d`")


@check("logs.retention")
def retention(context: Context, params: Retention) -> Outcome:
    """Old logs are deleted after the time asked for.

    Understood are index lifecycle policies of Elasticsearch and state policies of OpenSearch (as JSON or YAML, or in a
    script that sends them), Curator's `delete_indices`, and Loki's `retention_period` with its compactor switched on.
    """
    wanted = places(params.path)
    found = context.workspace.find(*wanted)
    if not found:
        context.workspace.first(wanted)  # words what is missing
    kept: list[tuple[float, Evidence]] = []
    unread: list[Evidence] = []
    bounds = f"{params.at_least} to {params.at_most}"
    for path in found:
        try:
            spans = list(_spans(TextFile(path, context.workspace.read_text(path))))
        except CheckFailed as verdict:
            unread += verdict.evidence
            continue
        kept += [
            (
                span,
                Evidence(
                    path=path, line=line, expected=f"kept for {bounds}", actual=f"{span / DAY_S:g} days", text=what
                ),
            )
            for span, line, what in spans
        ]
    if not kept:
        shown = cut(unread) or (Evidence(path=found[0], line=1, expected="a policy that deletes", actual="none"),)
        raise CheckFailed(f"{found[0]} deletes no logs.", *shown)
    least, most = seconds(params.at_least) or 0.0, seconds(params.at_most) or 0.0
    fitting = [evidence for span, evidence in kept if least <= span <= most]
    days = " and ".join(sorted({f"{span / DAY_S:g}" for span, _ in kept}))
    shown = tuple(fitting) or tuple(evidence for _, evidence in kept)
    return Outcome.passed_if(bool(fitting), f"Logs are deleted after {days} days.", *cut(shown))


def _spans(file: TextFile) -> Iterator[tuple[float, int | None, str]]:
    """Yield how long logs are kept in seconds, with the line and what says so."""
    if file.path.endswith((".yml", ".yaml")):
        for found in find_mappings(file, lambda mapping: bool(list(_policies(mapping)))):
            yield from ((span, found.line(), what) for span, what in _policies(found.data))
    elif file.path.endswith(".json"):
        yield from _in_data(read_json(file), file, 0)
    else:
        for data, start in _objects(file):
            yield from _in_data(data, file, start)


def _in_data(data: object, file: TextFile, start: int) -> Iterator[tuple[float, int | None, str]]:
    stack = [data]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            at = file.text.find('"delete"', start)
            line = file.text.count("\n", 0, at) + 1 if at >= 0 else None
            yield from ((span, line, what) for span, what in _policies(value))
            stack += value.values()
        elif isinstance(value, list):
            stack += value


def _objects(file: TextFile) -> Iterator[tuple[object, int]]:
    """Yield the JSON objects in a script, comments aside."""
    text = "\n".join("" if line.lstrip().startswith("#") else line for line in file.lines)
    decoder = json.JSONDecoder()
    position = 0
    for _ in range(MOST_OBJECTS):
        position = text.find("{", position)
        if position < 0:
            return
        try:
            data, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        yield data, position
        position = end


def _policies(mapping: dict[str, object]) -> Iterator[tuple[float, str]]:
    delete = as_mapping(as_mapping(mapping.get("phases")).get("delete"))
    if "delete" in as_mapping(delete.get("actions")) or (delete and "actions" not in delete):
        yield from _known(seconds(delete.get("min_age", "0")), "index lifecycle")
    states = [as_mapping(state) for state in as_list(mapping.get("states"))]
    deleting = {
        str(state.get("name"))
        for state in states
        if any("delete" in as_mapping(item) for item in as_list(state.get("actions")))
    }
    for state in states:
        for move in map(as_mapping, as_list(state.get("transitions"))):
            if move.get("state_name") in deleting:
                yield from _known(seconds(as_mapping(move.get("conditions")).get("min_index_age")), "state management")
    if mapping.get("action") == "delete_indices":
        for item in map(as_mapping, as_list(mapping.get("filters"))):
            unit, count = UNITS.get(str(item.get("unit"))), item.get("unit_count")
            if item.get("filtertype") == "age" and unit and isinstance(count, int):
                yield from _known(unit * count, "Curator")
    if as_mapping(mapping.get("compactor")).get("retention_enabled") is True:
        yield from _known(seconds(as_mapping(mapping.get("limits_config")).get("retention_period")), "Loki")


def _known(span: float | None, what: str) -> Iterator[tuple[float, str]]:
    if span:
        yield span, what
