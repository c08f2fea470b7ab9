"""The policy held against a real API: what we refuse its Pod Security refuses, what we grant it takes.

Pods are only asked about (a dry run), so that nothing runs.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cluster
import pytest

from infra_grader.capabilities.kubernetes import Cluster, Refused, connect
from infra_grader.reading.kube_policy import find_refusals
from infra_grader.reading.kube_rewrite import Target, rewrite
from infra_grader.reading.manifest import Manifest

STRICTER = {"volumes", "devices"}
"""Topics in which we refuse more than the baseline does."""
PODS: list[dict[str, Any]] = [
    {},
    {"hostNetwork": True},
    {"hostPID": True},
    {"hostIPC": True},
    {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
    {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
    {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}},
    {"securityContext": {"seLinuxOptions": {"type": "spc_t"}}},
    {"securityContext": {"seLinuxOptions": {"type": "container_t", "level": "s0:c1"}}},
    {"securityContext": {"seLinuxOptions": {"user": "root"}}},
    {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}},
    {"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]}},
    {"securityContext": {"windowsOptions": {"hostProcess": True}}, "hostNetwork": True},
    {"volumes": [{"name": "a", "hostPath": {"path": "/"}}]},
    {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "projected": {"sources": []}}]},
    {"volumes": [{"name": "a", "nfs": {"server": "10.0.0.1", "path": "/"}}]},
    {"hostUsers": False},
    {"shareProcessNamespace": True},
]
CONTAINERS: list[dict[str, Any]] = [
    {"securityContext": {"privileged": True}},
    {"securityContext": {"privileged": False, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}},
    {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}},
    {"securityContext": {"capabilities": {"add": ["NET_RAW"]}}},
    {"securityContext": {"capabilities": {"add": ["CHOWN", "MKNOD", "SYS_CHROOT"]}}},
    {"securityContext": {"procMount": "Unmasked"}},
    {"securityContext": {"runAsUser": 0, "allowPrivilegeEscalation": True}},
    {"ports": [{"containerPort": 80, "hostPort": 80}]},
    {"ports": [{"containerPort": 80}]},
    {"livenessProbe": {"httpGet": {"host": "10.0.0.1", "port": 80}}},
    {"livenessProbe": {"httpGet": {"port": 80}}},
    {"lifecycle": {"preStop": {"httpGet": {"host": "10.0.0.1", "port": 80}}}},
]


@pytest.fixture(scope="module")
def lab(kubeconfig: Path) -> Iterator[tuple[Cluster, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(kubeconfig))
        found = connect()
        name = f"policy-{secrets.token_hex(4)}"
        labels = {"pod-security.kubernetes.io/enforce": "baseline"}
        found.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        yield found, name
        cluster.kubectl("delete", "namespace", name, "--wait=false")
        found.close()


def pods() -> Iterator[dict[str, Any]]:
    for spec in PODS:
        yield {"containers": [{"name": "a", "image": "a"}], **spec}
    for container in CONTAINERS:
        yield {"containers": [{"name": "a", "image": "a", **container}]}
        if "lifecycle" not in container and "livenessProbe" not in container:
            first = {"name": "b", "image": "a", **container}
            yield {"containers": [{"name": "a", "image": "a"}], "initContainers": [first]}


@pytest.mark.parametrize("spec", list(pods()), ids=lambda spec: json.dumps(spec)[:120])
def test_we_refuse_what_the_baseline_refuses_and_grant_what_it_grants(
    lab: tuple[Cluster, str], spec: dict[str, Any]
) -> None:
    api, namespace = lab
    data = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}
    refusals = find_refusals([Manifest(data=data, locate=lambda _path: ("a.yaml", 1))], lambda *_: True)
    try:
        api.create(data, namespace, dry_run=True)
    except Refused as error:
        said = error.message
    else:
        said = ""
    if refusals and {each.topic for each in refusals} <= STRICTER:
        return
    assert bool(refusals) is bool(said), (refusals, said)


def test_a_role_over_everything_touches_no_guard_and_is_found_out_all_the_same(lab: tuple[Cluster, str]) -> None:
    api, namespace = lab
    role = "rbac.authorization.k8s.io"
    given: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "all"}},
        {
            "apiVersion": f"{role}/v1",
            "kind": "Role",
            "metadata": {"name": "all"},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
        },
        {
            "apiVersion": f"{role}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "all"},
            "roleRef": {"apiGroup": role, "kind": "Role", "name": "all"},
            "subjects": [{"kind": "ServiceAccount", "name": "all", "namespace": "shop"}],
        },
    ]
    for each in given:
        each["metadata"]["namespace"] = "shop"
    manifests = [Manifest(data=each, locate=lambda _path: ("a.yaml", 1)) for each in given]
    for each in rewrite(manifests, Target(namespace=namespace, served=lambda *_: True)).manifests:
        api.apply(each.data, namespace)
    user = f"system:serviceaccount:{namespace}:all"

    def may(verb: str, group: str, resource: str, where: str = namespace) -> bool:
        return api.can_i(user, verb, group, resource, where)

    for verb in ("patch", "update", "delete"):
        assert not may(verb, "", "namespaces")
        assert not may(verb, "", "resourcequotas")
        assert not may(verb, "networking.k8s.io", "networkpolicies")
    assert not may("escalate", role, "roles")
    assert not may("get", "", "secrets", "kube-system")
    assert all(may(verb, "", "secrets") for verb in ("get", "list", "delete"))
    assert may("create", "apps", "deployments")
    assert may("get", "", "namespaces")
