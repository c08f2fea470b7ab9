"""The helm.named_templates check kind."""

from __future__ import annotations

from infra_grader.checks.helm._chart import ChartParams, Finding, chosen_chart, outcome_of
from infra_grader.checks.helm._templates import read_templates
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check


class NamedTemplates(ChartParams):
    """How many named templates a chart must share among its templates."""

    min_used: Annotated[int, Meta(ge=1, description="Named templates that must be defined and included.")] = 1


@check("helm.named_templates", capabilities=("command",), measure="percent")
def named_templates(context: Context, params: NamedTemplates) -> Outcome:
    """Templates share named templates, for names and labels; what is included is defined."""
    chart = chosen_chart(context, params)
    found = read_templates(context, chart)
    used = [name for name in found.included if name in found.defined]
    path, line = found.defined[used[0]] if used else (chart.path, None)
    findings = [
        Finding(
            len(used) >= params.min_used,
            Evidence(
                path=path,
                line=line,
                expected=f"at least {params.min_used} named templates in use",
                actual=f"{len(used)}",
            ),
            f"only {len(used)} named templates are defined and included",
        )
    ]
    # A chart that this one depends on may define it.
    is_alone = not chart.metadata.data.get("dependencies") and not any("/charts/" in f"/{each}" for each in chart.files)
    for name, (where, at) in found.included.items() if is_alone else ():
        evidence = Evidence(
            path=where, line=at, expected=f"a definition of {name}", actual=_seen(name in found.defined)
        )
        findings.append(Finding(name in found.defined, evidence, f"{name} is included and not defined"))
    return outcome_of(findings, chart, "The named templates")


def _seen(is_there: bool) -> str:
    return "there" if is_there else "not there"
