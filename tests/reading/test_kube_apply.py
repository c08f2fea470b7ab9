"""What the API refuses, at the lines of the learner's files."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Applied, Refused, Resource
from infra_grader.capabilities.kubernetes_lab import Lab
from infra_grader.model.outcome import NotAssessed
from infra_grader.reading.kube_apply import Result, apply_all, evidence_of, steps_of
from infra_grader.reading.kube_rewrite import Rewritten
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_files import read_manifests

TEXT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  annotations:
    prometheus.io/port: "80"
spec:
  replicas: x
  template:
    spec:
      containers:
        - name: first
          image: a
        - name: second
          imag: b
"""


@pytest.fixture
def manifest():
    ((data, locate),) = read_manifests("k8s/app.yaml", TEXT)[0]
    return Manifest(data=data, locate=locate)


@pytest.mark.parametrize(
    ("field", "steps"),
    [
        ("spec.template.spec.containers[1].imag", ("spec", "template", "spec", "containers", 1, "imag")),
        ('.spec.template.spec.containers[name="second"].imag', ("spec", "template", "spec", "containers", 1, "imag")),
        ("metadata.annotations[prometheus.io/port]", ("metadata", "annotations", "prometheus.io/port")),
        ("spec.template.spec.volumes[0]", ("spec", "template", "spec")),
        ("nowhere", ()),
        ("", ()),
    ],
)
def test_a_field_in_the_words_of_the_api(manifest, field, steps):
    assert steps_of(manifest, field) == steps


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        (
            Result(status=422, message="is invalid", causes=(("spec.replicas", "Invalid value"), ("metadata", "x"))),
            [8, 3],
        ),
        (
            Result(status=400, message='strict decoding error: unknown field "spec.template.spec.containers[1].imag"'),
            [15],
        ),
        (
            Result(
                status=500,
                message="failed to create typed patch object (/api; apps/v1, Kind=Deployment): errors:\n"
                '  .spec.template.spec.containers[name="second"].imag: field not declared in schema',
            ),
            [15],
        ),
        (Result(status=404, message="the cluster has no kind Deployment in apps/v1"), [2]),
    ],
)
def test_each_error_is_shown_at_its_line(manifest, result, lines):
    found = evidence_of(manifest, result)
    assert [each.line for each in found] == lines
    assert all(each.path == "k8s/app.yaml" and each.text.startswith("Deployment api: ") for each in found)


def test_our_own_rules_are_nobodys_fault():
    assert Result(status=403, message='pods "p" is forbidden: violates PodSecurity "baseline:latest": x').is_ours
    assert Result(status=403, message="exceeded quota: infra-grader, requested: pods=1").is_ours
    assert not Result(status=403, message="exceeded quota: compute, requested: pods=1").is_ours


class PlayedCluster:
    """A cluster that serves one kind, and keeps what is applied and what a definition has come to."""

    def __init__(self, *, is_namespaced, conditions=()):
        self.applied = []
        self.created = []
        self.kept = []
        self._is_namespaced = is_namespaced
        self._conditions = [dict(zip(("type", "status"), each, strict=True)) for each in conditions]

    def resource(self, api_version, kind):
        return Resource(api_version=api_version, kind=kind, plural="things", is_namespaced=self._is_namespaced)

    def apply(self, data, namespace):
        if data["metadata"]["name"] == "unsound":
            raise Refused(422, "Invalid", "its port is unsound")
        self.applied.append((data["metadata"]["name"], namespace))
        self.egress = (data.get("spec") or {}).get("egress")
        return Applied(object=data, warnings=())

    def create(self, data):
        self.created.append(data)
        return Applied(object=data, warnings=())

    def await_(self, _resource, _namespace, look, _deadline, **_):
        return look([{**each, "status": {"conditions": self._conditions}} for each in self.created])


def put(cluster, *manifests, asks_api=False):
    live = SimpleNamespace(
        cluster=cluster,
        namespace="ours",
        owner_labels={},
        owner_marks={},
        on_close=lambda _end: None,
        keep=lambda resource, name: cluster.kept.append((resource.kind, name)),
        guard=lambda **given: cluster.applied.append(("guards", given)),
        run="one",
        lab=Lab(),
        listening=lambda namespace, _service: [("10.42.0.3", 53) if namespace == "kube-system" else ("10.0.0.1", 6443)],
    )
    context = SimpleNamespace(kubernetes=live, deadline=Deadline(60), tell=lambda _said: None)
    return apply_all(context, Rewritten(manifests=manifests, notes=()), asks_api=asks_api)


@pytest.mark.parametrize(("is_namespaced", "status"), [(True, 0), (False, 403)])
def test_only_objects_of_a_namespace_are_applied(manifest, is_namespaced, status):
    cluster = PlayedCluster(is_namespaced=is_namespaced)
    [result] = put(cluster, manifest)
    assert result.status == status
    assert cluster.applied == ([("api", "ours")] if is_namespaced else [])


def policy(name, **spec):
    data = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}
    return Manifest(data=data, locate=lambda _path: ("policy.yaml", 1))


@pytest.mark.parametrize("name", ["sound", "unsound"])
def test_guards_are_set_by_the_policies_that_were_taken_before_there_are_pods(manifest, name):
    cluster = PlayedCluster(is_namespaced=True)
    assert put(cluster, policy("first"), policy(name), manifest)[1].is_taken is (name == "sound")
    policies = ["first", *(["sound"] if name == "sound" else [])]
    assert [each for each, _ in cluster.applied] == [*policies, "guards", "api"]
    # Which they are is asked of the cluster, and not taken from what was to be applied.
    assert ("guards", {"reaches_api": False}) in cluster.applied


@pytest.mark.parametrize("asks_api", [False, True])
def test_the_cluster_gets_policies_that_let_pods_out_no_further_than_ours(asks_api):
    cluster = PlayedCluster(is_namespaced=True)
    given = policy("open", podSelector={}, egress=[{}], policyTypes=["Egress"])
    put(cluster, given, asks_api=asks_api)
    first, *others = cluster.egress
    assert {"namespaceSelector": {"matchLabels": {"infra-grader.io/run": "one"}}} in first["to"]
    assert [rule["to"] for rule in others] == ([[{"ipBlock": {"cidr": "10.0.0.1/32"}}]] if asks_api else [])
    assert given.data["spec"]["egress"] == [{}]  # what is judged stays the learner's


def test_a_block_of_addresses_leads_to_the_dns_that_the_cluster_has():
    cluster = PlayedCluster(is_namespaced=True)
    put(cluster, policy("open", podSelector={}, egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]))
    assert cluster.egress[0]["to"][0] == {"ipBlock": {"cidr": "10.42.0.3/32"}}


def test_who_may_ask_the_api_may_before_there_are_pods(manifest):
    cluster = PlayedCluster(is_namespaced=True)
    put(cluster, manifest, asks_api=True)
    assert cluster.applied == [("guards", {"reaches_api": True}), ("api", "ours")]


DEFINITION = Manifest(
    data={
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "caches.example.com"},
    },
    locate=lambda _path: ("crd.yaml", 1),
)


def test_a_definition_is_taken_once_it_is_established():
    cluster = PlayedCluster(is_namespaced=False, conditions=[("NamesAccepted", "True"), ("Established", "True")])
    assert put(cluster, DEFINITION)[0].is_taken
    assert cluster.kept == [("CustomResourceDefinition", "caches.example.com")]


@pytest.mark.parametrize(
    ("conditions", "problem"),
    [
        ([("NamesAccepted", "False"), ("Established", "False")], "another definition has taken its names"),
        ([("NamesAccepted", "True"), ("Established", "False")], "it is late"),
        ([], "it is late"),
    ],
)
def test_nothing_goes_on_without_the_definition(conditions, problem, manifest):
    cluster = PlayedCluster(is_namespaced=False, conditions=conditions)
    with pytest.raises(NotAssessed, match=problem):
        put(cluster, DEFINITION, manifest)
    assert cluster.applied == []
