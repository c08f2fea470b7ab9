"""The kubernetes.exec check kind."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.kubernetes import PODS, Cluster, Refused
from infra_grader.capabilities.kubernetes_service import alone
from infra_grader.capabilities.sandbox import Ended
from infra_grader.model.record import Record
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Handle,
    Measure,
    Meta,
    Outcome,
    Params,
    check,
)
from infra_grader.reading.kube_seen import Workload, is_ours, is_ready
from infra_grader.reading.kube_target import Globs, TargetParams, choose_workloads, things_of
from infra_grader.reading.live_deployed import Deployed, deployed_of
from infra_grader.reading.printed import Asked, judged


class Case(Asked, kw_only=True):
    """One command, and what it must print."""

    command: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(min_length=1, description="The command, word by word; `[sh, -c, ...]` for a line of shell."),
    ]

    def __post_init__(self) -> None:
        """Refuse files, which stay in the container."""
        super().__post_init__()
        if self.leaves:
            raise ValueError("files stay in the container: print them by a command")


class Exec(Params):
    """What is run in a pod of which workload."""

    of: Annotated[Handle, Meta(description="Id of the check that put it into the cluster.")]
    cases: Annotated[list[Case], Meta(min_length=1, max_length=50, description="What is run, one after another.")]
    workload: Annotated[
        Globs, Meta(description="Names of the Deployment, StatefulSet or DaemonSet, as globs; without it, any.")
    ] = msgspec.field(default_factory=list)
    image: Annotated[
        Globs, Meta(description="Images, as globs, of which a container of the workload runs one; without it, any.")
    ] = msgspec.field(default_factory=list)
    container: Annotated[str, Meta(description="Name of the container; the pod's first one where left out.")] = ""
    seconds: Annotated[float, Meta(gt=0, le=240, description="Time for each command.")] = 20.0
    ready_s: Annotated[float, Meta(gt=0, le=240, description="Time until a pod is ready.")] = 60.0


class Ran(Record):
    """What came of one command."""

    exit_status: int = 0
    stdout: str = ""
    stderr: str = ""
    refused: str = ""
    """Why the cluster did not run it, in its own words."""
    is_late: bool = False
    """Whether it was still running when its time was up."""


class Runs(Record):
    """The commands as they were run, as long as there was a pod to run them in."""

    ran: tuple[Ran, ...]


@check("kubernetes.exec", capabilities=("kubernetes", "command"), measure="%")
def execute(context: Context, params: Exec) -> Outcome:
    """Commands in a pod of a workload print what they are asked to print.

    They run beside the service, in a pod that is ready, as `kubectl exec` runs them. The share of right cases is the
    share of the points. A pod in which a command does not end is deleted, so that its workload makes another.
    """
    wanted = TargetParams(of=params.of, workload=params.workload, image=params.image)
    workloads = choose_workloads(things_of(context, params.of), wanted)

    def look() -> Runs:
        with alone(context.kubernetes, context.deadline):
            return _run_all(context, deployed_of(context, params.of), workloads, params)

    asked = (params.of, params.container, [(case.command, case.stdin) for case in params.cases])
    runs = context.observe("commands", Runs, look, asked=(*asked, wanted.workload, wanted.image))
    return judge(context, params, workloads, runs)


def judge(context: Context, params: Exec, workloads: list[Workload], runs: Runs) -> Outcome:
    """Judge what the commands printed."""
    titles = " or ".join(each.title for each in workloads)
    if not runs.ran:
        raise CheckFailed(
            f"No pod of {titles} was ready within {params.ready_s:g} s.",
            Evidence(kind=EvidenceKind.FIELD, path=titles, expected="a pod that is ready", actual="none"),
        )
    evidence = [_judged(context, params, runs, number) for number in range(len(params.cases))]
    right = sum(piece.expected is None for piece in evidence)
    return Outcome.partial(
        Fraction(right, len(evidence)),
        f"{right} of {len(evidence)} commands in a pod of {titles} print what they should.",
        *sorted(evidence, key=lambda piece: piece.expected is None),
        measure=Measure(value=round(100 * right / len(evidence), 2), unit="%", threshold=100),
    )


def _ready_one(pods: list[Mapping[str, Any]], workloads: list[Workload]) -> str | None:
    """Return the name of the first pod of the workloads that is ready."""
    for each in sorted(pods, key=lambda pod: str(pod["metadata"]["name"])):
        labels = each["metadata"].get("labels") or {}
        is_of_them = any(work.labels and work.labels.items() <= labels.items() for work in workloads)
        if is_of_them and is_ready(each) and not is_ours(each):
            return str(each["metadata"]["name"])
    return None


def _run_all(context: Context, deployed: Deployed, workloads: list[Workload], params: Exec) -> Runs:
    """Run the commands in one pod; in the next one where a command did not end, as that pod is deleted."""
    cluster, namespace, ran, pod = context.kubernetes.cluster, deployed.namespace, list[Ran](), ""
    for case in params.cases:
        if not pod:
            deadline = Deadline(min(params.ready_s, context.deadline.remaining()))
            found = cluster.await_(PODS, namespace, lambda pods: _ready_one(pods, workloads), deadline)
            if found is None:
                break
            pod = found
        ran.append(_run(context, cluster, namespace, pod, case, params))
        if ran[-1].is_late and deployed.is_ours:
            cluster.delete(PODS, pod, namespace, grace_s=1)  # nothing else ends what runs in it
            pod = ""
    return Runs(ran=tuple(ran))


def _run(context: Context, cluster: Cluster, namespace: str, pod: str, case: Case, params: Exec) -> Ran:
    context.tell(shlex.join(case.command))
    limit = Deadline(min(params.seconds, context.deadline.remaining()))
    try:
        ended = cluster.execute(pod, namespace, case.command, limit, container=params.container, stdin=case.stdin)
    except Overrun:
        context.deadline.check()
        return Ran(is_late=True)
    except Refused as error:
        return Ran(refused=error.message)
    return Ran(exit_status=ended.exit_status, stdout=ended.stdout, stderr=ended.stderr)


def _judged(context: Context, params: Exec, runs: Runs, number: int) -> Evidence:
    case = params.cases[number]
    ran = runs.ran[number] if number < len(runs.ran) else Ran(refused="no pod is ready any more")
    where = ["-c", params.container] if params.container else []
    title = shlex.join(["kubectl", "exec", "POD", *where, "--", *case.command])
    if ran.is_late:
        return Evidence(
            kind=EvidenceKind.COMMAND, path=title, expected=f"an end within {params.seconds:g} s", actual="none"
        )
    if ran.refused:
        return Evidence(
            kind=EvidenceKind.COMMAND, path=title, expected="a container in which it can be run", actual=ran.refused
        )
    ended = Ended(exit_status=ran.exit_status, stdout=ran.stdout.encode(), stderr=ran.stderr.encode())
    return judged(case, title, ended, context)
