"""The prometheus.fires check kind."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fractions import Fraction

from infra_grader.capabilities.alert_sink import AlertSink, open_sink
from infra_grader.capabilities.compose_probe import python_image
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_frozen import frozen
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.docker_twin import twin_of
from infra_grader.checks.prometheus._stage import Stage
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
    NotAssessed,
    Outcome,
    Params,
    check,
)
from infra_grader.reading.alertmanager_live import AlertmanagerApi, open_alertmanager
from infra_grader.reading.compose_hosts import find_hosts
from infra_grader.reading.compose_live import Prepared, project_of
from infra_grader.reading.compose_member import find_service, running_member
from infra_grader.reading.monitor_live import until
from infra_grader.reading.prometheus_hurry import hurried_config, hurried_rules
from infra_grader.reading.prometheus_live import PORT, PrometheusApi, open_prometheus

PACE_S = 3
"""How often the twin scrapes and evaluates, and for how long its alerts wait."""
STEPS = 4
POLL_S = 1.0


class Fires(Params):
    """What stands still, and who is to notice."""

    project: Annotated[Handle, Meta(description="Id of the check that starts the project.")]
    fails: Annotated[str, Meta(min_length=1, description="Role of the project whose containers stand still.")]
    prometheus: Annotated[
        tuple[str, ...], Meta(min_length=1, description="Globs of images or names of the service that scrapes.")
    ] = ("*prometheus:*", "*prom/prometheus*", "prometheus")
    alertmanager: Annotated[
        tuple[str, ...], Meta(min_length=1, description="The same for the one that tells others.")
    ] = ("*alertmanager*",)
    seconds: Annotated[
        float, Meta(gt=0, le=300, description="Time until an alert fires, and until it rests again.")
    ] = 45.0


class Drill(Record):
    """How far an alert has come."""

    pieces: tuple[Evidence, ...]
    fault: str
    """Why it has not come further, or nothing."""


@check("prometheus.fires", capabilities=("docker", "command", "http"), measure="%")
def fires(context: Context, params: Fires) -> Outcome:
    """A service that stands still raises an alert, which reaches Alertmanager and whomever it is for, and rests again.

    The containers of a service are frozen: they are there, and answer nobody. A second Prometheus like the project's
    own watches in its place, with the same jobs and rules but shorter times: it scrapes and evaluates every 3 seconds,
    and `for` is 3 seconds at most, as an outage of minutes would take minutes. Targets at services that were not
    started are left out. Four steps are a quarter of the points each: an alert fires that did not before; Alertmanager
    has it; Alertmanager tells one of the receivers that the alert is routed to; the alert rests once the service goes
    on. Somebody counts as told where Alertmanager has tried to, as messages cannot leave this machine; webhooks in
    plain HTTP to other hosts arrive at a place of ours, which shows what they hold. Whose rule it is that fires is not
    asked.
    """
    prepared = project_of(context, params.project)
    failing = prepared.roles.get(params.fails)
    if failing is None:
        raise NotAssessed(f"{params.project} asks for no service {params.fails}.", "Name a role of its `services`.")
    if not failing:
        raise CheckFailed(f"There is no service for {params.fails}.", Evidence(path=prepared.compose.path))
    name, other = find_service(prepared, params.prometheus), find_service(prepared, params.alertmanager)
    with prepared.project.turn(context.deadline), ExitStack() as stack:
        second = prepared.project.container(running_member(prepared, other))
        manager = open_alertmanager(second, other, context.deadline)
        stack.callback(manager.monitor.close)
        sink = stack.enter_context(_sink(context, prepared, second, manager))
        api = stack.enter_context(_twin(context, prepared, name))
        containers = [
            prepared.project.container(member)
            for member in prepared.project.members()
            if member.service == failing and member.state.is_running
        ]
        stage = Stage(api, manager, sink, context.deadline)
        drill = _drill(context, params, stage, containers)
    done = sum(piece.expected is None for piece in drill.pieces[:STEPS])
    return Outcome.partial(
        Fraction(done, STEPS),
        f"An alert about {failing} {_told(done)}{f': {drill.fault}' if drill.fault else ''}.",
        *drill.pieces,
        measure=Measure(value=round(100 * done / STEPS, 2), unit="%", threshold=100),
    )


def _told(done: int) -> str:
    words = ("does not fire", "fires, and goes no further", "fires and reaches Alertmanager, and no further")
    return [*words, "fires and is told, and does not rest", "fires, is told, and rests again"][done]


@contextmanager
def _twin(context: Context, prepared: Prepared, name: str) -> Iterator[PrometheusApi]:
    """Yield the API of a Prometheus like the project's own and in its place, but with short times."""
    container = prepared.project.container(running_member(prepared, name))
    absent = find_hosts(prepared, name).left_out
    own = open_prometheus(container, name, str(context.seed), context.deadline)
    try:
        file = own.flags(context.deadline).get("config.file", "")
        rules = own.rules(context.deadline)
    finally:
        own.monitor.close()
    if not any(rule.is_alert for rule in rules):
        raise CheckFailed(
            f"{name} has loaded no alert.",
            Evidence(kind=EvidenceKind.HTTP, path="GET /api/v1/rules", expected="alerts", actual=f"{len(rules)} rules"),
        )
    files = frozenset(rule.file for rule in rules)

    def change(path: str, content: bytes) -> bytes:
        text = content.decode("utf-8", "replace")
        try:
            if path == file:
                return hurried_config(text, PACE_S, absent).encode()
            return hurried_rules(text, PACE_S).encode() if path in files else content
        except ValueError as error:
            raise NotAssessed(f"The times of {path} cannot be shortened: {error}.", "Try the alert by hand.") from error

    context.tell("starting a second Prometheus with short times")
    with twin_of(container, (file, *sorted(files)), change, PORT, context.deadline) as twin:
        try:
            api = open_prometheus(twin, name, str(context.seed), context.deadline)
        except CheckFailed as error:
            said = twin.output.strip()[-300:]
            raise NotAssessed(f"A second Prometheus with short times does not start: {said}", "Try by hand.") from error
        try:
            if any(rule.waits_s > PACE_S for rule in api.rules(context.deadline)):
                raise NotAssessed(f"The times of {name} cannot be shortened.", "Try the alert by hand.")
            yield api
        finally:
            api.monitor.close()


@contextmanager
def _sink(
    context: Context, prepared: Prepared, container: RunningContainer, manager: AlertmanagerApi
) -> Iterator[AlertSink | None]:
    """Yield a place where the webhooks arrive that lead to other hosts, if there are any."""
    own = set(prepared.model["services"])
    setup = manager.setup(context.deadline)
    places = [place for place in setup.hosts if place[0] not in own and "." in place[0]]
    networks = list((container.inspect().get("NetworkSettings") or {}).get("Networks") or {})
    is_there = bool(places and networks)
    if is_there:
        try:
            python_image(context.docker)
        except NotAssessed:  # what arrives is then not shown, and the drill goes on
            is_there = False
    if not is_there:
        yield None
        return
    with open_sink(context.docker, networks[0], places) as sink:
        yield sink


def _drill(context: Context, params: Fires, stage: Stage, containers: Sequence[RunningContainer]) -> Drill:
    context.tell("waiting for what fires without an outage")
    stage.settle()
    context.tell("waiting for an alert")
    with frozen(containers):
        _watch(stage, params.seconds)
    stage.whole.check()
    names = ", ".join(dict.fromkeys(alert.name for alert in stage.raised))
    if not stage.raised:
        return Drill(pieces=(_silent(stage),), fault="none does that did not before")
    pieces = [_piece(f"{names} fires")]
    if not stage.received:
        fault = "Alertmanager does not get it"
        return Drill(pieces=(*pieces, _piece(fault, "the alert in Alertmanager")), fault=fault)
    told = ", ".join(dict.fromkeys(one.name for one in stage.received))
    pieces.append(_piece(f"Alertmanager has {told}"))
    if not stage.ways:
        fault = _why_untold(stage)
        return Drill(pieces=(*pieces, _piece(fault, "somebody is told")), fault=fault)
    pieces.append(_piece(f"{', '.join(stage.receivers)} is told by {', '.join(stage.ways)}"))
    context.tell("waiting until the alert rests")
    is_resting = until(stage.rests, Deadline(min(params.seconds, stage.whole.remaining())))
    stage.whole.check()
    fault = "" if is_resting else "it still fires"
    pieces.append(_piece(f"{names} rests again") if is_resting else _piece(fault, "it rests"))
    return Drill(pieces=(*pieces, *_shown(stage)), fault=fault)


def _watch(stage: Stage, seconds: float) -> None:
    """Look until somebody is told, or nobody will be any more."""
    began = time.monotonic()
    first = 0.0
    while stage.whole.remaining():
        stage.look()
        passed = time.monotonic() - began
        first = first or (passed if stage.receivers else 0.0)
        tells = any(stage.setup.ways.get(name) for name in stage.receivers)
        if stage.is_told or passed >= (max(seconds, first + stage.wait_s) if tells else seconds):
            return
        time.sleep(POLL_S)


def _why_untold(stage: Stage) -> str:
    if not stage.receivers:
        return "it is silenced, or kept back by another alert"
    named = ", ".join(stage.receivers)
    if not any(stage.setup.ways.get(name) for name in stage.receivers):
        return f"its receivers tell nobody: {named}"
    return f"{named} is told nothing within {stage.wait_s:g} s"


def _shown(stage: Stage) -> list[Evidence]:
    """Return what a webhook held, for the reader."""
    return [
        Evidence(
            kind=EvidenceKind.HTTP,
            path="the webhook",
            actual=f"for {said.get('receiver')}, grouped by {said.get('groupLabels')}"[:300],
            text=str(said.get("commonAnnotations"))[:1000],
        )
        for said in stage.messages()[:1]
    ]


def _silent(stage: Stage) -> Evidence:
    rules = [rule for rule in stage.api.rules(stage.whole) if rule.is_alert]
    down = [one.title for one in stage.api.targets(stage.whole) if one.health == "down"]
    waits = ", ".join(stage.waiting()) or "none of them"
    actual = f"{len(rules)} alerts are loaded, and {waits} waits to fire; down: {', '.join(down) or 'no target'}"
    return _piece(actual[:500], "an alert that fires")


def _piece(actual: str, expected: str | None = None) -> Evidence:
    return Evidence(kind=EvidenceKind.HTTP, path="GET /api/v1/alerts", expected=expected, actual=actual)
