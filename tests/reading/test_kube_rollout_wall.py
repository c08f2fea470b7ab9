"""Containers that ended for want of the internet, and those that only seem so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.capabilities.kubernetes import Resource
from infra_grader.checks.kubernetes.rollout import Rollout as Params
from infra_grader.checks.kubernetes.rollout import judge
from infra_grader.model.outcome import NotAssessed
from infra_grader.reading.kube_rollout_seen import Container, Pod, Rollout, Workload
from infra_grader.reading.kube_rollout_wall import is_public, unreached, walled_off
from infra_grader.reading.live_deployed import Deployed, DeployedObject
from infra_grader.reading.manifest import Manifest

REQUESTS = (
    "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded "
    'with url: /bert/resolve/main/config.json (Caused by NameResolutionError("<HTTPSConnection object>: Failed to '
    "resolve 'huggingface.co' ([Errno -3] Temporary failure in name resolution)\"))"
)
TORCH = """\
Downloading: "https://download.pytorch.org/models/resnet18-f37072fd.pth" to /root/.cache/torch/hub/resnet18.pth
Traceback (most recent call last):
  File "/usr/local/lib/python3.11/urllib/request.py", line 1348, in do_open
    h.request(req.get_method(), req.selector, req.data, headers,
socket.gaierror: [Errno -3] Temporary failure in name resolution

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/model.py", line 12, in <module>
    model = models.resnet18(weights="DEFAULT")
  File "/usr/local/lib/python3.11/urllib/request.py", line 1351, in do_open
    raise URLError(err)
urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>
"""
URLLIB = """\
Traceback (most recent call last):
  File "/app/app.py", line 3, in <module>
    urllib.request.urlopen('https://zenodo.org/weights')
urllib.error.URLError: <urlopen error [Errno -2] Name or service not known>
"""
TRANSFORMERS = f"""\
Traceback (most recent call last):
  File "/app/app.py", line 3, in <module>
{REQUESTS}

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/app.py", line 9, in <module>
OSError: We couldn't connect to 'https://huggingface.co' to load the files, and couldn't find them in the cached files.
Check your internet connection or see how to run the library in offline mode.
"""
WRAPPED = f"""\
Traceback (most recent call last):
  File "/app/app.py", line 3, in <module>
{REQUESTS}

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/app.py", line 9, in load
{chr(10).join(["    frame"] * 20)}
RuntimeError: the model is not there
"""
GUNICORN = f"""\
Traceback (most recent call last):
  File "/app/app.py", line 3, in <module>
{REQUESTS}
[2026-01-01 10:00:00 +0000] [7] [INFO] Worker exiting (pid: 7)
[2026-01-01 10:00:00 +0000] [1] [ERROR] Worker (pid:7) exited with code 3
[2026-01-01 10:00:00 +0000] [1] [ERROR] Shutting down: Master
[2026-01-01 10:00:00 +0000] [1] [ERROR] Reason: Worker failed to boot.
"""
NODE = """\
Error: getaddrinfo ENOTFOUND huggingface.co
    at GetAddrInfoReqWrap.onlookupall [as oncomplete] (node:dns:122:26) {
  errno: -3008,
  code: 'ENOTFOUND',
  syscall: 'getaddrinfo',
  hostname: 'huggingface.co'
}

Node.js v20.19.0
"""


@pytest.mark.parametrize(
    ("log", "host"),
    [
        (REQUESTS, "huggingface.co"),
        (TORCH, "download.pytorch.org"),
        (TRANSFORMERS, "huggingface.co"),
        (WRAPPED, "huggingface.co"),
        (GUNICORN, "huggingface.co"),
        (NODE, "huggingface.co"),
        ("curl: (6) Could not resolve host: storage.googleapis.com", "storage.googleapis.com"),
        ("curl: (7) Failed to connect to github.com port 443 after 3 ms: Couldn't connect to server", "github.com"),
        ("curl: (28) Failed to connect to 140.82.112.3 port 443 after 130000 ms: Timed out", "140.82.112.3"),
        ("wget: unable to resolve host address ‘dl.fbaipublicfiles.com’", "dl.fbaipublicfiles.com"),
        ("wget: bad address 'github.com'", "github.com"),
        ("fatal: unable to access 'https://github.com/x/y/': Could not resolve host: github.com", "github.com"),
        ("ssh: Could not resolve hostname github.com: Temporary failure in name resolution", "github.com"),
        ("Get https://x: dial tcp: lookup proxy.golang.org on 10.96.0.10:53: no such host", "proxy.golang.org"),
        ("panic: dial tcp 140.82.112.3:443: i/o timeout", "140.82.112.3"),
        ("dial tcp 140.82.112.3:443: connect: connection refused", "140.82.112.3"),
        ("java.net.UnknownHostException: repo.maven.apache.org", "repo.maven.apache.org"),
        (
            'botocore.exceptions.EndpointConnectionError: Could not connect to the endpoint URL: "https://s3.aws.com/m"',
            "s3.aws.com",
        ),
        (
            "aiohttp.ClientConnectorError: Cannot connect to host pypi.org:443 ssl:default [Name or service not known]",
            "pypi.org",
        ),
        (
            'OperationalError: could not translate host name "db1.eu.rds.amazonaws.com" to address: Name not known',
            "db1.eu.rds.amazonaws.com",
        ),
        (URLLIB, "zenodo.org"),
    ],
)
def test_the_internet_was_missing(log, host):
    assert unreached(log) == host


@pytest.mark.parametrize(
    "log",
    [
        "",
        "KeyError: 'GREETING'",
        REQUESTS.replace("huggingface.co", "redis"),
        REQUESTS.replace("huggingface.co", "model-store.shop.svc.cluster.local"),
        REQUESTS.replace("huggingface.co", "mlflow.local"),
        "curl: (7) Failed to connect to 10.96.3.4 port 80 after 3 ms: Connection refused",
        "dial tcp 10.96.3.4:6379: connect: connection refused",
        "dial tcp 127.0.0.1:5432: connect: connection refused",
        "redis.exceptions.ConnectionError: Error -2 connecting to cache:6379. Name or service not known.",
        # A host is named, but not as one that could not be reached.
        "requests.exceptions.HTTPError: 404 Client Error: Not Found for url: https://huggingface.co/none",
        "requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='huggingface.co', port=443): Read timed out.",
        "Uvicorn is documented at https://www.uvicorn.org\nsocket.gaierror: [Errno -2] Name or service not known",
        # No host is named where one would have to be.
        "urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
        "Downloading http://model-store/weights\nurllib.error.URLError: <urlopen error [Errno 111] Connection refused>",
    ],
)
def test_it_was_not(log):
    assert unreached(log) == ""


class TestWhatCameLater:
    """A connection that failed and was lived with is not why a container ended."""

    def test_lines_that_went_on(self):
        assert unreached("\n".join([REQUESTS, *["serving"] * 11])) == "huggingface.co"
        assert unreached("\n".join([REQUESTS, *["serving"] * 12])) == ""

    def test_another_traceback(self):
        end = "Traceback (most recent call last):\n  File 'app.py'\nKeyError: 'GREETING'"
        assert unreached(f"warning: {REQUESTS}\n{end}") == ""
        assert unreached(f"{TRANSFORMERS}\n{end}") == ""
        assert unreached(f"{end}\n{TRANSFORMERS}") == "huggingface.co"


@pytest.mark.parametrize("host", ["huggingface.co", "api.github.com", "a.b.example-bank.com", "8.8.8.8"])
def test_public_hosts(host):
    assert is_public(host, ["api", "redis"])


@pytest.mark.parametrize(
    "host",
    [
        *("redis", "localhost", "redis.shop", "redis-0.redis.shop", "redis.shop.svc", "redis.shop.svc.cluster.local"),
        *("api.infra-grader-0a1b2c", "example.com", "weights.example.org", "model.internal", "printer.lan", "x.test"),
        *("10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.9", "224.0.0.251", "100.64.0.1"),
    ],
)
def test_hosts_that_are_nobodys_on_the_internet(host):
    assert not is_public(host, ["redis", "api"])


@given(st.text(st.sampled_from("ab.-:'\" \nlookup dial tcp Traceback"), max_size=300))
def test_any_output_is_read(log):
    assert unreached(log) == "" or unreached(log) in log


def crashed(log, *, others=(), **more):
    container = Container(
        name="api", image="i", restarts=3, waits="CrashLoopBackOff", ended="Error", exit_status=1, log=log
    )
    pods = (Pod(name="api-1", workload="Deployment api", phase="Running", containers=(container,)), *others)
    return Rollout(workloads=(Workload(kind="Deployment", name="api", wanted=1),), pods=pods, **more)


def deployed(*policies, **more):
    template = {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "api"}]}}
    data = [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}, "spec": {"template": template}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "redis"}, "spec": {}},
        *({"kind": "NetworkPolicy", "metadata": {"name": "p"}, "spec": spec} for spec in policies),
    ]
    resource = Resource(api_version="v1", kind="Any", plural="any", is_namespaced=True)
    found = [
        DeployedObject(manifest=Manifest(data=each, locate=lambda _path: ("a.yaml", 1)), resource=resource)
        for each in data
    ]
    return Deployed(namespace="n", objects=tuple(found), **more)


def test_the_lab_is_told_to_be_why_with_what_to_do():
    with pytest.raises(NotAssessed, match=r"container api could not reach huggingface\.co, and this lab") as verdict:
        judge(Params(of="app"), crashed(REQUESTS), deployed(), {})
    assert "`internet`" in verdict.value.remedy
    assert "huggingface.co" in verdict.value.evidence[0].text


def test_a_pod_whose_output_was_not_asked_for_shares_its_cause():
    silent = crashed("").pods[0].replace(name="api-2")
    with pytest.raises(NotAssessed):
        judge(Params(of="app"), crashed(REQUESTS, others=(silent,)), deployed(), {})


def test_a_container_without_a_probe_that_is_up_between_its_ends():
    up = crashed(REQUESTS).replace(workloads=(Workload(kind="Deployment", name="api", wanted=1, available=1),))
    with pytest.raises(NotAssessed, match="does not stay so"):
        judge(Params(of="app"), up, deployed(), {})


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (crashed(REQUESTS, internet=True), deployed()),
        (crashed(REQUESTS), deployed(is_ours=False)),
        (crashed("KeyError: 'A'"), deployed()),
        (crashed(REQUESTS.replace("huggingface.co", "redis.shop")), deployed()),
    ],
)
def test_otherwise_it_is_the_learners(found, what):
    outcome = judge(Params(of="app"), found, what, {})
    assert outcome.fraction == 0
    assert "the container api ends again and again, with exit status 1" in outcome.message


def test_memory_comes_first():
    found = crashed(REQUESTS)
    full = found.pods[0].containers[0].replace(ended="OOMKilled")
    found = found.replace(pods=(found.pods[0].replace(containers=(full,)),))
    assert "needs more memory than its limit" in judge(Params(of="app"), found, deployed(), {}).message


DNS_ALONE = {"ports": [{"port": 53, "protocol": "UDP"}]}


@pytest.mark.parametrize(
    ("spec", "is_walled"),
    [
        ({"podSelector": {}, "policyTypes": ["Ingress"]}, True),
        ({"podSelector": {"matchLabels": {"app": "other"}}, "policyTypes": ["Egress"]}, True),
        ({"podSelector": {}, "policyTypes": ["Egress"]}, False),
        ({"podSelector": {}, "policyTypes": ["Egress"], "egress": [DNS_ALONE]}, False),
        ({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": {}}]}]}, False),
        ({"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}, False),
        ({"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}, True),
        ({"podSelector": {}, "policyTypes": ["Egress"], "egress": [DNS_ALONE, {"ports": [{"port": 443}]}]}, True),
        ({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}, True),
    ],
)
def test_a_wall_of_the_learners_own_is_theirs(spec, is_walled):
    assert bool(walled_off(crashed(REQUESTS), deployed(spec))) is is_walled
