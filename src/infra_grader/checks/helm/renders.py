"""The helm.renders check kind."""

from __future__ import annotations

from collections.abc import Sequence

from infra_grader.checks.helm._chart import ChartParams, Finding, chosen_chart, outcome_of
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, RelativePath, check
from infra_grader.reading.manifest import ManifestSet
from infra_grader.reading.manifest_chart import Chart, render_chart
from infra_grader.reading.manifest_source import Settings


class Renders(ChartParams):
    """With what a chart is rendered, and what must come of it."""

    values_files: Annotated[
        tuple[RelativePath, ...],
        Meta(
            description="Values files, or globs that each name at least one; the chart is rendered with each by itself."
        ),
    ] = ()
    settings: Settings = {}  # noqa: RUF012 - msgspec copies an empty default
    kinds: Annotated[tuple[str, ...], Meta(description="Kinds of objects that it must render.")] = ()
    differ: Annotated[
        bool, Meta(description="Whether each values file must change what is rendered, and each in its own way.")
    ] = True


@check("helm.renders", capabilities=("command",), measure="percent")
def renders(context: Context, params: Renders) -> Outcome:
    """A chart renders to objects as it is, and with each values file, which really changes them."""
    files = context.workspace.find(*params.values_files)
    chart = chosen_chart(context, params, files)
    plain = render_chart(context, chart.folder, (), params.settings, beside=files)
    first = _where(plain, chart)
    findings = [
        Finding(
            bool(plain.objects),
            Evidence(path=first, expected="objects", actual=f"{len(plain.objects)} objects"),
            "it renders no objects",
        )
    ]
    findings += [_kind(kind, plain, chart) for kind in params.kinds]
    seen: list[tuple[str, object]] = [("values.yaml", _content(plain))]
    for pattern in params.values_files:
        files = context.workspace.find(pattern)
        if not files:
            evidence = Evidence(path=pattern, expected="a values file of your own", actual="not there")
            findings.append(Finding(False, evidence, f"there is no {pattern}"))
        for file in files:
            findings.append(_with_file(context, chart, file, seen, params))
    return outcome_of(findings, chart, "The rendering")


def _with_file(context: Context, chart: Chart, file: str, seen: list[tuple[str, object]], params: Renders) -> Finding:
    """Return whether a values file renders and changes something; remembers what came of it."""
    try:
        found = render_chart(context, chart.folder, (file,), params.settings)
    except CheckFailed as verdict:
        evidence = verdict.evidence[0] if verdict.evidence else Evidence(path=file)
        return Finding(False, evidence, verdict.message.rstrip("."))
    content = _content(found)
    same = next((name for name, its in seen if its == content), None)
    seen.append((file, content))
    expected = "other objects than without it" if params.differ else "objects"
    evidence = Evidence(
        path=file, expected=expected, actual=f"the same as {same}" if same else f"{len(found.objects)} objects"
    )
    is_met = bool(found.objects) and (same is None or not params.differ)
    return Finding(is_met, evidence, f"{file} renders the same as {same}" if same else f"{file} renders nothing")


def _content(found: ManifestSet) -> object:
    """Return what a rendering holds, without what charts draw by lot."""
    return [(each.kind, each.name, each.data) for each in found.objects if each.kind != "Secret"]


def _kind(kind: str, found: ManifestSet, chart: Chart) -> Finding:
    fitting = [each for each in found.own if each.kind == kind]
    there = ", ".join(sorted({each.kind for each in found.own}))[:200] or "nothing"
    if fitting:
        return Finding(True, fitting[0].evidence(f"a {kind}"))
    return Finding(False, Evidence(path=chart.path, expected=f"a {kind}", actual=there), f"it renders no {kind}")


def _where(found: ManifestSet, chart: Chart) -> str:
    paths: Sequence[str] = [each.locate(())[0] for each in found.own]
    return paths[0] if paths else chart.path
