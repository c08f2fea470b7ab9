"""Which environment variables Python code reads, and with what default."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from infra_grader.model.record import Record
from infra_grader.reading.python_flow import UNKNOWN, literal
from infra_grader.reading.python_names import Names, written_name
from infra_grader.reading.python_source import Function

ENVIRONMENTS = frozenset({"os.environ", "os.environ.copy"})
READERS = frozenset(
    {"os.getenv"} | {f"{name}.{way}" for name in ENVIRONMENTS for way in ("get", "setdefault", "pop", "__getitem__")}
)
READER_CLASSES = ("environs.Env", "decouple.config", "decouple.Config", "starlette.config.Config", "environ.Env")
"""Objects of libraries: they are called with a name, or their methods are."""

DEFAULTS = frozenset({"default", "fallback"})
NAMES = frozenset({"alias", "env", "validation_alias"})
"""Keywords of pydantic's `Field` that name the variable."""

MOST_ROUNDS = 5
"""How many own functions may stand between a name and `os.environ`."""


class Reading(Record):
    """A place that reads an environment variable."""

    name: str
    default: object
    """Its literal default, or `None`."""
    path: str
    line: int


class Reader(Record):
    """An own function that reads the variable whose name it is given."""

    position: int
    """Which argument is the name."""
    keyword: str
    default_keyword: str
    """The parameter after it, for the default."""


def environment_readings(files: Iterable[Names]) -> list[Reading]:
    """Return what the code that can run reads from the environment, in the order of the files."""
    files = [file for file in files if all(kind.name != "os" for kind in file.source.classes)]  # an `os` of their own
    readers = _own_readers(files)
    settings = _settings_classes(files)
    return [reading for file in files for reading in _readings(file, readers, settings)]


def _settings_classes(files: Sequence[Names]) -> set[str]:
    """Return the names of the classes that build on pydantic's `BaseSettings`, also by way of one another."""
    found: set[str] = set()
    classes = [(file, kind) for file in files for kind in file.source.classes]
    for _ in range(MOST_ROUNDS):
        before = len(found)
        for file, kind in classes:
            bases = [file.resolve(base) for base in kind.node.bases]
            if any(base.endswith("BaseSettings") or base.rpartition(".")[2] in found for base in bases):
                found.add(kind.node.name)
        if len(found) == before:
            break
    return found


def _readings(file: Names, readers: Mapping[str, Reader], settings: Container[str]) -> Iterator[Reading]:
    fallbacks = {
        id(node.values[0]): literal(node.values[-1], file.constants)
        for node in file.live
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or)
    }
    thrown_away = {id(node.value) for node in file.live if isinstance(node, ast.Expr)}
    caught = _caught_defaults(file)
    for node in file.live:
        if isinstance(node, ast.ClassDef):
            yield from _settings(file, node) if node.name in settings else ()
            continue
        found = _read_by(file, node, readers)
        if found is None or id(node) in thrown_away:
            continue
        name = literal(found[0], file.constants)
        default = _default(found[1], file)
        if default is None and id(node) in fallbacks:
            default = _known(fallbacks[id(node)])
        if default is None and id(node) in caught:
            default = _known(literal(caught[id(node)], file.constants))
        if isinstance(name, str):
            yield Reading(name=name, default=default, path=file.path, line=found[0].lineno)


def _caught_defaults(file: Names) -> dict[int, ast.expr]:
    """Return what stands in for a variable that is not set, in the handler of a `KeyError` or behind an `else`.

    Keys are the ids of the nodes that it stands in for.
    """
    found: dict[int, ast.expr] = {}
    for node in file.live:
        blocks: list[tuple[ast.AST, list[ast.stmt]]] = []
        if isinstance(node, ast.Try):
            blocks = [(part, handler.body) for part in node.body for handler in node.handlers]
        elif isinstance(node, ast.IfExp):
            found.update({id(inner): node.orelse for inner in ast.walk(node.body)})
        for tried, otherwise in blocks:
            for other in otherwise:
                if isinstance(tried, ast.Assign) and isinstance(other, ast.Assign) and _same_target(tried, other):
                    found.update({id(inner): other.value for inner in ast.walk(tried.value)})
    return found


def _same_target(first: ast.Assign, second: ast.Assign) -> bool:
    return bool(written_name(first.targets[0])) and written_name(first.targets[0]) == written_name(second.targets[0])


def _read_by(file: Names, node: ast.AST, readers: Mapping[str, Reader]) -> tuple[ast.expr, ast.expr | None] | None:
    """Return the expressions for name and default, if the node reads a variable."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return (node.slice, None) if file.resolve(node.value) in ENVIRONMENTS else None
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        return (node.left, None) if file.resolve(node.comparators[0]) in ENVIRONMENTS else None
    return _read_by_call(file, node, readers) if isinstance(node, ast.Call) else None


def _read_by_call(
    file: Names, node: ast.Call, readers: Mapping[str, Reader]
) -> tuple[ast.expr, ast.expr | None] | None:
    called = file.resolve(node.func)
    keywords = {item.arg: item.value for item in node.keywords if item.arg}
    if called in READERS or called.startswith(READER_CLASSES):
        name = node.args[0] if node.args else keywords.get("key")
        default = node.args[1] if len(node.args) > 1 else _first(keywords, DEFAULTS)
        return None if name is None else (name, default)
    reader = readers.get(called.rpartition(".")[2])
    if reader is None:
        return None
    arguments = node.args
    name = arguments[reader.position] if len(arguments) > reader.position else keywords.get(reader.keyword)
    after = reader.position + 1
    default = arguments[after] if len(arguments) > after else _first(keywords, {reader.default_keyword, *DEFAULTS})
    return None if name is None else (name, default)


def _own_readers(files: list[Names]) -> dict[str, Reader]:
    """Return the learner's own functions that pass a parameter on as the name of a variable."""
    readers: dict[str, Reader] = {}
    functions = [(file, item) for file in files for item in file.source.functions if item.parameters]
    for _ in range(MOST_ROUNDS):
        before = len(readers)
        for file, item in functions:
            if item.node.name not in readers and (reader := _as_reader(file, item, readers)):
                readers[item.node.name] = reader
        if len(readers) == before:
            break
    return readers


def _as_reader(file: Names, item: Function, readers: Mapping[str, Reader]) -> Reader | None:
    names = [parameter.arg for parameter in item.parameters]
    for node in ast.walk(item.node):
        found = _read_by(file, node, readers)
        if found and isinstance(found[0], ast.Name) and found[0].id in names:
            position = names.index(found[0].id)
            after = names[position + 1] if len(names) > position + 1 else "default"
            return Reader(position=position, keyword=names[position], default_keyword=after)
    return None


def _settings(file: Names, node: ast.ClassDef) -> Iterator[Reading]:
    """Yield the fields of pydantic settings: each is read from the variable of its name."""
    prefix = _prefix(file, node)
    for field in node.body:
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        names = [f"{prefix}{field.target.id}".upper()]
        default = field.value
        if isinstance(default, ast.Call) and file.resolve(default.func).endswith("Field"):
            keywords = {item.arg: item.value for item in default.keywords if item.arg}
            alias = _first(keywords, NAMES)
            choices = alias.args if isinstance(alias, ast.Call) else [alias] if alias else []  # AliasChoices("A", "B")
            known = [literal(choice, file.constants) for choice in choices]
            names = [name.upper() for name in known if isinstance(name, str)] or names
            default = default.args[0] if default.args else keywords.get("default")
        for name in names:
            yield Reading(name=name, default=_default(default, file), path=file.path, line=field.lineno)


def _prefix(file: Names, node: ast.ClassDef) -> str:
    for inner in ast.walk(node):
        if (isinstance(inner, ast.keyword) and inner.arg == "env_prefix") or (
            isinstance(inner, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == "env_prefix" for target in inner.targets)
        ):
            value = literal(inner.value, file.constants)
        else:
            continue
        return value if isinstance(value, str) else ""
    return ""


def _default(node: ast.expr | None, file: Names) -> object:
    """Return a literal default; of a call such as `expanduser("~/x")` or `str(5)`, the literal in it."""
    if isinstance(node, ast.Call) and node.args:
        node = node.args[0]
    return _known(literal(node, file.constants))


def _known(value: object) -> object:
    return None if value is UNKNOWN else value


def _first(keywords: Mapping[str, ast.expr], names: Iterable[str]) -> ast.expr | None:
    return next((keywords[name] for name in keywords if name in set(names)), None)
