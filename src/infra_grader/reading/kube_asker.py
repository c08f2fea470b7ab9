"""The probe that asks what was deployed whether it answers, whatever the learner's rules say of who may ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra_grader.capabilities.kubernetes_probe import Probe
from infra_grader.capabilities.kubernetes_probe_pods import ADMITTED_LABEL, PROBE_LABEL, Place, shared_probe
from infra_grader.capabilities.live_kubernetes import LiveKubernetes
from infra_grader.plugin import Context
from infra_grader.reading.kube_target import Chosen
from infra_grader.reading.manifest_workload import selects

POLICIES = ("networking.k8s.io/v1", "NetworkPolicy")
ADMITTED = {"matchLabels": {ADMITTED_LABEL: "true"}}
OUR_PREFIX = "infra-grader-"
"""What the names of our own policies begin with, which no learner's object may bear."""


def asker(context: Context, chosen: Chosen) -> Probe:
    """Return the probe in the submission's namespace that may ask a Service.

    Policies add up: where the learner's isolate the pods behind it, one of ours lets this one probe through, and
    changes nothing for any other client.
    """
    live = context.kubernetes
    policies = find_policies(live, live.namespace)
    for each in admitting(chosen, policies):
        live.cluster.apply(each, live.namespace)
    return shared_probe(live, Place(namespace=live.namespace, is_admitted=True), context.deadline)


def find_policies(live: LiveKubernetes, namespace: str) -> list[Mapping[str, Any]]:
    """Return the NetworkPolicies of a namespace that are not ours."""
    resource = live.cluster.resource(*POLICIES)
    found = live.cluster.list(resource, namespace) if resource is not None else []
    return [each for each in found if not each["metadata"]["name"].startswith(OUR_PREFIX)]


def admitting(chosen: Chosen, policies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the policies of ours that let a probe through to a Service: none where nothing keeps it out."""
    service = chosen.service
    labels = [each.labels for each in chosen.workloads] or [service.selector]
    found = []
    if any(isolates(each, one, "Ingress") for each in policies for one in labels):
        rule = {"ingress": [{"from": [{"podSelector": ADMITTED}]}]}
        pods = {"matchLabels": dict(service.selector)}
        found.append(_policy(f"admit-{service.name}"[:50].rstrip("-."), pods, "Ingress", rule))
    if any(isolates(each, {ADMITTED_LABEL: "true"}, "Egress") for each in policies):
        found.append(_policy("probe", ADMITTED, "Egress", {"egress": [{}]}))
    return found


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
