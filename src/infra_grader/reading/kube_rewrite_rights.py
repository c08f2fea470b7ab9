"""Roles and bindings as we apply them: rights over the submission's own namespace, and not over its guards.

A Role that may write everything may also take the limits off its namespace. In our copy it may write every kind that
is known, and not those by which we hold the namespace in; whatever it may read it still may, so that too wide a Role
is found out by asking the cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from infra_grader.reading.kube_rewrite_names import Names

Note = Callable[[tuple[str | int, ...], str], None]
GROUP = "rbac.authorization.k8s.io"
READ = ("get", "list", "watch")
WRITE = ("create", "update", "patch", "delete", "deletecollection")
POWERS = frozenset({"escalate", "bind", "impersonate", "*"})
"""Verbs by which rights beget more rights."""
RIGHTS = frozenset({"roles", "rolebindings", "clusterroles", "clusterrolebindings"})
"""What they beget them through, in the group of rights; a rule names them as of every group too."""
GUARDS = {
    "": frozenset({"namespaces", "resourcequotas"}),
    "networking.k8s.io": frozenset({"networkpolicies"}),
}
"""What holds a namespace in: its labels, its quota, its network policies."""
KNOWN = {
    "": (
        "configmaps", "endpoints", "events", "limitranges", "persistentvolumeclaims", "pods", "pods/exec",
        "pods/eviction", "pods/log", "pods/portforward", "pods/status", "replicationcontrollers", "secrets",
        "serviceaccounts", "services", "services/status",
    ),
    "networking.k8s.io": ("ingresses", "ingresses/status"),
}  # fmt: skip
"""Other resources of the groups that hold guards."""
OTHER_GROUPS = (
    "apps", "autoscaling", "batch", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "policy", GROUP,
)  # fmt: skip
"""Groups of a namespace's objects without a guard."""
NARROWED_RULE = "rights over the namespace's objects, and not over its guards"
"""What the note about a rule expects that grants more in the learner's files than in our copy."""
NARROWED = {"ClusterRole": "Role", "ClusterRoleBinding": "RoleBinding"}
OF_CLUSTER = "-cluster"
"""How the names of Roles end that were ClusterRoles, as there may be a Role of the same name."""
PLAIN_ROLES = frozenset({"view"})
"""ClusterRoles of Kubernetes that can be bound in a namespace and write none of its guards."""

EDIT = (
    {
        "apiGroups": [""],
        "resources": [
            "configmaps", "persistentvolumeclaims", "pods", "pods/attach", "pods/exec", "pods/portforward",
            "replicationcontrollers", "secrets", "serviceaccounts", "services",
        ],
        "verbs": [*READ, *WRITE],
    },
    {
        "apiGroups": ["apps", "autoscaling", "batch", "networking.k8s.io", "policy"],
        "resources": [
            "cronjobs", "daemonsets", "deployments", "horizontalpodautoscalers", "ingresses", "jobs",
            "networkpolicies", "poddisruptionbudgets", "replicasets", "statefulsets",
        ],
        "verbs": [*READ, *WRITE],
    },
)  # fmt: skip
ADMIN = (*EDIT, {"apiGroups": [GROUP], "resources": ["roles", "rolebindings"], "verbs": [*READ, *WRITE]})
WIDE_ROLES: Mapping[str, Sequence[Mapping[str, Any]]] = {"edit": EDIT, "admin": ADMIN}
"""Rules of the ClusterRoles of Kubernetes that are bound in a namespace, of which our copies of bindings grant none."""


def rewrite_rights(data: dict[str, Any], names: Names, note: Note) -> None:
    """Narrow a Role or a binding, or those of the cluster that the rubric lists, to our namespace."""
    if data["kind"] in NARROWED:
        note(("kind",), f"a {NARROWED[data['kind']]} of the namespace")
        data["kind"] = NARROWED[data["kind"]]
        data["metadata"]["namespace"] = names.namespace
        data["metadata"]["name"] += OF_CLUSTER
        data.pop("aggregationRule", None)
    if data["kind"] == "Role":
        rules = data.get("rules")
        if isinstance(rules, list):
            data["rules"] = [
                made for number, rule in enumerate(rules) for made in _rules(rule, number, names.groups, note)
            ]
    elif data["kind"] == "RoleBinding":
        _binding(data, names, note)


def narrows(rule: Mapping[str, Any]) -> bool:
    """Whether a rule grants more than our copy of it does."""
    return list(_rules(dict(rule), 0, (), lambda *_: None)) != [rule]


def grants(rule: Mapping[str, Any], verb: str, group: str, resource: str, name: str = "") -> bool:
    """Whether a rule grants something, as the cluster would answer; `*` is granted by `*` alone."""
    groups, resources, verbs, named = (
        _texts(rule.get(key)) for key in ("apiGroups", "resources", "verbs", "resourceNames")
    )
    below = resource.partition("/")[2]
    return (
        not {"*", verb}.isdisjoint(verbs)
        and not {"*", group}.isdisjoint(groups)
        and not {"*", resource, f"*/{below}" if below else resource}.isdisjoint(resources)
        and (not named or name in named)
    )


def _rules(rule: Any, number: int, own: Sequence[str], note: Note) -> Iterator[Any]:
    """Yield the rules that stand for one of a Role."""
    if not isinstance(rule, dict):
        yield rule
        return
    if rule.get("nonResourceURLs"):
        note(("rules", number, "nonResourceURLs"), "nothing outside of the namespace")
        return
    groups, resources, verbs = (_texts(rule.get(key)) for key in ("apiGroups", "resources", "verbs"))
    if set(verbs) <= set(READ) or not any(_touches(group, resources, verbs) for group in groups):
        yield rule
        return
    note(("rules", number), NARROWED_RULE)
    rest = {key: value for key, value in rule.items() if key not in ("apiGroups", "resources", "verbs")}
    read = [verb for verb in READ if verb in verbs or "*" in verbs]
    write = [verb for verb in (WRITE if "*" in verbs else verbs) if verb not in READ and verb not in POWERS]
    if read:
        yield {"apiGroups": groups, "resources": resources, "verbs": read, **rest}
    if write:
        yield from ({**made, "verbs": write, **rest} for made in _unguarded(groups, resources, own))


def _touches(group: str, resources: list[str], verbs: list[str]) -> bool:
    """Whether writing resources of a group may touch guards, or beget rights."""
    is_over_rights = group == GROUP or (group == "*" and any(each.partition("/")[0] in RIGHTS for each in resources))
    if is_over_rights and not POWERS.isdisjoint(verbs):
        return True
    guards = {each for held, names in GUARDS.items() if group in ("*", held) for each in names}
    return bool(guards) and any(each.partition("/")[0] in guards | {"*"} for each in resources)


def _unguarded(groups: list[str], resources: list[str], own: Sequence[str]) -> Iterator[dict[str, list[str]]]:
    """Yield what of some groups may be written: every known resource that was asked for and is no guard."""
    for group in [*GUARDS, *OTHER_GROUPS, *own] if "*" in groups else groups:
        if group not in GUARDS:
            yield {"apiGroups": [group], "resources": resources}
            continue
        is_all = any(each.partition("/")[0] == "*" for each in resources)
        named = [each for each in resources if each.partition("/")[0] not in {"*", *GUARDS[group]}]
        if kept := list(dict.fromkeys([*(KNOWN[group] if is_all else ()), *named])):
            yield {"apiGroups": [group], "resources": kept}


def _binding(data: dict[str, Any], names: Names, note: Note) -> None:
    role = data.get("roleRef")
    if isinstance(role, dict) and role.get("kind") == "ClusterRole":
        if str(role.get("name")) in names.cluster_roles:
            role["kind"], role["name"] = "Role", str(role["name"]) + OF_CLUSTER
        elif str(role.get("name")) not in PLAIN_ROLES:
            note(("roleRef", "name"), "a Role of the submission")
            role["kind"] = "Role"  # which is not there: it grants nothing
    subjects = data.get("subjects")
    if isinstance(subjects, list):
        data["subjects"] = [
            made for number, each in enumerate(subjects) if (made := _subject(each, number, names, note))
        ]


def _subject(subject: Any, number: int, names: Names, note: Note) -> Any:
    """Return a subject as our account, or nothing for one from elsewhere."""
    if not isinstance(subject, dict):
        return subject
    kind, name = subject.get("kind"), str(subject.get("name") or "")
    own = (names.namespace, *names.own, *names.shared)
    if kind == "ServiceAccount" and subject.get("namespace") in (None, "", *own):
        return {**subject, "namespace": names.namespace}
    prefix = {"User": "system:serviceaccount:", "Group": "system:serviceaccounts:"}.get(str(kind), "")
    if prefix and name.startswith(prefix):
        place, colon, account = name.removeprefix(prefix).partition(":")
        if place in own:
            return {**subject, "name": f"{prefix}{names.namespace}{colon}{account}"}
    note(("subjects", number), "an account of the namespace")
    return None


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
