"""Proxies: what a suite can do with a learner's code that it does not hold, and what the learner can make of it."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from types import ModuleType

import pytest
import sandboxes

from infra_grader.capabilities import proxy, proxy_import
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.proxy_session import Lost, NeedsMore
from infra_grader.capabilities.sandbox import Limits
from infra_grader.capabilities.workspace import Workspace
from infra_grader.sandboxes.bubblewrap_sandbox import open_bubblewrap

CALC = """
from collections import Counter, namedtuple
import json

LIMIT = 10


class EmptyStack(LookupError):
    pass


Point = namedtuple("Point", "x y")


class Stack:
    size = 3

    def __init__(self, *items):
        self.items = list(items)

    def push(self, item):
        self.items.append(item)
        return self

    def pop(self):
        if not self.items:
            raise EmptyStack("nothing there")
        return self.items.pop()

    def __len__(self):
        return len(self.items)

    def __iter__(self):
        return iter(self.items)

    def __eq__(self, other):
        return self.items == other.items

    def __add__(self, other):
        return Stack(*self.items, *other.items)

    def __getitem__(self, place):
        return self.items[place]

    def __repr__(self):
        return f"Stack({self.items})"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        return kind is ValueError


class Agrees:
    def __eq__(self, other):
        return True


class Plenty(list):
    def __eq__(self, other):
        return True


def add(a, b=1):
    return a + b


def count(items):
    return Counter(items)


def sort(items):
    items.sort()


def numbers():
    number = 0
    while True:
        yield number
        number += 1


async def later():
    return 5


def parse(text):
    return json.loads(text)


def leave():
    raise SystemExit(0)


def crash():
    import os
    os._exit(0)


def deep():
    value = []
    for _ in range(100):
        value = [value]
    return value


def hang():
    while True:
        pass


def endless():
    return range(10**13)


def vast():
    from decimal import Decimal
    return Decimal("1e99999999")


def group():
    raise ExceptionGroup("several", [ValueError("one")])
"""


@pytest.fixture
def session(tmp_path):
    sandboxes.require_bubblewrap()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "calc.py").write_text(CALC)
    (tmp_path / "broken.py").write_text("raise SystemExit(0)\n")
    sandbox, deadline = open_bubblewrap([]), Deadline(60)
    job = proxy.job_for(sandbox, workspace=Workspace(tmp_path), limits=Limits(wall_s=2))
    modules = {"src.calc": "src/calc.py", "broken": "broken.py", "absent": ""}
    before = list(sys.meta_path)
    with proxy.Learner(sandbox, job, deadline) as learner:
        yield proxy_import.install(learner.answer, modules)
    sys.meta_path[:] = before
    for name in ("src", *modules):
        sys.modules.pop(name, None)
    sandbox.close()


@pytest.fixture
def calc(session):
    from src import calc

    session.begin()
    return calc


def test_calls_constants_and_keywords(calc):
    assert calc.LIMIT == 10
    assert calc.add(1, b=3) == 4
    assert calc.add("a", "b") == "ab"
    assert hasattr(calc, "add")
    assert not hasattr(calc, "subtract")


def test_objects_stay_with_the_learner(calc):
    stack = calc.Stack(1, 2)
    assert stack.push(3) is stack
    assert (stack.pop(), len(stack), list(stack), 2 in stack, stack[0], stack[0:1]) == (3, 2, [1, 2], True, 1, [1])
    assert repr(stack) == f"{stack}" == "Stack([1, 2])"
    assert isinstance(stack, calc.Stack)
    assert stack == calc.Stack(1, 2)
    assert stack != calc.Stack(1)
    assert (stack + calc.Stack(5)).items == [1, 2, 5]
    assert calc.Stack.size == 3
    stack.size = 4
    assert stack.size == 4
    with calc.Stack():
        raise ValueError("which it lets pass")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no groups of exceptions")
def test_a_group_of_exceptions_is_one(calc):
    with pytest.raises(ExceptionGroup, match="several"):
        calc.group()


def test_exceptions_are_caught_by_their_names(calc):
    for kind in (calc.EmptyStack, LookupError):
        with pytest.raises(kind, match="nothing"):
            calc.Stack().pop()
    with pytest.raises(TypeError):
        calc.add("a")
    with pytest.raises(json.JSONDecodeError) as caught:
        calc.parse("{")
    assert caught.value.pos == 1
    with pytest.raises(SystemExit) as left:
        calc.leave()
    assert left.value.code == 0
    assert not isinstance(left.value, Exception)


def test_values_of_the_standard_library_are_compared_here(calc):
    assert calc.count("aab") == {"a": 2, "b": 1}
    point = calc.Point(1, 2)
    assert point == (1, 2)
    assert isinstance(point, tuple)
    assert point.x == 1


def test_changed_arguments_come_back(calc):
    items = [3, 1]
    calc.sort(items)
    assert items == [1, 3]


def test_generators_are_cut_off(calc):
    assert list(itertools.islice(calc.numbers(), 3)) == [0, 1, 2]
    with pytest.raises(Lost, match="more than 10000 items"):
        list(calc.numbers())


def test_coroutines_run_at_the_learners(calc):
    assert asyncio.run(calc.later()) == 5


def test_names_of_the_suite_are_bound_for_each_test(session):
    from src.calc import LIMIT, EmptyStack, Stack, subtract

    suite = ModuleType("suite")
    vars(suite).update(LIMIT=LIMIT, EmptyStack=EmptyStack, Stack=Stack, subtract=subtract)
    bound = proxy_import.Bound(session)
    session.begin()
    bound.bind([suite])
    assert suite.LIMIT == 10
    with pytest.raises(EmptyStack):
        Stack().pop()
    with pytest.raises(suite.EmptyStack):
        suite.Stack().pop()
    with pytest.raises(Lost, match=r"src/calc\.py has no subtract"):
        suite.subtract(1)
    bound.release()
    assert suite.LIMIT is LIMIT


def test_nothing_is_asked_before_the_first_test(session):
    from src import calc

    with pytest.raises(NeedsMore, match="while tests are collected"):
        calc.add(1)


@pytest.mark.parametrize("compare", [lambda calc: calc.Agrees() == 3, lambda calc: calc.Agrees() == calc.Agrees()])
def test_what_is_equal_to_everything_is_equal_to_nothing(calc, session, compare):
    with pytest.raises(Lost):
        compare(calc)
    assert "your code gave an object of type Agrees" in session.lost


def test_what_comes_from_a_plain_type_is_compared_by_its_content(calc):
    assert calc.Plenty([1]) == [1]
    assert calc.Plenty([1]) != [2]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("crash", "the end of the process: exit status 0"),
        ("hang", "too long"),
        ("deep", "nested too deeply"),
        ("endless", "cannot be read"),
        ("vast", "cannot be read"),
    ],
)
def test_what_gives_no_answer_loses_the_test(calc, session, name, said):
    with pytest.raises(Lost, match=said):
        getattr(calc, name)()
    with pytest.raises(Lost, match=said):
        calc.add(1)
    assert said in session.lost
    session.begin()
    assert not session.lost
    assert calc.add(1) == 2


@pytest.mark.parametrize(
    ("module", "said"),
    [("broken", "broken.py cannot be loaded: SystemExit was raised"), ("absent", "there is no module absent")],
)
def test_a_module_that_cannot_be_loaded_loses_the_test(session, module, said):
    imported = __import__(module)
    session.begin()
    with pytest.raises(Lost, match=said):
        _ = imported.anything


def test_functions_of_the_suite_cannot_be_handed_over(calc, session):
    with pytest.raises(NeedsMore, match="type function cannot be handed"):
        calc.add(lambda: 1)
    assert session.needs_more


def test_objects_do_not_outlive_their_test(calc, session):
    stack = calc.Stack()
    session.begin()
    with pytest.raises(NeedsMore, match="in another test"):
        stack.push(1)
