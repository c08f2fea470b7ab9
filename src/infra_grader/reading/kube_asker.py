"""The probe that asks what was deployed whether it answers, whatever the learner's rules say of who may ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra_grader.capabilities.kubernetes_owner import RUN_LABEL
from infra_grader.capabilities.kubernetes_probe import Probe
from infra_grader.capabilities.kubernetes_probe_pods import ADMITTED_LABEL, PROBE_LABEL, Place, shared_probe
from infra_grader.capabilities.live_kubernetes import LiveKubernetes
from infra_grader.model.outcome import NotAssessed
from infra_grader.plugin import Context
from infra_grader.reading.kube_enforcement import OUTSIDE
from infra_grader.reading.kube_target import Chosen
from infra_grader.reading.live_deployed import deployed_of
from infra_grader.reading.manifest_workload import selects

POLICIES = ("networking.k8s.io/v1", "NetworkPolicy")
ADMITTED = {"matchLabels": {ADMITTED_LABEL: "true"}}
OUR_PREFIX = "infra-grader-"
"""What the names of our own policies begin with, which no learner's object may bear."""


def asker(context: Context, chosen: Chosen, check_id: str) -> Probe:
    """Return the probe in a namespace of ours that may ask a Service which a check has put into the cluster.

    It is in another namespace than what it asks: no quota of the learner's counts it, and no rule holds for it but
    those on who may come in. Policies add up: where the learner's isolate the pods behind the Service, one of ours lets
    this one probe through, and changes nothing for any other client. Raises `NotAssessed` where that would change a
    learner's own deployment.
    """
    live = context.kubernetes
    namespace = deployed_of(context, check_id).namespace
    is_ours = namespace in live.namespaces
    added = admitting(chosen, find_policies(live, namespace), live.run)
    if added and not is_ours:
        raise NotAssessed(
            f"NetworkPolicies of the learner's own deployment keep our pods out of {chosen.service.title}.",
            "Name a check of the kind kubernetes.apply or helm.install.",
        )
    with context.deadline.paused():
        place = live.other_namespace(OUTSIDE) if is_ours else live.namespace
    # Our own guards would keep the probe in the namespaces of the run. They would also swallow what it asks a Service
    # that has no pods at the moment, where others are refused at once: short gaps would not be seen.
    live.cluster.apply(leaving(), place)
    for each in added:
        live.cluster.apply(each, namespace)
    return shared_probe(live, Place(namespace=place, is_admitted=True), context.deadline)


def find_policies(live: LiveKubernetes, namespace: str) -> list[Mapping[str, Any]]:
    """Return the NetworkPolicies of a namespace that are not ours."""
    resource = live.cluster.resource(*POLICIES)
    found = live.cluster.list(resource, namespace) if resource is not None else []
    return [each for each in found if not each["metadata"]["name"].startswith(OUR_PREFIX)]


def admitting(chosen: Chosen, policies: Sequence[Mapping[str, Any]], run: str) -> list[dict[str, Any]]:
    """Return the policies of ours that let a probe of a run through to a Service: none where nothing keeps it out."""
    service = chosen.service
    labels = [each.labels for each in chosen.workloads] or [service.selector]
    if not any(isolates(each, one, "Ingress") for each in policies for one in labels):
        return []
    client = {"namespaceSelector": {"matchLabels": {RUN_LABEL: run}}, "podSelector": ADMITTED}
    pods = {"matchLabels": dict(service.selector)}
    return [_policy(f"admit-{service.name}"[:50].rstrip("-."), pods, "Ingress", {"ingress": [{"from": [client]}]})]


def leaving() -> dict[str, Any]:
    """Return the policy of ours that lets a probe ask whomever it likes."""
    return _policy("probe", ADMITTED, "Egress", {"egress": [{}]})


def isolates(policy: Mapping[str, Any], labels: Mapping[str, str], direction: str) -> bool:
    """Whether a policy restricts the pods with these labels in a direction."""
    spec = policy.get("spec") or {}
    directions = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    return direction in directions and selects(spec.get("podSelector") or {}, labels)


def _policy(name: str, pods: Mapping[str, Any], direction: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": POLICIES[0],
        "kind": POLICIES[1],
        "metadata": {"name": f"{OUR_PREFIX}{name}", "labels": {PROBE_LABEL: name}},
        "spec": {"podSelector": pods, "policyTypes": [direction], **rule},
    }
