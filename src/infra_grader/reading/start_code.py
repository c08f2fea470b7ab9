"""Services that Python code defines: modules that serve when they are run, and applications that a server can run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from infra_grader.capabilities.service import Launch
from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_source import parse_source

ASGI = frozenset({"FastAPI", "Starlette", "Quart", "Litestar", "BlackSheep", "FastMCP"})
WSGI = frozenset({"Flask", "Bottle", "APIFlask", "get_wsgi_application"})
"""Last parts of the names of what makes an application."""
FACTORIES = frozenset({"create_app", "make_app", "build_app", "get_app", "create_application"})
SERVING = frozenset({"run", "serve_forever", "run_app", "run_simple", "serve", "listen", "start_server"})
"""Last parts of the names of calls that serve."""
LIKELY = ("app", "main", "server", "api", "service", "run", "wsgi", "asgi", "__main__")
"""Names of files, the most likely first."""
SKIPPED = frozenset({"tests", "test", "docs", "examples", "notebooks", "scripts", "migrations", "loadtest"})
MAX_FILES = 400
ASGI_PORT, WSGI_PORT = 8000, 5000


class _Found(NamedTuple):
    path: str
    serves: bool
    """Whether running it serves, as far as its calls say."""
    is_likely: bool
    """Whether its name is one of those that services have, and running it does something."""
    applications: list[tuple[str, bool]]
    """Variables that hold an application, and whether it is an asynchronous one."""
    factories: list[tuple[str, bool]]
    line: int


def launches_of_code(workspace: Workspace) -> Iterator[Launch]:
    """Yield the ways to start what the code defines: modules and scripts that serve first, then by a server."""
    paths = [path for path in workspace.find("**/*.py") if not SKIPPED & {*path.split("/")[:-1]}]
    found = [facts for path in sorted(paths, key=_rank)[:MAX_FILES] if (facts := _read(workspace, path))]
    for facts in found:
        if facts.serves:
            yield from _as_program(facts)
    for facts in found:
        for name, is_asynchronous in facts.applications:
            yield from _by_server(facts, name, is_asynchronous, is_factory=False)
    for facts in found:
        for name, is_asynchronous in facts.factories:
            yield from _by_server(facts, name, is_asynchronous, is_factory=True)
    for facts in found:
        if facts.is_likely and not facts.serves:
            yield from _as_program(facts)


def _rank(path: str) -> tuple[int, int, str]:
    stem = path.rpartition("/")[2].removesuffix(".py")
    return (LIKELY.index(stem) if stem in LIKELY else len(LIKELY), path.count("/"), path)


def _read(workspace: Workspace, path: str) -> _Found | None:
    try:
        source = parse_source(TextFile(path, workspace.read_text(path)))
    except (CheckFailed, NotAssessed):
        return None
    if source.fault:
        return None
    names = Names(source)
    applications = []
    for node in source.tree.body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(value, ast.Call) and isinstance(targets[0], ast.Name):
            made = names.resolve(value.func).rpartition(".")[2]
            if made in ASGI | WSGI | FACTORIES:
                applications.append((targets[0].id, _is_asynchronous(made, names)))
    factories = [
        (item.name, _is_asynchronous("", names))
        for item in source.functions
        if item.name in FACTORIES and not item.is_nested and not applications
    ]
    serves = any(
        isinstance(node, ast.Call) and names.resolve(node.func).rpartition(".")[2] in SERVING for node in names.live
    )
    line = next((node.lineno for node in source.tree.body if _is_guard(node)), 0)
    is_run = bool(line) or any(_acts(node) for node in source.tree.body)
    is_likely = is_run and _rank(path)[0] < len(LIKELY)
    facts = _Found(path, serves and is_run, is_likely, applications, factories, line or 1)
    return facts if facts.serves or is_likely or applications or factories else None


def _acts(node: ast.stmt) -> bool:
    """Whether a statement at the top of a file does something when the file is run."""
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant)
    return isinstance(node, ast.While | ast.For | ast.With | ast.Try | ast.AsyncFor | ast.AsyncWith)


def _is_asynchronous(made: str, names: Names) -> bool:
    if made in ASGI | WSGI:
        return made in ASGI
    imported = {target.partition(".")[0] for target in names.imports.values()}
    return "flask" not in imported or bool(imported & {"fastapi", "starlette"})


def _is_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in {
        inner.id for inner in ast.walk(node.test) if isinstance(inner, ast.Name)
    }


def _as_program(facts: _Found) -> Iterator[Launch]:
    ports = (WSGI_PORT, ASGI_PORT)
    origin = f"{facts.path}, line {facts.line}"
    module = _module(facts.path)
    if module.endswith(".__main__"):
        yield Launch(arguments=("python", "-m", module.removesuffix(".__main__")), origin=origin, ports=ports)
        return
    if "/" in facts.path:
        yield Launch(arguments=("python", "-m", module), origin=origin, ports=ports)
    yield Launch(arguments=("python", facts.path), origin=origin, ports=ports)
    if "/" in facts.path:
        folder, _, name = facts.path.rpartition("/")
        yield Launch(arguments=("python", name), origin=origin, folder=folder, ports=ports)


def _by_server(facts: _Found, name: str, is_asynchronous: bool, *, is_factory: bool) -> Iterator[Launch]:
    folder, _, file = facts.path.rpartition("/")
    places = [(".", _module(facts.path)), *([(folder, _module(file))] if folder else [])]
    for place, module in places:
        origin = f"{facts.path}, which defines {name}"
        if is_asynchronous:
            port = str(ASGI_PORT)
            factory = ("--factory",) if is_factory else ()
            arguments = ("python", "-m", "uvicorn", *factory, f"{module}:{name}", "--host", "127.0.0.1", "--port", port)
        else:
            port = str(WSGI_PORT)
            target = f"{module}:{name}"
            arguments = ("python", "-m", "flask", "--app", target, "run", "--host", "127.0.0.1", "--port", port)
        yield Launch(arguments=arguments, origin=origin, folder=place, ports=(int(port),))


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
