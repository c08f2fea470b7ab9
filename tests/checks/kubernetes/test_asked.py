"""One deployed application that kinds of several families ask, on a real cluster."""

from __future__ import annotations

import cluster
import pytest

from infra_grader import testing
from infra_grader.capabilities.workspace import Workspace
from infra_grader.engine.ask import Session
from infra_grader.engine.openers import openers
from infra_grader.engine.registry import Registry

SERVER = """\
import http.server, json, sys
class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        length = int(self.headers.get("content-length") or 0)
        said = self.rfile.read(length).decode()
        kind = "text/plain" if self.path == "/metrics" else "application/json"
        body = b"# TYPE asked_total counter\\nasked_total 1\\n" if self.path == "/metrics" else json.dumps(
            {"path": self.path, "said": said}).encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("", 8000), Service).serve_forever()
"""
POD = """
      terminationGracePeriodSeconds: 1
      volumes: [{name: code, configMap: {name: code}}]
      containers:
        - name: server
          image: python:3.11-slim
          command: [python3, /code/server.py]
          volumeMounts: [{name: code, mountPath: /code}]
          readinessProbe: {periodSeconds: 1, httpGet: {path: /, port: 8000}}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME, part: all}}
    spec:"""
REST = """
apiVersion: v1
kind: Service
metadata: {name: api}
spec: {selector: {app: api}, ports: [{port: 8080, targetPort: 8000}]}
---
apiVersion: v1
kind: Service
metadata: {name: both}
spec: {selector: {part: all}, ports: [{port: 80, targetPort: 8000}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: nobody}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Return what asks a kind about the application, which shuts everybody off."""
    folder = tmp_path_factory.mktemp("workspace")
    code = "".join(f"    {line}\n" for line in SERVER.splitlines())
    config = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: code}}\ndata:\n  server.py: |\n{code}"
    deployments = [DEPLOYMENT.replace("NAME", name) + POD for name in ("api", "worker")]
    (folder / "app.yaml").write_text("---\n".join([config, *deployments, REST]), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patching:
        patching.setenv("KUBECONFIG", str(cluster.kubeconfig()))
        session = Session(
            workspace=Workspace(folder),
            rubric_folder=folder,
            find_kind=Registry().find_kind,
            openers=openers(Registry(), "none", folder, "kubernetes"),
            seed=0,
        )
        with session:

            def ask(kind, parameters, check_id="check"):
                found = Registry().find_kind(kind)
                outcome = testing._ask(check_id, found, parameters, session, 120)
                session.handles[check_id] = dict(outcome.provides)
                return outcome

            assert ask("kubernetes.apply", {}, "app").status == "passed"
            outcome = ask("kubernetes.http", {"of": "app", "service": "api", "paths": ["/hello"]}, "service")
            assert outcome.status == "passed", outcome
            yield ask


def test_requests_and_their_bodies_reach_a_service_that_its_policies_shut_off(ask):
    step = {
        "method": "POST",
        "path": "/predict",
        "body": "x" * 100_000,
        "expect": {"status": 200, "fields": {"path": {"equals": "/predict"}, "said": {"equals": "x" * 100_000}}},
    }
    outcome = ask("http.request", {"service": "service", "requests": [step, step]})
    assert outcome.status == "passed", outcome


def test_it_is_put_under_load(ask):
    load = {"service": "service", "request": {"path": "/"}, "max_ms": 5000, "users": 4, "requests": 60}
    outcome = ask("load.http", load)
    assert outcome.status == "passed", outcome
    assert outcome.evidence[0].text.startswith("60 right answers")


def test_its_metrics_are_scraped(ask):
    outcome = ask(
        "prometheus.scrape", {"service": "service", "metrics": [{"any_of": ["asked_total"], "type": "counter"}]}
    )
    assert outcome.status == "passed", outcome


def test_a_service_over_two_deployments_is_told_by_their_owners(ask):
    outcome = ask("kubernetes.endpoints", {"of": "app", "service": "both", "at_least": 2})
    assert outcome.status == "failed"
    assert outcome.message == "Service both mixes the pods of Deployment api and Deployment worker."
    outcome = ask("kubernetes.endpoints", {"of": "app", "service": "both", "at_least": 2, "mixed": True})
    assert outcome.status == "passed", outcome


def test_it_is_not_started_anew_for_one_check(ask):
    outcome = ask("http.request", {"service": "service", "requests": [{"path": "/"}], "fresh": True})
    assert outcome.status == "not_assessed"
    assert "`fresh`" in outcome.remedy
