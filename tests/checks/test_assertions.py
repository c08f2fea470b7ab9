"""Which tests of a learner count as tests, told by the shape of one test at a time."""

from __future__ import annotations

import pytest

from infra_grader.testing import run_check

OWN = "def add(a, b):\n    return a + b\n\n\nclass Calc:\n    def add(self, a, b):\n        return a + b\n"

COUNTS = {
    "plain": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    assert add(1,2)==3
""",
    "assertRaises": """\
from src.calc import add
import src.calc
import pytest
import unittest
class T(unittest.TestCase):
    def test_a(self):
        with self.assertRaises(TypeError):
            add(1,"")
""",
    "assertRaises call": """\
from src.calc import add
import src.calc
import pytest
import unittest
class T(unittest.TestCase):
    def test_a(self):
        self.assertRaises(TypeError, add, 1, "")
""",
    "raises call form": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    pytest.raises(TypeError, add, 1, "")
""",
    "skipif real": """\
from src.calc import add
import src.calc
import pytest
import sys
@pytest.mark.skipif(sys.platform=="win32", reason="x")
def test_a():
    assert add(1,2)==3
""",
    "importorskip nonsense": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    pytest.importorskip("nothing_here")
    assert add(1,2)==3
""",
    "async": """\
from src.calc import add
import src.calc
import pytest
@pytest.mark.asyncio
async def test_a():
    r = add(1,2)
    assert r==3
""",
    "parametrize": """\
from src.calc import add
import src.calc
import pytest
@pytest.mark.parametrize(("a","b","c"),[(1,2,3)])
def test_a(a,b,c):
    assert add(a,b)==c
""",
    "approx": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    assert pytest.approx(3)==add(1,2)
""",
    "import src.calc as c": """\
import src.calc as c
def test_a():
    assert c.add(1,2)==3
""",
    "from src import calc": """\
from src import calc
def test_a():
    assert calc.add(1,2)==3
""",
    "relative": """\
from ..src.calc import add
def test_a():
    assert add(1,2)==3
""",
    "importlib": """\
import importlib
def test_a():
    m = importlib.import_module("src.calc")
    assert m.add(1,2)==3
""",
    "local import": """\
def test_a():
    from src.calc import add
    assert add(1,2)==3
""",
    "fixture in file": """\
import pytest
from src.calc import Calc
@pytest.fixture
def calc():
    return Calc()
def test_a(calc):
    assert calc.add(1,2)==3
""",
    "class setup": """\
from src.calc import Calc
class TestCalc:
    def setup_method(self):
        self.calc=Calc()
    def test_a(self):
        assert self.calc.add(1,2)==3
""",
    "base class testcase": """\
import unittest
from src.calc import Calc
class Base(unittest.TestCase):
    def setUp(self):
        self.calc=Calc()
class CalcChecks(Base):
    def test_a(self):
        self.assertEqual(self.calc.add(1,2),3)
""",
    "IsolatedAsyncio": """\
import unittest
from src.calc import Calc
class C(unittest.IsolatedAsyncioTestCase):
    async def test_a(self):
        self.assertEqual(Calc().add(1,2),3)
""",
    "helper assert": """\
from src.calc import add
import src.calc
import pytest
def expect(a,b,c):
    assert add(a,b)==c
def test_a():
    expect(1,2,3)
""",
    "helper no params": """\
from src.calc import add
import src.calc
import pytest
def check_all():
    assert add(1,2)==3
def test_a():
    check_all()
""",
    "with subtests": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    for a,b in [(1,2),(2,1)]:
        assert add(a,b)==3
""",
    "match": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    match add(1,2):
        case 3:
            pass
        case other:
            pytest.fail("no")
""",
    "if fail": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    if add(1,2) != 3:
        pytest.fail("wrong")
""",
    "if raise": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    if add(1,2) != 3:
        raise AssertionError("wrong")
""",
    "hypothesis": """\
from src.calc import add
import src.calc
import pytest
from hypothesis import given, strategies as st
@given(st.integers())
def test_a(n):
    assert add(n,0)==n
""",
    "walrus": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    assert (r := add(1,2)) == 3
""",
    "numpy": """\
from src.calc import add
import src.calc
import pytest
import numpy as np
def test_a():
    np.testing.assert_allclose(add(1,2),3)
""",
    "from numpy.testing": """\
from src.calc import add
import src.calc
import pytest
from numpy.testing import assert_allclose
def test_a():
    assert_allclose(add(1,2),3)
""",
    "caplog": """\
from src.calc import add
import src.calc
import pytest
def test_a(caplog):
    add(1,2)
    assert "x" in caplog.text
""",
    "fail in with assertLogs": """\
from src.calc import add
import src.calc
import pytest
import unittest
class T(unittest.TestCase):
    def test_a(self):
        with self.assertLogs("x") as c:
            add(1,2)
""",
}
"""Shapes of tests that can fail when the learner's code is wrong."""

COUNTS_NOT = {
    "raises int": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    with pytest.raises(ValueError):
        int("x")
""",
    "raises raise": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    add
    with pytest.raises(ValueError):
        raise ValueError("x")
""",
    "const eq": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    add(1,2)
    assert 1 == 1
""",
    "assert str": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    add(1,2)
    assert "works"
""",
    "assert const var": """\
from src.calc import add
import src.calc
import pytest
X=5
def test_a():
    assert X == 5
""",
    "assert module callable": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    assert add
""",
    "assert is not None": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    assert add is not None
""",
    "assert callable": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    assert callable(add)
""",
    "try except pass": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    try:
        assert add(1,2)==4
    except AssertionError:
        pass
""",
    "try except Exc": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    try:
        assert add(1,2)==4
    except Exception:
        print("x")
""",
    "suppress": """\
from src.calc import add
import src.calc
import pytest
import contextlib
def test_a():
    with contextlib.suppress(AssertionError):
        assert add(1,2)==4
""",
    "if False": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    if False:
        assert add(1,2)==4
""",
    "while False": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    while 0:
        assert add(1,2)==4
""",
    "for empty": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    for x in []:
        assert add(1,2)==4
""",
    "nested unused fn": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    def inner():
        assert add(1,2)==4
""",
    "return first": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    return
    assert add(1,2)==4
""",
    "or True": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    assert add(1,2)==4 or True
""",
    "tuple": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    assert (add(1,2)==4, "msg")
""",
    "lambda": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    f = lambda: add(1,2)
    assert f
""",
    "isinstance only own constant": """\
from src.calc import add
import src.calc
import pytest
def test_a():
    x = 3
    assert isinstance(x, int)
""",
    "request only": """\
from src.calc import add
import src.calc
import pytest
def test_a(request):
    assert request
""",
    "tmp_path unrelated": """\
from src.calc import add
import src.calc
import pytest
def test_a(tmp_path):
    assert tmp_path.exists()
""",
    "unrelated os": """\
from src.calc import add
import src.calc
import pytest
import os
add(1,2)
def test_a():
    assert os.path.exists("/")
""",
    "import under TYPE_CHECKING": """\
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from src.calc import add
import os
def test_a():
    assert os.getcwd()
""",
    "skipif True": """\
from src.calc import add
import src.calc
import pytest
@pytest.mark.skipif(True, reason="x")
def test_a():
    assert add(1,2)==3
""",
    "skipif 1==1": """\
from src.calc import add
import src.calc
import pytest
@pytest.mark.skipif(1==1, reason="x")
def test_a():
    assert add(1,2)==3
""",
    "module skip": """\
from src.calc import add
import src.calc
import pytest
pytest.skip("x", allow_module_level=True)
def test_a():
    assert add(1,2)==3
""",
    "not collected name": """\
from src.calc import add
import src.calc
import pytest
def check_a():
    assert add(1,2)==3
""",
    "__test__ False": """\
from src.calc import add
import src.calc
import pytest
class TestA:
    __test__ = False
    def test_a(self):
        assert add(1,2)==3
""",
    "class with init": """\
from src.calc import add
import src.calc
import pytest
class TestA:
    def __init__(self): self.x=1
    def test_a(self):
        assert add(1,2)==3
""",
    "fixture named test": """\
from src.calc import add
import src.calc
import pytest
@pytest.fixture
def test_a():
    assert add(1,2)==3
""",
    "mock own function": """\
from src.calc import add
import src.calc
import pytest
from unittest.mock import patch
def test_a():
    with patch("src.calc.add", return_value=3) as m:
        assert m() == 3
""",
    "assertTrue const": """\
from src.calc import add
import src.calc
import pytest
import unittest
class T(unittest.TestCase):
    def test_a(self):
        add(1,2)
        self.assertTrue(True)
""",
    "assertTrue own name": """\
from src.calc import add
import src.calc
import pytest
import unittest
class T(unittest.TestCase):
    def test_a(self):
        self.assertEqual(add, add)
""",
}
"""Shapes of tests that cannot fail, are never run, or are about something else."""


def count(folder, text):
    (folder / "src").mkdir()
    (folder / "tests").mkdir()
    (folder / "src" / "calc.py").write_text(OWN)
    (folder / "tests" / "test_calc.py").write_text(text)
    return run_check("python.assertions", {"paths": ["tests"], "min_tests": 1}, folder)


REAL = [
    "assert add(1, 2) is not None",
    "assert add(1, 2)",
    "assert isinstance(add(1, 2), int)",
    "assert isinstance(add(1, 2), (int, float))",
    "assert len(add([], [1])) > 0",
    "assert len(add([], [1])) >= 1",
    "assert add(1, 2) == add(2, 1)",
    "assert add(1, 2, seed=4) == add(1, 2, seed=4)",
    "assert add(1, 2) is add(1, 2)",
    "assert add(1, 2) != add(1, 2)",
    "assert Calc() == Calc()",
    "assert isinstance(Calc(), int)",
    "assert Calc().add(1, 2) is not None",
    "c = Calc() if add else None\n    assert c.add(1, 2) == 3",
    "c = Calc()\n    c = c.add(1, 2)\n    assert c is not None",
    "assert add(1, 2).status_code == 200",
    "assert add(1, 2).status_code >= 200",
    "assert add(1, 2) is not None and len(add([], [])) >= 0",
    "assert [*add([1], [2])]",
]
"""Statements of a test that can turn out wrong, if weakly: a stub gives back `None`."""

EMPTY = [
    "assert add(1, 2) == add(1, 2)",
    "assert len(add([], [])) >= 0",
    "assert len(add([], [])) > -1",
    "assert len(add([], [])) != -1",
    "assert len(add([], [])) is not None",
    "assert isinstance(add(1, 2), object)",
    "assert isinstance(add(1, 2), (int, object))",
    "assert add(1, 2) or True",
    "assert add(1, 2).status_code",
    "assert add(1, 2).status_code > 0",
    "assert add(1, 2).status_code is not None",
    "assert Calc() is not None",
    "c = Calc()\n    assert c is not None",
    "c = Calc()\n    assert isinstance(c, Calc)",
    "assert len(add([], [])) >= 0 and isinstance(add(1, 2), object)",
    "assert repr(add(1, 2))",
    "assert type(add(1, 2))",
    "assert [add(1, 2)]",
    "assert {'sum': add(1, 2)}",
]
"""Statements of a test that hold whatever the learner's code answers."""

EMPTY_METHODS = [
    "self.assertTrue(len(add([], [])) >= 0)",
    "self.assertGreaterEqual(len(add([], [])), 0)",
    "self.assertIsInstance(add(1, 2), object)",
    "self.assertIsNotNone(Calc())",
    "self.assertEqual(add(1, 2), add(1, 2))",
]


@pytest.mark.parametrize("body", REAL)
def test_what_can_turn_out_wrong_counts(tmp_path, body):
    assert count(tmp_path, f"from src.calc import Calc, add\n\ndef test_a():\n    {body}\n").status == "passed"


@pytest.mark.parametrize("body", EMPTY)
def test_what_holds_anyway_does_not_count(tmp_path, body):
    outcome = count(tmp_path, f"from src.calc import Calc, add\n\ndef test_a():\n    {body}\n")
    assert outcome.fraction == 0
    assert "asserts nothing" in outcome.message


@pytest.mark.parametrize("body", EMPTY_METHODS)
def test_what_holds_anyway_does_not_count_in_unittest(tmp_path, body):
    head = "import unittest\nfrom src.calc import Calc, add\n\nclass T(unittest.TestCase):\n    def test_a(self):\n"
    assert count(tmp_path, f"{head}        {body}\n").fraction == 0


@pytest.mark.parametrize("name", ["test_split_is_deterministic", "test_same_seed", "test_called_twice"])
def test_equal_calls_count_where_the_test_is_about_that(tmp_path, name):
    text = f"from src.calc import add\n\ndef {name}():\n    assert add(1, 2) == add(1, 2)\n"
    assert count(tmp_path, text).status == "passed"


@pytest.mark.parametrize("text", COUNTS.values(), ids=COUNTS)
def test_counts(tmp_path, text):
    assert count(tmp_path, text).status == "passed"


@pytest.mark.parametrize("text", COUNTS_NOT.values(), ids=COUNTS_NOT)
def test_does_not_count(tmp_path, text):
    outcome = count(tmp_path, text)
    assert outcome.fraction == 0
    assert outcome.evidence


def test_fixtures_of_a_conftest_lead_to_the_module(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "calc.py").write_text(OWN)
    (tmp_path / "tests" / "conftest.py").write_text(
        "import pytest\nfrom src.calc import Calc\n\n\n@pytest.fixture\ndef calc():\n    return Calc()\n\n\n"
        "@pytest.fixture\ndef client(calc):\n    return calc\n\n\n@pytest.fixture\ndef other():\n    return 3\n"
    )
    (tmp_path / "tests" / "test_calc.py").write_text(
        "def test_one(client):\n    assert client.add(1, 2) == 3\n\n\ndef test_two(other):\n    assert other == 3\n"
    )
    outcome = run_check("python.assertions", {"paths": ["tests"], "min_tests": 2}, tmp_path)
    assert outcome.measure.value == 1
    assert "test_two does not count: it uses nothing of your modules" in outcome.message


def test_a_helper_among_the_tests_is_no_module_to_test(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "helper.py").write_text("def three():\n    return 3\n")
    (tmp_path / "tests" / "test_helper.py").write_text(
        "from helper import three\n\n\ndef test_three():\n    assert three() == 3\n"
    )
    assert run_check("python.assertions", {"paths": ["tests"]}, tmp_path).fraction == 0
