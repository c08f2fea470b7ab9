"""The helm.install check kind."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from infra_grader.capabilities.kubernetes import Resource
from infra_grader.checks.helm._chart import ChartParams, chosen_chart
from infra_grader.checks.helm._release import STEPS, Released, fault_of, step_evidence
from infra_grader.checks.helm._steps import ALWAYS, Steps
from infra_grader.plugin import Context, Evidence, Handle, Measure, Outcome, check
from infra_grader.reading.helm_release import (
    NAMESPACE,
    is_hook,
    lent_helm,
    next_version,
    write_chart,
)
from infra_grader.reading.kube_apply import Facts, narrowed, scale_of, see_facts
from infra_grader.reading.kube_policy import refuse
from infra_grader.reading.kube_rewrite import Rewritten, Target, rewrite
from infra_grader.reading.live_deployed import ROLES, Deployed, DeployedObject, provide
from infra_grader.reading.live_pushed import pushed
from infra_grader.reading.manifest import Manifest, ManifestSet
from infra_grader.reading.manifest_chart import Chart, render_release
from infra_grader.reading.manifest_source import Settings, ValuesFiles

Step = Literal["install", "upgrade", "rollback", "uninstall"]
MOST_NOTES = 12


class Install(ChartParams):
    """With what a chart is installed, and what is done with the release."""

    values: ValuesFiles = ()
    settings: Settings = {}  # noqa: RUF012 - msgspec copies an empty default
    images: Annotated[
        dict[str, Handle],
        Meta(
            description="Images that the chart names, as globs, each with the id of the `docker.build` that builds it:"
            " that image takes its place."
        ),
    ] = msgspec.field(default_factory=dict)
    steps: Annotated[
        tuple[Step, ...],
        Meta(
            description="What is done, in the order install, upgrade, rollback, uninstall. More than `install` is done"
            " in a namespace of its own."
        ),
    ] = ("install",)
    beside: Annotated[
        bool,
        Meta(
            description="Whether the release has a namespace of its own in any case: where `kubernetes.apply` puts the"
            " same work into the submission's."
        ),
    ] = False
    upgrade_values: ValuesFiles = ()
    upgrade_settings: Annotated[
        dict[str, Any], Meta(description="Values that the rubric sets for the upgrade, besides those of `settings`.")
    ] = msgspec.field(default_factory=dict)
    seconds: Annotated[float, Meta(gt=0, le=600, description="Time for each step, with the hooks that it runs.")] = 90.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The objects of the release, before and after the upgrade."""

    chart: Chart
    first: ManifestSet
    second: ManifestSet
    facts: Facts


@check("helm.install", capabilities=("kubernetes", "command"), measure="%")
def install(context: Context, params: Install) -> Outcome:
    """A chart is installed in a cluster by helm, upgraded to its next version, rolled back, and leaves nothing.

    Each step that is asked for counts the same: helm installs the release with its hooks; upgrades it, with other
    values or the next version of the chart alone; after the rollback every object is as it was; and after the end
    nothing is left but claims of StatefulSets and what the chart says to keep. What `lookup` finds in a template is
    nothing, as when a chart is rendered without a cluster; test hooks are left out. Whether pods become ready is asked
    by `kubernetes.rollout`, whose `of` this check can be.
    """
    chart = chosen_chart(context, params, params.values)
    first = render_release(context, chart, params.values, params.settings, NAMESPACE)
    if not first.objects:
        raise first.absent("object")
    second = _upgraded(context, chart, params) if "upgrade" in params.steps else first
    given = [*first.objects, *second.objects]
    facts = context.observe("cluster", Facts, lambda: see_facts(context.kubernetes, given))
    for each in (first, second):
        refuse(each.objects, facts.is_served)
    plan = Plan(chart=chart, first=first, second=second, facts=facts)
    released = context.observe("release", Released, lambda: _release(context, params, plan))
    return judge(context, params, plan, released)


def judge(context: Context, params: Install, plan: Plan, released: Released) -> Outcome:
    """Judge what became of the release. Raises `NotAssessed` where a step failed by the lab's doing."""
    rewritten = _rewritten(plan.first, plan.facts, released.namespace, released.images)
    later = _rewritten(plan.second, plan.facts, released.namespace, released.images)
    done = {step.name: step for step in released.steps}
    wanted = [step for step in STEPS if step in params.steps]
    faults: dict[str, list[Evidence]] = {}
    for step in wanted:
        known = later if step == "upgrade" else rewritten
        faults[step] = fault_of(step, done.get(step), released, known.manifests, plan.chart)
    right = [step for step in wanted if not faults[step]]
    broken = [step for step in wanted if faults[step]]
    message = f"Helm does {len(right)} of {len(wanted)} steps with {plan.chart.title} as they should be"
    notes = [*plan.first.notes, *rewritten.notes][:MOST_NOTES]
    outcome = Outcome.partial(
        Fraction(len(right), len(wanted)),
        f"{message}; {broken[0]} fails." if broken else f"{message}: {', '.join(right)}.",
        *(piece for step in broken for piece in faults[step]),
        *(step_evidence(done[step]) for step in right),
        *notes,
        measure=Measure(value=round(100 * len(right) / len(wanted), 2), unit="%", threshold=100),
    )
    if faults["install"] or "uninstall" in wanted:
        return outcome
    last = later if "upgrade" in right and "rollback" not in right else rewritten
    written = plan.second if last is later else plan.first
    return outcome.replace(provides=_provides(context, released, last, plan.facts, written))


def _provides(
    context: Context, released: Released, rewritten: Rewritten, facts: Facts, written: ManifestSet
) -> tuple[tuple[str, str], ...]:
    objects = tuple(
        DeployedObject(
            manifest=each,
            resource=Resource(
                api_version=each.api_version,
                kind=each.kind,
                plural=released.plurals.get(f"{each.api_version} {each.kind}", ""),
                is_namespaced=True,
            ),
        )
        for each in rewritten.manifests
        if not is_hook(each)
    )
    deployed = Deployed(
        namespace=released.namespace,
        objects=objects,
        notes=tuple(rewritten.notes),
        scale=facts.scale,
        roles=tuple(each for each in written.objects if each.kind in ROLES),
    )
    return provide(context, hashlib.sha256(released.namespace.encode()).hexdigest()[:16], deployed)


def _upgraded(context: Context, chart: Chart, params: Install) -> ManifestSet:
    """Return the objects of the next version of a chart, with the values of the upgrade."""
    values = (*params.values, *params.upgrade_values)
    settings = {**params.settings, **params.upgrade_settings}
    return render_release(context, next_version(context, chart), values, settings, NAMESPACE, "--is-upgrade")


def _rewritten(found: ManifestSet, facts: Facts, namespace: str, images: Mapping[str, str]) -> Rewritten:
    target = Target(
        namespace=namespace,
        served=facts.is_served,
        own=frozenset({NAMESPACE}),
        images=images,
        scale=scale_of(facts),
        storage_classes=facts.storage_classes,
    )
    return rewrite(found.objects, target)


def _release(context: Context, params: Install, plan: Plan) -> Released:
    live = context.kubernetes
    images = pushed(context, params.images)
    asked = hashlib.sha256(msgspec.json.encode(params)).hexdigest()[:8]
    is_beside = params.beside or set(params.steps) != {"install"}
    own = live.enter(context.deadline)  # a release beside it needs a place in the cluster as well
    with context.deadline.paused():
        namespace = live.other_namespace(f"helm-{asked}") if is_beside else own
    sets = [_rewritten(each, plan.facts, namespace, images).manifests for each in (plan.first, plan.second)]
    live.guard(guarding(*sets), namespace=namespace)
    kinds = dict.fromkeys((*((each.api_version, each.kind) for one in sets for each in one), *ALWAYS))
    resources = [found for kind in kinds if (found := live.cluster.resource(*kind)) is not None]
    folder = Path(tempfile.mkdtemp(prefix="charts-", dir=context.command.scratch))
    charts = [write_chart(folder, number, narrowed(live, each)) for number, each in enumerate(sets, start=1)]
    run = Steps(context, plan.chart, namespace, charts, sets[0], resources, params.seconds)
    with lent_helm(context, namespace, int(params.seconds * len(params.steps)) + 60) as helm:
        run.all(helm, params.steps)
    live.guard(namespace=namespace)  # by the policies that are there now
    return Released(
        namespace=namespace,
        images=images,
        steps=tuple(run.steps),
        changed=run.changed,
        left=run.left,
        plurals={f"{each.api_version} {each.kind}": each.plural for each in resources},
    )


def guarding(*sets: Sequence[Manifest]) -> list[Mapping[str, Any]]:
    """Return the policies that hold for the pods of a release: one that is a hook comes late, or goes at once."""
    return [each.data for one in sets for each in one if each.kind == "NetworkPolicy" and not is_hook(each)]
