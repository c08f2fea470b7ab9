"""The cluster that live checks are tested on does what a real one does."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from typing import TypeVar

import cluster
import pytest
import tools

tools.put_on_path()
WAIT_S = 60
T = TypeVar("T")
# Two clients and a server, which all know how to ask.
PODS = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8000}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
    - name: web
      image: python:3.11-slim
      command: [python, -m, http.server, "8000"]
      readinessProbe: {tcpSocket: {port: 8000}, periodSeconds: 1}
      resources: {requests: {cpu: 10m}}
"""
CLIENT = """
---
apiVersion: v1
kind: Pod
metadata: {name: NAME, labels: {app: NAME}}
spec:
  containers: [{name: client, image: "python:3.11-slim", command: [sleep, "3600"]}]
"""
BROKEN = """
apiVersion: v1
kind: Pod
metadata: {name: broken}
spec:
  containers: [{name: broken, image: "python:no-such-tag"}]
"""
POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: friend}}}]
      ports: [{port: 8000}]
"""
# The usual form of a sound egress policy: nothing but cluster DNS.
EGRESS = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: stranger}
spec:
  podSelector: {matchLabels: {app: stranger}}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
"""
RESOLVE = """
import json, socket, sys
def find(name):
    try:
        return socket.gethostbyname(name)
    except socket.gaierror as problem:
        return {socket.EAI_NONAME: "unknown", socket.EAI_AGAIN: "no answer"}[problem.errno]
print(json.dumps([find(name) for name in sys.argv[1:]]))
"""
CONNECT = """
import json, socket
try:
    socket.create_connection(("web", 80), timeout=2).close()
    print(json.dumps("open"))
except OSError as problem:
    print(json.dumps("closed"))
"""
ASK_API = """
import json, ssl, urllib.request
trusted = ssl.create_default_context(cafile="/var/run/secrets/kubernetes.io/serviceaccount/ca.crt")
with urllib.request.urlopen("https://kubernetes.default/version", context=trusted) as answer:
    print(answer.read().decode())
"""


@pytest.fixture(scope="module")
def namespace(kubeconfig) -> Iterator[str]:
    """Return a namespace with a server and two clients, which are ready."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    try:
        pods = PODS + CLIENT.replace("NAME", "friend") + CLIENT.replace("NAME", "stranger") + "---" + BROKEN
        cluster.kubectl("apply", "-n", name, "-f", "-", text=pods)
        ready = ("pod/web", "pod/friend", "pod/stranger")
        cluster.kubectl("wait", "-n", name, "--for=condition=Ready", f"--timeout={WAIT_S}s", *ready)
        yield name
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=false")
        cluster.kubectl("delete", "pods", "-n", name, "--all", "--grace-period=0", "--force")


def ask(namespace: str, pod: str, program: str, *arguments: str):
    """Return what a program of Python prints as JSON in a pod."""
    printed = cluster.kubectl("exec", "-n", namespace, pod, "--", "python", "-c", program, *arguments)
    return json.loads(printed)


def until(look: Callable[[], T], expected: Callable[[T], bool]) -> T:
    """Return what is seen once it is as expected, or when time is up."""
    end = time.monotonic() + WAIT_S
    while not expected(seen := look()) and time.monotonic() < end:
        time.sleep(0.5)
    return seen


def test_a_name_that_does_not_exist_differs_from_a_server_that_does_not_answer(namespace):
    address = cluster.read("service", "web", "-n", namespace)["spec"]["clusterIP"]
    names = ("web", f"web.{namespace}.svc.cluster.local", "other", "example.com")
    assert ask(namespace, "friend", RESOLVE, *names) == [address, address, "unknown", "unknown"]


def test_policies_are_enforced_and_leave_cluster_dns_to_those_that_allow_it(namespace):
    assert ask(namespace, "stranger", CONNECT) == "open"
    cluster.kubectl("apply", "-n", namespace, "-f", "-", text=POLICY)
    assert until(lambda: ask(namespace, "stranger", CONNECT), "closed".__eq__) == "closed"
    assert ask(namespace, "friend", CONNECT) == "open"
    cluster.kubectl("delete", "-n", namespace, "networkpolicy", "web")
    assert until(lambda: ask(namespace, "stranger", CONNECT), "open".__eq__) == "open"
    cluster.kubectl("apply", "-n", namespace, "-f", "-", text=EGRESS)
    assert until(lambda: ask(namespace, "stranger", CONNECT), "closed".__eq__) == "closed"
    address = cluster.read("service", "web", "-n", namespace)["spec"]["clusterIP"]
    assert ask(namespace, "stranger", RESOLVE, "web", "other") == [address, "unknown"]


def test_an_image_that_the_registry_lacks_is_the_answer_of_the_registry(namespace):
    def message() -> str:
        (status,) = cluster.read("pod", "broken", "-n", namespace)["status"].get("containerStatuses", [{}])
        waiting = status.get("state", {}).get("waiting", {})
        return f"{waiting.get('reason')}: {waiting.get('message')}"

    seen = until(message, lambda text: text.startswith(("ErrImagePull", "ImagePullBackOff")))
    assert "docker.io/library/python:no-such-tag: not found" in seen


def test_the_api_is_reached_from_pods(namespace):
    assert ask(namespace, "friend", ASK_API)["major"] == "1"


def test_what_pods_use_is_measured(namespace):
    def usage() -> dict[str, str]:
        done = cluster.kubectl("get", "--raw", f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods")
        return {
            item["metadata"]["name"]: item["containers"][0]["usage"]["memory"] for item in json.loads(done)["items"]
        }

    seen = until(usage, {"web", "friend", "stranger"}.issubset)
    assert set(seen) >= {"web", "friend", "stranger"}
    assert all(re.fullmatch("[1-9][0-9]*[KM]i", amount) for amount in seen.values())
