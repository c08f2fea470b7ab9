"""Which Service and workload a check is about, found by the part that they play: their names are the learner's."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import msgspec

from infra_grader.model.outcome import CheckFailed, Evidence, EvidenceKind, NotAssessed
from infra_grader.model.record import Record
from infra_grader.plugin import Annotated, Context, Handle, Meta, Params
from infra_grader.reading.kube_seen import Port, Service, Things, Workload, see_things
from infra_grader.reading.live_deployed import deployed_of

Globs = str | list[str]
ASIDE = re.compile(r"metrics|prom|admin|debug|grpc", re.IGNORECASE)
"""How ports, and Services of theirs, are called that are beside what a workload serves."""
PortName = Annotated[int, Meta(ge=1, le=65_535)] | Annotated[str, Meta(min_length=1)]


class TargetParams(Params):
    """Whom a kind asks: parameters that kinds about a Service share."""

    of: Annotated[Handle, Meta(description="Id of the check that put it into the cluster.")]
    service: Annotated[
        Globs, Meta(description="Names of the Service, as globs; without it, the one that selects the workload.")
    ] = msgspec.field(default_factory=list)
    workload: Annotated[
        Globs, Meta(description="Names of the Deployment, StatefulSet or DaemonSet, as globs; without it, any.")
    ] = msgspec.field(default_factory=list)
    image: Annotated[
        Globs, Meta(description="Images, as globs, of which a container of the workload runs one; without it, any.")
    ] = msgspec.field(default_factory=list)
    port: Annotated[
        PortName | None,
        Meta(
            description="Port of the Service, by number or name; without it, its first one that is not called as one of"
            " metrics or the like is."
        ),
    ] = None


class Chosen(Record):
    """The Service that is asked, and what stands behind it."""

    service: Service
    port: Port
    workloads: tuple[Workload, ...]
    """Whose pods it selects; none where its selector matches no workload."""
    namespace: str = ""

    @property
    def host(self) -> str:
        """Where it is asked, from whatever namespace: its address, or its name where it is headless."""
        name = f"{self.service.name}.{self.namespace}" if self.namespace else self.service.name
        return self.service.address or name

    @property
    def title(self) -> str:
        """The Service and its port."""
        return f"{self.service.title}:{self.port.number}"

    @property
    def pod_ports(self) -> list[int | str]:
        """The port of the pods to which it leads: its number, and its name if it has one."""
        target = self.port.target
        if isinstance(target, int):
            return [target, *(name for each in self.workloads for name, port in each.ports.items() if port == target)]
        return [target, *(each.ports[target] for each in self.workloads if target in each.ports)]

    @property
    def workload(self) -> Workload:
        """The one workload behind it. Raises `CheckFailed` where there is none, or several."""
        if len(self.workloads) == 1:
            return self.workloads[0]
        if not self.workloads:
            raise CheckFailed(f"{self.service.title} selects the pods of no workload.", selector_evidence(self.service))
        names = " and ".join(each.title for each in self.workloads)
        raise CheckFailed(f"{self.service.title} mixes the pods of {names}.", selector_evidence(self.service))


def things_of(context: Context, check_id: str) -> Things:
    """Return the Services and workloads that are there in the namespace where a check has put something."""

    def look() -> Things:
        return see_things(context.kubernetes.cluster, deployed_of(context, check_id).namespace)

    return context.observe("things", Things, look, asked=(check_id,))


def target_of(context: Context, params: TargetParams) -> Chosen:
    """Return the Service that the parameters mean, as it is in the cluster. Raises as `choose` does."""
    return choose(things_of(context, params.of), params)


def choose(things: Things, params: TargetParams) -> Chosen:
    """Return the Service that the parameters mean.

    Raises `CheckFailed` where nothing of the kind was deployed, `NotAssessed` where several things are meant alike:
    the rubric has to say which.
    """
    workloads = choose_workloads(things, params)
    named = [each for each in things.services if matches(each.name, params.service)]
    if not named:
        wanted = " or ".join(_globs(params.service)) or "any"
        there = ", ".join(each.name for each in things.services) or "no Service"
        raise CheckFailed(
            "The Service that is asked for was not deployed.", seen("Service", f"a Service: {wanted}", there)
        )
    behind = {each.name: tuple(one for one in workloads if each.selects(one.labels)) for each in named}
    serving = [each for each in named if behind[each.name]] or ([] if _is_picky(params) else named)
    if not serving:
        titles = " or ".join(each.title for each in workloads)
        raise CheckFailed(f"No Service selects the pods of {titles}.", *map(selector_evidence, named[:5]))
    groups = {tuple(one.title for one in behind[each.name]) for each in serving}
    if len(groups) > 1:
        names = ", ".join(each.name for each in serving)
        raise NotAssessed(
            f"Several Services are meant alike: {names}.", "Name one in the rubric: `service`, `workload` or `image`."
        )
    service = min(serving, key=lambda each: _rank(each, params.port))
    every = tuple(things.behind(service))
    port = _port(service, params.port)
    return Chosen(service=service, port=port, workloads=every, namespace=things.namespace)


def choose_workloads(things: Things, params: TargetParams) -> list[Workload]:
    """Return the workloads that the parameters mean. Raises `CheckFailed` where none of these was deployed."""
    found = [
        each
        for each in things.workloads
        if matches(each.name, params.workload)
        and (not params.image or any(matches(image, params.image) for image in each.images))
    ]
    if not found and (_is_picky(params) or not things.workloads):
        wanted = " or ".join([*_globs(params.workload), *_globs(params.image)])
        there = ", ".join(each.title for each in things.workloads) or "no workload"
        raise CheckFailed(
            "The workload that is asked for was not deployed.", seen("workload", wanted or "a workload", there)
        )
    return found


def matches(name: str, globs: Globs) -> bool:
    """Whether a name is one of the globs; every name is where there are none."""
    wanted = _globs(globs)
    return not wanted or any(fnmatchcase(name, each) for each in wanted)


def seen(path: str, expected: str, actual: str, text: str | None = None) -> Evidence:
    """Return what was seen in the cluster beside what was looked for."""
    return Evidence(kind=EvidenceKind.FIELD, path=path, expected=expected, actual=actual, text=text)


def selector_evidence(service: Service) -> Evidence:
    """Return the selector of a Service as evidence."""
    selector = ", ".join(f"{key}={value}" for key, value in service.selector.items()) or "no selector"
    return seen(f"{service.title} spec.selector", "the labels of the workload's pods", selector)


def _is_picky(params: TargetParams) -> bool:
    return bool(params.workload or params.image)


def _rank(service: Service, wanted: int | str | None) -> tuple[bool, bool, bool, bool, str]:
    """Order Services that lead to the same pods: first those to what is asked for, with an address of the cluster's."""
    ports = _ports(service, wanted)
    is_aside = bool(ports) and ASIDE.search(ports[0].name or service.name) is not None
    return not ports, is_aside, not service.address, service.kind != "ClusterIP", service.name


def _ports(service: Service, wanted: int | str | None) -> list[Port]:
    """Return the ports of a Service that may be meant, the likeliest first."""
    found = [
        each
        for each in service.ports
        if each.protocol == "TCP" and (wanted is None or wanted in (each.number, each.name))
    ]
    return sorted(found, key=lambda each: ASIDE.search(each.name) is not None)


def _port(service: Service, wanted: int | str | None) -> Port:
    if ports := _ports(service, wanted):
        return ports[0]
    there = ", ".join(f"{each.name or 'port'} {each.number}/{each.protocol}" for each in service.ports) or "no port"
    raise CheckFailed(
        f"{service.title} lacks the port that is asked for.",
        seen(f"{service.title} spec.ports", f"TCP port {wanted or ''}".rstrip(), there),
    )


def _globs(globs: Globs) -> list[str]:
    return [globs] if isinstance(globs, str) else list(globs)
