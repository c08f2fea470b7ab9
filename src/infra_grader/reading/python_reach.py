"""Which tests lean on the learner's own modules: by a name, a fixture, a helper, or what their class set up."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from infra_grader.model.record import Record
from infra_grader.reading.python_body import FunctionNode
from infra_grader.reading.python_flow import call_name
from infra_grader.reading.python_names import Names, written_name
from infra_grader.reading.python_source import Function

NAMES_OF_PYTEST = """
cache caplog capfd capfdbinary capsys capsysbinary doctest_namespace monkeypatch pytestconfig record_property
record_testsuite_property record_xml_attribute recwarn request subtests testdir tmp_path tmp_path_factory tmpdir
tmpdir_factory self cls
"""
PYTEST_FIXTURES = frozenset(NAMES_OF_PYTEST.split())
"""Parameters that pytest gives to any test; none of them holds anything of the learner's."""

MADE_PARAMETERS = ("patch", "object", "given")
"""Ends of the names of decorators that make up parameters themselves."""

MOST_ROUNDS = 10


class Reach(Record):
    """What of a test file, and of the `conftest.py` files above it, leads to the learner's own modules."""

    names: frozenset[str]
    """Names in the file that do: imports, variables, functions, classes."""
    fixtures: Mapping[str, bool]
    """Every fixture that is defined, and whether it does."""
    imports_own: bool
    """Whether any of these files imports a module of the learner's."""
    is_automatic: bool
    """Whether a fixture that does is used by every test."""
    takes_all: bool
    """Whether a module of the learner's is imported with `*`, so that any name may be from it."""

    def covers(self, item: Function) -> bool:
        """Whether a test uses anything that leads to the learner's modules."""
        if self.is_automatic or self.takes_all:
            return True
        used = _used(item.node)
        if used & self.names or any(self.fixtures.get(name) for name in used):
            return True
        if "self" in used and f"{item.owner}." in self.names:
            return True
        return self.imports_own and _takes_unknown(item.node, self.fixtures)


def reach_of(file: Names, conftests: Iterable[Names], modules: frozenset[str]) -> Reach:
    """Return the reach of a test file; `modules` are the learner's, by every name they can be imported under."""
    fixtures: dict[str, bool] = {}
    names: frozenset[str] = frozenset()
    is_automatic = imports_own = False
    for part in (*sorted(conftests, key=lambda item: item.path.count("/")), file):
        names = _leading_names(part, modules, fixtures)
        imports_own = imports_own or any(leads_to(target, modules) for target in part.imports.values()) or bool(names)
        for item in part.source.functions:
            for decorator in item.node.decorator_list:
                if part.resolve(decorator).rpartition(".")[2] in ("fixture", "async_fixture"):
                    fixtures[_fixture_name(item.node, decorator)] = item.node.name in names
                    is_automatic |= item.node.name in names and "autouse" in _keywords(decorator)
    takes_all = any(name.startswith("*") and target.endswith(".*") and leads_to(target, modules)
                    for name, target in file.imports.items())  # fmt: skip
    return Reach(
        names=names, fixtures=fixtures, imports_own=imports_own, is_automatic=is_automatic, takes_all=takes_all
    )


def leads_to(target: str, modules: frozenset[str]) -> bool:
    """Whether an imported name is one of the learner's modules, lies in one, or is a package that holds one."""
    parts = target.strip(".").split(".")
    prefixes = {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return bool(prefixes & modules) or any(module.startswith(f"{target.strip('.')}.") for module in modules)


def _leading_names(file: Names, modules: frozenset[str], fixtures: Mapping[str, bool]) -> frozenset[str]:
    """Return the names at the top of a file that lead to the learner's modules, also by way of one another."""
    found = {bound.lstrip("*").partition(".")[0] for bound, target in file.imports.items() if leads_to(target, modules)}
    given = {name for name, leads in fixtures.items() if leads}
    units = [(name, _used(node), node) for name, node in _units(file)]
    found |= {name for name, _, node in units if _imports_by_name(node, modules)}
    for _ in range(MOST_ROUNDS):
        before = len(found)
        found.update(name for name, used, _ in units if used & (found | given))
        if len(found) == before:
            break
    return frozenset(found)


def _units(file: Names) -> Iterator[tuple[str, ast.AST]]:
    """Yield what gives a name to something: functions, classes, assignments.

    What a class sets up, by its methods and those it is built on, goes by its name and a dot.
    """
    for item in file.source.functions:
        if not item.node.name.startswith("test"):
            yield item.node.name, item.node
            if item.owner:
                yield f"{item.owner}.", item.node
    for kind in file.source.classes:
        for base in kind.bases:
            yield f"{kind.name}.", ast.Name(id=f"{base}.", ctx=ast.Load())
            yield f"{kind.name}.", ast.Name(id=base, ctx=ast.Load())
        yield kind.name, kind.node
    for node in file.live:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if target is not None and (name := written_name(target)) and not name.startswith("self."):
                yield name, node


def _used(node: ast.AST) -> frozenset[str]:
    """Return the names that a piece of code reads, its parameters, and the fixtures that it names as text."""
    found: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            found.add(inner.id)
        elif isinstance(inner, ast.arg):
            found.add(inner.arg)
        elif isinstance(inner, ast.Call) and call_name(inner).endswith(("usefixtures", "getfixturevalue")):
            found.update(str(item.value) for item in inner.args if isinstance(item, ast.Constant))
    return frozenset(found)


def _imports_by_name(node: ast.AST, modules: frozenset[str]) -> bool:
    """Whether code imports one of the modules with `importlib.import_module`."""
    return any(
        isinstance(inner, ast.Call)
        and call_name(inner).endswith("import_module")
        and any(isinstance(item, ast.Constant) and leads_to(str(item.value), modules) for item in inner.args[:1])
        for inner in ast.walk(node)
    )


def _takes_unknown(node: FunctionNode, fixtures: Mapping[str, bool]) -> bool:
    """Whether a test takes a fixture from elsewhere, such as a plugin's `client`."""
    if any(call_name(item).rpartition(".")[2] in MADE_PARAMETERS for item in node.decorator_list):
        return False
    made = {
        name.strip()
        for item in node.decorator_list
        if isinstance(item, ast.Call) and call_name(item).endswith("parametrize") and item.args
        for part in ast.walk(item.args[0])
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
        for name in part.value.split(",")
    }
    taken = {item.arg for item in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
    return bool(taken - made - PYTEST_FIXTURES - set(fixtures))


def _fixture_name(node: FunctionNode, decorator: ast.expr) -> str:
    named = _keywords(decorator).get("name")
    return named.value if isinstance(named, ast.Constant) and isinstance(named.value, str) else node.name


def _keywords(decorator: ast.expr) -> dict[str, ast.expr]:
    given = decorator.keywords if isinstance(decorator, ast.Call) else []
    return {item.arg: item.value for item in given if item.arg}
