"""How the services of a started project are: up, on their way, or down for good."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from infra_grader.capabilities.compose_project import Member
from infra_grader.model.record import Record
from infra_grader.reading.compose_model import replicas

PROBES = {"unhealthy": "its health check fails", "starting": "its health check has not succeeded yet"}
WAITING = {"created": "it was not started", "restarting": "it is being started again"}
ABSENT = "it has no container"
COMPLETED = "service_completed_successfully"
Silent = Callable[[Member, Sequence[int]], str]
"""Says why none of the ports of a container answers, as a clause; nothing where one does."""


class Look(Record):
    """What a service was like when it was looked at."""

    service: str
    is_up: bool
    said: str
    """What it was like, as a clause."""
    is_final: bool = False
    """Whether waiting would change nothing."""
    member: Member | None = None
    """The container that this is about."""


class Rules(Record):
    """What counts as up."""

    most_restarts: int = 0
    may_end: tuple[str, ...] = ()
    """Globs of services that may end, with exit status 0."""


def look_at(model: Mapping[str, Any], name: str, members: Sequence[Member], rules: Rules, silent: Silent) -> Look:
    """Return what a service is like by its containers; it is no better than the worst of them."""
    service = model["services"][name]
    own = [member for member in members if member.service == name]
    wanted = replicas(service)
    if not own:
        return Look(service=name, is_up=False, is_final=not wanted, said=ABSENT if wanted else "it wants no replica")
    looks = [_look_at(model, name, member, rules, silent) for member in own]
    worst = min(looks, key=lambda look: (look.is_up, not look.is_final))
    if worst.is_up and len(own) < wanted:
        return worst.replace(is_up=False, said=f"{len(own)} of {wanted} containers are there")
    return worst


def _look_at(model: Mapping[str, Any], name: str, member: Member, rules: Rules, silent: Silent) -> Look:
    state = member.state

    def look(said: str, *, is_up: bool = False, is_final: bool = False) -> Look:
        return Look(service=name, is_up=is_up, is_final=is_final, said=said, member=member)

    if state.restarts > rules.most_restarts:
        times = "once" if state.restarts == 1 else f"{state.restarts} times"
        now = "runs now" if state.is_running else state.how
        return look(f"it ended and was started again {times}; {now}", is_final=True)
    if state.is_running:
        problem = PROBES.get(state.health, "") and PROBES[state.health] + _last_probe(member)
        if problem := problem or silent(member, published(model, name)):
            return look(problem)
        return look("running and healthy" if state.health else "running", is_up=True)
    if state.status in WAITING:
        return look(state.error or WAITING[state.status], is_final=bool(state.error))
    if state.exit_status == 0 and not state.error and may_end(model, name, rules):
        return look("has done its work and ended with 0", is_up=True, is_final=True)
    return look(f"it has ended: {state.how}", is_final=not _starts_again(model["services"][name], state.exit_status))


def may_end(model: Mapping[str, Any], name: str, rules: Rules) -> bool:
    """Whether a service is one that does its work and ends, as its project says: others wait for its end.

    One that is only started again when it fails means to end as well, unless it publishes something.
    """
    if any(fnmatchcase(name, glob) for glob in rules.may_end):
        return True
    for other in model["services"].values():
        how = (other.get("depends_on") or {}).get(name)
        if how and how.get("condition") == COMPLETED:
            return True
    service = model["services"][name]
    return restart_of(service) == "on-failure" and not service.get("ports")


def restart_of(service: Mapping[str, Any]) -> str:
    """Return a service's restart policy in Docker's words; `no` where it has none."""
    said = str(service.get("restart") or "").partition(":")[0]
    policy = (service.get("deploy") or {}).get("restart_policy")
    if not said and policy is not None:
        return {"none": "no", "on-failure": "on-failure"}.get(str(policy.get("condition") or "any"), "always")
    return said or "no"


def published(model: Mapping[str, Any], name: str) -> list[int]:
    """Return the TCP ports inside that the project's files publish for a service."""
    ports = model["services"][name].get("ports") or ()
    return [int(port["target"]) for port in ports if port.get("protocol", "tcp") == "tcp" and port.get("target")]


def _starts_again(service: Mapping[str, Any], exit_status: int) -> bool:
    policy = restart_of(service)
    return policy in ("always", "unless-stopped") or (policy == "on-failure" and exit_status != 0)


def _last_probe(member: Member) -> str:
    probes = member.state.probes
    output = " ".join(probes[-1].output.split())[-200:] if probes else ""
    return f": {output}" if output else ""
