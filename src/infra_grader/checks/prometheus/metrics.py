"""The prometheus.metrics check kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from infra_grader.checks.prometheus._rule_files import all_rules, read_rule_files, recorded_queries
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    RelativePath,
    TextFile,
    check,
    places,
)
from infra_grader.reading.grafana import Dashboard, parse_dashboards, read_dashboards
from infra_grader.reading.grafana_query import panel_queries
from infra_grader.reading.pieces import cut
from infra_grader.reading.prometheus_firing import empty_reason
from infra_grader.reading.prometheus_known import EXPORTERS, USUAL, is_named_by, known_names
from infra_grader.reading.prometheus_metrics import Instrumentation, Metric, exported_by
from infra_grader.reading.prometheus_objectives import objective_queries
from infra_grader.reading.promql import Query
from infra_grader.reading.python_work import own_python

EXPORTED = "metrics that are exported"
KINDRED = (
    frozenset({"status", "status_code", "code", "http_status", "response_code"}),
    frozenset({"endpoint", "path", "route", "handler", "url"}),
    frozenset({"method", "http_method", "verb"}),
    frozenset({"model_name", "model"}),
    frozenset({"feature_name", "feature"}),
    frozenset({"prediction_class", "class", "predicted_class"}),
)
"""Labels that mean the same, so that a query which asks for one of them means the one that a metric has."""


class Metrics(Params):
    """Where queries are asked, and where what they read is exported."""

    path: Annotated[
        Places,
        Meta(
            description="Files with rules or objectives (YAML, with dashboards in ConfigMaps too) and dashboards"
            " (JSON), or globs; every file that one of them names is read."
        ),
    ]
    code: Annotated[Places, Meta(description="Python files, folders or globs that export metrics.")] = "**/*.py"
    exclude: Annotated[tuple[RelativePath, ...], Meta(description="Python that is left out, such as `tests`.")] = ()
    rules: Annotated[
        tuple[RelativePath, ...], Meta(description="Further rule files, whose recording rules make series.")
    ] = ()
    exporters: Annotated[
        tuple[str, ...], Meta(description=f"Exporters whose names are accepted, among {', '.join(EXPORTERS)}.")
    ] = USUAL
    also: Annotated[tuple[str, ...], Meta(description="Further names that are accepted, `*` for anything.")] = ()
    own: Annotated[
        int, Meta(ge=0, description="Metrics of the learner's own code that the queries must read, different ones.")
    ] = 1
    min_share: Annotated[
        float, Meta(gt=0, le=1, description="Share of the queries that must read only what is exported, to pass.")
    ] = 1.0

    def __post_init__(self) -> None:
        """Refuse exporters that are not known."""
        for name in self.exporters:
            if name not in EXPORTERS:
                raise ValueError(f"{name!r} is no exporter that is known; name its metrics in `also`")


class Asked(NamedTuple):
    """A query and where it stands."""

    query: Query | None
    path: str
    line: Callable[[], int | None]
    """Looks for the line, which takes time in a large file."""
    title: str


class Judged(NamedTuple):
    """What the queries read."""

    lost: list[tuple[Asked, str]]
    """The queries that read something else, or nothing, and what that is."""
    read: set[str]
    """Families of the code's own metrics that are read."""


@check("prometheus.metrics", measure="percent")
def metrics(context: Context, params: Metrics) -> Outcome:
    """The queries of alerts, objectives (Sloth, Pyrra) and dashboards read metrics that are really exported.

    Exported is what Python code defines with prometheus_client (with what the client adds: `_total`, `_bucket`, `_sum`,
    `_count`), what recording rules make, what libraries such as prometheus-fastapi-instrumentator add, and the names of
    the exporters accepted. A bare histogram is no series, and a label that a metric has under another name, or buckets
    summed without `le`, find none. The measure is the share of queries that read nothing else.
    """
    asked, recorded, unread = _asked(context, params)
    files, faults = own_python(context, places(params.code), params.exclude)
    found = exported_by(context, files)
    judged = _judge(asked, recorded, found, (*known_names(params.exporters), *params.also, *found.ready_made))
    sound, read = len(asked) - len(judged.lost), sorted(judged.read)
    share = Fraction(sound, len(asked))
    enough = Fraction(min(len(read), params.own), params.own) if params.own else Fraction(1)
    reached = Fraction(1) if share >= Fraction(str(params.min_share)) else share
    return Outcome.partial(
        reached * enough,
        f"{sound} of {len(asked)} queries read only metrics that are exported, {len(read)} of the code's own are read.",
        *(
            Evidence(path=item.path, line=item.line(), expected=EXPORTED, actual=problem[:300], text=item.title)
            for item, problem in judged.lost[:15]
        ),
        Evidence.number(len(read), f"at least {params.own}", "own metrics read", ", ".join(read)[:300] or "none"),
        *(Evidence(path=item.path, line=item.line, actual=item.name, text="exported") for item in found.metrics[:3]),
        *cut(unread, 3),
        *cut(faults, 3),
        measure=Measure(value=round(float(share * enough * 100), 1), unit="percent", threshold=params.min_share * 100),
    )


def _judge(asked: list[Asked], recorded: dict[str, Query], found: Instrumentation, known: tuple[str, ...]) -> Judged:
    # one with labels has no series before code gives it a value
    exported = [metric for metric in found.metrics if metric.is_used or metric.labels == ()]
    own = {name: metric for metric in exported for name in metric.series}
    lost: list[tuple[Asked, str]] = []
    read: set[str] = set()
    for item in asked:
        if item.query is None:
            lost.append((item, "is no PromQL"))
            continue
        names = item.query.metrics
        strange = [name for name in names if not (name in own or name in recorded or is_named_by(name, known))]
        if strange or not names:
            lost.append((item, f"{', '.join(strange)}: not exported" if strange else "reads no metric by its name"))
        elif reason := empty_reason(item.query) or _strange_label(item.query, own):
            lost.append((item, f"never has an answer: {reason}"))
            continue  # it reads nothing
        # what a recording rule makes was made of something, too
        behind = [name for series in names if series in recorded for name in recorded[series].metrics]
        read.update(own[name].family for name in (*names, *behind) if name in own)
        read.update(name for name in names if is_named_by(name, found.ready_made))
    return Judged(lost, read)


def _strange_label(query: Query, own: Mapping[str, Metric]) -> str:
    """Return which label is asked for that a metric has under another name, or nothing.

    Other labels may come from Prometheus's own configuration, so that nothing is said of those.
    """
    for selector in query.selectors:
        labels = own[selector.name].labels if selector.name in own else None
        for matcher in selector.matchers if labels else ():
            kin = next((group for group in KINDRED if matcher.label in group), frozenset())
            is_of_target = matcher.label == "endpoint" and "/" not in matcher.value  # a ServiceMonitor adds that
            meant = [label for label in labels or () if label in kin]
            if meant and matcher.label not in (labels or ()) and not matcher.admits("") and not is_of_target:
                return f"{selector.name} has the label {meant[0]}, not {matcher.label}"
    return ""


def _asked(context: Context, params: Metrics) -> tuple[list[Asked], dict[str, Query], list[Evidence]]:
    """Return the queries that can be read, the recording rules, and evidence for what cannot be read."""
    wanted = places(params.path)
    found = context.workspace.find(*wanted)
    if not found:
        context.workspace.first(wanted)  # words what is missing
    boards = [path for path in found if path.endswith(".json")]
    ruled = [path for path in found if not path.endswith(".json")]
    asked: list[Asked] = []
    unread: list[Evidence] = []
    recorded: dict[str, Query] = {}
    for paths in filter(None, (ruled, [*context.workspace.find(*params.rules)])):
        try:
            files, faults = read_rule_files(context, paths)
        except CheckFailed as verdict:
            unread += verdict.evidence
            continue
        unread += faults
        rules = all_rules(files)
        recorded |= recorded_queries(rules)
        if paths is ruled:
            asked += [
                Asked(rule.query, rule.path, partial(rule.found.line, *rule.steps, "expr"), rule.title)
                for rule in rules
                if rule.query is not None
            ]
    for path in ruled:
        asked += _beside_rules(context, path)
    asked += _of_boards(read_dashboards(context, boards, unread))
    if not asked:
        raise CheckFailed(f"{found[0]} asks no query that can be read.", *cut(unread), Evidence(path=found[0]))
    return asked, recorded, unread


def _beside_rules(context: Context, path: str) -> list[Asked]:
    """Return the queries of objectives, and of dashboards in ConfigMaps, in a file that may hold rules as well."""
    try:
        file = TextFile(path, context.workspace.read_text(path))
        found = [
            Asked(item.query, path, partial(item.found.line, *item.steps), item.title)
            for item in objective_queries(file)
        ]
    except CheckFailed:  # what is no YAML is said where its rules are read
        return []
    boards: list[Dashboard] = []
    with suppress(CheckFailed):  # most hold no dashboard
        boards = parse_dashboards(file)
    return [*found, *_of_boards(boards)]


def _of_boards(boards: Iterable[Dashboard]) -> list[Asked]:
    return [
        Asked(item.query, board.path, partial(board.line_of, item.target.text), item.panel.title)
        for board in boards
        for item in panel_queries(board)
        if item.query
    ]
