"""What an instructor's suite asks for that proxies cannot give, as far as its text shows it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

IN_PROCESS = "or say mode: in_process"
FIXTURES = {
    "capsys": "what the learner's code prints stays in its own process: ask for returned values, or use command.run",
    "capfd": "what the learner's code prints stays in its own process: ask for returned values, or use command.run",
    "caplog": f"what the learner's code logs stays in its own process: ask for returned values, {IN_PROCESS}",
    "tmp_path": f"the learner's process does not see files of the tests: hand over their content, {IN_PROCESS}",
    "tmpdir": f"the learner's process does not see files of the tests: hand over their content, {IN_PROCESS}",
    "mocker": f"the learner's code cannot be patched from here: ask it, {IN_PROCESS}",
}
CALLS = {
    "pytest.xfail": "a test that is expected to fail asks nothing: assert what is right",
    "pytest.skip": "learner code could bring it about while a test runs: mark the test with skipif",
    "pytest.importorskip": "learner code could bring it about while a test runs: mark the test with skipif",
    "monkeypatch.setenv": f"the learner's process has an environment of its own: hand over the value, {IN_PROCESS}",
    "monkeypatch.delenv": f"the learner's process has an environment of its own: hand over the value, {IN_PROCESS}",
    "monkeypatch.chdir": f"the learner's process has a folder of its own: hand over the path, {IN_PROCESS}",
    "importlib.reload": "each test has a process of the learner's of its own: there is nothing to reload",
}
MARKS = {"xfail": "a test that is expected to fail asks nothing: assert what is right"}
PATCHES = ("patch", "mock.patch", "unittest.mock.patch", "patch.object", "mock.patch.object")


def find_faults(files: Collection[Path], modules: Collection[str]) -> Iterator[str]:
    """Yield what a suite needs that proxies do not give, as "file:line: what, and what to do instead"."""
    for file in files:
        try:
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError) as error:
            yield f"{file.name}: it is no Python: {error}"
            continue
        for line, fault in sorted(_Suite(tree, modules).faults()):
            yield f"{file.name}:{line}: {fault}"


class _Suite:
    """One file of tests."""

    def __init__(self, tree: ast.Module, modules: Collection[str]) -> None:
        self._nodes = list(ast.walk(tree))
        self._modules = modules
        self._learners = set(self._imported())
        """Names in the file that stand for the learner's modules and what is in them."""
        self._own = {node.name for node in self._nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}

    def faults(self) -> Iterator[tuple[int, str]]:
        """Yield lines and what is wrong there."""
        for node in self._nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from self._in_function(node)
            elif isinstance(node, ast.ClassDef):
                if any(self._is_learners(base) for base in node.bases):
                    yield (
                        node.lineno,
                        f"a class of the learner's cannot be subclassed here: ask its methods, {IN_PROCESS}",
                    )
            elif isinstance(node, ast.Call):
                yield from self._in_call(node)
            elif (
                isinstance(node, ast.Attribute) and node.attr in MARKS and _name(node.value) in ("pytest.mark", "mark")
            ):
                yield node.lineno, MARKS[node.attr]

    def _in_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[int, str]]:
        is_test = node.name.startswith("test")
        if is_test and isinstance(node, ast.AsyncFunctionDef):
            yield node.lineno, "a test that is a coroutine is not run: call asyncio.run in a plain one"
        is_fixture = any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list)
        if is_test or is_fixture:
            for argument in node.args.args:
                if argument.arg in FIXTURES:
                    yield argument.lineno, f"the fixture {argument.arg}: {FIXTURES[argument.arg]}"
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and "fixture" in _name(decorator.func):
                for keyword in decorator.keywords:
                    if keyword.arg == "scope" and ast.unparse(keyword.value).strip("'\"") in ("session", "package"):
                        yield (
                            node.lineno,
                            "a fixture outlives the learner's process: leave out its scope, or fresh: module",
                        )

    def _in_call(self, node: ast.Call) -> Iterator[tuple[int, str]]:
        name = _name(node.func)
        if name in CALLS:
            yield node.lineno, f"{name}: {CALLS[name]}"
        elif name in PATCHES:
            target = ast.literal_eval(node.args[0]) if node.args and isinstance(node.args[0], ast.Constant) else ""
            is_theirs = any(str(target).startswith(f"{module}.") for module in self._modules)
            if is_theirs or (node.args and self._is_learners(node.args[0])):
                yield node.lineno, f"{name}: the learner's code cannot be patched from here: ask it, {IN_PROCESS}"
        elif name == "pytest.mark.skipif" and node.args and isinstance(node.args[0], ast.Constant):
            if isinstance(node.args[0].value, str):
                yield node.lineno, "skipif with a text: learner code could bring it about: write the condition itself"
        elif self._is_learners(node.func):
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                if isinstance(argument, ast.Lambda) or (isinstance(argument, ast.Name) and argument.id in self._own):
                    yield (
                        argument.lineno,
                        f"a function of the tests cannot be handed to the learner's: ask its parts, {IN_PROCESS}",
                    )

    def _imported(self) -> Iterator[str]:
        for node in self._nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name in self._modules:
                        yield alias.asname or alias.name
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for alias in node.names:
                    if node.module in self._modules or f"{node.module}.{alias.name}" in self._modules:
                        yield alias.asname or alias.name

    def _is_learners(self, node: ast.expr) -> bool:
        name = _name(node)
        return any(name == known or name.startswith(f"{known}.") for known in self._learners)


def _name(node: ast.expr) -> str:
    """Return a dotted name as it is written, or nothing for another expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (above := _name(node.value)):
        return f"{above}.{node.attr}"
    return ""
