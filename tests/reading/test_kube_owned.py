"""Whose an object in a cluster is: a friend's deployment earns nothing, however it is labelled."""

from __future__ import annotations

from typing import Any

import pytest

from infra_grader.model.scorecard import SubmissionRef
from infra_grader.reading.kube_owned import Wanted, label_value, namespace_name, ties_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WANTED = Wanted(learner="ada", label="learner", commit=COMMIT)


def entry(manager: str, *, labels: bool = True, spec: bool = True) -> dict[str, Any]:
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}} if spec else {}
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
