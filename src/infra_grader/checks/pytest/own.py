"""The pytest.own check kind."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from infra_grader.capabilities.test_run import End, TestRun, run_tests
from infra_grader.checks.pytest._own_canary import Canaries
from infra_grader.plugin import Annotated, Context, Evidence, EvidenceKind, Measure, Meta, Outcome, check
from infra_grader.reading.python_tests import OwnTest
from infra_grader.reading.test_packages import require_packages
from infra_grader.reading.test_suite import Suite, SuiteParams, flaw_evidence, plan_of, read_suite

MOST_SHOWN = 10


class Own(SuiteParams, kw_only=True):
    """Which tests are run, and how many must pass."""

    min_tests: Annotated[int, Meta(ge=1, description="Tests that pass and assert something, at the least.")] = 5
    min_share: Annotated[
        float, Meta(gt=0, le=100, description="Percent of the tests that run which must pass for full marks.")
    ] = 100.0


@check("pytest.own", capabilities=("sandbox",), measure="tests")
def own(context: Context, params: Own) -> Outcome:
    """The learner's own tests run and pass, and they assert something about the learner's own code.

    Our pytest runs them in the sandbox with the learner's own `conftest.py`; of the learner's configuration only where
    to import from and how coroutines are called is taken. Which tests there are is read from the files: one counts if
    it asserts something about the learner's modules that can fail (as in `python.assertions`) and passes, however many
    parameters it is called with. A skipped test is as good as none; one that is expected to fail, or is not heard of,
    has failed. The share of points is that of `min_tests` reached, times the share of the tests that pass.

    How a test ended is the claim of a process that holds the learner's code. What is held against it: the list of
    tests, and failing tests of ours in each folder, beside which nothing counts unless they are reported as failed.
    """
    suite = read_suite(context, params)
    canaries = Canaries(suite.files)
    plan = plan_of(context, params, suite)
    plan = plan.replace(files=(*canaries.files, *plan.files), added={**plan.added, **canaries.files})
    run = run_tests(context.sandbox, context.workspace, plan, context.deadline)
    counted, left_out = _counted(suite, run, canaries), _left_out(suite, run)
    failing = _failing(suite, run, canaries, left_out)
    share = Fraction(len(counted), len(counted) + len(failing)) if counted else Fraction(0)
    fraction = min(Fraction(1), Fraction(len(counted), params.min_tests)) * min(
        Fraction(1), share * 100 / Fraction(str(params.min_share))
    )
    if fraction < 1:
        require_packages(context, params, suite, run)
    outcome = Outcome.partial(
        fraction,
        _message(counted, failing, run),
        Evidence.number(len(counted), f"at least {params.min_tests}", "tests", "that pass and assert something"),
        *_evidence(suite, counted, failing, left_out),
        *suite.faults,
        *_outside(run),
        measure=Measure(value=len(counted), unit="tests", threshold=params.min_tests),
    )
    return outcome.replace(claimed=True)


def _counted(suite: Suite, run: TestRun, canaries: Canaries) -> list[OwnTest]:
    return [
        test for test in suite.sound if run.end(test.node_id) == End.PASSED and not canaries.find_lie(run, test.path)
    ]


def _left_out(suite: Suite, run: TestRun) -> Mapping[str, str]:
    """Return the tests that are skipped when they run, each with the reason: as if they were not there."""
    skipped = {name: told.why for name, told in run.tests.items() if told.end == End.SKIPPED}
    whole = {test.node_id: run.left_out[test.path] for test in suite.tests if test.path in run.left_out}
    return {**skipped, **whole}


def _failing(suite: Suite, run: TestRun, canaries: Canaries, left_out: Mapping[str, str]) -> dict[str, str]:
    """Return the tests that fail or are lost, each with what is known of it."""
    told = {
        name: told.why or str(told.end)
        for name, told in run.tests.items()
        if told.end in (End.FAILED, End.BROKE, End.LOST) and not canaries.owns(name)
    }
    for test in suite.sound:
        if test.node_id in told or test.node_id in left_out:
            continue
        if run.end(test.node_id) is None:
            told[test.node_id] = run.unreadable.get(test.path) or _unheard(run)
        elif run.end(test.node_id) == End.XFAILED:
            told[test.node_id] = "it is expected to fail"
        elif lie := canaries.find_lie(run, test.path):
            told[test.node_id] = f"a test of ours beside it that must fail was reported as: {lie}"
    return told


def _unheard(run: TestRun) -> str:
    return "it was not run" if run.is_whole else f"it was not run to its end: {run.how}"


def _message(counted: list[OwnTest], failing: Mapping[str, str], run: TestRun) -> str:
    total = len(counted) + len(failing)
    first = next(iter(failing.items()), None)
    said = f"; {first[0]} does not: {first[1]}" if first else ""
    early = f" The run did not come to its end: {run.how}." if not run.is_whole else ""
    return f"{len(counted)} of {total} tests that assert something about your code pass{said}.{early}"


def _evidence(
    suite: Suite, counted: list[OwnTest], failing: Mapping[str, str], left_out: Mapping[str, str]
) -> list[Evidence]:
    known = {test.node_id: test for test in suite.tests}
    found: list[Evidence] = []
    for name, why in list(failing.items())[:MOST_SHOWN]:
        path, _, rest = name.partition("::")
        line = known[name].line if name in known else None
        found.append(Evidence(path=path, line=line, expected="passes", actual=why, text=rest.replace("::", ".")))
    found += [flaw_evidence(test) for test in suite.flawed[:MOST_SHOWN]]
    for name, why in list(left_out.items())[:MOST_SHOWN]:
        path, _, rest = name.partition("::")
        found.append(Evidence(path=path, actual=f"left out: {why}", text=rest.replace("::", ".")))
    found += [
        Evidence(path=test.path, line=test.line, actual="passes", text=test.name) for test in counted[:MOST_SHOWN]
    ]
    return found


def _outside(run: TestRun) -> list[Evidence]:
    """Show what was printed outside any test, where that is all there is."""
    if run.tests or not run.said:
        return []
    return [
        Evidence(kind=EvidenceKind.COMMAND, path="pytest", expected="tests that run", actual=run.how, text=run.said)
    ]
