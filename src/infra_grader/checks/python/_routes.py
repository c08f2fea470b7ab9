"""The HTTP routes that Python code declares, in the ways of Flask, FastAPI and what builds on them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from infra_grader.checks.python._metrics_routes import gives_metrics, metrics_path
from infra_grader.model.record import Record
from infra_grader.reading.python_body import FunctionNode, calls_something
from infra_grader.reading.python_flow import literal
from infra_grader.reading.python_names import Names, written_name
from infra_grader.reading.python_source import Class, Function

SENDING = frozenset({"POST", "PUT", "PATCH"})
METHODS = frozenset({"get", "post", "put", "delete", "patch", "head", "options"})
APPLICATIONS = frozenset(
    {"Flask", "FastAPI", "Blueprint", "APIRouter", "Quart", "Starlette", "Api", "Namespace", "Sanic", "OpenAPI"}
)
"""Last parts of the names of the classes whose objects take routes."""

PARTS = frozenset({"Blueprint", "APIRouter"})
"""Those among them that serve nothing until another includes them."""

PREFIXES = frozenset({"prefix", "url_prefix", "root_path"})
PARAMETER = re.compile(r"<[^<>]*>|\{[^{}]*\}")
INCLUDERS = {"include_router": 0, "register_blueprint": 0, "add_namespace": 0, "mount": 1}
"""Methods by which a router includes another, and the position of that one."""

MOST_NESTED = 4
MOST_INCLUDED = 5
"""How deep routers are followed into one another, and into how many."""


class Route(Record):
    """A route as the code declares it."""

    methods: frozenset[str]
    path: str
    """With the prefixes of the routers around it."""
    file: str
    line: int
    has_own_body: bool


class _Router(msgspec.Struct, kw_only=True):
    """An object that takes routes: its own prefix, and the routers that include it."""

    prefix: str = ""
    is_part: bool = False
    """Whether it serves nothing by itself, as a blueprint does."""
    within: list[tuple[str, str]] = msgspec.field(default_factory=list)
    """(key of the router around it, prefix that it has there)"""


UNSEEN = _Router()
"""A router that is made where this code cannot be read."""


def plain_path(path: str) -> str:
    """Return a path with its parameters made alike and without a slash at the end."""
    return PARAMETER.sub("{}", path).rstrip("/") or "/"


def find_routes(files: Iterable[Names]) -> list[Route]:
    """Return the routes that code which can run declares, each with the prefixes it is served under."""
    files = list(files)
    routers, are_all_known = _find_routers(files)
    if not routers:
        return []
    prefixes = {
        key: [] if are_all_known and router.is_part and not router.within else _prefixes(routers, key)
        for key, router in routers.items()
    }
    return [
        route.replace(path=prefix + route.path)
        for file in files
        for key, route in _declared(file, files, routers)
        for prefix in prefixes.get(key, [""])
    ]


Declared = tuple[str, Route]
"""Key of the router, and the route without the prefixes around it."""


def _declared(file: Names, files: Sequence[Names], routers: Mapping[str, _Router]) -> Iterator[Declared]:
    functions = {id(item.node): item for item in file.source.functions}
    for node in file.live:
        if isinstance(node, FunctionNode):
            item = functions.get(id(node))
            for decorator in node.decorator_list:
                found = _decorated(file, decorator, routers)
                if found and item:
                    yield found[0], _route(file, node, found[1], found[2], has_own_body=_serves(item, found[1]))
        elif isinstance(node, ast.ClassDef):
            for decorator in node.decorator_list:
                if found := _decorated(file, decorator, routers):
                    yield from _by_methods([file], node.name, found[0], [found[2]])
        elif isinstance(node, ast.Call):
            yield from _added(file, files, node, routers)
            if path := metrics_path(file, node):
                yield "?", _route(file, node, frozenset({"GET"}), path, has_own_body=True)


def _decorated(
    file: Names, decorator: ast.expr, routers: Mapping[str, _Router]
) -> tuple[str, frozenset[str], str] | None:
    """Return router, methods and path of a decorator that declares a route."""
    if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)):
        return None
    verb = decorator.func.attr
    key = _router_key(file, decorator.func.value, routers)
    if key is None or verb not in METHODS | {"route", "api_route"}:
        return None
    keywords = _keywords(decorator)
    path = literal(decorator.args[0] if decorator.args else keywords.get("path", keywords.get("rule")), file.constants)
    if not isinstance(path, str):
        return None
    return key, frozenset({verb.upper()}) if verb in METHODS else _methods(file, keywords.get("methods")), path


def _added(file: Names, files: Sequence[Names], call: ast.Call, routers: Mapping[str, _Router]) -> Iterator[Declared]:
    """Yield the routes that a call such as `add_url_rule` declares."""
    adder, key = _adder(file, call, routers)
    if key is None:
        return
    keywords = _keywords(call)
    if adder == "add_resource":
        paths = [literal(item, file.constants) for item in call.args[1:]]
        name = file.resolve(call.args[0]).rpartition(".")[2] if call.args else ""
        yield from _by_methods(files, name, key, [path for path in paths if isinstance(path, str)])
        return
    path = literal(call.args[0] if call.args else keywords.get("path", keywords.get("rule")), file.constants)
    position = ADDERS[adder]
    handler = keywords.get("view_func", keywords.get("endpoint"))
    if adder == "add_url_rule":
        handler = keywords.get("view_func")
    if len(call.args) > position:
        handler = call.args[position]
    if not isinstance(path, str) or handler is None:
        return
    name = file.resolve(handler)
    if name.endswith(".as_view"):
        yield from _by_methods(files, name.removesuffix(".as_view").rpartition(".")[2], key, [path])
        return
    functions = [
        item
        for other in ([file] if name not in file.imports.values() else files)
        for item in other.source.functions
        if item.node.name == name.rpartition(".")[2]
    ]
    methods = _methods(file, keywords.get("methods"))
    is_served = any(_serves(item, methods) for item in functions) or gives_metrics(name)
    yield key, _route(file, call, methods, path, has_own_body=is_served)


def _adder(file: Names, call: ast.Call, routers: Mapping[str, _Router]) -> tuple[str, str | None]:
    """Return how a call adds a route, and the key of the router; Starlette's `Route` stands in a list of its own."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in ADDERS:
        return call.func.attr, _router_key(file, call.func.value, routers)
    is_listed = file.resolve(call.func) in ("starlette.routing.Route", "fastapi.routing.APIRoute")
    return "add_api_route", "?" if is_listed else None


ADDERS = {"add_url_rule": 2, "add_api_route": 1, "add_route": 1, "add_resource": 0}
"""Methods that declare a route, and the position of the function that serves it."""


def _by_methods(files: Iterable[Names], name: str, key: str, paths: Iterable[str]) -> Iterator[Declared]:
    """Yield the routes of a class with a method for each HTTP method."""
    for file in files:
        for item in file.source.functions:
            if item.owner.rpartition(".")[2] == name and item.node.name in METHODS:
                methods = frozenset({item.node.name.upper()})
                for path in paths:
                    yield key, _route(file, item.node, methods, path, has_own_body=_serves(item, methods))


def _route(file: Names, node: ast.stmt | ast.expr, methods: frozenset[str], path: str, *, has_own_body: bool) -> Route:
    return Route(methods=methods, path=path, file=file.path, line=node.lineno, has_own_body=has_own_body)


def _serves(item: Function, methods: frozenset[str]) -> bool:
    """Whether a function does what its route promises; one that is sent something has to do something with it."""
    return item.has_own_body and (calls_something(item.node) or not methods & SENDING)


def _methods(file: Names, node: ast.expr | None) -> frozenset[str]:
    """Return the methods that a list names; without one it is GET."""
    value = literal(node, file.constants) if node is not None else ["GET"]
    values = value if isinstance(value, list) else []
    return frozenset(item.upper() for item in values if isinstance(item, str))


# Routers


def _find_routers(files: Sequence[Names]) -> tuple[dict[str, _Router], bool]:
    """Return every object that takes routes by its key, and whether each place that includes one could be read."""
    written = {item.node.name for file in files for item in file.source.classes}
    own = {item.name for file in files for item in file.source.classes if _is_application(item, file)}
    own |= {item.node.name for file in files for item in file.source.functions if _makes_application(item, file)}
    routers = {key: router for file in files for key, router in _made_in(file, own, written)}
    are_all_known = True
    for file in files:
        for node in file.live:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in INCLUDERS:
                are_all_known &= _include(file, node, node.func, routers)
    return routers, are_all_known


def _made_in(file: Names, own: set[str], written: set[str]) -> Iterator[tuple[str, _Router]]:
    for node in file.live:
        if not (isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call)):
            continue
        made = file.resolve(node.value.func).rpartition(".")[2]
        # an own `class Flask` takes no requests, unless it builds on one that does
        if made in own or (made in APPLICATIONS and made not in written):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if name := written_name(target):
                    yield f"{file.path}:{name}", _Router(prefix=_prefix(file, node.value), is_part=made in PARTS)


def _include(file: Names, call: ast.Call, function: ast.Attribute, routers: Mapping[str, _Router]) -> bool:
    """Note that one router includes another; tell whether it could be seen which."""
    position = INCLUDERS[function.attr]
    if len(call.args) <= position:
        return False
    outer = _router_key(file, function.value, routers)
    inner = _router_key(file, call.args[position], routers)
    if outer is None or inner is None or inner not in routers or len(routers[inner].within) >= MOST_INCLUDED:
        return False
    given, own = _prefix(file, call), routers[inner].prefix
    # Flask's blueprints take the prefix of the registration instead of their own, if it names one
    replaces = given and function.attr == "register_blueprint"
    routers[inner].within.append((outer, given if replaces else given + own))
    return True


def _is_application(item: Class, file: Names) -> bool:
    return any(file.resolve(base).rpartition(".")[2] in APPLICATIONS for base in item.node.bases)


def _makes_application(item: Function, file: Names) -> bool:
    """Whether a function makes such an object, as `create_app` does."""
    return any(
        isinstance(node, ast.Call) and file.resolve(node.func).rpartition(".")[2] in APPLICATIONS
        for node in ast.walk(item.node)
    )


def _router_key(file: Names, node: ast.expr, routers: Mapping[str, _Router]) -> str | None:
    """Return the key of the router that an expression names, `?` for one that only its caller knows, or nothing."""
    if not isinstance(node, ast.Name | ast.Attribute):
        return None
    written = written_name(node)
    if f"{file.path}:{written}" in routers:
        return f"{file.path}:{written}"
    target = file.resolve(node)
    module, _, variable = target.rpartition(".")
    place = module.strip(".").replace(".", "/")
    for key in routers:
        path, _, name = key.rpartition(":")
        stem = path.removesuffix(".py").removesuffix("/__init__")
        if name == variable and written.partition(".")[0] in file.imports and f"/{stem}".endswith(f"/{place}"):
            return key
    if isinstance(node, ast.Name) and (node.id in _parameters(file) or node.id in file.imports):
        return "?"
    return None


def _parameters(file: Names) -> set[str]:
    return {parameter.arg for item in file.source.functions for parameter in item.parameters}


def _prefixes(routers: Mapping[str, _Router], key: str, depth: int = 0) -> list[str]:
    """Return the prefixes under which a router's routes are served: one for each place that includes it."""
    router = routers.get(key, UNSEEN)
    if not router.within or depth >= MOST_NESTED:
        return [router.prefix]
    found = []
    for outer, given in router.within:
        found += [before + given for before in _prefixes(routers, outer, depth + 1)]
    return found


def _prefix(file: Names, call: ast.Call) -> str:
    for keyword in call.keywords:
        if keyword.arg in PREFIXES:
            value = literal(keyword.value, file.constants)
            return value.rstrip("/") if isinstance(value, str) else ""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "mount":
        value = literal(call.args[0], file.constants)
        return value.rstrip("/") if isinstance(value, str) else ""
    return ""


def _keywords(call: ast.Call) -> dict[str, ast.expr]:
    return {item.arg: item.value for item in call.keywords if item.arg}
