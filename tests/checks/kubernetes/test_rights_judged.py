"""What is made of rights, of objects of an own kind, and of what a learner has deployed: from values alone."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from infra_grader.capabilities.kubernetes import Resource
from infra_grader.checks.kubernetes import crd, rbac
from infra_grader.checks.kubernetes._custom import Life
from infra_grader.plugin import CheckFailed, Evidence, Outcome
from infra_grader.reading.kube_rewrite_rights import GROUP, NARROWED_RULE
from infra_grader.reading.live_deployed import Deployed, DeployedObject
from infra_grader.reading.manifest import Manifest

SECRETS = {"verbs": ["list"], "resources": ["secrets"]}
GUARD = {"verbs": ["patch"], "resources": ["namespaces"]}


def rights(account: str = "api", *, secrets: bool = False, guard: bool = False, **facts: Any) -> rbac.Seen:
    answers = ((account, "list", "", "secrets", "", secrets), (account, "patch", "", "namespaces", "", guard))
    return rbac.Seen(accounts=(account,), answers=answers, **facts)


def judged(seen: rbac.Seen, **parameters: Any) -> Outcome:
    params = msgspec.convert({"of": "app", "may_not": [SECRETS, GUARD], **parameters}, rbac.Rbac)
    return rbac.judge(params, seen)


def test_an_account_of_its_own_with_no_rights_passes() -> None:
    assert judged(rights()).fraction == 1


def test_the_default_account_loses_one_of_three() -> None:
    assert judged(rights("default")).fraction == Fraction(2, 3)
    assert judged(rights("default"), own=False).fraction == 1


def test_reading_all_secrets_is_found_and_said() -> None:
    outcome = judged(rights(secrets=True))
    assert outcome.fraction == Fraction(2, 3)
    assert outcome.evidence[0].path == "kubectl auth can-i list secrets --as api"
    assert (outcome.evidence[0].expected, outcome.evidence[0].actual) == ("no", "yes")


def test_rights_that_the_lab_took_from_a_role_count_as_granted_to_those_who_had_them() -> None:
    rule = Evidence(path="role.yaml", line=4, expected=NARROWED_RULE, text="Role all: set aside in this lab")
    assert judged(rights(narrowed=(("api", rule),))).fraction == Fraction(2, 3)
    assert judged(rights(narrowed=(("other", rule),))).fraction == 1


def deployed(rules: list[dict[str, Any]], kind: str = "Role", name: str = "") -> Deployed:
    """Return a Role with its binding as applied, and the Role as it was written."""
    ours = name or f"all{'-cluster' if kind == 'ClusterRole' else ''}"
    subjects = [{"kind": "ServiceAccount", "name": "api", "namespace": "ours"}]
    binding = {"kind": "RoleBinding", "metadata": {"name": "b"}, "roleRef": {"name": ours}, "subjects": subjects}
    return Deployed(
        namespace="ours",
        objects=(DEFINITION.replace(manifest=DEFINITION.manifest.replace(data=binding)),),
        roles=(DEFINITION.manifest.replace(data={"kind": kind, "metadata": {"name": "all"}, "rules": rules}),),
    )


EVERYTHING = {"verbs": ["*"], "resources": ["*"], "group": "*"}
BIND = {"verbs": ["bind", "escalate"], "resources": ["roles"], "group": GROUP}
OVER_RIGHTS = {"apiGroups": [GROUP], "resources": ["roles"], "verbs": ["get", "bind"]}
OVER_ALL = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
OVER_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]}


@pytest.mark.parametrize(
    ("rules", "kind", "granted"),
    [
        ([OVER_ALL], "Role", ["*", "bind", "escalate"]),
        ([OVER_ALL], "ClusterRole", ["*", "bind", "escalate"]),
        ([OVER_RIGHTS], "Role", ["bind"]),
        ([OVER_PODS], "Role", []),
        (["no rule"], "Role", []),
    ],
)
def test_what_the_lab_takes_from_a_role_is_answered_as_it_was_written(
    monkeypatch: pytest.MonkeyPatch, rules: list[Any], kind: str, granted: list[str]
) -> None:
    """The cluster answers no to all of these, as the copy of the Role does not grant it."""
    cluster = SimpleNamespace(can_i=lambda *_, **__: False, list=lambda *_: [])
    context: Any = SimpleNamespace(kubernetes=SimpleNamespace(cluster=cluster))
    monkeypatch.setattr(rbac, "_accounts", lambda *_: ("api", "other"))
    params = msgspec.convert({"of": "app", "may_not": [EVERYTHING, BIND]}, rbac.Rbac)
    seen = rbac._look(context, params, deployed(rules, kind))
    assert [(answer[0], answer[1]) for answer in seen.answers if answer[5]] == [("api", verb) for verb in granted]
    assert (judged(seen, may_not=[EVERYTHING, BIND]).fraction == 1) is not bool(granted)


@pytest.mark.parametrize(
    ("bound", "written", "lost"),
    [("edit", [], 8), ("admin", [], 9), ("view", [], 0), ("edit", ["Role"], 0), ("edit-cluster", ["ClusterRole"], 0)],
)
def test_roles_of_kubernetes_that_the_lab_does_not_grant_count_as_granted(
    monkeypatch: pytest.MonkeyPatch, bound: str, written: list[str], lost: int
) -> None:
    """Not one of the learner's own of the same name, about which the cluster is asked."""
    cluster = SimpleNamespace(can_i=lambda *_, **__: False, list=lambda *_: [])
    context: Any = SimpleNamespace(kubernetes=SimpleNamespace(cluster=cluster))
    monkeypatch.setattr(rbac, "_accounts", lambda *_: ("api",))
    params = msgspec.convert({"of": "app"}, rbac.Rbac)
    roles = [
        DEFINITION.manifest.replace(data={"kind": kind, "metadata": {"name": "edit"}, "rules": []}) for kind in written
    ]
    binding = deployed([], name=bound).replace(roles=tuple(roles))
    outcome = rbac.judge(params, rbac._look(context, params, binding))
    assert sum(each.expected == "no" for each in outcome.evidence) == lost


def test_what_must_be_allowed_is_asked_too() -> None:
    outcome = judged(rights(), may=[{"verbs": ["get"], "resources": ["configmaps"], "name": "settings"}])
    assert outcome.fraction == Fraction(3, 4)
    assert outcome.evidence[0].expected == "yes"


@pytest.mark.parametrize(
    ("wanted", "facts", "share"),
    [
        (False, {"with_token": ("a",), "without_token": ("b",)}, Fraction(3, 4)),
        (False, {"without_token": ("b",)}, Fraction(1)),
        (True, {"with_token": ("a",)}, Fraction(1)),
        (True, {}, Fraction(3, 4)),
    ],
)
def test_tokens_are_given_as_asked(wanted: bool, facts: dict[str, Any], share: Fraction) -> None:
    assert judged(rights(**facts), token=wanted).fraction == share


def test_no_account_at_all_fails() -> None:
    with pytest.raises(CheckFailed):
        judged(rbac.Seen(accounts=(), answers=()))


def test_to_ask_nothing_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="it asks for something"):
        msgspec.convert({"of": "app", "may_not": [], "own": False}, rbac.Rbac)


DEFINITION = DeployedObject(
    manifest=Manifest(
        data={
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "caches.example.com"},
            "spec": {"names": {"kind": "Cache"}, "versions": [{"schema": {"openAPIV3Schema": {"type": "object"}}}]},
        },
        locate=lambda path: ("crd.yaml", len(path)),
    ),
    resource=Resource(api_version="apiextensions.k8s.io/v1", kind="", plural="", is_namespaced=False),
)
READY = {"metadata": {"name": "sample"}, "status": {"ready": True}}


def lived(life: Life, **parameters: Any) -> Outcome:
    asked = {"of": "app", "expect": {"status": {"ready": True}}, "makes": [{"kind": "ConfigMap"}], **parameters}
    return crd.judge(msgspec.convert(asked, crd.Crd), DEFINITION, life)


def test_an_object_that_comes_to_its_state_and_goes_with_all_passes() -> None:
    life = Life(is_served=True, last=READY, made=(("cache-sample",),), gone_after=0.5)
    assert lived(life).fraction == 1


@pytest.mark.parametrize(
    ("changes", "path", "actual"),
    [
        ({"last": {"metadata": {}}}, "Cache sample status.ready", "not there"),
        ({"made": ((),)}, "ConfigMap *", "none"),
        ({"gone_after": None, "finalizers": ("a/b",)}, "the end of the Cache", "it stays, held by a/b"),
        ({"left": ("ConfigMap cache-sample",)}, "after the end of the Cache", "ConfigMap cache-sample"),
    ],
)
def test_each_thing_that_is_wrong_costs_its_share(changes: dict[str, Any], path: str, actual: str) -> None:
    life = Life(is_served=True, last=READY, made=(("cache-sample",),), gone_after=0.5).replace(**changes)
    outcome = lived(life)
    assert outcome.fraction == Fraction(3, 4)
    assert (outcome.evidence[0].path, outcome.evidence[0].actual) == (path, actual)


def test_what_the_schema_lets_in_is_told_at_its_line() -> None:
    life = Life(is_served=True, admitted=("", "spec.size: too small"), last=READY, made=(("a",),), gone_after=0.5)
    outcome = lived(life, refuses=[{"spec": {"size": "large"}}, {"spec": {"size": 0}}])
    assert outcome.fraction == Fraction(5, 6)
    assert (outcome.evidence[0].path, outcome.evidence[0].actual) == ("crd.yaml", "admitted")


@pytest.mark.parametrize("life", [Life(is_served=False), Life(is_served=True, refused="spec.size: Required value")])
def test_a_kind_that_does_not_work_fails(life: Life) -> None:
    with pytest.raises(CheckFailed):
        lived(life)


def defined(**schema: Any) -> DeployedObject:
    """Return a definition with a schema for the status of its objects."""
    version = {"schema": {"openAPIV3Schema": {"type": "object", "properties": {"status": schema}}}}
    data = {**DEFINITION.manifest.data, "spec": {"names": {"kind": "Cache"}, "versions": [version]}}
    return DEFINITION.replace(manifest=DEFINITION.manifest.replace(data=data))


TYPED = {"properties": {"ready": {"type": "boolean"}}}


@pytest.mark.parametrize(
    ("schema", "expect", "is_right"),
    [
        (TYPED, {"status": {"ready": True}}, True),
        ({**TYPED, "default": {"ready": False}}, {"status": {"ready": True}}, True),
        ({**TYPED, "default": {"ready": True}}, {"status": {"ready": True}}, False),
        ({**TYPED, "default": {"ready": True}}, {"status": {"ready": {"present": True}}}, False),
        ({"default": {}, "properties": {"ready": {"default": True}}}, {"status": {"ready": True}}, False),
        ({"properties": {"ready": {"default": True}}}, {"status": {"ready": True}}, True),
        ({**TYPED, "default": {"ready": True}}, {"status": {"error": {"absent": True}}}, True),
        ({**TYPED, "default": {"ready": True}}, {"metadata": {"name": "sample"}}, True),
    ],
)
def test_a_status_that_the_schema_gives_to_every_object_counts_for_nothing(
    schema: dict[str, Any], expect: dict[str, Any], is_right: bool
) -> None:
    params = msgspec.convert({"of": "app", "expect": expect}, crd.Crd)
    outcome = crd.judge(params, defined(**schema), Life(is_served=True, last=READY, gone_after=0.5))
    assert outcome.fraction == (1 if is_right else Fraction(1, 2))
    if not is_right:
        assert (outcome.evidence[0].path, outcome.evidence[0].expected) == (
            "crd.yaml",
            "a status that its operator finds out",
        )
