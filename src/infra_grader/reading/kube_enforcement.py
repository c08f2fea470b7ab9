"""Whether the cluster enforces NetworkPolicies at all, found out with pods of ours alone."""

from __future__ import annotations

from typing import Any

from infra_grader.capabilities import kubernetes_room
from infra_grader.capabilities._probe_pod import OPEN_PORT
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import PODS
from infra_grader.capabilities.kubernetes_guard import guards
from infra_grader.capabilities.kubernetes_owner import RUN_LABEL
from infra_grader.capabilities.kubernetes_probe import Target
from infra_grader.capabilities.kubernetes_probe_pods import PROBE_LABEL, Place, probes
from infra_grader.capabilities.live_kubernetes import LiveKubernetes
from infra_grader.model.outcome import Unavailable
from infra_grader.plugin import Context

OUTSIDE = "outside"
"""The purpose of the namespace from which is asked as from another one."""
GUARDED = {f"{PROBE_LABEL}-guarded": "true"}
SECONDS = 10.0
"""How long a rule may take to reach the node."""
OPEN_S = 5.0


def enforces_policies(context: Context) -> bool:
    """Whether a pod of ours that a policy of ours shuts off is shut off; found out once a run."""
    live = context.kubernetes
    found: bool = live.once("enforces policies", lambda: _try(live, context.deadline))
    return found


def _try(live: LiveKubernetes, deadline: Deadline) -> bool:
    namespace = live.other_namespace(OUTSIDE)
    places = [Place(namespace=namespace), Place(namespace=namespace, labels=GUARDED)]
    with probes(live, places, deadline) as (client, guarded):
        pod = live.cluster.get(PODS, guarded.pod, namespace)
        address = str(((pod or {}).get("status") or {}).get("podIP") or "")
        [before] = client.reach([Target(host=address, port=OPEN_PORT, is_wanted=True)], OPEN_S, deadline)
        if not before.is_steady:
            raise Unavailable("Pods of ours do not reach each other in the cluster.", "Grade again.")
        policy = shut_off()
        live.cluster.apply(policy, namespace)
        # Our guards let the pods of a run talk to each other, and whatever one policy allows is allowed.
        kubernetes_room.set_guards(live.cluster, namespace, guards(live.run, [policy]), f"{RUN_LABEL}={live.run}")
        [after] = client.reach([Target(host=address, port=OPEN_PORT, is_wanted=False)], SECONDS, deadline)
    return after.is_steady


def shut_off() -> dict[str, Any]:
    """Return the policy that lets nobody to the guarded pod."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "infra-grader-shut-off", "labels": {PROBE_LABEL: "policy"}},
        "spec": {"podSelector": {"matchLabels": GUARDED}, "policyTypes": ["Ingress"]},
    }
