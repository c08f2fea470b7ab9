"""Which test functions of a suite really test something."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from infra_grader.reading.python_body import FunctionNode
from infra_grader.reading.python_flow import call_name, decide, live_nodes
from infra_grader.reading.python_names import Names, written_name
from infra_grader.reading.python_source import Function

EXPECTATIONS = frozenset({"pytest.raises", "pytest.warns", "pytest.deprecated_call"})
LEFT_OUT = frozenset({"skip", "xfail", "expectedFailure"})
INERT = frozenset(dir(builtins))
"""Names that hold nothing of the learner's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTest:
    """A test, and what keeps it from being one."""

    path: str
    line: int
    name: str
    flaw: str
    """Why it does not count, or nothing."""


def find_tests(
    files: Iterable[Names], modules: frozenset[str], fixtures: Iterable[Names], *, own: bool
) -> list[OwnTest]:
    """Return the tests in some files.

    `modules` are the learner's modules by every name under which they can be imported; with `own`, a test counts
    only if its file imports one of them, or a `conftest.py` above it does (`fixtures`).
    """
    fixtures = list(fixtures)
    found: list[OwnTest] = []
    bodies: set[str] = set()
    for file in files:
        reach = [file, *(item for item in fixtures if _is_above(item.path, file.path))]
        imports_own = not own or any(_imports(item, modules) for item in reach)
        asserting = _asserting_functions(reach)
        for item in _test_functions(file):
            flaw = _flaw(file, item, asserting) or ("" if imports_own else "its file imports no module of yours")
            body = file.source.extract(item.node).partition("(")[2]
            if not flaw and body in bodies:
                flaw = "it is a copy of another test"
            if not flaw:
                bodies.add(body)
            found.append(OwnTest(path=file.path, line=item.line, name=item.name, flaw=flaw))
    return found


def module_names(paths: Iterable[str]) -> frozenset[str]:
    """Return the names under which files can be imported: `src/app.py` by `src.app` and `app`."""
    names: set[str] = set()
    for path in paths:
        parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
        names.update(".".join(parts[start:]) for start in range(len(parts)))
    return frozenset(names)


def is_test_file(path: str) -> bool:
    """Whether pytest would collect a file, or a test would lean on it."""
    name = path.rpartition("/")[2]
    return name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"


def _is_above(conftest: str, path: str) -> bool:
    return path.startswith(conftest.removesuffix("conftest.py"))


def _imports(file: Names, modules: frozenset[str]) -> bool:
    names = [item.name for item in file.used_imports()]
    names += [
        node.args[0].value
        for node in file.live
        if isinstance(node, ast.Call) and call_name(node).endswith("import_module") and node.args
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    ]
    parts = [name.strip(".").split(".") for name in names]
    prefixes = {".".join(part[:end]) for part in parts for end in range(1, len(part) + 1)}
    return bool(prefixes & modules)


def _test_functions(file: Names) -> Iterator[Function]:
    cases = {
        item.name
        for item in file.source.classes
        if item.name.startswith("Test") or any(base.endswith("TestCase") for base in item.bases)
    }
    for item in file.source.functions:
        if item.node.name.startswith("test") and not item.is_nested and (not item.owner or item.owner in cases):
            yield item


def _flaw(file: Names, item: Function, asserting: frozenset[str]) -> str:
    classes = {kind.name: kind.node for kind in file.source.classes}
    marks = [*item.node.decorator_list, *(classes[item.owner].decorator_list if item.owner in classes else ())]
    marks += [
        node.value for node in file.source.tree.body if isinstance(node, ast.Assign) and _names_mark(node.targets)
    ]
    if item.is_given:
        return "it was handed out"
    if any(_leaves_out(file, mark) for mark in marks) or _skips_itself(item.node):
        return "it is skipped or expected to fail"
    if not _asserts(file, item.node, asserting):
        return "it asserts nothing"
    return ""


def _names_mark(targets: Iterable[ast.expr]) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in targets)


def _leaves_out(file: Names, mark: ast.expr) -> bool:
    """Whether a decorator or mark always leaves a test out; `skipif` does where its condition is constant."""
    for node in mark.elts if isinstance(mark, ast.List | ast.Tuple) else [mark]:
        name = file.resolve(node).rpartition(".")[2]
        if name in LEFT_OUT:
            return True
        if name in ("skipif", "skipIf") and isinstance(node, ast.Call) and node.args and decide(node.args[0]):
            return True
    return False


def _skips_itself(function: FunctionNode) -> bool:
    return any(
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and call_name(node.value) in ("pytest.skip", "pytest.xfail", "self.skipTest", "skip", "xfail")
        for node in function.body
    )


def _asserting_functions(files: Iterable[Names]) -> frozenset[str]:
    """Return the names of own functions that assert something about their arguments, for tests that call them."""
    return frozenset(
        item.node.name
        for file in files
        for item in file.source.functions
        if not item.node.name.startswith("test") and item.parameters and _asserts(file, item.node, frozenset())
    )


def _asserts(file: Names, function: FunctionNode, asserting: frozenset[str]) -> bool:
    """Whether a function holds an assertion, where it can run, about something that it did not make up itself."""
    live = list(live_nodes(function))
    inert = _made_up(live, {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)})
    for node in live:
        if isinstance(node, ast.Assert):
            if decide(node.test) is None and not _is_tautology(node.test) and _touches(node.test, inert):
                return True
        elif isinstance(node, ast.With | ast.AsyncWith):
            expects = any(file.resolve(item.context_expr) in EXPECTATIONS for item in node.items)
            if expects and any(isinstance(inner, ast.Call) for part in node.body for inner in ast.walk(part)):
                return True
        elif isinstance(node, ast.Call) and _is_assertion(file, node, asserting) and _touches(node, inert):
            return True
    return False


def _is_assertion(file: Names, call: ast.Call, asserting: frozenset[str]) -> bool:
    """Whether a call asserts: `self.assertEqual`, `mock.assert_called_once`, `np.testing.assert_allclose`, own ones."""
    name = file.resolve(call).rpartition(".")[2]
    if name in asserting:
        return True
    return name.startswith("assert") and isinstance(call.func, ast.Attribute) and name != "assert_"


def _made_up(live: Iterable[ast.AST], parameters: set[str]) -> set[str]:
    """Return the local names that hold only what the test wrote down itself."""
    inert: set[str] = set()
    for node in live:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id not in parameters:
                    (inert.discard if _touches(node.value, inert) else inert.add)(target.id)
    return inert


def _touches(node: ast.AST, inert: set[str]) -> bool:
    """Whether an expression reads a name that is neither Python's own nor made up; `self.client` is one."""
    own = INERT | inert | {"pytest", "self"}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id not in own:
            return True
        if written_name(inner).startswith("self.") and not written_name(inner).startswith("self.assert"):
            return True
    return False


def _is_tautology(test: ast.expr) -> bool:
    """Whether a comparison is of a thing with itself, or an `or` holds something that is always true."""
    if isinstance(test, ast.Compare) and len(test.comparators) == 1:
        left, right = written_name(test.left), written_name(test.comparators[0])
        return bool(left) and left == right
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return any(decide(value) is True for value in test.values)
    return isinstance(test, ast.Tuple) and bool(test.elts)
