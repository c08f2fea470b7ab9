"""The helm.chart check kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from infra_grader.checks.helm._chart import ChartParams, Finding, chosen_chart, outcome_of
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.manifest_chart import Chart
from infra_grader.reading.stand_in import is_undone

Fact = Literal["apiVersion", "name", "version", "appVersion", "description", "type", "templates", "values"]
PART = r"(?:0|[1-9][0-9]*)"
SEMVER = re.compile(rf"v?{PART}\.{PART}\.{PART}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
NAME = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")


class ChartFacts(ChartParams):
    """What must be known of a chart."""

    require: Annotated[
        tuple[Fact, ...],
        Meta(
            min_length=1, description="Facts in Chart.yaml that must be sound, and whether it has templates and values."
        ),
    ] = ("apiVersion", "name", "version", "appVersion", "templates", "values")


@check("helm.chart", capabilities=("command",), measure="percent")
def chart(context: Context, params: ChartFacts) -> Outcome:
    """A chart says what it is: apiVersion v2, a name, a semantic version; it has templates, and values for them."""
    found = chosen_chart(context, params)
    return outcome_of([_finding(found, fact) for fact in params.require], found, "The facts")


def _finding(chart: Chart, fact: Fact) -> Finding:
    if fact == "templates":
        there = [
            path
            for path in chart.files
            if _below(chart, path).startswith("templates/") and path.endswith((".yaml", ".yml"))
        ]
        evidence = Evidence(
            path=there[0] if there else chart.path, expected="templates", actual=f"{len(there)} templates"
        )
        return Finding(bool(there), evidence, "it has no templates")
    if fact == "values":
        path = next((path for path in chart.files if _below(chart, path) == "values.yaml"), None)
        evidence = Evidence(path=path or chart.path, expected="a values.yaml", actual="there" if path else "not there")
        return Finding(path is not None, evidence, "it has no values.yaml")
    value = chart.metadata.data.get(fact)
    expected, is_sound = FACTS[fact]
    is_met = is_sound(value)
    line = chart.metadata.key_place([fact]).line
    shown = "not there" if value is None else str(value)[:100]
    evidence = Evidence(path=chart.path, line=line, expected=f"{fact}: {expected}", actual=shown)
    return Finding(is_met, evidence, f"its {fact} is {shown}, not {expected}")


def _below(chart: Chart, path: str) -> str:
    return path.removeprefix(f"{chart.folder}/") if chart.folder else path


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not is_undone(value)


def _is_version(value: object) -> bool:
    return isinstance(value, str) and SEMVER.fullmatch(value[:200]) is not None


FACTS: dict[str, tuple[str, Callable[[object], bool]]] = {
    "apiVersion": ("v2", lambda value: value == "v2"),
    "name": (
        "lower case letters, digits and dashes",
        lambda value: isinstance(value, str) and bool(NAME.fullmatch(value)),
    ),
    "version": ("a semantic version such as 0.1.0", _is_version),
    # Helm itself takes a number here; two of its digits may then be lost.
    "appVersion": ("the version of what it runs", lambda value: _is_text(value) or isinstance(value, int | float)),
    "description": ("a sentence", _is_text),
    "type": ("application or library", lambda value: value in (None, "application", "library")),
}
