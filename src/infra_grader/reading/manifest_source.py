"""What a check of manifests reads, as a rubric names it: plain files, a rendered chart, a built kustomization."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from infra_grader.model.outcome import CheckFailed, NotAssessed, Outcome
from infra_grader.plugin import Context, Params, Places, RelativePath, places
from infra_grader.reading.manifest import Absent, ManifestSet
from infra_grader.reading.manifest_chart import find_chart, render_chart
from infra_grader.reading.manifest_files import read_manifest_files
from infra_grader.reading.manifest_kustomization import build_kustomization, find_kustomization, open_kustomization
from infra_grader.reading.manifest_workload import Workload, is_workload
from infra_grader.reading.stand_in import is_undone

TOOLS = frozenset(
    {"alertmanager", "blackbox-exporter", "busybox", "curl", "elasticsearch", "grafana", "jaeger", "k6", "kafka",
     "kibana", "kube-state-metrics", "locust", "logstash", "loki", "mariadb", "memcached", "minio", "mlflow", "mongo",
     "mysql", "nginx", "node-exporter", "postgres", "prometheus", "promtail", "pushgateway", "rabbitmq", "redis"}
)  # fmt: skip
"""Images of others that stand beside a service; manifests of these alone leave it to another source."""

ValuesFiles = Annotated[
    tuple[RelativePath, ...], Meta(description="Values files that the chart is rendered with, in this order.")
]
Settings = Annotated[
    dict[str, Any], Meta(description="Values that the rubric sets for the rendering; they win over every file.")
]


class ManifestParams(Params):
    """Which manifests a check looks at; `manifests` says which source counts where several are named."""

    manifests: Annotated[
        Places | None,
        Meta(
            description="Files, folders or globs with plain manifests, all of them read together. The whole submission"
            " where no source is named. Of several sources the first counts that runs an image of the learner's (files,"
            " but as built where the kustomization builds on them; the kustomization; the chart); a later one answers"
            " for what that one has no object of."
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


class _Said(NamedTuple):
    """What one source answers, and whether no other is asked after it."""

    answer: Outcome | CheckFailed | NotAssessed
    is_final: bool = False


def judge_manifests(context: Context, params: ManifestParams, ask: Callable[[ManifestSet], Outcome]) -> Outcome:
    """Return what a question finds in the sources that the parameters name, as `ManifestParams` says.

    Where none of them runs anything, the best outcome counts. Raises `NotAssessed` where one that may come first cannot
    be read on this machine, unless a later one answers in full; `CheckFailed` where none can be judged.
    """
    answers: list[Outcome | CheckFailed | NotAssessed] = []
    for read in _sources(context, params):
        said = _judge(read, ask)
        if said.is_final:
            answers = [each for each in answers if isinstance(each, NotAssessed)]
        answers.append(said.answer)
        if said.is_final or (isinstance(said.answer, Outcome) and said.answer.fraction == 1):
            break
    outcomes = [each for each in answers if isinstance(each, Outcome)]
    best = max(outcomes, key=lambda outcome: outcome.fraction, default=None)
    if best is not None and best.fraction == 1:
        return best
    for answer in answers:
        if isinstance(answer, NotAssessed):
            raise answer
    if best is None:  # a chart that is there and cannot be rendered says more than a kustomization that is not
        verdicts = [each for each in answers if isinstance(each, CheckFailed)]
        raise next((verdict for verdict in verdicts if not _is_absent(verdict)), verdicts[0])
    return best


def _judge(read: Callable[[], ManifestSet], ask: Callable[[ManifestSet], Outcome]) -> _Said:
    try:
        found = read()
    except (CheckFailed, NotAssessed) as verdict:
        return _Said(verdict)
    try:
        return _Said(ask(found), _runs(found))
    except Absent as verdict:
        return _Said(verdict, verdict.is_hidden)
    except (CheckFailed, NotAssessed) as verdict:
        return _Said(verdict, _runs(found))


def read_source(context: Context, params: ManifestParams) -> ManifestSet:
    """Return the first source that counts, as `ManifestParams` says; it is the one that goes into a cluster.

    Where none runs an image of the learner's, it is the first with a workload of the learner's. Where none has one, it
    raises what the first says that is there and cannot be read, else returns the first that holds objects. Raises
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
            if _runs(found[-1]):
                return found[-1]
    with_workload = [each for each in found if any(is_workload(one) for one in each.own)]
    if with_workload:
        return with_workload[0]
    broken = [each for each in verdicts if not _is_absent(each)]
    if found and not broken:
        return next((each for each in found if each.own), found[0])
    raise (broken or verdicts)[0]


def _runs(found: ManifestSet) -> bool:
    """Whether a workload of the learner's own runs something of theirs: stubs name no image, and tools are others'."""
    own = [Workload(each) for each in found.own if is_workload(each)]
    images = [container.image for workload in own for container in workload.containers]
    return any(not is_undone(image) and re.split("[:@]", image.rpartition("/")[2])[0] not in TOOLS for image in images)


def _is_absent(verdict: CheckFailed) -> bool:
    return all(item.actual in ("not there", "no objects") for item in verdict.evidence)


def _sources(context: Context, params: ManifestParams) -> Iterator[Callable[[], ManifestSet]]:
    """Yield what reads each named source, in the order in which they count; each is read once a submission."""
    files = None
    if params.manifests is not None or (params.chart is None and params.kustomization is None):
        files = places(params.manifests or ".")
    overlays = None if params.kustomization is None else places(params.kustomization)

    def plain() -> ManifestSet:
        wanted = tuple(files or ())
        return context.shared(("manifests", wanted), lambda: read_manifest_files(context.workspace, wanted))

    def built() -> ManifestSet:
        return build_kustomization(context, find_kustomization(context, overlays or ()))

    named = [read for read, given in ((plain, files), (built, overlays)) if given is not None]
    yield from reversed(named) if len(named) == 2 and _builds_on(context, overlays or (), plain) else named
    if params.chart is not None:
        charts = places(params.chart)
        yield lambda: render_chart(context, find_chart(context, charts), params.values, params.settings)


def _builds_on(context: Context, overlays: Sequence[str], plain: Callable[[], ManifestSet]) -> bool:
    """Whether a kustomization takes workloads out of the plain files, which are then no more than its parts."""
    try:
        parts = set(open_kustomization(context, find_kustomization(context, overlays)).files)
        return any(each.locate(())[0] in parts for each in plain().own if is_workload(each))
    except (CheckFailed, NotAssessed):  # said where it is read
        return False
