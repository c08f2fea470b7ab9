"""Which fields the log entries of Python code have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from infra_grader.checks.logs._formatters import READY_MADE
from infra_grader.reading.python_body import LOG_METHODS
from infra_grader.reading.python_called import Calls, called_nodes
from infra_grader.reading.python_names import Names, written_name

PLACEHOLDER = re.compile(r"%\((\w+)\)|\{(\w+)\}")
WORD = re.compile(r"[A-Za-z_@][\w.@-]{0,40}")
PROCESSORS = {
    "add_log_level": ("level",),
    "add_log_level_number": ("level_number",),
    "add_logger_name": ("logger",),
    "TimeStamper": ("timestamp",),
    "MaybeTimeStamper": ("timestamp",),
    "JSONRenderer": ("event",),
}
"""Fields that the processors of structlog add, where they are given no other name."""
ALWAYS = {
    "ecs_logging": ("@timestamp", "level", "message", "logger"),
    "json_log_formatter": ("time", "message"),
    "logstash_formatter": ("@timestamp", "message"),
    "loguru": ("time", "level", "message", "name"),
}
"""Fields that a library writes into each entry."""
BINDERS = ("bind", "bind_contextvars", "contextualize")


def logged_fields(file: Names, files: Sequence[Names], reach: Calls) -> Iterator[str]:
    """Yield the names of fields that entries may have: from formatters, filters, processors, `extra`, `bind`."""
    for item in file.source.classes:
        bases = [file.resolve(base) for base in item.node.bases]
        if any(base.endswith("Formatter") for base in bases):
            yield from _told(item.node, file)
        elif any(base.endswith("logging.Filter") for base in bases):
            yield from _put(item.node)
    for node in called_nodes(file, reach):
        if isinstance(node, ast.Call):
            yield from _set_up(node, file, files)
            yield from _handed_over(node, file)


def _set_up(node: ast.Call, file: Names, files: Sequence[Names]) -> Iterator[str]:
    """Yield the fields that a call which sets logging up gives to every entry."""
    name = file.resolve(node.func)
    library = name.partition(".")[0]
    is_sink = library == "loguru" and name.endswith((".add", ".configure"))
    if is_sink or library == "structlog" or name.endswith(READY_MADE) or name == "logging.config.dictConfig":
        yield from (*ALWAYS.get(library, ()), *_words(node))
    if is_sink and node.args:
        sink = written_name(node.args[0])
        yield from (
            word
            for one in files
            for item in one.source.functions
            if item.node.name == sink
            for word in _words(item.node)
        )
    if name == "structlog.configure" or name.endswith("ProcessorFormatter"):
        yield from _processed(node, files)
    if name.endswith("LoggerAdapter"):
        yield from (word for given in node.args[1:2] for word in _told(given, file))


def _handed_over(node: ast.Call, file: Names) -> Iterator[str]:
    """Yield the fields that a call which logs or binds gives to its entries."""
    is_log = isinstance(node.func, ast.Attribute) and node.func.attr in (*LOG_METHODS, *BINDERS)
    if is_log or file.resolve(node.func).endswith(BINDERS):
        yield from (item.arg for item in node.keywords if item.arg and item.arg not in ("exc_info", "extra"))
        yield from (word for item in node.keywords if item.arg == "extra" for word in _told(item.value, file))


def _processed(node: ast.Call, files: Sequence[Names]) -> Iterator[str]:
    """Yield the fields that the processors named in a call add, those of the learner's own too."""
    named = {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}
    named |= {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    shared = {
        inner.attr if isinstance(inner, ast.Attribute) else written_name(inner)
        for file in files
        for assigned in file.live
        if isinstance(assigned, ast.Assign) and {written_name(target) for target in assigned.targets} & named
        for inner in ast.walk(assigned.value)
        if isinstance(inner, ast.Attribute | ast.Name)
    }
    for name in named | shared:
        yield from PROCESSORS.get(name, ())
    for file in files:
        for item in file.source.functions:
            if item.node.name in named | shared:
                yield from _put(item.node)


def _put(node: ast.AST) -> Iterator[str]:
    """Yield what code puts into an entry: `entry["service"] = ...`, `record.request_id = ...`, `entry.update(...)`."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assign):
            for target in inner.targets:
                if isinstance(target, ast.Subscript):
                    yield from _words(target.slice)
                elif isinstance(target, ast.Attribute):
                    yield target.attr
        elif (
            isinstance(inner, ast.Call)
            and isinstance(inner.func, ast.Attribute)
            and inner.func.attr in ("update", "setdefault")
        ):
            yield from _words(inner)


def _told(node: ast.AST, file: Names) -> Iterator[str]:
    """Yield the words of a node, and those of the displays that it names: `extra=facts`, a tuple of fields."""
    yield from _words(node)
    names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    for item in file.live:
        if not isinstance(item, ast.Assign | ast.AnnAssign) or item.value is None:
            continue
        for target in item.targets if isinstance(item, ast.Assign) else [item.target]:
            if written_name(target) in names:
                yield from _words(item.value)
            elif isinstance(target, ast.Subscript) and written_name(target.value) in names:
                yield from _words(target.slice)


def _words(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and len(inner.value) < 2000:
            yield from (found[1] or found[2] for found in PLACEHOLDER.finditer(inner.value))
            yield from WORD.findall(inner.value)
        elif isinstance(inner, ast.keyword) and inner.arg:
            yield inner.arg
