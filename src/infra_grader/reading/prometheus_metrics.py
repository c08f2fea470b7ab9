"""The metrics that Python code exports with `prometheus_client`: names, types, labels, and whether they are ever used.

Read from the syntax tree: metrics in comments, strings or code that cannot run are none.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence

from infra_grader.model.record import Record
from infra_grader.plugin import Context
from infra_grader.reading.prometheus_makers import Makers
from infra_grader.reading.python_body import FunctionNode
from infra_grader.reading.python_called import Calls, called_nodes, mentions
from infra_grader.reading.python_flow import UNKNOWN, call_name, literal
from infra_grader.reading.python_names import Names, written_name

CLIENTS = ("prometheus_client.", "aioprometheus.")
TYPES = frozenset({"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"})
FAMILIES = {f"{name}MetricFamily": name for name in TYPES}
"""What a collector of one's own yields."""
SUFFIXES = {
    "Counter": ("_total", "_created"),
    "Gauge": ("",),
    "Histogram": ("_bucket", "_sum", "_count", "_created"),
    "Summary": ("", "_sum", "_count", "_created"),
    "Info": ("_info",),
    "Enum": ("",),
}
"""What the client adds to the name of a family in the series that it exports."""
ACTIONS = frozenset(
    {"inc", "dec", "set", "observe", "time", "info", "state", "set_to_current_time", "set_function",
     "count_exceptions", "track_inprogress", "add"}
)  # fmt: skip
"""What gives a metric a value."""
SERVERS = frozenset({"start_http_server", "start_wsgi_server", "make_wsgi_app", "make_asgi_app", "generate_latest"})
READY_MADE = {
    "prometheus_fastapi_instrumentator": (
        "http_requests_total", "http_request_size_bytes*", "http_response_size_bytes*", "http_request_duration_*",
        "http_requests_inprogress",
    ),
    "prometheus_flask_exporter": ("flask_*",),
    "starlette_exporter": ("starlette_*",),
    "starlette_prometheus": ("starlette_*",),
    "django_prometheus": ("django_*",),
}  # fmt: skip
"""Libraries that export metrics of their own once they are called, and the names of those."""
READY_CALLS = {"expose", "instrument", "PrometheusMetrics", "PrometheusMiddleware", "init_app", "handle_metrics"}
MOST_ROUNDS = 5


class Metric(Record):
    """A metric that the code defines."""

    family: str
    """Its name without what the client adds: `http_requests` for a counter `http_requests_total`."""
    type: str
    """`Counter`, `Gauge`, `Histogram`, `Summary`, `Info` or `Enum`."""
    labels: tuple[str, ...] | None
    """Names of its labels; `None` where they cannot be told by reading."""
    path: str
    line: int
    names: frozenset[str]
    """What it is called in the code."""
    registry: str
    """The registry that it is given, as written; nothing for the client's own."""
    is_used: bool = False
    """Whether code that can be reached gives it a value."""

    @property
    def series(self) -> tuple[str, ...]:
        """The names of the series that it exports."""
        return tuple(f"{self.family}{suffix}" for suffix in SUFFIXES[self.type])

    @property
    def name(self) -> str:
        """Its name as people write it."""
        return f"{self.family}_total" if self.type == "Counter" else self.family


class Exposure(Record):
    """A place that hands metrics to Prometheus."""

    call: str
    path: str
    line: int
    registry: str
    """The registry that is named, as written; nothing for the client's own, `*` where every one is handed out."""


class Instrumentation(Record):
    """All that Python files export."""

    metrics: tuple[Metric, ...]
    exposures: tuple[Exposure, ...]
    ready_made: tuple[str, ...]
    """Patterns of the names that a library exports by itself."""

    def exposes(self, metric: Metric) -> bool:
        """Whether a place hands out the registry that the metric is in."""
        return any(exposure.registry in ("*", metric.registry) for exposure in self.exposures)

    def apart(self, is_there: Callable[[str], bool]) -> frozenset[str]:
        """Return the series of the files none of whose series is there: those of a program that does not run.

        Metrics that are given no value have none.
        """
        run = {metric.path for metric in self.metrics if any(map(is_there, metric.series))}
        return frozenset(
            name for metric in self.metrics if metric.is_used and metric.path not in run for name in metric.series
        )


def exported_by(context: Context, files: Sequence[Names]) -> Instrumentation:
    """Return what some Python files of a submission export, read once for every check that asks for the same files."""
    paths = tuple(file.path for file in files)
    return context.shared(("prometheus.instrumentation", paths), lambda: read_instrumentation(files))


def read_instrumentation(files: Sequence[Names]) -> Instrumentation:
    """Return what some Python files export, taken together."""
    reach = Calls(files)
    makers = Makers(files, _is_class)
    metrics = [metric for file in files for metric in _metrics(file, makers)]
    used = {name for file in files for name in _acted_on(file, reach)}
    return Instrumentation(
        metrics=tuple(item.replace(is_used=item.is_used or bool(item.names & used)) for item in metrics),
        exposures=tuple(found for file in files for found in _exposures(file, reach)),
        ready_made=tuple(dict.fromkeys(name for file in files for name in _ready_made(file))),
    )


def _is_class(resolved: str) -> bool:
    made = resolved.rpartition(".")[2]
    return resolved.startswith(CLIENTS) and FAMILIES.get(made, made) in TYPES


def _metrics(file: Names, makers: Makers) -> Iterator[Metric]:
    holders = _holders(file)
    for making in makers.makings(file):
        made, call, known = making.made, making.call, making.constants
        kind = FAMILIES.get(made, made)
        given = {item.arg: item.value for item in call.keywords if item.arg}
        name = _text(call.args[0] if call.args else given.get("name"), known)
        if not name:
            continue
        parts = [_text(given.get(key), known) for key in ("namespace", "subsystem")]
        unit = _text(given.get("unit"), known)
        full = "_".join(filter(None, (*parts, name)))
        family = full.removesuffix("_total") if kind == "Counter" else full
        family = f"{family}_{unit}" if unit and not family.endswith(f"_{unit}") else family
        registry = given.get("registry")
        labels = call.args[2] if len(call.args) > 2 else given.get("labelnames", given.get("labels"))
        yield Metric(
            family=family.removesuffix("_info") if kind == "Info" else family,
            type=kind,
            labels=_labels(labels, known),
            path=file.path,
            line=making.at.lineno,
            names=frozenset(holders.get(id(making.at), ())),
            registry="" if registry is None else _registry(registry),
            # made anew at every scrape, with its value; or by a function that gives it one, such as a decorator
            is_used=made in FAMILIES or any(_acts(function) for function in making.within),
        )


def _acts(function: FunctionNode) -> bool:
    """Whether a function that makes a metric gives it a value, too."""
    held = {name for node in ast.walk(function) for name, value in _bindings(node) if isinstance(value, ast.Call)}
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ACTIONS
        and not held.isdisjoint(_chain(node.func.value))
        for node in ast.walk(function)
    )


def _text(node: ast.expr | None, known: Mapping[str, object]) -> str:
    value = literal(node, known)
    return value if isinstance(value, str) else ""


def _labels(node: ast.expr | None, known: Mapping[str, object]) -> tuple[str, ...] | None:
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return ()
    value = literal(node, known)
    if isinstance(value, str):
        return (value,)
    return tuple(map(str, value)) if value is not UNKNOWN and isinstance(value, list | tuple) else None


def _registry(node: ast.expr) -> str:
    """Return a registry as written, by its last name: `self.registry` and `registry` are one."""
    name = call_name(node).rpartition(".")[2]
    return "" if name == "REGISTRY" else name


def _holders(file: Names) -> dict[int, set[str]]:
    """Return for each call the names that its value goes by: a variable, an attribute, a key, a keyword."""
    found: dict[int, set[str]] = {}
    for node in file.live:
        for name, value in _bindings(node):
            # `field(default_factory=lambda: Counter(...))` holds one, too
            holds = isinstance(value, ast.Dict | ast.List | ast.Tuple | ast.DictComp) or _has_lambda(value)
            parts = ast.walk(value) if holds else [value]
            for part in parts:
                if name and isinstance(part, ast.Call):
                    found.setdefault(id(part), set()).add(name)
    return found


def _has_lambda(value: ast.AST) -> bool:
    given = [*value.args, *(item.value for item in value.keywords)] if isinstance(value, ast.Call) else []
    return any(isinstance(item, ast.Lambda) for item in given)


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield what a node gives a name to: an assignment, a keyword, a function by what it returns."""
    if isinstance(node, ast.Assign):
        yield from ((_held_by(target), node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield _held_by(node.target), node.value
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg, node.value
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        returned = (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return))
        yield from ((node.name, value) for value in returned if value is not None)


def _held_by(target: ast.AST) -> str:
    if isinstance(target, ast.Subscript):
        return _held_by(target.value)
    return written_name(target).rpartition(".")[2] or (target.attr if isinstance(target, ast.Attribute) else "")


def _acted_on(file: Names, reach: Calls) -> set[str]:
    """Return the names of what is given a value, aliases followed: `c = REQUESTS.labels("a")`, then `c.inc()`."""
    aliases: dict[str, set[str]] = {}
    acted: set[str] = set()
    for node in called_nodes(file, reach):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call | ast.Subscript | ast.Attribute):
            for target in node.targets:
                aliases.setdefault(_held_by(target), set()).update(_chain(node.value))
        elif isinstance(node, ast.For | ast.AsyncFor):
            for part in ast.walk(node.target):
                aliases.setdefault(_held_by(part), set()).update(_chain(node.iter))
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ACTIONS
            and not _is_by_nothing(node)
        ):
            acted.update(_chain(node.func.value))
    for _ in range(MOST_ROUNDS):
        more = {name for alias in acted for name in aliases.get(alias, ())} - acted
        if not more:
            break
        acted |= more
    return acted


def _is_by_nothing(call: ast.Call) -> bool:
    """Whether a call makes a series that stays at nothing: `inc(0)`, `set(0)`."""
    given = [*call.args, *(item.value for item in call.keywords if item.arg in ("amount", "value"))]
    return bool(given) and isinstance(given[0], ast.Constant) and given[0].value == 0


def _chain(node: ast.AST) -> Iterator[str]:
    """Yield the names along `metrics.REQUESTS["a"].labels(x)`."""
    while True:
        if isinstance(node, ast.Attribute):
            yield node.attr
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                yield node.slice.value
            node = node.value
        elif isinstance(node, ast.Await):
            node = node.value
        else:
            break
    if isinstance(node, ast.Name):
        yield node.id


def _exposures(file: Names, reach: Calls) -> Iterator[Exposure]:
    is_multiprocess = any("MultiProcessCollector" in mentions(node) for node in file.live)
    for node in called_nodes(file, reach):
        if not isinstance(node, ast.Call):
            continue
        resolved = file.resolve(node.func)
        name = resolved.rpartition(".")[2]
        if resolved.startswith(CLIENTS) and name in SERVERS:
            registry = next((item.value for item in node.keywords if item.arg == "registry"), None)
            if name == "generate_latest" and node.args:
                registry = node.args[0]
            given = "" if registry is None else _registry(registry)
            yield Exposure(
                call=name, path=file.path, line=node.lineno, registry="*" if is_multiprocess and given else given
            )
        elif name in READY_CALLS and _is_ready_made(resolved):
            yield Exposure(call=name, path=file.path, line=node.lineno, registry="")
    names = (node for node in file.live if isinstance(node, ast.Name))
    for node in names:  # app.add_route("/metrics", handle_metrics)
        target = file.imports.get(node.id, "")
        if _is_ready_made(target) and target.endswith((".handle_metrics", ".metrics", ".MetricsHandler")):
            yield Exposure(call=target, path=file.path, line=node.lineno, registry="")


def _is_ready_made(resolved: str) -> bool:
    return resolved.partition(".")[0] in READY_MADE


def _ready_made(file: Names) -> Iterator[str]:
    for reference in file.used_imports():
        yield from READY_MADE.get(reference.name.partition(".")[0], ())
