"""Whether it is worth waiting any longer for workloads: not where their verdict cannot change any more."""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.reading.kube_rollout_pull import NO_NAME, is_registrys, is_unpulled, said_of_pull
from infra_grader.reading.kube_rollout_seen import Container, Pod, Rollout
from infra_grader.reading.live_deployed import Deployed
from infra_grader.reading.manifest import Field

UNCONFIGURED = "CreateContainerConfigError"
IN_VAIN = frozenset({NO_NAME, "ErrImageNeverPull", "ImagePullBackOff"})
"""Why a container waits that nothing of the submission changes."""
IN_VAIN_S = 12.0
"""Seconds for which a container waits so before nobody waits for it any more."""
WRITING = frozenset({"create", "update", "patch", "*"})
SETTINGS = frozenset({"configmaps", "secrets", "*"})


class Patience:
    """How long workloads are waited for, at most until nothing can change their verdict; for one wait."""

    def __init__(self, restarts: int | None = None, *, makes_settings: bool = True) -> None:
        """`restarts` is how often a container may be started again; `None` where that is not judged.

        With `makes_settings`, a ConfigMap or Secret that is missing may still be made.
        """
        self._restarts = restarts
        self._makes_settings = makes_settings
        self._since: dict[tuple[str, str, str], float] = {}

    def is_over(self, found: Rollout, now: float) -> bool:
        """Whether each workload that is not up is lost; to be asked again and again, with a clock's seconds."""
        vain = {
            (pod.name, container.name, why): pod.workload
            for pod in found.pods
            if not pod.is_ending
            for container in pod.containers
            for why in self._why_in_vain(pod, container)
        }
        self._since = {key: self._since.get(key, now) for key in vain}
        lost = {vain[key] for key, since in self._since.items() if now - since >= IN_VAIN_S}
        if self._restarts is not None:
            lost |= found.restarted_beyond(self._restarts)
        waiting = [each for each in found.workloads if not each.is_up]
        return bool(waiting) and all(each.title in lost or each.has_failed for each in waiting)

    def _why_in_vain(self, pod: Pod, container: Container) -> Iterator[str]:
        """Yield under which names a container waits in vain: a pull that is tried again goes on under its own."""
        if container.waits in IN_VAIN or (container.waits == UNCONFIGURED and not self._makes_settings):
            yield container.waits
        if is_unpulled(container) and not is_registrys(container, said_of_pull(pod, container), {}):
            yield "no such image"


def makes_settings(deployed: Deployed) -> bool:
    """Whether pods may make a ConfigMap or Secret themselves, so that one that is missing may come late."""
    if not deployed.is_ours:
        return True  # who else works in a learner's own namespace is not known
    roles = [each.manifest for each in deployed.of_kind("Role", "ClusterRole")]
    return any(_writes_settings(rule) for role in roles for rule in role.field("rules").items())


def _writes_settings(rule: Field) -> bool:
    verbs = {each.text for each in rule.get("verbs").items()}
    resources = {each.text for each in rule.get("resources").items()}
    return bool(verbs & WRITING and resources & SETTINGS)
