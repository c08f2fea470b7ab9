"""The manifest.network_policy check kind."""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.checks.manifest._findings import Finding, WorkloadParams, chosen_workloads, outcome_of
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.manifest import Field, Manifest, ManifestSet
from infra_grader.reading.manifest_source import judge_manifests
from infra_grader.reading.manifest_workload import Workload, port_number, selects, services_of

DNS = 53


class NetworkPolicy(WorkloadParams):
    """What the policies must hold."""

    egress: Annotated[
        bool, Meta(description="Whether they must limit what pods may reach, too; names must still be looked up.")
    ] = False
    admits: Annotated[
        bool, Meta(description="Whether someone must be let in at the port of a workload that a Service leads to.")
    ] = True


@check("manifest.network_policy", capabilities=("command",), measure="percent")
def network_policy(context: Context, params: NetworkPolicy) -> Outcome:
    """Policies select the pods of every workload, keep others out, and let in those who need it."""
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: NetworkPolicy) -> Outcome:
    policies = [each for each in found.of_kind("NetworkPolicy") if each.group == "networking.k8s.io"]
    if not policies:
        raise found.absent("NetworkPolicy")
    findings: list[Finding] = []
    for workload in chosen_workloads(found, params):
        selecting = [each for each in policies if _selects(each, workload)]
        findings += _findings(workload, selecting, policies[0], found, params)
    findings += [
        Finding(
            False,
            each.field("spec", "podSelector").evidence("the labels of some pods"),
            f"{each.title} selects no pods",
        )
        for each in policies
        if not any(_selects(each, Workload(other)) for other in found.objects)
    ]
    return outcome_of(findings, "Network policies", found)


def _selects(policy: Manifest, workload: Workload) -> bool:
    selector = policy.field("spec", "podSelector")
    is_there = selector.value == {} or bool(selector.mapping)
    return (
        is_there
        and bool(workload.labels or selector.value == {})
        and bool(workload.pod.mapping)
        and policy.shares_namespace(workload.manifest)
        and selects(selector.mapping, workload.labels)
    )


def _findings(
    workload: Workload, policies: list[Manifest], first: Manifest, found: ManifestSet, params: NetworkPolicy
) -> Iterator[Finding]:
    inward = [each for each in policies if _limits(each, "Ingress")]
    evidence = (inward or [first])[0].field("spec", "podSelector").evidence(f"the pods of {workload.title}")
    yield Finding(bool(inward), evidence, f"no policy limits who reaches {workload.title}")
    rules = [rule for each in inward for rule in each.field("spec", "ingress").items()]
    if inward:
        yield _kept_out(workload, rules, inward[0])
    if inward and params.admits and services_of(workload, found):
        admitted = any(_leads_in(rule, workload) for rule in rules)
        field = rules[0] if rules else inward[0].field("spec", "ingress")
        yield Finding(admitted, field.evidence("a rule for its port"), f"nobody may reach the port of {workload.title}")
    if params.egress:
        yield from _outward(workload, policies, first)


def _limits(policy: Manifest, direction: str) -> bool:
    """Whether a policy is about a direction; without `policyTypes` ingress, and egress where it has rules."""
    types = policy.field("spec", "policyTypes").items()
    if types:
        return any(item.value == direction for item in types)
    return direction == "Ingress" or policy.field("spec", "egress").is_there


def _kept_out(workload: Workload, rules: list[Field], policy: Manifest) -> Finding:
    """Return whether no rule lets everybody in at a port of the workload."""
    wide = next((rule for rule in rules if _is_wide(rule, "from") and _leads_in(rule, workload)), None)
    field = wide if wide is not None else policy.field("spec", "ingress")
    return Finding(
        wide is None, field.evidence("rules that name who may come in"), f"everybody may reach {workload.title}"
    )


def _held_back(workload: Workload, rules: list[Field], policy: Manifest) -> Finding:
    """Return whether no rule lets the pods reach everybody at every port."""
    wide = next((rule for rule in rules if _is_wide(rule, "to") and not rule.get("ports").items()), None)
    field = wide if wide is not None else policy.field("spec", "egress")
    return Finding(
        wide is None,
        field.evidence("rules that name peers or ports"),
        f"{workload.title} may reach everybody everywhere",
    )


def _is_wide(rule: Field, peers: str) -> bool:
    """Whether a rule is about everybody: it names no peers, or everybody as one."""
    named = rule.get(peers).items()
    return rule.value is not None and (not named or any(_is_everybody(peer) for peer in named))


def _is_everybody(peer: Field) -> bool:
    """Whether a peer is the whole world, or at least every pod of every namespace."""
    return peer.value in ({}, {"namespaceSelector": {}}, {"namespaceSelector": {}, "podSelector": {}}) or (
        peer.get("ipBlock", "cidr").value in ("0.0.0.0/0", "::/0") and not peer.get("ipBlock", "except").items()
    )


def _leads_in(rule: Field, workload: Workload) -> bool:
    ports = rule.get("ports").items()
    return not ports or any(_names_port(port, workload) for port in ports)


def _names_port(port: Field, workload: Workload) -> bool:
    value, end = port.get("port").value, port.get("endPort").number
    if value is None or workload.port(value) is not None:
        return True
    number = port_number(value)
    if not workload.declares_ports:
        return number > 0
    declared = [each.get("containerPort").number or 0 for container in workload.containers for each in container.ports]
    return end is not None and any(number <= each <= end for each in declared)


def _outward(workload: Workload, policies: list[Manifest], first: Manifest) -> Iterator[Finding]:
    outward = [each for each in policies if _limits(each, "Egress")]
    field = (outward or policies or [first])[0].field("spec", "egress")
    yield Finding(bool(outward), field.evidence("limits to egress"), f"no policy limits what {workload.title} reaches")
    if not outward:
        return
    rules = [rule for each in outward for rule in each.field("spec", "egress").items()]
    yield _held_back(workload, rules, outward[0])
    ports = [port.get("port").value for rule in rules for port in rule.get("ports").items()]
    is_open = any(port_number(port) == DNS or port in ("dns", "dns-tcp", "domain") for port in ports)
    is_open = is_open or any(not rule.get("ports").items() for rule in rules)
    yield Finding(
        is_open, field.evidence("a rule for port 53"), f"{workload.title} can look up no names: port 53 is closed"
    )
