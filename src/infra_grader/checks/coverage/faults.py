"""The coverage.faults check kind."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping

from infra_grader.capabilities.blind_run import run_blind
from infra_grader.capabilities.test_run import TestPlan
from infra_grader.checks.coverage._trials import Trial, judge
from infra_grader.plugin import Annotated, Context, Meta, NotAssessed, Outcome, Params, RelativePath, check
from infra_grader.reading.python_tests import module_names
from infra_grader.reading.test_suite import SuiteParams, plan_of, read_suite

AUTHOR = "Tell the author of the rubric."


class Planted(Params):
    """A fault: a piece of the reference, and what stands there instead."""

    file: Annotated[RelativePath, Meta(description="File of the reference, relative to its folder.")]
    find: Annotated[str, Meta(min_length=1, description="Text that stands in the file exactly once.")]
    replace: Annotated[str, Meta(description="What stands there instead.")]
    title: Annotated[str, Meta(description="What the learner is told of a fault that was missed.")] = ""


class Faults(SuiteParams, kw_only=True):
    """Which tests are tried, on which code, and how many faults they must catch."""

    reference: Annotated[
        str,
        Meta(min_length=1, description="Folder of the rubric's own with right modules, where the exercise wants them."),
    ]
    faults: Annotated[list[Planted], Meta(min_length=2, max_length=100, description="Faults in the reference.")]
    trials: Annotated[int, Meta(ge=2, le=50, description="How many of the faults are drawn for one grading.")] = 8
    sound: Annotated[int, Meta(ge=1, le=20, description="How many trials have no fault.")] = 4
    min_caught: Annotated[float, Meta(gt=0, le=100, description="Percent of the faults that must be caught.")] = 60.0
    reply_seconds: Annotated[float, Meta(gt=0, le=60, description="Time for each answer of the code.")] = 5.0


@check("coverage.faults", capabilities=("sandbox",), measure="%")
def faults(context: Context, params: Faults) -> Outcome:
    """The learner's own tests tell right code from code with a fault, without knowing which is which.

    For exercises whose modules and functions are fixed: the tests run on a right solution of the rubric's own and on
    the same one with a fault, in random order, each time in a process of their own. They import proxies, and the code
    is in another sandbox: neither source nor file nor code object tells which one it is, only what it does. A fault is
    caught where a test that passes in every trial without a fault does not pass. The tests that assert something count
    (see `pytest.own`); one that never passes on right code is left out, and one that passes only now and then ends the
    trial. The share of points is that of `min_caught` reached.

    Tests that always pass miss every fault, and tests that always fail have none that counts; what is left to forge is
    a guess of the whole pattern. How a test ended still comes from the learner's process, so it is a claim. What is
    replaced from outside, as by `monkeypatch.setattr(module, ...)` with a function, cannot be carried over.
    """
    code = _reference(context, params)
    modules = _modules(code)
    variants = [_planted(code, fault) for fault in params.faults]
    suite = read_suite(context, params, frozenset(modules))
    tests = tuple(test.node_id for test in suite.sound)
    plan = plan_of(context, params, suite).replace(only=tests)
    draw = random.Random(f"{context.seed} coverage.faults")  # noqa: S311 - the seed is recorded to explain a score
    chosen = draw.sample(range(len(variants)), min(params.trials, len(variants)))
    order: list[int | None] = [*chosen, *([None] * params.sound)]
    draw.shuffle(order)
    trials = [
        _trial(context, params, plan, modules, code if number is None else variants[number], number) for number in order
    ]
    return judge(trials, tests, params.min_caught).replace(claimed=True)


def _reference(context: Context, params: Faults) -> Mapping[str, bytes]:
    folder = context.rubric_directory(params.reference)
    found = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }
    if not any(path.endswith(".py") for path in found):
        raise NotAssessed(f"The rubric's folder {params.reference} holds no Python file.", AUTHOR)
    return found


def _modules(code: Mapping[str, bytes]) -> dict[str, str]:
    """Return the files by the names under which they can be imported; none hides a module of Python's own."""
    files = [path for path in code if path.endswith(".py")]
    return {
        name: path for path in files for name in sorted(module_names([path])) if name not in sys.stdlib_module_names
    }


def _planted(code: Mapping[str, bytes], fault: Planted) -> Mapping[str, bytes]:
    text = code.get(fault.file, b"").decode("utf-8", "replace")
    if text.count(fault.find) != 1:
        raise NotAssessed(f"{fault.find!r} does not stand exactly once in the rubric's {fault.file}.", AUTHOR)
    return {**code, fault.file: text.replace(fault.find, fault.replace).encode()}


def _trial(
    context: Context,
    params: Faults,
    plan: TestPlan,
    modules: Mapping[str, str],
    code: Mapping[str, bytes],
    number: int | None,
) -> Trial:
    run = run_blind(context.sandbox, context.workspace, plan, code, modules, params.reply_seconds, context.deadline)
    title = "" if number is None else params.faults[number].title or f"fault {number + 1}"
    return Trial(title=title, run=run)
