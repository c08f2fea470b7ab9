"""The manifest.security check kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from infra_grader.checks.manifest._findings import (
    Finding,
    WorkloadParams,
    chosen_containers,
    chosen_workloads,
    no_containers,
    outcome_of,
)
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.manifest import Field, ManifestSet
from infra_grader.reading.manifest_source import judge_manifests
from infra_grader.reading.manifest_workload import WORKLOADS, Container, Workload

Rule = Literal[
    "non_root", "no_escalation", "drop_all", "read_only_root", "not_privileged", "no_host", "seccomp", "own_account"
]
HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC")
BY_ABSENCE = ("not_privileged", "no_host")
"""Rules that a container holds to by saying nothing."""
HARMLESS = frozenset({"NET_BIND_SERVICE"})
"""What the restricted profile of Pod Security lets containers add."""


class Security(WorkloadParams):
    """Which rules hold for containers."""

    kinds: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="Kinds of workloads that are looked at; every one of them counts."),
    ] = WORKLOADS
    require: Annotated[
        tuple[Rule, ...],
        Meta(
            min_length=1,
            description="Rules for every container: a user that is not root, no privilege escalation, all capabilities"
            " dropped, a read-only root file system, not privileged, nothing of the host's, a seccomp profile, a"
            " ServiceAccount of its own.",
        ),
    ] = ("non_root", "no_escalation", "not_privileged", "no_host")


@check("manifest.security", capabilities=("command",), measure="percent")
def security(context: Context, params: Security) -> Outcome:
    """Containers run with as few rights as asked for; what the pod says counts where the container does not."""
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: Security) -> Outcome:
    findings: list[Finding] = []
    for workload in chosen_workloads(found, params):
        containers = chosen_containers(workload.all_containers, params)
        findings += [each for container in containers for each in _findings(workload, container, params)] or [
            no_containers(workload)
        ]
    return outcome_of(findings, "Security settings", found)


def _findings(workload: Workload, container: Container, params: Security) -> list[Finding]:
    """Return the answers for a container. To have done nothing wrong earns nothing beside what has to be done."""
    asked = [(rule, _finding(workload, container, rule)) for rule in params.require]
    done = [finding for rule, finding in asked if rule not in BY_ABSENCE or not finding.is_met]
    return done or [finding for _, finding in asked]


def _finding(workload: Workload, container: Container, rule: Rule) -> Finding:
    expected, ask = RULES[rule]
    is_met, field = ask(workload, container)
    whose = f"{workload.title}, container {container.name or '?'}"
    return Finding(is_met, field.evidence(expected), f"{whose} does not hold to {expected}")


def setting(workload: Workload, container: Container, *path: str) -> Field:
    """Return a setting of a container: its own one, else that of its pod."""
    own = container.field.get("securityContext", *path)
    pod = workload.pod.get("securityContext", *path)
    return pod if not own.is_there and pod.is_there else own


def _is_non_root(workload: Workload, container: Container) -> tuple[bool, Field]:
    user = setting(workload, container, "runAsUser")
    claim = setting(workload, container, "runAsNonRoot")
    if user.is_there:
        return user.number not in (None, 0), user
    return claim.value is True, claim


def _own(*path: str, wanted: object) -> Callable[[Workload, Container], tuple[bool, Field]]:
    """Return the question whether a setting, which only containers have, has a value."""

    def ask(_workload: Workload, container: Container) -> tuple[bool, Field]:
        field = container.field.get("securityContext", *path)
        return field.value is wanted, field

    return ask


def _drops_all(_workload: Workload, container: Container) -> tuple[bool, Field]:
    field = container.field.get("securityContext", "capabilities")
    dropped = {str(item.value).upper() for item in field.get("drop").items()}
    added = {item.text for item in field.get("add").items()}
    return "ALL" in dropped and added <= HARMLESS, field.get("drop")


def _is_not_privileged(_workload: Workload, container: Container) -> tuple[bool, Field]:
    field = container.field.get("securityContext", "privileged")
    added = container.field.get("securityContext", "capabilities", "add")
    wide = any(item.text in ("ALL", "SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SYS_MODULE") for item in added.items())
    return field.value in (None, False) and not wide, added if wide else field


def _is_apart_from_host(workload: Workload, container: Container) -> tuple[bool, Field]:
    for key in HOST_FIELDS:
        if workload.pod.get(key).value not in (None, False):
            return False, workload.pod.get(key)
    for volume in workload.pod.get("volumes").items():
        if volume.get("hostPath").is_there:
            return False, volume.get("hostPath")
    for port in container.ports:
        if port.get("hostPort").value not in (None, 0):
            return False, port.get("hostPort")
    return True, workload.pod.get("volumes")


def _has_seccomp(workload: Workload, container: Container) -> tuple[bool, Field]:
    field = setting(workload, container, "seccompProfile", "type")
    return field.value in ("RuntimeDefault", "Localhost"), field


def _has_own_account(workload: Workload, _container: Container) -> tuple[bool, Field]:
    field = workload.pod.get("serviceAccountName")
    return field.text not in ("", "default"), field


RULES: dict[str, tuple[str, Callable[[Workload, Container], tuple[bool, Field]]]] = {
    "non_root": ("runAsNonRoot: true or a runAsUser other than 0", _is_non_root),
    "no_escalation": ("allowPrivilegeEscalation: false", _own("allowPrivilegeEscalation", wanted=False)),
    "drop_all": ("capabilities that drop ALL", _drops_all),
    "read_only_root": ("readOnlyRootFilesystem: true", _own("readOnlyRootFilesystem", wanted=True)),
    "not_privileged": ("no privileged container", _is_not_privileged),
    "no_host": ("nothing of the host's: network, processes, folders, ports", _is_apart_from_host),
    "seccomp": ("a seccompProfile", _has_seccomp),
    "own_account": ("a ServiceAccount of its own", _has_own_account),
}
