"""The helm.values check kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra_grader.checks.helm._chart import ChartParams, Finding, chosen_chart, outcome_of
from infra_grader.checks.helm._templates import Use, read_templates
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.manifest_chart import Chart
from infra_grader.reading.manifest_files import joined
from infra_grader.reading.yaml import Document, YamlError, read_documents

Keys = tuple[str, ...]


class Values(ChartParams):
    """How a chart must use its values."""

    min_used: Annotated[int, Meta(description="How many values the templates must name.")] = 5
    max_unused: Annotated[
        int, Meta(description="Top-level values that no template names and that are still overlooked.")
    ] = 0


@check("helm.values", capabilities=("command",), measure="percent")
def values(context: Context, params: Values) -> Outcome:
    """Templates name values that values.yaml holds, and values.yaml holds none that no template names."""
    chart = chosen_chart(context, params)
    document = _read_values(context, chart)
    uses = read_templates(context, chart).uses
    distinct = {use.keys: use for use in uses}
    path = joined(chart.folder, "values.yaml")
    findings = [
        Finding(
            len(distinct) >= params.min_used,
            Evidence(path=path, expected=f"at least {params.min_used} values named", actual=f"{len(distinct)} named"),
            f"its templates name only {len(distinct)} values",
        )
    ]
    findings += [_is_there(use, document) for use in distinct.values() if use.keys and not _may_lack(use, uses)]
    unused = [key for key in _top_level(document) if not _is_used(key, uses, chart)]
    line = document.key_place([unused[0]]).line if unused else None
    findings.append(
        Finding(
            len(unused) <= params.max_unused,
            Evidence(
                path=path,
                line=line,
                expected="values that a template names",
                actual=", ".join(unused)[:200] or "all named",
            ),
            f"no template names {', '.join(unused)[:200]}",
        )
    )
    return outcome_of(findings, chart, "The values")


def _read_values(context: Context, chart: Chart) -> Document:
    path = joined(chart.folder, "values.yaml")
    content = context.workspace.view(allow_starter=True).read_bytes(path)
    try:
        documents = [document for document in read_documents(content) if isinstance(document.data, dict)]
    except YamlError as error:
        raise CheckFailed(
            f"{path} is not valid YAML on line {error.line}: {error.message}.",
            Evidence(path=path, line=error.line, expected="valid YAML", actual=error.message),
        ) from error
    if not documents:
        raise CheckFailed(f"{path} holds no values.", Evidence(path=path, expected="values", actual="none"))
    return documents[0]


def _may_lack(use: Use, uses: list[Use]) -> bool:
    """Whether some template looks first whether a value, or what it stands in, is there."""
    return any(other.may_lack and other.keys == use.keys[: len(other.keys)] for other in uses if other.keys)


def _is_there(use: Use, document: Document) -> Finding:
    written = ".".join(use.keys)
    value: Any = document.data
    for key in use.keys:
        if not isinstance(value, dict) or key not in value:
            evidence = Evidence(path=use.path, line=use.line, expected=f"{written} in values.yaml", actual="not there")
            return Finding(False, evidence, f"{use.path} names {written}, which values.yaml lacks")
        value = value[key]
    return Finding(True, Evidence(path=use.path, line=use.line, expected=written, actual="in values.yaml"))


def _top_level(document: Document) -> Iterator[str]:
    yield from (key for key in document.data if key != "global")


def _is_used(key: str, uses: list[Use], chart: Chart) -> bool:
    """Whether a template names a value, all values, or the value is meant for a chart that this one depends on."""
    listed = chart.metadata.data.get("dependencies")
    others = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    charts = {name for item in others for name in (item.get("name"), item.get("alias")) if isinstance(name, str)}
    packed = any(joined(chart.folder, f"charts/{key}/Chart.yaml") == path for path in chart.files)
    conditions = " ".join(str(item.get("condition")) for item in others)
    return key in charts or packed or f"{key}." in conditions or any(not use.keys or use.keys[0] == key for use in uses)
