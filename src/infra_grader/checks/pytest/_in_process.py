"""An instructor's suite in one interpreter with the learner's code: all that it says of its tests is a claim.

For suites that need more than proxies give. What is held against the learner: tests that are known from the suite's
text before anything runs, no configuration but ours, and tests of ours beside the suite that must fail.
"""

from __future__ import annotations

import ast
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra_grader.capabilities.environment import Environment
from infra_grader.capabilities.sandbox import MIB, Limits
from infra_grader.capabilities.test_run import End, TestPlan, TestRun, run_tests
from infra_grader.checks.pytest._suite import AUTHOR, Ended, Expected, SuiteFacts, SuiteRun
from infra_grader.plugin import Context, NotAssessed

LEAST_MIB = 256
RUN_S = 60.0
"""Seconds for a whole suite, which is one program here."""
MUST_FAIL = """\
import pytest


def test_wrong_sum():
    found = sum([1, 1])
    assert found == 3


def test_nothing_is_raised():
    with pytest.raises(LookupError):
        {}.get("nothing")
"""
FIXTURES = """\
import random

import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "points(n): what the test function is worth beside the others, 1 if unsaid")


@pytest.fixture
def seed(request):
    return "{seed} " + request.node.name


@pytest.fixture
def draw(seed):
    return random.Random(seed)
"""


def run_in_process(context: Context, facts: SuiteFacts, environment: Environment | None, memory_mib: int) -> SuiteRun:
    """Run a suite on a copy of the submission. Raises `NotAssessed` where it cannot be run."""
    # Drawn where no submission can know it, unlike the recorded seed.
    folder = f"graded_{secrets.token_hex(6)}"
    names = [file.relative_to(facts.folder).as_posix() for file in facts.files]
    added = {f"{folder}/{name}": file.read_bytes() for name, file in zip(names, facts.files, strict=True)}
    for conftest in {parent / "conftest.py" for file in facts.files for parent in file.parents}:
        if conftest.is_relative_to(facts.folder) and conftest.is_file():
            added[f"{folder}/{conftest.relative_to(facts.folder).as_posix()}"] = conftest.read_bytes()
    added.setdefault(f"{folder}/conftest.py", b"")
    added[f"{folder}/conftest.py"] += b"\n" + FIXTURES.format(seed=facts.seed).encode()
    canary = f"{folder}/test_{secrets.token_hex(6)}.py"
    added[canary] = MUST_FAIL.encode()
    plan = TestPlan(
        files=(canary, *(f"{folder}/{name}" for name in names)),
        python=environment.python(context.sandbox) if environment else context.sandbox.python,
        before_packages=tuple(dict.fromkeys([*_roots(facts.modules), ".", "src"])),
        options=("--confcutdir", folder, "--runxfail"),
        mounts=environment.mounts if environment else {},
        variables=environment.variables(context.sandbox) if environment else {},
        added=added,
        limits=Limits(wall_s=RUN_S, memory_bytes=max(LEAST_MIB, memory_mib) * MIB, output_bytes=4 * MIB),
    )
    told = run_tests(context.sandbox, context.workspace, plan, context.deadline)
    expected = [test for name, file in zip(names, facts.files, strict=True) for test in _tests(name, file)]
    if not expected:
        raise NotAssessed("The rubric's files hold no tests.", AUTHOR)
    is_honest = all(
        told.end(f"{canary}::{name}") == End.FAILED for name in ("test_wrong_sum", "test_nothing_is_raised")
    )
    ended = {test.id: _ended(told, folder, test, is_honest=is_honest) for test in expected}
    return SuiteRun(expected=tuple(expected), ended=ended)


def _roots(modules: Mapping[str, str]) -> Iterator[str]:
    """Yield the folders from which the modules have the names that the suite imports."""
    for name, path in modules.items():
        as_path = name.replace(".", "/")
        for ending in (f"{as_path}.py", f"{as_path}/__init__.py"):
            if path == ending or path.endswith(f"/{ending}"):
                yield path.removesuffix(ending).rstrip("/") or "."
                break
        else:
            if path:
                raise NotAssessed(f"In one process, {path} cannot be imported as {name}.", AUTHOR)


def _ended(told: TestRun, folder: str, test: Expected, *, is_honest: bool) -> Ended:
    if not is_honest:
        lie = "a test of ours beside it that must fail was not reported as failed"
        return Ended(end="failed", message=lie, hint=lie)
    found = told.tests.get(f"{folder}/{test.id}")
    if found is not None and found.end == End.PASSED:
        return Ended(end="passed")
    path = f"{folder}/{test.id.partition('::')[0]}"
    if found is None and path in told.unreadable:
        hint = "the tests cannot import your modules"
        return Ended(end="failed", message=f"{hint}: {told.unreadable[path]}".replace(f"{folder}/", ""), hint=hint)
    message = found.why if found else f"it was not run to its end: {told.how}"
    return Ended(end="failed", message=message.replace(f"{folder}/", ""), hint="" if found else message)


def _tests(name: str, file: Path) -> Iterator[Expected]:
    """Yield the test functions that a file's text has, without those that are always skipped."""
    tree = ast.parse(file.read_bytes())
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and (node.name.startswith("Test") or "TestCase" in ast.unparse(node)):
            for inner in node.body:
                yield from _test(f"{name}::{node.name}", inner)
        else:
            yield from _test(name, node)


def _test(above: str, node: ast.stmt) -> Iterator[Expected]:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test"):
        return
    points: float | None = None
    for decorator in map(ast.unparse, node.decorator_list):
        if decorator.partition("(")[0] == "pytest.mark.skip":
            return
        if decorator.startswith("pytest.mark.points("):
            points = float(ast.literal_eval(decorator.removeprefix("pytest.mark.points(").removesuffix(")")))
    place = f"{above}::{node.name}"
    title = (ast.get_docstring(node) or "").partition("\n")[0] or node.name.removeprefix("test_").replace("_", " ")
    yield Expected(id=place, function=place, title=title, points=points)
