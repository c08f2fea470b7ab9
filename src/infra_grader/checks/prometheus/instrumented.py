"""The prometheus.instrumented check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Meta,
    Outcome,
    Params,
    Places,
    RelativePath,
    check,
    places,
)
from infra_grader.reading.pieces import Piece, counted, cut, judge, whole
from infra_grader.reading.prometheus_known import is_named_by
from infra_grader.reading.prometheus_metrics import TYPES, Instrumentation, Metric, exported_by
from infra_grader.reading.promql_question import pair_off
from infra_grader.reading.python_work import own_python


class WantedMetric(Params):
    """A metric that the code must export."""

    title: Annotated[str, Meta(description="What it counts or measures, where the name does not say it.")] = ""
    names: Annotated[
        tuple[str, ...], Meta(description="Accepted names, `*` for anything; any, where none is given.")
    ] = ()
    type: Annotated[str | None, Meta(description="Counter, Gauge, Histogram, Summary, Info or Enum.")] = None
    labels: Annotated[
        tuple[str, ...],
        Meta(description="Labels that it has; `a|b` for either name. More labels are fine."),
    ] = ()

    def __post_init__(self) -> None:
        """Refuse types that the client does not have."""
        if self.type is not None and self.type not in TYPES:
            raise ValueError(f"{self.type!r} is none of {', '.join(sorted(TYPES))}")
        if not self.names and self.type is None:
            raise ValueError("give `names` or `type`")

    @property
    def words(self) -> str:
        """The metric in words."""
        named = self.title or " or ".join(self.names)
        return " ".join(filter(None, (self.type, named, f"with {', '.join(self.labels)}" if self.labels else "")))


class Instrumented(Params):
    """Which Python files, and what they must export."""

    paths: Annotated[Places, Meta(description="Files, folders or globs of Python.")] = "**/*.py"
    exclude: Annotated[tuple[RelativePath, ...], Meta(description="What is left out, such as `tests`.")] = ()
    metrics: Annotated[tuple[WantedMetric, ...], Meta(description="Metrics; each earns an equal share.")] = ()
    at_least: Annotated[int, Meta(ge=0, description="Metrics of any kind that are exported and used.")] = 0
    exposed: Annotated[bool, Meta(description="Whether a place must hand the metrics out, such as `/metrics`.")] = True

    def __post_init__(self) -> None:
        """Refuse a question about nothing."""
        if not self.metrics and not self.at_least:
            raise ValueError("give `metrics` or `at_least`")


@check("prometheus.instrumented")
def instrumented(context: Context, params: Instrumented) -> Outcome:
    """Python code defines the metrics asked for, gives them values in code that can be reached, and exposes them.

    Read from the syntax tree, for `prometheus_client`: a metric counts in full if `inc`, `observe`, `set` and the like
    are called on it somewhere that runs, half if it is only defined. The registry that is exposed must be the one that
    the metrics are in. Names are compared as families, with and without `_total`.
    """
    files, faults = own_python(context, places(params.paths), params.exclude)
    where = places(params.paths)[0]
    if not files:
        raise CheckFailed(
            f"There is no Python file of your own in {where} that can be read.",
            *(faults or [Evidence(path=where, expected="Python files of your own", actual="none")]),
        )
    found = exported_by(context, files)
    used = [metric for metric in found.metrics if metric.is_used]
    if not used and not found.ready_made:
        raise CheckFailed(
            "No metric of prometheus_client is defined and given a value in code that runs.",
            *(cut([_evidence(item, "given a value", "only defined") for item in found.metrics])
              or [Evidence(path=where, expected="metrics", actual="none, comments and strings aside")]),
        )  # fmt: skip
    pieces = _wanted(params, found, where)
    if params.at_least:
        number = len(used) + len(found.ready_made)  # a library's own metrics are metrics
        shown = cut([_evidence(item, "a metric that is used", item.name) for item in used])
        lacking = f"{number} of {params.at_least} metrics are given values"
        counted_all = Evidence.number(number, f"at least {params.at_least}", "metrics")
        pieces.append(counted(number, params.at_least, lacking, counted_all, *shown))
    if params.exposed:
        pieces.append(_exposed(found, used, where))
    return judge("The code", pieces, cut(faults, 3))


def _evidence(metric: Metric, expected: str, actual: str) -> Evidence:
    return Evidence(path=metric.path, line=metric.line, expected=expected, actual=actual, text=metric.name)


def _wanted(params: Instrumented, found: Instrumentation, where: str) -> list[Piece]:
    """Return a piece for each metric that is asked for; used ones are given first, no metric serves twice."""
    offers = sorted(found.metrics, key=lambda item: not item.is_used)
    served = pair_off(
        len(params.metrics),
        len(offers),
        lambda one, other: _is(offers[other], params.metrics[one]) and offers[other].is_used,
    )
    taken = {offer for offer in served if offer is not None}
    pieces: list[Piece] = []
    for wanted, offer in zip(params.metrics, served, strict=True):
        if offer is not None:
            metric = offers[offer]
            pieces.append(whole(True, "", _evidence(metric, wanted.words, f"{metric.type} {metric.name}")))
            continue
        near = [item for index, item in enumerate(offers) if index not in taken and _is_named(item, wanted)]
        ready = [
            name
            for name in (*wanted.names, *(pattern.rstrip("*") for pattern in found.ready_made))
            if is_named_by(name, found.ready_made) and is_named_by(name, wanted.names)
        ]
        if not near and ready and found.exposures:
            place = found.exposures[0]
            shown = Evidence(
                path=place.path, line=place.line, expected=wanted.words, actual=f"{ready[0]}, by a library"
            )
            pieces.append(whole(True, "", shown))
            continue
        if not near:
            missing = Evidence(path=where, expected=wanted.words, actual="not defined")
            pieces.append(whole(False, f"{wanted.words} is not defined", missing))
            continue
        problem = _unlike(near[0], wanted)
        lacking = f"{near[0].name} is {problem}"
        pieces.append(Piece(Fraction(1, 2), lacking, (_evidence(near[0], wanted.words, problem),)))
    return pieces


def _is_named(metric: Metric, wanted: WantedMetric) -> bool:
    if not wanted.names:
        return metric.type == wanted.type
    names = {metric.name, metric.family, *metric.series}
    bare = tuple(pattern.removesuffix("_total") for pattern in wanted.names)
    return any(is_named_by(name, (*wanted.names, *bare)) for name in names)


def _is(metric: Metric, wanted: WantedMetric) -> bool:
    return _is_named(metric, wanted) and _unlike(metric, wanted) in ("", "never given a value")


def _unlike(metric: Metric, wanted: WantedMetric) -> str:
    """Return in what a metric of the right name differs from what is asked, or nothing."""
    if wanted.type is not None and metric.type != wanted.type:
        return f"a {metric.type}, not a {wanted.type}"
    if metric.labels is not None:
        for label in wanted.labels:
            if not set(label.split("|")) & set(metric.labels):
                return f"without the label {label.replace('|', ' or ')}"
    return "" if metric.is_used else "never given a value"


def _exposed(found: Instrumentation, used: list[Metric], where: str) -> Piece:
    if not found.exposures:
        missing = Evidence(path=where, expected="generate_latest, make_asgi_app, start_http_server ...", actual="none")
        return whole(False, "nothing hands the metrics out", missing)
    hidden = [metric for metric in used if not found.exposes(metric)]
    place = found.exposures[0]
    shown = Evidence(path=place.path, line=place.line, expected="metrics are handed out", actual=place.call)
    if used and len(hidden) == len(used):
        registry = hidden[0].registry or "the client's own registry"
        return whole(False, f"the metrics are in {registry}, which is not handed out", shown,
                     _evidence(hidden[0], "in a registry that is handed out", f"in {registry}"))  # fmt: skip
    return whole(True, "", shown)
