"""What live checks may look at, as the command line says it."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.shared import Shared
from infra_grader.engine.openers import live_names, openers
from infra_grader.engine.registry import Registry
from infra_grader.errors import UsageError
from infra_grader.model.outcome import NotAssessed


@pytest.mark.parametrize(
    ("live", "context", "names"),
    [
        ("auto", "", {"docker"}),
        ("auto", "lab", {"docker", "kubernetes"}),
        ("none", "lab", set()),
        ("docker", "lab", {"docker"}),
        ("docker, kubernetes", "", {"docker", "kubernetes"}),
    ],
)
def test_a_cluster_is_asked_only_where_it_is_named_or_asked_for(live, context, names):
    assert live_names(live, context) == names


def test_what_no_live_check_looks_at():
    with pytest.raises(UsageError, match="knows no nomad"):
        live_names("docker,nomad")


def test_a_cluster_that_nobody_asked_for_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(NotAssessed, match="not asked for") as verdict:
        openers(Registry(), "none", tmp_path)["kubernetes"](Shared())
    assert "--kube-context" in verdict.value.remedy


def test_the_context_reaches_the_cluster(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(NotAssessed, match="no kubeconfig"):
        openers(Registry(), "none", tmp_path, kube_context="lab")["kubernetes"](Shared())
