"""How Python code sets up JSON logging, and which fields its entries have."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from infra_grader.model.record import Record
from infra_grader.reading.python_body import LOG_METHODS
from infra_grader.reading.python_called import Calls, called_nodes
from infra_grader.reading.python_flow import live_nodes
from infra_grader.reading.python_names import Names, written_name

DUMPS = ("json.dumps", "orjson.dumps", "ujson.dumps", "simplejson.dumps", "msgspec.json.encode", "rapidjson.dumps")
READY_MADE = (
    "JsonFormatter",
    "JSONFormatter",
    "ECSFormatter",
    "StdlibFormatter",
    "LogstashFormatter",
    "OrjsonFormatter",
    "MsgspecFormatter",
    "ProcessorFormatter",
)
LIBRARIES = (
    "pythonjsonlogger",
    "ecs_logging",
    "json_log_formatter",
    "logstash_formatter",
    "logstash_async",
    "jsonformatter",
    "structlog",
    "loguru",
    "json_logging",
    "azure_",
    "watchtower",
    "google.cloud.logging",
)


class Setup(Record):
    """A place that sets JSON logging up."""

    what: str
    path: str
    line: int
    is_attached: bool
    """Whether the formatter reaches a logger."""


def find_setups(files: Sequence[Names], reach: Calls) -> Iterator[Setup]:
    """Yield the places of some files that make log entries JSON."""
    own = _own_formatters(files)
    sinks = {item.node.name for file in files for item in file.source.functions if _dumps(item.node, file)}
    for file in files:
        yield from _setups_of(file, own, sinks, reach)


def _setups_of(file: Names, own: dict[str, ast.ClassDef], sinks: Collection[str], reach: Calls) -> Iterator[Setup]:
    nodes = list(called_nodes(file, reach))
    added = _added_handlers(nodes)
    formatters = {
        name: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if (name := written_name(target)) and _is_json_formatter(node.value, file, own)
    }
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        called = file.resolve(node.func)
        if called.endswith(".setFormatter") or (
            isinstance(node.func, ast.Attribute) and node.func.attr == "setFormatter"
        ):
            given = node.args[0] if node.args else None
            if given is not None and (written_name(given) in formatters or _is_json_formatter(given, file, own)):
                yield _setup("a JSON formatter", file, node, is_attached=_is_added(node, added))
        elif called == "structlog.configure" and _names_in(node, ("JSONRenderer",)):
            yield _setup("structlog's JSONRenderer", file, node, is_attached=True)
        elif called == "logging.config.dictConfig" and node.args:
            yield from _from_dict(node, node.args[0], file, own)
        elif called.startswith("loguru.") and called.endswith(".add") and _is_serialised(node, sinks):
            yield _setup("loguru with serialize", file, node, is_attached=True)


def _setup(what: str, file: Names, node: ast.AST, *, is_attached: bool) -> Setup:
    return Setup(what=what, path=file.path, line=getattr(node, "lineno", 1), is_attached=is_attached)


def _own_formatters(files: Sequence[Names]) -> dict[str, ast.ClassDef]:
    """Return the classes whose `format` (or what it calls) dumps JSON, or that build on a formatter of a library."""
    found: dict[str, ast.ClassDef] = {}
    for file in files:
        for item in file.source.classes:
            bases = [file.resolve(base) for base in item.node.bases]
            is_formatter = any(base.endswith("Formatter") for base in bases)
            if is_formatter and (_dumps(item.node, file) or any(_is_library(base) for base in bases)):
                found[item.node.name] = item.node
    return found


def _is_library(name: str) -> bool:
    return name.startswith(LIBRARIES) and name.rpartition(".")[2].endswith(READY_MADE)


def _is_json_formatter(node: ast.AST, file: Names, own: dict[str, ast.ClassDef]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = file.resolve(node.func)
    return name.rpartition(".")[2] in own or _is_library(name)


def _added_handlers(nodes: Sequence[ast.AST]) -> set[str]:
    """Return the names of the handlers that are given to a logger."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "addHandler":
            found.update(written_name(item) for item in node.args)
        elif (isinstance(node, ast.keyword) and node.arg == "handlers") or (
            isinstance(node, ast.Assign)
            and any(isinstance(item, ast.Attribute) and item.attr == "handlers" for item in node.targets)
        ):
            found.update(written_name(item) for item in getattr(node.value, "elts", ()))
        elif isinstance(node, ast.For) and "handlers" in ast.unparse(node.iter):  # for h in logging.root.handlers
            found.add(written_name(node.target))
        elif isinstance(node, ast.Return) and node.value is not None:  # a function that makes a handler
            found.add(written_name(node.value))
    return found - {""}


def _is_added(node: ast.Call, added: set[str]) -> bool:
    handler = node.func.value if isinstance(node.func, ast.Attribute) else None
    if handler is None:
        return False
    return written_name(handler) in added or "handlers" in ast.unparse(handler)


def _names_in(node: ast.AST, names: tuple[str, ...]) -> bool:
    return any(
        (isinstance(inner, ast.Attribute) and inner.attr in names)
        or (isinstance(inner, ast.Name) and inner.id in names)
        for inner in ast.walk(node)
    )


def _is_serialised(node: ast.Call, sinks: Collection[str]) -> bool:
    """Whether loguru is given `serialize=True`, or a sink of one's own that dumps JSON."""
    return any(written_name(item) in sinks for item in node.args[:1]) or any(
        item.arg == "serialize" and isinstance(item.value, ast.Constant) and item.value.value is True
        for item in node.keywords
    )


def _dumps(node: ast.AST, file: Names) -> bool:
    return any(isinstance(inner, ast.Call) and file.resolve(inner.func).startswith(DUMPS) for inner in live_nodes(node))


def _from_dict(node: ast.Call, given: ast.AST, file: Names, own: dict[str, ast.ClassDef]) -> Iterator[Setup]:
    """Yield the setup of a `dictConfig`: a JSON formatter that a handler names, which a logger names."""
    name = written_name(given)
    if name:
        values = [
            item.value
            for item in file.live
            if isinstance(item, ast.Assign | ast.AnnAssign) and item.value is not None and name in _targets(item)
        ]
        given = values[0] if values else given
    data = _plain(given, file)
    if not isinstance(data, dict):
        return
    makes_json = {
        key
        for key, value in _inner(data, "formatters").items()
        if isinstance(value, dict) and _is_json_class(str(value.get("()") or value.get("class") or ""), own)
    }
    handlers = {
        key
        for key, value in _inner(data, "handlers").items()
        if isinstance(value, dict) and value.get("formatter") in makes_json
    }
    loggers = [*_inner(data, "loggers").values(), data.get("root")]
    used = {item for logger in loggers if isinstance(logger, dict) for item in logger.get("handlers") or ()}
    if makes_json:
        yield _setup("dictConfig with a JSON formatter", file, node, is_attached=bool(handlers & used))


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    return [written_name(item) for item in (node.targets if isinstance(node, ast.Assign) else [node.target])]


def _inner(data: dict[object, object], key: str) -> dict[object, object]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _is_json_class(name: str, own: dict[str, ast.ClassDef]) -> bool:
    last = name.rpartition(".")[2]
    return last in own or _is_library(name)


def _plain(node: ast.AST | None, file: Names) -> object:
    """Return a display of literals as data; names of classes become text, all else `None`."""
    if isinstance(node, ast.Dict):
        return {
            key.value if isinstance(key, ast.Constant) else None: _plain(value, file)
            for key, value in zip(node.keys, node.values, strict=True)
        }
    if isinstance(node, ast.List | ast.Tuple):
        return [_plain(item, file) for item in node.elts]
    if isinstance(node, ast.Constant):
        return node.value
    return file.resolve(node) if isinstance(node, ast.Name | ast.Attribute) else None


def logging_calls(file: Names, reach: Calls) -> Iterator[int]:
    """Yield the lines on which something is logged in code that is reached."""
    for node in called_nodes(file, reach):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOG_METHODS:
            receiver = ast.unparse(node.func.value).lower()
            resolved = file.resolve(node.func.value)
            if "log" in receiver or resolved.startswith(("logging.", "structlog.", "loguru.")):
                yield node.lineno
