"""The prometheus.targets check kind."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from fractions import Fraction

from infra_grader.capabilities.deadline import Deadline
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
from infra_grader.reading.compose_hosts import Hosts, find_hosts
from infra_grader.reading.compose_live import Prepared, project_of
from infra_grader.reading.compose_member import find_service, running_member
from infra_grader.reading.prometheus_live import PrometheusApi, Rule, Scraped, open_prometheus

POLL_S = 1.0
ENOUGH = 2
"""How often a target is asked before it counts as down: all services are up already."""


class Targets(Params):
    """Which Prometheus is asked, and what it must scrape."""

    project: Annotated[Handle, Meta(description="Id of the check that starts the project.")]
    prometheus: Annotated[
        tuple[str, ...], Meta(min_length=1, description="Globs of images or names of the service that scrapes.")
    ] = ("*prometheus:*", "*prom/prometheus*", "prometheus")
    wanted: Annotated[
        tuple[str, ...],
        Meta(description="Roles of the project, as its check names them; each must have a target that is up."),
    ] = ()
    rules: Annotated[
        int, Meta(ge=0, le=1000, description="How many rules must be loaded at least, and work without an error.")
    ] = 0
    seconds: Annotated[float, Meta(gt=0, le=300, description="Time until all is up.")] = 60.0


@check("prometheus.targets", capabilities=("docker", "command", "http"), measure="%")
def targets(context: Context, params: Targets) -> Outcome:
    """Every target that a running Prometheus scrapes in its own project is up, and its rules work.

    Prometheus itself is asked. A target counts by the host that is really scraped, whatever the job is called: one that
    is a service of the project, or a name that no service has, such as `localhost`. Services that were not started, and
    hosts outside of the project, do not count. One that is up and yields no sample is not up. An empty list is no list
    of targets that are up: the roles that are wanted must be in it. Each target, role that is missing and the rules
    together are one piece each; the share of the pieces is the share of the points. Whatever answers with texts that
    stand ready is told from Prometheus by a calculation drawn from the seed; a program that was written to calculate
    as well would not be.
    """
    prepared = project_of(context, params.project)
    name = find_service(prepared, params.prometheus)
    if unknown := [role for role in params.wanted if role not in prepared.roles]:
        raise NotAssessed(f"{params.project} asks for no service {unknown[0]}.", "Name a role of its `services`.")
    with prepared.project.turn(context.deadline):
        container = prepared.project.container(running_member(prepared, name))
        api = open_prometheus(container, name, str(context.seed), context.deadline)
        try:
            known = find_hosts(prepared, name)
            found, rules = _settled(context, params, api, known)
            samples = api.samples(context.deadline)
        finally:
            api.monitor.close()
    pieces = [*_of_targets(found, known, samples), *_of_roles(prepared, params, found, known)]
    if params.rules:
        pieces.append(_of_rules(rules, params.rules))
    good = sum(piece.expected is None for piece in pieces)
    pieces.sort(key=lambda piece: piece.expected is None)
    if not pieces:
        raise CheckFailed(f"{name} scrapes nothing of the project.", _piece("no target", "a target that is up"))
    fault = f"; {pieces[0].actual}" if pieces[0].expected else ""
    others = [one.title for one in found if not known.is_own(one.host)]
    notes = [_piece(f"not counted, as it is not of what was started: {', '.join(others)}"[:500])] if others else []
    return Outcome.partial(
        Fraction(good, len(pieces)),
        f"{good} of {len(pieces)} targets of {name} and what belongs to them are well{fault[:300]}.",
        *pieces,
        *notes,
        measure=Measure(value=round(100 * good / len(pieces), 2), unit="%", threshold=100),
    )


def _settled(context: Context, params: Targets, api: PrometheusApi, known: Hosts) -> tuple[list[Scraped], list[Rule]]:
    """Return the targets and rules once all are well, none is to get better, or the time is up."""
    limit = Deadline(min(params.seconds, context.deadline.remaining()))
    asked: dict[str, set[str]] = {}
    while True:
        found = api.targets(context.deadline)
        rules = api.rules(context.deadline) if params.rules else []
        for one in found:
            if one.health != "unknown":
                asked.setdefault(one.url, set()).add(one.last)
        waiting = [
            one
            for one in found
            if known.is_own(one.host) and one.health != "up" and len(asked.get(one.url, ())) < ENOUGH
        ]
        is_waiting = not found or waiting or any(rule.health == "unknown" for rule in rules)
        if not is_waiting or not limit.remaining():
            if is_waiting:
                context.deadline.check()
            return found, rules
        context.tell(f"waiting for {waiting[0].title}" if waiting else "waiting for the first targets and rules")
        time.sleep(POLL_S)


def _of_targets(found: list[Scraped], known: Hosts, samples: Mapping[tuple[str, str], float]) -> Iterator[Evidence]:
    for one in found:
        if not known.is_own(one.host):
            continue
        labels = dict(one.labels)
        if one.health != "up":
            yield _piece(f"{one.title} is {one.health}: {one.problem or 'it was not asked yet'}", "up")
        elif not samples.get((labels.get("job", ""), labels.get("instance", "")), 1):
            yield _piece(f"{one.title} answers without a single sample", "metrics")
        else:
            yield _piece(f"{one.title} is up")


def _of_roles(prepared: Prepared, params: Targets, found: list[Scraped], known: Hosts) -> Iterator[Evidence]:
    """Yield the roles that no target leads to."""
    seen = {known.started.get(one.host) for one in found if one.health == "up"}
    asked = {known.started.get(one.host) for one in found}
    for role in params.wanted:
        service = prepared.roles[role]
        if service in seen:
            continue
        # A target that is down counts by itself already, unless nothing at all leads to the service.
        if service not in asked:
            yield _piece(f"no target leads to {service or role}", f"a target for {role}")


def _of_rules(rules: list[Rule], least: int) -> Evidence:
    broken = [rule for rule in rules if rule.health != "ok"]
    if len(rules) < least:
        return _piece(f"{len(rules)} rules are loaded", f"{least} rules")
    if broken:
        problem = broken[0].problem or "it is not evaluated"
        return _piece(f"the rule {broken[0].name} of {broken[0].file} does not work: {problem}"[:500], "no error")
    return _piece(f"{len(rules)} rules are loaded, and all of them work")


def _piece(actual: str, expected: str | None = None) -> Evidence:
    return Evidence(kind=EvidenceKind.HTTP, path="GET /api/v1/targets", expected=expected, actual=actual)
