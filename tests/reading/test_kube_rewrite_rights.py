"""Roles as we apply them: they grant what they granted over the namespace's objects, and never its guards."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.reading.kube_policy import find_refusals
from infra_grader.reading.kube_rewrite import Target, rewrite
from infra_grader.reading.kube_rewrite_names import Names
from infra_grader.reading.kube_rewrite_rights import GROUP, narrows, rewrite_rights
from infra_grader.reading.kube_rewrite_rights import grants as granted
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_files import read_manifests

NAMES = Names(namespace="ours", own=frozenset({"shop"}), cluster_roles=frozenset({"reader"}), groups=("example.com",))
GUARDED = [("", "namespaces"), ("", "resourcequotas"), ("networking.k8s.io", "networkpolicies")]
WRITES = ["create", "update", "patch", "delete", "deletecollection"]


def role(*rules: dict[str, Any], kind: str = "Role") -> list[dict[str, Any]]:
    data = {"kind": kind, "metadata": {"name": "x"}, "rules": list(rules)}
    rewrite_rights(data, NAMES, lambda *_: None)
    found: list[dict[str, Any]] = data["rules"]  # type: ignore[assignment]
    return found


def rule(groups: str, resources: str, verbs: str) -> dict[str, Any]:
    return {
        "apiGroups": [group.strip("'") for group in groups.split()],
        "resources": resources.split(),
        "verbs": verbs.split(),
    }


def grants(rules: list[dict[str, Any]], verb: str, group: str, resource: str) -> bool:
    """Return what the API server would answer."""
    return any(
        {"*", verb} & set(each["verbs"])
        and {"*", group} & set(each["apiGroups"])
        and {"*", resource, f"*/{resource.partition('/')[2]}" if "/" in resource else resource} & set(each["resources"])
        for each in rules
    )


ALL = rule("*", "*", "*")


def test_a_role_over_everything_may_all_but_touch_the_guards() -> None:
    made = role(ALL)
    for group, resource in GUARDED:
        assert grants(made, "get", group, resource)
        assert not any(grants(made, verb, group, resource) for verb in [*WRITES, "*"])
    for group, resource in [("", "secrets"), ("", "pods"), ("apps", "deployments"), ("example.com", "caches")]:
        assert all(grants(made, verb, group, resource) for verb in ["get", "list", "watch", *WRITES])
    assert not any(grants(made, verb, GROUP, "roles") for verb in ("escalate", "bind"))
    assert narrows(ALL)


@pytest.mark.parametrize(
    "each",
    [
        rule("''", "secrets", "get list watch"),
        rule("*", "*", "get list"),
        rule("''", "pods configmaps", "*"),
        rule("apps", "*", "*"),
        rule("example.com", "*", "*"),
        rule(GROUP, "roles rolebindings", "create delete"),
        rule("*", "roles pods", "create delete"),
        rule("*", "pods", "*"),
        rule("''", "namespaces", "get"),
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["token"]},
    ],
)
def test_usual_rules_stay_as_they_are(each: dict[str, Any]) -> None:
    assert role(each) == [each]
    assert not narrows(each)


@pytest.mark.parametrize(
    "each",
    [
        rule("''", "namespaces", "patch"),
        rule("*", "namespaces", "update"),
        rule("''", "namespaces/finalize", "update"),
        rule("''", "*/status", "patch"),
        rule("networking.k8s.io", "networkpolicies", "delete"),
        rule("''", "resourcequotas", "deletecollection"),
        rule(GROUP, "roles", "escalate"),
        rule(GROUP, "*", "*"),
        rule("*", "roles rolebindings", "escalate bind create patch"),
        rule("*", "clusterroles", "*"),
        {"nonResourceURLs": ["*"], "verbs": ["get"]},
    ],
)
def test_rules_over_guards_are_narrowed_and_said(each: dict[str, Any]) -> None:
    said: list[tuple[str | int, ...]] = []
    data = {"kind": "Role", "metadata": {"name": "x"}, "rules": [each]}
    rewrite_rights(data, NAMES, lambda path, _: said.append(path))
    assert said[0][:2] == ("rules", 0)
    assert narrows(each)


def test_rights_over_roles_of_every_group_beget_none() -> None:
    made = role(rule("*", "roles rolebindings", "get escalate bind create patch"))
    assert not any(grants(made, verb, GROUP, "roles") for verb in ("escalate", "bind", "*"))
    assert all(grants(made, verb, GROUP, each) for verb in ("get", "create") for each in ("roles", "rolebindings"))


@given(
    st.lists(
        st.builds(
            lambda groups, resources, verbs: {"apiGroups": groups, "resources": resources, "verbs": verbs},
            st.lists(st.sampled_from(["*", "", "apps", "networking.k8s.io", GROUP, "example.com"]), max_size=3),
            st.lists(
                st.sampled_from(["*", "namespaces", "pods", "networkpolicies", "resourcequotas", "roles", "*/status",
                                 "namespaces/status", "secrets"]),
                max_size=3,
            ),
            st.lists(st.sampled_from(["*", "get", "patch", "create", "escalate", "bind"]), max_size=3),
        ),
        max_size=4,
    )
)  # fmt: skip
def test_no_role_ever_writes_a_guard_or_begets_rights(rules: list[dict[str, Any]]) -> None:
    made = role(*rules)
    for group, resource in GUARDED:
        for each in (resource, f"{resource}/status"):
            assert not any(grants(made, verb, group, each) for verb in WRITES)
    assert not any(grants(made, verb, GROUP, "roles") for verb in ("escalate", "bind", "impersonate"))
    for group, resource, verb in [("", "secrets", "get"), ("", "pods", "get"), ("apps", "deployments", "get")]:
        assert grants(made, verb, group, resource) == grants(rules, verb, group, resource)
    assert role(*made) == made


def test_roles_of_the_cluster_become_roles_of_the_namespace() -> None:
    data: dict[str, Any] = {"kind": "ClusterRole", "metadata": {"name": "reader"}, "rules": [], "aggregationRule": {}}
    rewrite_rights(data, NAMES, lambda *_: None)
    assert data == {"kind": "Role", "metadata": {"name": "reader-cluster", "namespace": "ours"}, "rules": []}


def binding(role_ref: dict[str, str], *subjects: dict[str, str], kind: str = "RoleBinding") -> dict[str, Any]:
    data = {"kind": kind, "metadata": {"name": "b"}, "roleRef": role_ref, "subjects": list(subjects)}
    rewrite_rights(data, NAMES, lambda *_: None)
    return data


@pytest.mark.parametrize(
    ("given_one", "made"),
    [
        ({"kind": "Role", "name": "a"}, {"kind": "Role", "name": "a"}),
        ({"kind": "ClusterRole", "name": "reader"}, {"kind": "Role", "name": "reader-cluster"}),
        ({"kind": "ClusterRole", "name": "view"}, {"kind": "ClusterRole", "name": "view"}),
        ({"kind": "ClusterRole", "name": "admin"}, {"kind": "Role", "name": "admin"}),
        ({"kind": "ClusterRole", "name": "edit"}, {"kind": "Role", "name": "edit"}),
        ({"kind": "ClusterRole", "name": "system:node"}, {"kind": "Role", "name": "system:node"}),
    ],
)
def test_a_binding_leads_to_a_role_of_the_namespace(given_one: dict[str, str], made: dict[str, str]) -> None:
    assert binding(given_one)["roleRef"] == made


def test_rights_are_given_to_accounts_of_the_namespace_alone() -> None:
    found = binding(
        {"kind": "Role", "name": "a"},
        {"kind": "ServiceAccount", "name": "one", "namespace": "shop"},
        {"kind": "ServiceAccount", "name": "two"},
        {"kind": "ServiceAccount", "name": "default", "namespace": "kube-system"},
        {"kind": "User", "name": "system:serviceaccount:shop:three"},
        {"kind": "Group", "name": "system:serviceaccounts:shop"},
        {"kind": "Group", "name": "system:authenticated"},
        {"kind": "Group", "name": "system:serviceaccounts"},
        {"kind": "User", "name": "friend"},
    )
    assert found["subjects"] == [
        {"kind": "ServiceAccount", "name": "one", "namespace": "ours"},
        {"kind": "ServiceAccount", "name": "two", "namespace": "ours"},
        {"kind": "User", "name": "system:serviceaccount:ours:three"},
        {"kind": "Group", "name": "system:serviceaccounts:ours"},
    ]


@pytest.mark.parametrize(
    ("each", "asked", "answer"),
    [
        (ALL, ("*", "*", "*"), True),
        (rule("''", "*", "*"), ("*", "*", "*"), False),
        (rule("*", "pods", "*"), ("*", "", "pods"), True),
        (rule("*", "pods", "get list"), ("*", "", "pods"), False),
        (rule(GROUP, "roles", "bind"), ("bind", GROUP, "roles"), True),
        (rule(GROUP, "roles", "bind"), ("escalate", GROUP, "roles"), False),
        (rule("''", "pods", "create"), ("create", "", "pods/exec"), False),
        (rule("''", "*/exec", "create"), ("create", "", "pods/exec"), True),
        ({**rule("''", "secrets", "get"), "resourceNames": ["one"]}, ("get", "", "secrets"), False),
        ({**rule("''", "secrets", "get"), "resourceNames": ["one"]}, ("get", "", "secrets", "one"), True),
        ({"nonResourceURLs": ["*"], "verbs": ["*"]}, ("*", "*", "*"), False),
    ],
)
def test_what_a_rule_grants_is_as_the_cluster_would_say(
    each: dict[str, Any], asked: tuple[str, ...], answer: bool
) -> None:
    assert granted(each, *asked) is answer


PROMETHEUS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: prometheus}
rules:
  - {apiGroups: [""], resources: [nodes, nodes/metrics, services, endpoints, pods], verbs: [get, list, watch]}
  - {apiGroups: [""], resources: [configmaps], verbs: [get]}
  - {nonResourceURLs: [/metrics], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: prometheus}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: prometheus}
subjects: [{kind: ServiceAccount, name: prometheus, namespace: shop}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: prometheus, namespace: shop}
"""


def test_the_rights_of_a_prometheus_reach_no_further_than_the_namespace() -> None:
    """Where a rubric lists these kinds; a binding to everything is refused all the same."""
    listed = frozenset({"ClusterRole", "ClusterRoleBinding"})
    found = [Manifest(data=data, locate=locate) for data, locate in read_manifests("k8s.yaml", PROMETHEUS)[0]]

    def served(_version: str, kind: str) -> bool:
        return kind not in listed

    assert find_refusals(found, served, listed=listed) == []
    made = {
        each.kind: each for each in rewrite(found, Target(namespace="ours", served=served, listed=listed)).manifests
    }
    assert set(made) == {"ServiceAccount", "Role", "RoleBinding"}
    assert {each.namespace for each in made.values()} == {"ours"}
    assert made["Role"].data["rules"] == found[0].data["rules"][:2]
    assert made["RoleBinding"].data["roleRef"] == {
        **found[1].data["roleRef"],
        "kind": "Role",
        "name": made["Role"].name,
    }
    assert made["RoleBinding"].data["subjects"] == [
        {"kind": "ServiceAccount", "name": "prometheus", "namespace": "ours"}
    ]
    admin = {**found[1].data, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}}
    refused = find_refusals([found[1].replace(data=admin)], served, listed=listed)
    assert [each.topic for each in refused] == ["cluster-rights"]
