"""What pytest.run says beside the cases: authors' faults, what stays hidden, and what lives between tests."""

from __future__ import annotations

import importlib.metadata
from fractions import Fraction

import pytest
import sandboxes

from infra_grader.capabilities import test_tools as tools
from infra_grader.checks.pytest.run import Run
from infra_grader.plugin import path_parameters
from infra_grader.testing import run_check

CALC = """\
import os

CALLS = []


class Money:
    def __init__(self, amount):
        self.amount = amount

    def __eq__(self, other):
        return self.amount == getattr(other, "amount", other)


def add(a, b):
    CALLS.append((a, b))
    return len(CALLS)


def leak(secret):
    raise type(f"Asked{secret}", (ValueError,), {})(f"I was asked {secret}")


def hang():
    while True:
        pass


def leave(status):
    os._exit(status)
"""


@pytest.fixture
def grade(tmp_path):
    sandboxes.require_bubblewrap()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "calc.py").write_text(CALC)
    (tmp_path / "rubric").mkdir()

    def grade(text, **more):
        (tmp_path / "rubric" / "test_calc.py").write_text(text)
        parameters = {"suite": ["test_calc.py"], "modules": {"calc": "calc.py"}, **more}
        timeout = parameters.pop("timeout", 60)
        rubric = tmp_path / "rubric"
        return run_check(
            "pytest.run", parameters, tmp_path / "work", rubric_folder=rubric, sandbox="bubblewrap", timeout=timeout
        )

    return grade


@pytest.mark.parametrize(
    ("suite", "more", "reason"),
    [
        ("import no_such_module\n", {}, "cannot be collected: E   ModuleNotFoundError: No module named"),
        ("import calc\nTOTAL = calc.add(1, 2)\n", {}, "while tests are collected"),
        ("import calc\n", {}, "The rubric's files hold no tests."),
        ("import pytest\n@pytest.mark.skip\ndef test_a():\n    pass\n", {}, "The rubric's tests are all skipped."),
        ("def test_a():\n    pass\n", {"points": {"test_b": 2}}, "gives points to test_b, which is no test"),
        ("def test_a():\n    pass\n", {"suite": ["test_b.py"]}, "The rubric's own file test_b.py is missing."),
        (
            "import calc\ndef test_a():\n    pair = [lambda: 1]\n    calc.add(pair, 2)\n",
            {},
            "need more than proxies: a value of type function cannot be handed",
        ),
    ],
)
def test_a_fault_of_the_author_costs_no_learner(grade, suite, more, reason):
    outcome = grade(suite, **more)
    assert outcome.status == "not_assessed", outcome
    assert reason in outcome.message


def test_without_pytest_beside_the_grader_the_install_command_is_named(grade, monkeypatch):
    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    tools.test_tools.cache_clear()
    outcome = grade("import calc\ndef test_a():\n    assert calc.add(1, 2) == 1\n")
    tools.test_tools.cache_clear()
    assert outcome.status == "not_assessed"
    assert "pip install 'infra-grader[pytest]'" in outcome.remedy


@pytest.mark.parametrize(("fresh", "passed"), [("test", 2), ("module", 1)])
def test_what_one_test_leaves_behind_another_does_not_find(grade, fresh, passed):
    suite = "from calc import add\ndef test_a():\n    assert add(1, 2) == 1\ndef test_b():\n    assert add(1, 2) == 1\n"
    assert grade(suite, fresh=fresh).fraction == Fraction(passed, 2)


def test_after_a_death_the_next_test_has_a_process_again(grade):
    suite = "from calc import add, leave\ndef test_a():\n    leave(0)\ndef test_b():\n    assert add(1, 2) == 1\n"
    outcome = grade(suite, fresh="module")
    assert outcome.fraction == Fraction(1, 2)
    said = "instead of an answer from your code there was the end of the process: exit status 0"
    assert outcome.evidence[0].actual == said


def test_a_suite_that_catches_everything_does_not_save_a_dead_process(grade):
    suite = (
        "from calc import leave\ndef test_a():\n    try:\n        leave(0)\n    except BaseException:\n        pass\n"
    )
    assert grade(suite).fraction == 0


def test_what_was_heard_before_the_time_was_up_counts(grade):
    suite = "from calc import add, hang\ndef test_a():\n    assert add(1, 2) == 1\n"
    suite += "".join(f"def test_{name}():\n    hang()\n" for name in "bcdefgh")
    outcome = grade(suite, seconds=2, timeout=9)
    assert outcome.fraction == Fraction(1, 8)
    assert {piece.actual for piece in outcome.evidence if piece.expected} == {
        "your code was ended: too long",
        "it was not run to its end",
    }


@pytest.mark.parametrize(("trusts", "fraction"), [(False, 0), (True, 1)])
def test_equality_with_a_plain_value_is_trusted_on_request(grade, trusts, fraction):
    suite = "from calc import Money\ndef test_a():\n    assert Money(5) == 5\n"
    assert grade(suite, trusts_equality=trusts).fraction == fraction


@pytest.mark.parametrize("reveal", [False, True])
def test_what_was_asked_is_hidden_unless_it_may_be_shown(grade, reveal):
    suite = "from calc import leak\ndef test_a():\n    assert leak(74205) == 1\n"
    outcome = grade(suite, reveal=reveal)
    assert ("74205" in str(outcome)) is reveal
    assert outcome.evidence[0].actual == "your code raised ValueError" or reveal


def test_a_skip_while_it_runs_is_a_failure(grade):
    suite = "from calc import add\nfrom unittest import SkipTest\ndef test_a():\n    raise SkipTest(add(1, 2))\n"
    assert grade(suite).status == "failed"


def test_inputs_are_drawn_from_the_seed(grade, tmp_path):
    suite = "from calc import add\ndef test_a(draw, seed):\n    assert (draw.random(), seed, add(1, 1)) == 0\n"
    first, second = (grade(suite, reveal=True).evidence[0].actual for _ in range(2))
    assert first == second
    other = run_check(
        "pytest.run",
        {"suite": ["test_calc.py"], "modules": {"calc": "calc.py"}, "reveal": True},
        tmp_path / "work",
        rubric_folder=tmp_path / "rubric",
        sandbox="bubblewrap",
        seed=1,
    )
    assert other.evidence[0].actual != first


def test_the_modules_are_paths_of_the_submission():
    params = Run(suite=["test_calc.py"], modules={"calc": ["src/calc.py", "calc.py"], "store": "store.py"})
    assert list(path_parameters(params)) == ["src/calc.py", "calc.py", "store.py"]
