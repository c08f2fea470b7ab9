"""The kubernetes.endpoints check kind."""

from __future__ import annotations

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes_probe import Target
from infra_grader.capabilities.kubernetes_service import alone
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, all_but, check
from infra_grader.reading.kube_asker import asker
from infra_grader.reading.kube_endpoints import Endpoints as Seen
from infra_grader.reading.kube_endpoints import await_endpoints, with_owners
from infra_grader.reading.kube_seen import see_pods
from infra_grader.reading.kube_target import Chosen, TargetParams, seen, selector_evidence, target_of
from infra_grader.reading.live_deployed import deployed_of

SHOWN = 8
LISTEN_S = 20.0
"""How long a connection to an address is tried: rules that let our probe through take effect late."""


class Endpoints(TargetParams):
    """What stands behind a Service."""

    at_least: Annotated[int, Meta(ge=1, le=100, description="Ready addresses behind it.")] = 1
    seconds: Annotated[float, Meta(gt=0, le=240, description="Time until they are ready.")] = 30.0
    mixed: Annotated[bool, Meta(description="Whether pods of several workloads may stand behind it.")] = False
    listens: Annotated[bool, Meta(description="Whether each address has to take connections.")] = True


@check("kubernetes.endpoints", capabilities=("kubernetes",), measure="addresses")
def endpoints(context: Context, params: Endpoints) -> Outcome:
    """A Service leads to ready pods of one workload, at a port where they listen.

    Ready addresses alone are not enough: a port that is named and that no container has leads nowhere, at one where
    nobody listens connections are refused, and the labels of a selector may choose the pods of another workload as
    well. Whose a pod is is told by who owns it. Pods of ours connect to each address.
    """
    chosen = target_of(context, params)

    def look() -> Seen:
        with alone(context.kubernetes, context.deadline):
            return _look(context, params, chosen)

    return judge(params, chosen, context.observe("endpoints", Seen, look, asked=all_but(params, "mixed")))


def judge(params: Endpoints, chosen: Chosen, found: Seen) -> Outcome:
    """Judge the endpoints that were seen."""
    evidence = [_evidence(chosen, found)]
    if not found.endpoints:
        raise CheckFailed(f"No pod stands behind {chosen.service.title}.", selector_evidence(chosen.service), *evidence)
    if not found.ports:
        raise CheckFailed(
            f"{chosen.title} leads to the port {chosen.port.target}, which no container names.",
            seen(
                f"{chosen.service.title} spec.ports targetPort",
                "the name of a container's port",
                f"{chosen.port.target}",
            ),
            *evidence,
        )
    deaf = [each for each in found.ready if each.state not in ("", "open")]
    if deaf:
        port = ", ".join(map(str, found.ports))
        raise CheckFailed(
            f"{len(deaf)} of {len(found.ready)} ready addresses behind {chosen.service.title} take no connections at "
            f"port {port}.",
            *evidence,
        )
    if len(found.owners) > 1 and not params.mixed:
        raise CheckFailed(
            f"{chosen.service.title} mixes the pods of {' and '.join(found.owners)}.",
            selector_evidence(chosen.service),
            *evidence,
        )
    return Outcome.passed_if(
        len(found.ready) >= params.at_least,
        f"{len(found.ready)} ready {'address stands' if len(found.ready) == 1 else 'addresses stand'} behind "
        f"{chosen.title}.",
        *evidence,
        measure=Measure(value=len(found.ready), unit="addresses", threshold=params.at_least),
    )


def _look(context: Context, params: Endpoints, chosen: Chosen) -> Seen:
    cluster = context.kubernetes.cluster
    namespace = deployed_of(context, params.of).namespace
    limit = Deadline(min(params.seconds, context.deadline.remaining()))
    found = await_endpoints(cluster, namespace, chosen, params.at_least, limit)
    found = with_owners(found, see_pods(cluster, namespace))
    if not (params.listens and found.ports and found.ready):
        return found
    targets = [Target(host=each.address, port=found.ports[0], is_wanted=True) for each in found.ready]
    reached = asker(context, chosen, params.of).reach(targets, LISTEN_S, context.deadline)
    states = {target.host: said.state for target, said in zip(targets, reached, strict=True)}
    return found.replace(endpoints=tuple(each.replace(state=states.get(each.address, "")) for each in found.endpoints))


def _evidence(chosen: Chosen, found: Seen) -> Evidence:
    ports = "/".join(map(str, found.ports)) or "no port"
    told = [
        f"{each.pod or each.address} of {each.owner or 'nobody'}, {'ready' if each.is_ready else 'not ready'}"
        f"{f', {each.state}' if each.state else ''}"
        for each in found.endpoints[:SHOWN]
    ]
    return seen(
        f"endpoints of {chosen.title}",
        f"ready pods at port {chosen.port.target}",
        f"{len(found.ready)} of {len(found.endpoints)} ready, at {ports}",
        "; ".join(told) or None,
    )
