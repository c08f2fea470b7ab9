"""The coverage.lines check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.capabilities.test_run import TestRun, run_tests
from infra_grader.model.record import Record
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, Places, check, places
from infra_grader.reading.python_lines import Span, missing_ranges, statement_spans
from infra_grader.reading.python_source import Source
from infra_grader.reading.test_packages import require_packages
from infra_grader.reading.test_suite import SuiteParams, own_sources, plan_of, read_suite

MOST_SHOWN = 20


class Lines(SuiteParams, kw_only=True):
    """Which tests are run, and how much of which code they must reach."""

    source: Annotated[
        Places, Meta(description="Files, folders or globs with the code; files of tests are never counted.")
    ] = "src"
    min_percent: Annotated[float, Meta(gt=0, le=100, description="Percent of the lines that must run.")] = 80.0


class Covered(Record):
    """A file of the learner's, and which of its lines ran."""

    source: Source
    spans: list[Span]
    ran: frozenset[int]

    @property
    def count(self) -> int:
        """How many of its statements ran."""
        return sum(span.is_in(self.ran) for span in self.spans)

    @property
    def evidence(self) -> Evidence:
        """What ran of it, and which lines did not."""
        missing = missing_ranges(self.spans, self.ran)
        text = f"not run: lines {missing}" if missing else "every line runs"
        return Evidence(path=self.source.path, expected=len(self.spans), actual=self.count, unit="lines", text=text)


@check("coverage.lines", capabilities=("sandbox",), measure="%")
def lines(context: Context, params: Lines) -> Outcome:
    """The learner's own tests run most lines of the learner's code.

    The lines that hold statements are counted from the syntax trees of all files in `source`, those that are never
    imported too; no configuration and no comment such as `pragma: no cover` takes one out. Only tests that assert
    something about the learner's modules are run (see `pytest.own`), by our pytest and coverage. The share of points is
    that of `min_percent` reached.

    Which lines ran is the claim of a process that holds the learner's code, and can be forged: let few points hang on
    it, and see `coverage.mutants` for whether the tests would notice a fault.
    """
    suite = read_suite(context, params)
    sources = own_sources(context, places(params.source))
    if not any(_spans(source) for source in sources):
        raise CheckFailed(
            "There is no code of your own to be covered.",
            Evidence(path=places(params.source)[0], expected="Python files that do something", actual="none"),
        )
    plan = plan_of(context, params, suite).replace(
        only=tuple(test.node_id for test in suite.sound), cover=tuple(source.path for source in sources)
    )
    run = run_tests(context.sandbox, context.workspace, plan, context.deadline)
    files = [_covered(source, run) for source in sources]
    total, reached = sum(len(file.spans) for file in files), sum(file.count for file in files)
    percent = Fraction(100 * reached, total)
    fraction = min(Fraction(1), percent / Fraction(str(params.min_percent)))
    if fraction < 1:
        require_packages(context, params, suite, run)
    early = "" if run.is_whole else f" The run of the tests did not come to its end: {run.how}."
    outcome = Outcome.partial(
        fraction,
        f"Your tests run {reached} of {total} lines, {float(percent):.0f} percent.{early}",
        Evidence.number(round(float(percent), 2), f"at least {params.min_percent:g}", "%"),
        *(file.evidence for file in sorted(files, key=lambda file: file.count - len(file.spans))[:MOST_SHOWN]),
        *_suppressions(sources),
        measure=Measure(value=round(float(percent), 2), unit="%", threshold=params.min_percent),
    )
    return outcome.replace(claimed=True)


def _covered(source: Source, run: TestRun) -> Covered:
    return Covered(source=source, spans=_spans(source), ran=run.lines.get(source.path, frozenset()))


def _spans(source: Source) -> list[Span]:
    """Return the lines to be run; of a file that Python cannot read, all that are neither blank nor a comment."""
    if not source.fault:
        return statement_spans(source.tree)
    written = [number for number, line in enumerate(source.lines, 1) if line.strip() and line.strip()[0] != "#"]
    return [Span(first=number, last=number) for number in written]


def _suppressions(sources: list[Source]) -> list[Evidence]:
    """Point at the comments that would take lines out of the count."""
    return [
        Evidence(path=source.path, line=found.line, actual=found.text, text="This comment was not obeyed.")
        for source in sources
        for found in source.suppressions
        if "pragma" in found.text.lower()
    ][:MOST_SHOWN]
