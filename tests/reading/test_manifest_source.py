"""Which of several sources of manifests is put into a cluster."""

from __future__ import annotations

from functools import partial

import pytest

from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.reading import manifest_source
from infra_grader.reading.manifest import Manifest, ManifestSet
from infra_grader.reading.manifest_source import ManifestParams, read_source


def holding(source, *kinds, is_given=False, image=""):
    pod = {"template": {"spec": {"containers": [{"name": "api", "image": image}]}}}
    objects = tuple(
        Manifest(
            data={"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "api"}, "spec": pod}
            if kind == "Deployment"
            else {"apiVersion": "v1", "kind": kind, "metadata": {"name": "api"}},
            locate=lambda _path: ("app.yaml", 1),
            is_given=is_given,
        )
        for kind in kinds
    )
    return ManifestSet(source=source, objects=objects)


def saying(actual):
    return CheckFailed(f"It is {actual}.", Evidence(path="k8s", actual=actual))


@pytest.fixture
def read(monkeypatch):
    """Return how to read sources, each of them what is read or what is raised."""

    def one(source):
        if isinstance(source, CheckFailed):
            raise source
        return source

    def play(*sources):
        monkeypatch.setattr(manifest_source, "_sources", lambda *_: (partial(one, each) for each in sources))
        return read_source(None, ManifestParams()).source

    return play


CHART = holding("the chart", "ServiceAccount", "Deployment")


@pytest.mark.parametrize(
    "beside",
    [
        saying("not there"),
        saying("no objects"),
        holding("alert rules"),
        holding("the template's", "Deployment", is_given=True),
        holding("what belongs to the chart", "ConfigMap"),
        saying("line 3: a mapping is not closed"),
    ],
    ids=["absent", "other files", "empty", "handed out", "no workload", "broken"],
)
def test_a_chart_counts_whatever_lies_in_a_folder_for_manifests(read, beside):
    assert read(beside, saying("not there"), CHART) == "the chart"


def test_of_two_with_a_workload_the_first_counts(read):
    assert read(holding("files", "Deployment"), CHART) == "files"


def test_without_any_workload_the_first_with_objects_counts(read):
    assert read(holding("alert rules"), holding("files", "ConfigMap"), saying("not there")) == "files"
    assert read(holding("alert rules"), saying("not there")) == "alert rules"


def test_what_is_there_and_cannot_be_read_says_more_than_what_has_no_workload(read):
    with pytest.raises(CheckFailed, match="a mapping is not closed"):
        read(holding("files", "ConfigMap"), saying("not there"), saying("a mapping is not closed"))
    with pytest.raises(CheckFailed, match="not there"):
        read(saying("not there"), saying("no objects"))


def test_a_source_that_runs_something_of_the_learner_s_counts_before_stubs_and_tools(read):
    assert read(holding("files", "Deployment"), holding("the chart", "Deployment", image="api:1.0")) == "the chart"
    tools = holding("monitoring", "Deployment", image="docker.io/grafana/grafana:11.1.0@sha256:1")
    assert read(tools, holding("the chart", "Deployment", image="acme/grafana-api")) == "the chart"
    assert read(tools, saying("not there")) == "monitoring"
