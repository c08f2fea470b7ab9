"""Which chart the kinds of this family look at, and the outcome of what they ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, NamedTuple

from msgspec import Meta

from infra_grader.plugin import Context, Evidence, Measure, Outcome, Params, Places, places
from infra_grader.reading.manifest_chart import Chart, find_chart, open_chart

MOST_SHOWN = 25


class ChartParams(Params):
    """Where the chart is."""

    chart: Annotated[
        Places, Meta(description="Folder of a Helm chart, or several places or globs that may name it.")
    ] = "**"


class Finding(NamedTuple):
    """The answer to one question about a chart."""

    is_met: bool
    evidence: Evidence
    problem: str = ""


def chosen_chart(context: Context, params: ChartParams, values: Sequence[str] = ()) -> Chart:
    """Return the chart that the parameters name. Raises `CheckFailed` where there is none, or none of the learner's."""
    return open_chart(context, find_chart(context, places(params.chart)), values)


def outcome_of(findings: Sequence[Finding], chart: Chart, what: str) -> Outcome:
    """Return the outcome for the share of the questions that are answered well. There must be at least one."""
    lost = [finding for finding in findings if not finding.is_met]
    share = Fraction(len(findings) - len(lost), len(findings))
    problem = f"; {lost[0].problem}" if lost else ""
    shown = [finding.evidence for finding in (*lost, *(each for each in findings if each.is_met))]
    return Outcome.partial(
        share,
        f"{what} of {chart.title}: {len(findings) - len(lost)} of {len(findings)} requirements met{problem}.",
        *shown[:MOST_SHOWN],
        *missing_charts(chart),
        measure=Measure(value=round(float(share * 100), 1), unit="percent", threshold=100),
    )


def missing_charts(chart: Chart) -> list[Evidence]:
    """Return what is to be said of charts that this one depends on and that are not there."""
    return [Evidence(path=chart.path, actual=f"{name} is not in charts/, and is left out") for name in chart.missing]
