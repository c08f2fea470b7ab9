"""What a check of manifests reads, as a rubric names it: plain files, a rendered chart, a built kustomization."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from msgspec import Meta

from infra_grader.model.outcome import CheckFailed, NotAssessed, Outcome
from infra_grader.plugin import Context, Params, Places, RelativePath, places
from infra_grader.reading.manifest import ManifestSet
from infra_grader.reading.manifest_chart import find_chart, render_chart
from infra_grader.reading.manifest_files import read_manifest_files
from infra_grader.reading.manifest_kustomization import build_kustomization, find_kustomization
from infra_grader.reading.manifest_workload import is_workload

ValuesFiles = Annotated[
    tuple[RelativePath, ...], Meta(description="Values files that the chart is rendered with, in this order.")
]
Settings = Annotated[
    dict[str, Any], Meta(description="Values that the rubric sets for the rendering; they win over every file.")
]


class ManifestParams(Params):
    """Which manifests a check looks at. Where several sources are named, the one that does best counts."""

    manifests: Annotated[
        Places | None,
        Meta(
            description="Files, folders or globs with plain manifests, all of them read together. The whole submission"
            " where no source is named."
        ),
    ] = None
    chart: Annotated[
        Places | None, Meta(description="Folder of a Helm chart, or several places that may hold it; it is rendered.")
    ] = None
    values: ValuesFiles = ()
    settings: Settings = {}  # noqa: RUF012 - msgspec copies an empty default
    kustomization: Annotated[
        Places | None, Meta(description="Folder of a kustomization, or several places that may hold it; it is built.")
    ] = None


def judge_manifests(context: Context, params: ManifestParams, ask: Callable[[ManifestSet], Outcome]) -> Outcome:
    """Return the best outcome that a question has over the sources that the parameters name.

    Raises `NotAssessed` where none answers in full and one cannot be read on this machine; `CheckFailed` where none
    can be judged.
    """
    outcomes: list[Outcome] = []
    verdicts: list[CheckFailed] = []
    unknown: list[NotAssessed] = []
    for read in _sources(context, params):
        try:
            outcome = ask(read())
        except CheckFailed as verdict:
            verdicts.append(verdict)
        except NotAssessed as verdict:
            unknown.append(verdict)
        else:
            if outcome.fraction == 1:
                return outcome
            outcomes.append(outcome)
    if unknown:
        raise unknown[0]
    if not outcomes:  # a chart that is there and cannot be rendered says more than a kustomization that is not
        raise next((verdict for verdict in verdicts if not _is_absent(verdict)), verdicts[0])
    return max(outcomes, key=lambda outcome: outcome.fraction)


def read_source(context: Context, params: ManifestParams) -> ManifestSet:
    """Return the first named source, plain files, a kustomization or a chart, that has a workload of the learner's.

    A folder named for manifests may hold other files, or what belongs to a chart beside it. Where none has a workload,
    it raises what the first says that is there and cannot be read, else returns the first that holds objects. Raises
    `CheckFailed` where none does.
    """
    found: list[ManifestSet] = []
    verdicts: list[CheckFailed] = []
    for read in _sources(context, params):
        try:
            found.append(read())
        except CheckFailed as verdict:
            verdicts.append(verdict)
        else:
            if any(is_workload(each) for each in found[-1].own):
                return found[-1]
    broken = [each for each in verdicts if not _is_absent(each)]
    if found and not broken:
        return next((each for each in found if each.own), found[0])
    raise (broken or verdicts)[0]


def _is_absent(verdict: CheckFailed) -> bool:
    return all(item.actual in ("not there", "no objects") for item in verdict.evidence)


def _sources(context: Context, params: ManifestParams) -> Iterator[Callable[[], ManifestSet]]:
    """Yield what reads each named source; each is read once a submission."""
    if params.manifests is not None or (params.chart is None and params.kustomization is None):
        files = places(params.manifests or ".")
        yield lambda: context.shared(("manifests", tuple(files)), lambda: read_manifest_files(context.workspace, files))
    if params.kustomization is not None:
        overlays = places(params.kustomization)
        yield lambda: build_kustomization(context, find_kustomization(context, overlays))
    if params.chart is not None:
        charts = places(params.chart)
        yield lambda: render_chart(context, find_chart(context, charts), params.values, params.settings)
