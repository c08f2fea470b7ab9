"""The coverage.mutants check kind."""

from __future__ import annotations

import random
import time

from infra_grader.capabilities.test_run import End, TestPlan, TestRun, run_tests
from infra_grader.checks.coverage._trials import Trial, judge
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, Places, check, places
from infra_grader.reading.python_faults import Fault, choose_faults, find_faults, rewritten
from infra_grader.reading.python_source import Source
from infra_grader.reading.test_packages import require_packages
from infra_grader.reading.test_suite import Suite, SuiteParams, own_sources, plan_of, read_suite

LEAST_S = 5.0
"""Seconds for each trial at least; else a multiple of what the tests take on the code as it is."""
MULTIPLE = 4


class Mutants(SuiteParams, kw_only=True):
    """Which tests are tried, on which code, and how many faults they must catch."""

    source: Annotated[Places, Meta(description="Files, folders or globs with the code that faults are planted in.")] = (
        "src"
    )
    faults: Annotated[int, Meta(ge=1, le=50, description="How many faults are planted, one after another.")] = 8
    sound: Annotated[int, Meta(ge=1, le=20, description="How many trials have no fault.")] = 3
    min_caught: Annotated[float, Meta(gt=0, le=100, description="Percent of the faults that must be caught.")] = 60.0


@check("coverage.mutants", capabilities=("sandbox",), measure="%")
def mutants(context: Context, params: Mutants) -> Outcome:
    """The learner's own tests notice faults that are planted in the learner's own code.

    Faults are planted one at a time in a copy, in functions, on lines that the tests run (where these hold fewer than
    `faults`, some on other lines count as missed): a comparison or a condition the other way round, another operator,
    an exception that is not raised, another result, now and then a limit or a number that is off by one. The tests that
    assert something about the learner's modules (see `pytest.own`) run on each copy in a process of its own, and on
    copies without a fault among them, in random order. A fault is caught where a test that passes on every sound copy
    does not pass. Some faults change nothing that can be seen, so ask for a share; the share of points is that of
    `min_caught` reached.

    Sound copies are printed anew and strewn with idle statements as those with faults are, so that tests which compare
    the source with what they know of it fail on the sound ones and earn nothing. Still it is the claim of a process
    that holds the learner's code and can read it. Where the exercise fixes the interface, prefer `coverage.faults`.
    """
    suite = read_suite(context, params)
    sources = [source for source in own_sources(context, places(params.source)) if not source.fault]
    plan = plan_of(context, params, suite)
    started = time.monotonic()
    base = _base(context, plan, suite, sources)
    took = time.monotonic() - started
    tests = [test.node_id for test in suite.sound if base.end(test.node_id) == End.PASSED]
    if not tests:
        require_packages(context, params, suite, base)
        raise CheckFailed(_nothing_passes(suite, base), *_failing(suite, base))
    if not base.is_whole:
        raise CheckFailed(f"Your tests do not come to their end: {base.how}.", *_failing(suite, base))
    draw = random.Random(f"{context.seed} coverage.mutants")  # noqa: S311 - the seed is recorded to explain a score
    faults, unseen = _faults(sources, base, params.faults, draw)
    if not faults:
        raise CheckFailed(
            "Your tests run no code that a fault could be planted in.",
            Evidence(path=places(params.source)[0], expected="functions that the tests run", actual="none"),
        )
    limits = plan.limits.replace(wall_s=min(params.seconds, max(LEAST_S, MULTIPLE * took)))
    plan = plan.replace(only=tuple(tests), limits=limits)
    changed = [source for source in sources if base.lines.get(source.path)]
    order: list[Fault | None] = [*faults, *([None] * params.sound)]
    draw.shuffle(order)
    trials = [_trial(context, plan, changed, fault, draw) for fault in order]
    trials += [_titled(fault, None) for fault in unseen]
    return judge(trials, tests, params.min_caught).replace(claimed=True)


def _base(context: Context, plan: TestPlan, suite: Suite, sources: list[Source]) -> TestRun:
    """Run the tests on the code as it is, and watch which lines they run."""
    watching = plan.replace(
        only=tuple(test.node_id for test in suite.sound), cover=tuple(source.path for source in sources)
    )
    return run_tests(context.sandbox, context.workspace, watching, context.deadline)


def _faults(sources: list[Source], base: TestRun, count: int, draw: random.Random) -> tuple[list[Fault], list[Fault]]:
    """Return the faults to plant on lines that the tests run; and where these are too few, others, which none sees."""
    found = [fault for source in sources for fault in find_faults(source)]
    run = [fault for fault in found if fault.is_run(base.lines.get(fault.path, frozenset()))]
    chosen = choose_faults(run, count, draw)
    rest = [fault for fault in found if fault not in run and not fault.is_weak]
    return chosen, choose_faults(rest, count - len(chosen), draw)


def _trial(context: Context, plan: TestPlan, sources: list[Source], fault: Fault | None, draw: random.Random) -> Trial:
    added = dict(plan.added)
    for source in sources:
        text = rewritten(source, draw, fault if fault is not None and fault.path == source.path else None)
        added[source.path] = text.encode("utf-8", "surrogatepass")
    run = run_tests(context.sandbox, context.workspace, plan.replace(added=added), context.deadline)
    if fault is None:
        return Trial(title="", run=run)
    return _titled(fault, run)


def _titled(fault: Fault, run: TestRun | None) -> Trial:
    where = "" if run else ", where no test gets to"
    return Trial(title=f"in {fault.function} {fault.what}{where}", run=run, path=fault.path, line=fault.line)


def _nothing_passes(suite: Suite, base: TestRun) -> str:
    first = suite.sound[0]
    told = base.tests.get(first.node_id)
    why = told.why if told else base.unreadable.get(first.path) or base.how
    return f"No test that asserts something passes on your code as it is: {first.node_id}, {why}."


def _failing(suite: Suite, base: TestRun) -> list[Evidence]:
    return [
        Evidence(
            path=test.path,
            line=test.line,
            expected="passes",
            actual=str(base.end(test.node_id) or "not run"),
            text=test.name,
        )
        for test in suite.sound[:10]
    ]
