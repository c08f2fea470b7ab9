"""Which plugins of pytest the learner's own tests need, as their files show: by their fixtures, and by coroutines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from infra_grader.reading.python_names import Names

FIXTURES = {
    "aiohttp_client": "pytest_aiohttp",
    "faker": "faker",
    "httpserver": "pytest_httpserver",
    "httpx_mock": "pytest_httpx",
    "mocker": "pytest_mock",
    "requests_mock": "requests_mock",
    "respx_mock": "respx",
}
"""The packages that bring a fixture, by its name; a run of tests uses them where the environment has them."""
COROUTINES = ("pytest_asyncio", "anyio")
NO_FIXTURE = re.compile(r"fixture '(\w+)' not found")
NO_COROUTINE = "async def functions are not natively supported"


def plugins_of(files: Iterable[Names]) -> frozenset[str]:
    """Return the packages whose plugins some files of tests use."""
    return frozenset(package for file in files for package in _used(file))


def plugins_missed(text: str) -> frozenset[str]:
    """Return the packages for want of whose plugins a test failed, if that is what pytest said of it."""
    named = {FIXTURES[name] for name in NO_FIXTURE.findall(text) if name in FIXTURES}
    return frozenset(named | set(COROUTINES if NO_COROUTINE in text else ()))


def _used(file: Names) -> Iterator[str]:
    runner = COROUTINES["pytest.mark.anyio" in {file.resolve(node) for node in file.live}]
    for node in file.live:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            yield from (FIXTURES[argument.arg] for argument in given if argument.arg in FIXTURES)
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield runner
