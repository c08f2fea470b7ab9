"""Which plugins of pytest the learner's own tests need."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.workspace import TextFile
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_source import parse_source
from infra_grader.reading.test_plugins import plugins_missed, plugins_of


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("def test_a(mocker, tmp_path): pass\n", {"pytest_mock"}),
        ("async def test_a(): pass\n", {"pytest_asyncio"}),
        ("import pytest\n@pytest.mark.anyio\nasync def test_a(): pass\n", {"anyio"}),
        ("import pytest\n@pytest.fixture\ndef client(*, httpx_mock): pass\n", {"pytest_httpx"}),
        ("async def helper(): pass\ndef test_a(tmp_path): pass\n", set()),
    ],
)
def test_plugins_are_known_by_what_tests_use(text, packages):
    assert plugins_of([Names(parse_source(TextFile("test_a.py", text)))]) == packages


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("fixture 'mocker' not found", {"pytest_mock"}),
        ("fixture 'databse' not found", set()),
        ("Failed: async def functions are not natively supported.", {"pytest_asyncio", "anyio"}),
        ("assert 1 == 2", set()),
    ],
)
def test_what_was_missed_is_what_pytest_says(text, packages):
    assert plugins_missed(text) == packages
