"""What an instructor's suite may not ask of proxies is said before any learner is graded."""

from __future__ import annotations

import pytest

from infra_grader.checks.pytest._suite_rules import find_faults
from infra_grader.checks.pytest.run import Run

HEAD = """\
import importlib
from unittest import mock
import pytest
from src import calc
from src.calc import Stack, add
"""


def faults(tmp_path, text):
    file = tmp_path / "test_calc.py"
    file.write_text(HEAD + text)
    return list(find_faults([file], ["src.calc"]))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("def test_a(capsys):\n    pass\n", 6, "the fixture capsys"),
        ("def test_a(tmp_path):\n    pass\n", 6, "the learner's process does not see files of the tests"),
        ("@pytest.fixture\ndef data(tmp_path):\n    pass\n", 7, "the fixture tmp_path"),
        ("class Mine(Stack):\n    pass\n", 6, "cannot be subclassed"),
        ("class Mine(calc.Stack):\n    pass\n", 6, "cannot be subclassed"),
        ("def test_a():\n    add(lambda: 1, 2)\n", 7, "a function of the tests cannot be handed"),
        ("def key(x):\n    return x\ndef test_a():\n    calc.sort([], key=key)\n", 9, "a function of the tests"),
        ("def test_a():\n    with mock.patch('src.calc.add'):\n        pass\n", 7, "cannot be patched from here"),
        ("def test_a():\n    with mock.patch.object(calc, 'add'):\n        pass\n", 7, "cannot be patched from here"),
        ("def test_a(monkeypatch):\n    monkeypatch.setenv('A', 'b')\n", 7, "an environment of its own"),
        ("@pytest.mark.xfail\ndef test_a():\n    pass\n", 6, "expected to fail asks nothing"),
        ("def test_a():\n    pytest.skip('no')\n", 7, "learner code could bring it about"),
        ("@pytest.mark.skipif('calc.LIMIT > 3', reason='no')\ndef test_a():\n    pass\n", 6, "skipif with a text"),
        ("async def test_a():\n    pass\n", 6, "call asyncio.run in a plain one"),
        ("def test_a():\n    importlib.reload(calc)\n", 7, "there is nothing to reload"),
        ("@pytest.fixture(scope='session')\ndef stack():\n    return Stack()\n", 7, "outlives the learner's process"),
        ("def test_a(:\n", 6, "it is no Python"),
    ],
)
def test_what_needs_more_is_named_with_its_line(tmp_path, text, line, said):
    found = faults(tmp_path, text)
    assert len(found) == 1, found
    assert said in found[0]
    assert found[0].startswith("test_calc.py:" if "no Python" in said else f"test_calc.py:{line}: ")


@pytest.mark.parametrize(
    "text",
    [
        "def test_a(draw, seed, monkeypatch):\n    monkeypatch.setattr(calc, 'LIMIT', 3)\n",
        "def test_a():\n    with mock.patch('time.sleep'):\n        assert add(1, 2) == 3\n",
        "def test_a():\n    assert sorted([1], key=lambda x: x) == calc.sort([1])\n",
        "@pytest.mark.skipif(True, reason='no')\n@pytest.mark.points(2)\ndef test_a():\n    pass\n",
        "class Helper:\n    pass\n",
    ],
)
def test_what_proxies_can_do_is_not_refused(tmp_path, text):
    assert faults(tmp_path, text) == []


def test_lint_names_a_missing_file_and_what_proxies_lack(tmp_path):
    (tmp_path / "test_a.py").write_text("def test_a(capsys):\n    pass\n")
    params = {"suite": ["test_a.py", "test_b.py"], "modules": {"calc": "calc.py"}}
    assert [problem.partition(":")[0] for problem in Run(**params).problems(tmp_path)] == [
        "the suite's file test_b.py is missing",
        "test_a.py",
    ]
    assert len(list(Run(**params, mode="in_process").problems(tmp_path))) == 1
