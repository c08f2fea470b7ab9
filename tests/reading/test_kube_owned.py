"""Whose an object in a cluster is: a friend's deployment earns nothing, however it is labelled."""

from __future__ import annotations

from typing import Any

import pytest

from infra_grader.model.scorecard import SubmissionRef
from infra_grader.reading.kube_owned import Wanted, earlier_of, label_value, namespace_name, ties_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WANTED = Wanted(learner="ada", label="learner", commit=COMMIT)


CONTAINER = {".": {}, "f:image": {}, "f:name": {}, "f:ports": {}}


def entry(
    manager: str, *, labels: bool = True, spec: bool = True, container: dict[str, Any] = CONTAINER
) -> dict[str, Any]:
    pod = {"f:containers": {'k:{"name":"api"}': container}}
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": pod}}} if spec else {}
    if labels:
        fields["f:metadata"] = {"f:labels": {"f:learner": {}}}
    return {"manager": manager, "operation": "Update", "fieldsV1": fields}


def deployment(image: str = f"api:{COMMIT[:9]}", learner: str = "ada", **metadata: Any) -> dict[str, Any]:
    managed = metadata.pop("managedFields", [entry("kubectl-client-side-apply")])
    labels = {"learner": learner} if learner else {}
    return {
        "metadata": {"name": "api", "labels": labels, "managedFields": managed, **metadata},
        "spec": {"template": {"metadata": {"labels": {}}, "spec": {"containers": [{"name": "api", "image": image}]}}},
    }


def is_own(found: dict[str, Any], wanted: Wanted = WANTED) -> bool:
    return all(tie.is_there for tie in ties_of(found, wanted))


def test_what_a_learner_applied_from_the_commit_is_theirs() -> None:
    assert is_own(deployment())


@pytest.mark.parametrize(
    "found",
    [
        deployment(image="registry:5000/ada/api:v1-0123456"),
        deployment(image="api:latest", annotations={"commit": COMMIT}),
        deployment(managedFields=[entry("Helm"), entry("kubectl-set", labels=False)]),
        deployment(
            managedFields=[
                entry("kubectl-create", container={".": {}, "f:name": {}}),
                entry("kubectl-set", labels=False, container={"f:image": {}}),
            ]
        ),
        deployment(managedFields=[entry("kubectl-patch", container={"f:image": {}})]),
        deployment(managedFields=[entry("argocd-controller"), entry("kube-controller-manager", labels=False)]),
    ],
)
def test_usual_ways_to_deploy_are_theirs(found: dict[str, Any]) -> None:
    assert is_own(found)


@pytest.mark.parametrize(
    "found",
    [
        deployment(learner="bob"),
        deployment(learner=""),
        deployment(image="api:fedcba9876"),
        deployment(image="api:v1"),
        deployment(image=f"api@sha256:{COMMIT}{COMMIT[:24]}"),
        deployment(image="api:012345"),  # too short to name a commit
        deployment(image="v1", annotations={"kubectl.kubernetes.io/last-applied-configuration": COMMIT}),
        deployment(
            managedFields=[entry("kubectl-client-side-apply", labels=False), entry("kubectl-label", spec=False)]
        ),
        deployment(managedFields=[]),
    ],
)
def test_what_others_deployed_or_another_commit_is_not(found: dict[str, Any]) -> None:
    assert not is_own(found)


def test_a_label_that_was_stuck_on_later_is_told() -> None:
    managed = [entry("kubectl-client-side-apply", labels=False), entry("kubectl-label", spec=False)]
    wrong = [tie for tie in ties_of(deployment(managedFields=managed), WANTED) if not tie.is_there]
    assert [tie.actual for tie in wrong] == ["set by kubectl-label alone, on what others have made"]


def test_the_commit_is_asked_only_where_it_is_wanted() -> None:
    assert is_own(deployment(image="api:v1"), WANTED.replace(commit=""))


def test_a_learner_is_named_as_labels_and_namespaces_can() -> None:
    ada = SubmissionRef(id="Ada.Lovelace@example.com", path="", root=".")
    assert label_value(ada.id) == "Ada.Lovelace-example.com"
    assert namespace_name("ml-{learner}", ada) == "ml-ada-lovelace-example-com"


def with_fields(found: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """Return an object whose label was set together with some fields of its spec, and with an annotation."""
    metadata = {"f:labels": {"f:learner": {}}, "f:annotations": {"f:commit": {}}}
    own = {"manager": "kubectl-patch", "fieldsV1": {"f:metadata": metadata, "f:spec": spec}}
    managed = [entry("kubectl-client-side-apply", labels=False), own]
    return {**found, "metadata": {**found["metadata"], "managedFields": managed}}


def test_a_setting_beside_the_label_does_not_make_a_friends_deployment_ones_own() -> None:
    friends = deployment(image="api:v1", annotations={"commit": COMMIT})
    assert not is_own(with_fields(friends, **{"f:revisionHistoryLimit": {}}))
    assert not is_own(with_fields(friends, **{"f:template": {"f:metadata": {"f:annotations": {"f:a": {}}}}}))
    env = {"f:containers": {'k:{"name":"api"}': {"f:env": {}}}}
    assert not is_own(with_fields(friends, **{"f:template": {"f:spec": env}}))


@pytest.mark.parametrize("path", [("spec",), ("spec", "jobTemplate", "spec", "template", "spec")])
def test_containers_are_looked_for_where_a_kind_holds_them(path: tuple[str, ...]) -> None:
    whole: dict[str, Any] = {"containers": [{"name": "api", "image": "api:1"}]}
    fields: dict[str, Any] = {"f:containers": {}}  # a list that is set as a whole
    for step in reversed(path[1:]):
        whole, fields = {step: whole}, {f"f:{step}": fields}
    found = {"metadata": {"labels": {"learner": "ada"}}, "spec": whole}
    wanted = WANTED.replace(commit="")
    assert is_own(with_fields(found, **fields), wanted)
    assert not is_own(with_fields(found, **{"f:suspend": {}}), wanted)


def test_what_has_no_pods_is_made_by_whoever_sets_anything_of_it() -> None:
    found: dict[str, Any] = {"metadata": {"labels": {"learner": "ada"}}, "spec": {"ports": []}}
    wanted = WANTED.replace(commit="")
    assert is_own(with_fields(found, **{"f:ports": {}}), wanted)
    label_only = {"manager": "kubectl-label", "fieldsV1": {"f:metadata": {"f:labels": {"f:learner": {}}}}}
    assert not is_own({**found, "metadata": {**found["metadata"], "managedFields": [label_only]}}, wanted)


def revision(uid: str, learner: str, *, holds: str = "ReplicaSet", controller: bool = True) -> dict[str, Any]:
    labels = {"app": "api", **({"learner": learner} if learner else {})}
    body = {"spec": {"template": {"metadata": {"labels": labels}}}}
    owner = {"uid": uid, "controller": controller}
    rest = body if holds == "ReplicaSet" else {"data": body}
    return {"metadata": {"ownerReferences": [owner]}, **rest}


def test_revisions_of_an_object_say_whom_it_named() -> None:
    revisions = [
        revision("u", "bob"),
        revision("u", "ada", holds="ControllerRevision"),
        revision("u", ""),
        revision("other", "cleo"),
        revision("u", "dan", controller=False),
        {"metadata": {}},
    ]
    assert earlier_of(deployment(uid="u"), revisions, "learner") == ["bob", "ada"]


def test_what_a_friend_has_deployed_stays_theirs_though_all_of_it_is_set_anew() -> None:
    assert all(tie.is_there for tie in ties_of(deployment(), WANTED, ["ada", "ada"]))
    [wrong] = [tie for tie in ties_of(deployment(), WANTED, ["ada", "bob", "bob"]) if not tie.is_there]
    assert (wrong.expected, wrong.actual) == ("ada", "bob")
    assert "delete the object and apply it anew" in wrong.what
