"""Which test functions of a suite really test something."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator

from infra_grader.model.record import Record
from infra_grader.reading.python_assertions import Surroundings, asserting_functions, asserts, surroundings_of
from infra_grader.reading.python_flow import call_name, decide
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_reach import Reach, reach_of
from infra_grader.reading.python_source import Function

LEFT_OUT = frozenset({"skip", "xfail", "expectedFailure"})


class OwnTest(Record):
    """A test, and what keeps it from being one."""

    path: str
    line: int
    name: str
    flaw: str
    """Why it does not count, or nothing."""

    @property
    def node_id(self) -> str:
        """What pytest calls it, without the parameters of one call: `tests/test_a.py::TestA::test_b`."""
        return "::".join([self.path, *self.name.split(".")])


def find_tests(
    files: Iterable[Names], modules: frozenset[str], conftests: Iterable[Names], *, own: bool
) -> list[OwnTest]:
    """Return the tests in some files.

    `modules` are the learner's modules by every name under which they can be imported; with `own`, a test counts
    only if it uses one of them: itself, or by a fixture (`conftests` are the files that may hold some).
    """
    conftests = list(conftests)
    found: list[OwnTest] = []
    bodies: set[str] = set()
    for file in files:
        above = [item for item in conftests if _is_above(item.path, file.path)]
        reach = reach_of(file, above, modules)
        around = surroundings_of(file, asserting_functions([file, *above]))
        left_out = _left_out(file)
        for item in _test_functions(file):
            flaw = _flaw(around, left_out, item) or (_distance(reach, item) if own else "")
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


def is_test_support(path: str) -> bool:
    """Whether a file is a test or stands among tests, so that it is nothing that tests could be about."""
    return is_test_file(path) or bool({"test", "tests"} & set(path.split("/")[:-1]))


def _is_above(conftest: str, path: str) -> bool:
    return path.startswith(conftest.removesuffix("conftest.py"))


def _distance(reach: Reach, item: Function) -> str:
    """Say what keeps a test from the learner's modules, or nothing."""
    if not reach.imports_own:
        return "its file imports no module of yours"
    return "" if reach.covers(item) else "it uses nothing of your modules"


def _test_functions(file: Names) -> Iterator[Function]:
    cases = _case_classes(file)
    for item in file.source.functions:
        is_fixture = any(file.resolve(mark).endswith("fixture") for mark in item.node.decorator_list)
        is_named = item.node.name.startswith("test") and not item.is_nested and not is_fixture
        if is_named and (not item.owner or item.owner in cases):
            yield item


def _case_classes(file: Names) -> set[str]:
    """Return the names of the classes whose tests a runner collects: by their name, or built on a `TestCase`."""
    cases = {item.name for item in file.source.classes if any(base.endswith("TestCase") for base in item.bases)}
    for item in file.source.classes:  # in the order of the text: a base stands before what builds on it
        if cases & set(item.bases):
            cases.add(item.name)
    makers = {item.owner for item in file.source.functions if item.node.name == "__init__"}
    plain = {item.name for item in file.source.classes if item.name.startswith("Test")} - makers
    return {item for item in cases | plain if f"{item}.__test__" not in _left_out_classes(file)}


def _left_out_classes(file: Names) -> set[str]:
    """Return `Class.__test__` for each class that says that it holds no tests."""
    return {
        f"{item.name}.__test__"
        for item in file.source.classes
        for node in item.node.body
        if isinstance(node, ast.Assign) and decide(node.value) is False
        if any(isinstance(target, ast.Name) and target.id == "__test__" for target in node.targets)
    }


def _flaw(around: Surroundings, left_out: Collection[str], item: Function) -> str:
    marks = item.node.decorator_list
    if item.is_given:
        return "it was handed out"
    is_left_out = item.owner in left_out or any(_leaves_out(around.file, mark) for mark in marks)
    if is_left_out or _skips(item.node.body):
        return "it is skipped or expected to fail"
    return "" if asserts(around, item.node) else "it asserts nothing"


def _left_out(file: Names) -> set[str]:
    """Return the classes whose tests are always left out; an empty name stands for the tests in no class."""
    classes = {kind.name: kind.node.decorator_list for kind in file.source.classes}
    marks = [node.value for node in file.source.tree.body if isinstance(node, ast.Assign) and _names_mark(node.targets)]
    if _skips(file.source.tree.body) or any(_leaves_out(file, mark) for mark in marks):
        return {"", *classes}
    return {name for name, decorators in classes.items() if any(_leaves_out(file, mark) for mark in decorators)}


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


def _skips(block: Iterable[ast.stmt]) -> bool:
    """Whether a block says at its first level that its test, or its whole file, is to be skipped."""
    return any(
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and call_name(node.value) in ("pytest.skip", "pytest.xfail", "self.skipTest", "skip", "xfail")
        for node in block
    )
