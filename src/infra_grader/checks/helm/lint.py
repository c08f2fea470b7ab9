"""The helm.lint check kind."""

from __future__ import annotations

import re

from infra_grader.checks.helm._chart import MOST_SHOWN, ChartParams, chosen_chart, missing_charts
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, NotAssessed, Outcome, check
from infra_grader.reading.manifest_chart import Chart, helm_problem, run_helm, values_arguments
from infra_grader.reading.manifest_source import Settings, ValuesFiles

MESSAGE = re.compile(r"\[(?P<level>ERROR|WARNING)\] (?P<text>.+)")
SUMMARY = re.compile(r"[0-9]+ chart\(s\) linted")


class Lint(ChartParams):
    """How helm lints a chart."""

    values: ValuesFiles = ()
    settings: Settings = {}  # noqa: RUF012 - msgspec copies an empty default
    max_warnings: Annotated[
        int | None, Meta(description="Warnings with which it still passes; without this, as many as there are.")
    ] = None


@check("helm.lint", capabilities=("command",), measure="problems")
def lint(context: Context, params: Lint) -> Outcome:
    """`helm lint` finds no errors in a chart."""
    chart = chosen_chart(context, params, params.values)
    key = ("helm.lint", chart.folder, params.values, str(params.settings))
    problems = context.shared(key, lambda: _lint(context, params, chart))
    errors = [piece for level, piece in problems if level == "ERROR"]
    warnings = [piece for level, piece in problems if level == "WARNING"]
    is_met = not errors and (params.max_warnings is None or len(warnings) <= params.max_warnings)
    first = f"; the first: {(errors or warnings)[0].actual}" if problems else ""
    return Outcome.passed_if(
        is_met,
        f"helm lint finds {len(errors)} errors and {len(warnings)} warnings in {chart.title}{first}.",
        *[*errors, *warnings][:MOST_SHOWN],
        Evidence(path=chart.path, expected="no errors", actual=f"{len(errors)} errors, {len(warnings)} warnings"),
        *missing_charts(chart),
        measure=Measure(value=len(errors) + len(warnings), unit="problems", threshold=params.max_warnings),
    )


def _lint(context: Context, params: Lint, chart: Chart) -> list[tuple[str, Evidence]]:
    output = run_helm(
        context, chart, "lint", str(chart.copy), *values_arguments(context, params.values, params.settings)
    )
    text = f"{output.stdout}\n{output.stderr}".replace(str(chart.copy), chart.folder or ".")
    if not SUMMARY.search(text):
        reason = helm_problem(text, chart)
        raise NotAssessed(f"helm lint could not finish: {reason}", "Run `helm lint` by hand to see why.")
    found = []
    for match in MESSAGE.finditer(text):
        path, line = chart.place(match["text"]) or (chart.path, None)
        found.append(
            (match["level"], Evidence(path=path, line=line, actual=match["text"][:300], text=match["level"].lower()))
        )
    if output.exit_status and not any(level == "ERROR" for level, _ in found):
        found.append(
            ("ERROR", Evidence(path=chart.path, actual=helm_problem(output.stderr, chart) or "helm lint fails"))
        )
    return found
