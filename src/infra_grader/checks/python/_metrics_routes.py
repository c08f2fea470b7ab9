"""Routes that libraries serve in place of a function of the learner's: the metrics, as their pages show it."""

from __future__ import annotations

import ast

from infra_grader.reading.python_flow import literal
from infra_grader.reading.python_names import Names

USUAL_PATH = "/metrics"

APPLICATIONS = frozenset({"prometheus_client.make_asgi_app", "prometheus_client.make_wsgi_app"})
"""What makes an application that answers with the metrics, to be mounted under a path."""

DISPATCHER = "werkzeug.middleware.dispatcher.DispatcherMiddleware"

HANDLERS = frozenset({"starlette_exporter.handle_metrics", "starlette_exporter.handle_openmetrics"})
"""Functions of libraries that answer with the metrics."""

EXPORTERS = {
    "prometheus_fastapi_instrumentator.Instrumentator": ("expose", "endpoint"),
    "prometheus_flask_exporter.PrometheusMetrics": ("", "path"),
}
"""Classes that add the route by themselves: by which method, and the parameter that names another path."""


def gives_metrics(name: str) -> bool:
    """Whether a function of a library answers with the metrics."""
    return name in HANDLERS


def metrics_path(file: Names, call: ast.Call) -> str:
    """Return the path under which a call lets a library serve the metrics, or nothing."""
    name = file.resolve(call.func)
    if isinstance(call.func, ast.Attribute) and call.func.attr == "mount" and len(call.args) > 1:
        return _text(file, call.args[0]) if _is_application(file, call.args[1]) else ""
    if name == DISPATCHER and len(call.args) > 1 and isinstance(call.args[1], ast.Dict):
        pairs = zip(call.args[1].keys, call.args[1].values, strict=True)
        return next((_text(file, key) for key, value in pairs if key and _is_application(file, value)), "")
    for class_, (method, parameter) in EXPORTERS.items():
        if name == class_ if not method else name.startswith(class_) and name.endswith(f".{method}"):
            path = next((item.value for item in call.keywords if item.arg == parameter), None)
            return _text(file, path) if path else USUAL_PATH
    return ""


def _is_application(file: Names, node: ast.expr) -> bool:
    return file.resolve(node) in APPLICATIONS


def _text(file: Names, node: ast.expr) -> str:
    value = literal(node, file.constants)
    return value if isinstance(value, str) else ""
