"""A cluster asked: what its API refuses, cannot answer now, or does not let us ask, and watches that break."""

from __future__ import annotations

import json

import fake_api
import pytest
from fake_api import event, failure, listed

from infra_grader.capabilities import kubernetes_connection, kubernetes_watch
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import NAMESPACES, PODS, Refused, connect
from infra_grader.model.outcome import NotAssessed, Unavailable

CORE = {
    "resources": [
        {"name": "pods", "kind": "Pod", "namespaced": True},
        {"name": "pods/log", "kind": "Pod", "namespaced": True},
        {"name": "namespaces", "kind": "Namespace", "namespaced": False},
    ]
}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(kubernetes_connection, "PAUSES_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr(kubernetes_watch, "PAUSE_S", 0.01)


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Return what opens a cluster that answers as told, and the requests that it was sent."""
    servers = []

    def open_cluster(answers):
        server = fake_api.api(answers, tmp_path)
        file, asked = server.__enter__()
        monkeypatch.setenv("KUBECONFIG", str(file))
        cluster = connect("lab", tmp_path)
        servers.append((cluster, server))
        return cluster, asked

    yield open_cluster
    for cluster, server in servers:
        cluster.close()
        server.__exit__(None, None, None)


def in_turn(*answers):
    """Answer each request with the next of these, the last one again and again."""
    left = list(answers)
    return lambda _method, _path: left.pop(0) if len(left) > 1 else left[0]


class TestAnswers:
    """What an answer means."""

    def test_too_many_requests_and_faults_of_the_server_are_asked_again(self, opened):
        cluster, asked = opened(
            in_turn(failure(429, "TooManyRequests", "slow down"), failure(500, "InternalError", "oops"), listed("a"))
        )
        assert [each["metadata"]["name"] for each in cluster.list(PODS, "x")] == ["a"]
        assert len(asked) == 3 == cluster.requests

    def test_a_server_that_stays_broken_is_unavailable(self, opened):
        cluster, asked = opened(lambda *_: failure(503, "ServiceUnavailable", "etcd has no leader"))
        with pytest.raises(Unavailable, match="etcd has no leader"):
            cluster.list(PODS, "x")
        assert len(asked) == 4

    def test_what_makes_something_is_not_asked_twice_where_it_may_have_been_done(self, opened):
        cluster, asked = opened(
            lambda method, _: (200, CORE) if method == "GET" else failure(500, "InternalError", "x")
        )
        with pytest.raises(Unavailable):
            cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}, "x")
        assert [method for method, _ in asked] == ["GET", "POST"]

    def test_a_verb_that_is_forbidden_is_named(self, opened):
        said = 'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "x"'
        cluster, _ = opened(lambda *_: failure(403, "Forbidden", said))
        with pytest.raises(NotAssessed, match="The context lab may not list pods in the cluster") as refused:
            cluster.list(PODS, "x")
        assert "rights" in refused.value.remedy

    def test_what_an_admission_forbids_is_about_the_object(self, opened):
        said = 'pods "p" is forbidden: violates PodSecurity "baseline:latest"'
        cluster, _ = opened(lambda method, _: (200, CORE) if method == "GET" else failure(403, "Forbidden", said))
        with pytest.raises(Refused, match="PodSecurity"):
            cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}, "x")

    def test_credentials_that_are_not_accepted(self, opened):
        cluster, asked = opened(lambda *_: failure(401, "Unauthorized", "Unauthorized"))
        with pytest.raises(NotAssessed, match="does not accept the credentials of the context lab") as refused:
            cluster.version()
        assert not isinstance(refused.value, Unavailable)
        assert "certificate" in refused.value.remedy
        assert len(asked) == 1

    def test_faults_of_an_object_are_told_by_field(self, opened):
        causes = [{"reason": "FieldValueInvalid", "message": "Invalid value", "field": "spec.replicas"}]
        cluster, _ = opened(
            lambda method, _: (200, CORE) if method == "GET" else failure(422, "Invalid", "is invalid", causes=causes)
        )
        with pytest.raises(Refused) as refused:
            cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}, "x")
        assert refused.value.causes == (("spec.replicas", "Invalid value"),)

    def test_a_kind_that_is_not_served(self, opened):
        cluster, _ = opened(lambda *_: failure(404, "NotFound", "not found"))
        assert cluster.resource("monitoring.coreos.com/v1", "ServiceMonitor") is None
        with pytest.raises(Refused, match="no kind ServiceMonitor") as refused:
            cluster.apply({"apiVersion": "m.io/v1", "kind": "ServiceMonitor", "metadata": {"name": "m"}}, "x")
        assert refused.value.status == 404

    def test_kinds_are_asked_for_once(self, opened):
        cluster, asked = opened(lambda *_: (200, CORE))
        assert cluster.resource("v1", "Namespace") == NAMESPACES
        assert cluster.resource("v1", "Pod").subresources == ("log",)
        assert len(asked) == 1

    def test_an_object_without_a_name_never_reaches_the_cluster(self, opened):
        cluster, asked = opened(lambda *_: (200, CORE))
        with pytest.raises(Refused) as refused:
            cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "p-"}}, "x")
        assert refused.value.causes == (("metadata.name", "Required value"),)
        assert {method for method, _ in asked} == {"GET"}

    def test_a_log_that_a_node_has_just_removed_is_none(self, opened):
        cluster, _ = opened(lambda *_: ["unable to retrieve container logs for containerd://1234"])
        assert cluster.logs("p", "x") == ""

    def test_an_answer_of_the_api_itself_is_told_from_that_of_a_service(self, opened):
        cluster, _ = opened(
            in_turn(failure(503, "ServiceUnavailable", "no endpoints available"), (503, {"status": "draining"}))
        )
        ask = {"deadline": Deadline(5)}
        assert cluster.proxy("services", "api", 80, "x", "GET", "/", **ask).refused == "no endpoints available"
        answer = cluster.proxy("services", "api", 80, "x", "GET", "/", **ask)
        assert (answer.status, answer.refused, json.loads(answer.body)) == (503, "", {"status": "draining"})


class TestWatches:
    """Watching goes on whatever happens to a watch."""

    def names(self, objects):
        return sorted(each["metadata"]["name"] for each in objects)

    def await_names(self, cluster, wanted, seconds=10.0):
        return cluster.await_(
            PODS, "x", lambda objects: self.names(objects) if self.names(objects) == wanted else None, Deadline(seconds)
        )

    def test_what_changes_is_followed(self, opened):
        stream = [event("ADDED", "b", "12"), event("MODIFIED", "a", "13"), event("DELETED", "a", "14")]
        cluster, asked = opened(lambda _, path: stream if "watch=true" in path else listed("a"))
        assert self.await_names(cluster, ["b"]) == ["b"]
        assert "resourceVersion=10" in asked[1][1]

    def test_a_stream_that_ends_goes_on_where_it_was(self, opened):
        streams = in_turn([event("ADDED", "b", "12")], [event("ADDED", "c", "13")])
        cluster, asked = opened(lambda m, path: streams(m, path) if "watch=true" in path else listed("a"))
        assert self.await_names(cluster, ["a", "b", "c"]) == ["a", "b", "c"]
        assert "resourceVersion=12" in asked[2][1]

    @pytest.mark.parametrize(
        "broken",
        [
            pytest.param(
                [json.dumps({"type": "ERROR", "object": failure(410, "Expired", "too old")[1]})], id="forgotten"
            ),
            pytest.param(['{"type": "ADDED", "obj'], id="cut-off"),
            pytest.param(failure(500, "InternalError", "no watch"), id="refused"),
        ],
    )
    def test_a_watch_that_breaks_lists_anew(self, opened, broken):
        lists = in_turn(listed("a"), listed("a", "b", version="20"))
        cluster, _ = opened(lambda m, path: broken if "watch=true" in path else lists(m, path))
        assert self.await_names(cluster, ["a", "b"]) == ["a", "b"]

    def test_a_kind_that_is_taken_away_does_not_end_the_watch(self, opened):
        lists = in_turn(listed("a"), failure(404, "NotFound", "no such kind"), listed("a", "b", version="20"))
        cluster, _ = opened(lambda m, path: failure(404, "x", "x") if "watch=true" in path else lists(m, path))
        assert self.await_names(cluster, ["a", "b"], seconds=5.0) == ["a", "b"]

    def test_nothing_is_found_when_the_time_is_up(self, opened):
        cluster, _ = opened(lambda _, path: [event("BOOKMARK", "", "12")] if "watch=true" in path else listed("a"))
        assert self.await_names(cluster, ["b"], seconds=0.2) is None

    def test_the_last_error_is_not_lost(self, opened):
        lists = in_turn(listed("a"), failure(503, "ServiceUnavailable", "the leader is gone"))
        cluster, _ = opened(lambda m, path: failure(503, "x", "x") if "watch=true" in path else lists(m, path))
        with pytest.raises(Unavailable, match="the leader is gone"):
            self.await_names(cluster, ["b"], seconds=0.5)

    def test_rights_that_end_meanwhile_are_said_at_once(self, opened):
        said = 'User "jane" cannot list resource "pods" in API group ""'
        lists = in_turn(listed("a"), failure(403, "Forbidden", said))
        cluster, _ = opened(lambda m, path: failure(403, "x", said) if "watch=true" in path else lists(m, path))
        with pytest.raises(NotAssessed, match="may not list pods"):
            self.await_names(cluster, ["b"], seconds=60)


class TestConnections:
    """How a cluster is found, and what to do where it is not."""

    def test_no_kubeconfig(self, tmp_path, monkeypatch):
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
        with pytest.raises(NotAssessed, match="no kubeconfig") as refused:
            connect("lab")
        assert "KUBECONFIG" in refused.value.remedy

    def test_a_context_that_is_not_there(self, tmp_path, monkeypatch):
        monkeypatch.setenv("KUBECONFIG", str(fake_api.kubeconfig(tmp_path, "http://127.0.0.1:1")))
        with pytest.raises(NotAssessed, match="has no context prod; it has lab"):
            connect("prod")

    def test_a_file_that_is_none(self, tmp_path, monkeypatch):
        file = tmp_path / "kubeconfig"
        monkeypatch.setenv("KUBECONFIG", str(file))
        for text in ("{", "[]", "contexts: 5", "", "apiVersion: v1\nkind: Config\n"):
            file.write_text(text)
            with pytest.raises(NotAssessed):
                connect("lab")

    def test_nobody_listens(self, tmp_path, monkeypatch):
        monkeypatch.setenv("KUBECONFIG", str(fake_api.kubeconfig(tmp_path, "http://127.0.0.1:1")))
        cluster = connect("lab", tmp_path)
        with pytest.raises(Unavailable, match="cluster of the context lab does not answer"):
            cluster.version()

    def test_something_else_answers(self, opened):
        cluster, _ = opened(lambda *_: ["<html>hello</html>"])
        with pytest.raises(NotAssessed):
            cluster.version()

    def test_a_program_for_credentials_that_fails(self, tmp_path, monkeypatch):
        user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/no/such/program"}}
        monkeypatch.setenv("KUBECONFIG", str(fake_api.kubeconfig(tmp_path, "http://127.0.0.1:1", user)))
        with pytest.raises(NotAssessed):
            connect("lab", tmp_path).version()
