"""The kubernetes.http check kind."""

from __future__ import annotations

import hashlib
import time

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.http import Client, NoAnswer, Request
from infra_grader.capabilities.kubernetes_service import ClusterRunning, ClusterService
from infra_grader.model.record import Record
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Measure,
    Meta,
    Outcome,
    check,
)
from infra_grader.reading.kube_asker import asker
from infra_grader.reading.kube_target import Chosen, TargetParams, target_of
from infra_grader.reading.live_deployed import deployed_of
from infra_grader.reading.running_service import HANDLE

SHOWN = 400
BODY = 8_000
"""Characters of a body that are looked at."""
PAUSE_S = 0.3
Status = Annotated[int, Meta(ge=100, le=599)]
Text = Annotated[str, Meta(min_length=1)]


class Http(TargetParams):
    """What a Service in the cluster is asked, and what it answers."""

    paths: Annotated[list[Text], Meta(min_length=1, description="Paths, of which one is answered rightly.")] = (
        msgspec.field(default_factory=lambda: ["/health", "/healthz", "/"])
    )
    status: Annotated[list[Status], Meta(min_length=1, description="Statuses of a right answer.")] = msgspec.field(
        default_factory=lambda: [200]
    )
    contains: Annotated[list[Text], Meta(description="Texts that its body contains.")] = msgspec.field(
        default_factory=list
    )
    seconds: Annotated[
        float, Meta(gt=0, le=240, description="Time until it is answered rightly; rules of the network come late.")
    ] = 20.0
    answer_s: Annotated[float, Meta(gt=0, le=120, description="Time for each answer.")] = 10.0


class Tried(Record):
    """What came of one path."""

    path: str
    status: int = 0
    reason: str = ""
    """Why there was no answer."""
    text: str = ""
    seconds: float = 0.0


class Answers(Record):
    """What came of the paths in the last round."""

    tried: tuple[Tried, ...]
    output: str = ""
    """What a pod behind the Service printed, where none was answered rightly."""


@check("kubernetes.http", capabilities=("kubernetes", "http"), measure="ms")
def http(context: Context, params: Http) -> Outcome:
    """A Service in the cluster answers over HTTP.

    It is asked by a pod of ours in another namespace, through the Service's own address, which every NetworkPolicy lets
    through: whether others may ask is judged by `kubernetes.reachable`. More than a status and some text is asked by
    `http.request`, `load.http` or `prometheus.scrape`, whose `service` the same check can be. It is measured how long
    the answer took, the way through the API of the cluster included.
    """
    chosen = target_of(context, params)
    key = hashlib.sha256(f"{params.of} {chosen.service.name} {chosen.port.number}".encode()).hexdigest()[:16]

    def look() -> Answers:
        service = context.shared((HANDLE, key), lambda: _open(context, params, chosen), reads_files=False)
        service.settle(context.deadline)
        return _ask(context, params, service.running)

    outcome = judge(params, chosen, context.observe("answers", Answers, look))
    return outcome.replace(provides=((HANDLE, key),))


def judge(params: Http, chosen: Chosen, answers: Answers) -> Outcome:
    """Judge what came of the paths. Raises `CheckFailed` where none was answered rightly."""
    for one in answers.tried:
        if not missed(params, one):
            milliseconds = round(1000 * one.seconds, 1)
            return Outcome.passed(
                f"GET {one.path} at {chosen.title} is answered by {one.status}.",
                _evidence(chosen, one),
                measure=Measure(value=milliseconds, unit="ms"),
            )
    faults = [_evidence(chosen, one).replace(expected=missed(params, one)) for one in answers.tried]
    if answers.output:
        faults.append(
            Evidence(kind=EvidenceKind.COMMAND, path="a pod behind it", text=answers.output[-SHOWN:], actual="printed")
        )
    raise CheckFailed(f"{chosen.title} does not answer as it should: {faults[0].actual}.", *faults)


def missed(params: Http, one: Tried) -> str:
    """Return what an answer is asked to be and is not, or nothing."""
    if one.reason:
        return "an answer"
    if one.status not in params.status:
        return f"status {' or '.join(map(str, params.status))}"
    return next((f"a body that contains {text!r}" for text in params.contains if text not in one.text), "")


def _open(context: Context, params: Http, chosen: Chosen) -> ClusterService:
    pods = ",".join(f"{key}={value}" for key, value in chosen.service.selector.items())
    deployed = deployed_of(context, params.of)
    running = ClusterRunning(
        asker(context, chosen, params.of),
        deployed.namespace,
        chosen.service.name,
        chosen.host,
        chosen.port.number,
        pods,
    )
    target = f"service/{chosen.service.name} {chosen.port.number}"
    command = f"kubectl --namespace {deployed.namespace} port-forward {target}"
    return ClusterService(context.kubernetes, running, command, deployed.settling.settle)


def _ask(context: Context, params: Http, running: ClusterRunning) -> Answers:
    """Ask all paths until one is answered rightly, or the time is up."""
    limit = Deadline(min(params.seconds, context.deadline.remaining()))
    while True:
        tried = [_try(context, params, running, path) for path in params.paths]
        if any(not missed(params, one) for one in tried):
            return Answers(tried=tuple(tried))
        context.deadline.check()
        if not limit.remaining():
            return Answers(tried=tuple(tried), output=running.output)
        time.sleep(PAUSE_S)


def _try(context: Context, params: Http, running: ClusterRunning, path: str) -> Tried:
    client = Client(running.connect, running.port, running.name)
    try:
        answer = client.ask(Request(target=path, follows=True), min(params.answer_s, context.deadline.remaining()))
    except NoAnswer as error:
        return Tried(path=path, reason=error.reason)
    finally:
        client.close()
    return Tried(path=path, status=answer.status, text=answer.text[:BODY], seconds=answer.seconds)


def _evidence(chosen: Chosen, one: Tried) -> Evidence:
    return Evidence(
        kind=EvidenceKind.HTTP,
        path=f"GET {one.path} at {chosen.title}",
        actual=one.reason or f"status {one.status}",
        text=one.text[:SHOWN] or None,
    )
