"""Containers that ended since they could not reach the internet, which a lab may keep from its pods.

Told from the last lines that they printed, and strictly: only known wordings of a failed connection count, which name a
public host, and which are the end of what was printed or of its last traceback.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from infra_grader.reading.kube_rollout_seen import Rollout
from infra_grader.reading.live_deployed import Deployed
from infra_grader.reading.manifest_workload import Workload, selects

LAST_LINES = 12
"""Lines that are the end of an output: a server still says that it shuts down, Node.js shows the error as an object."""
BEFORE_CHAIN = 2
"""Lines before a chained exception in which the one stands that it came from."""
FRESH = "Traceback (most recent call last):"
CHAINED = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
HOST = r"(?P<host>[\w-]+(?:\.[\w-]+)+)"
URL = rf"https?://{HOST}"
FAILED = (
    r"(?:name or service not known|temporary failure in name resolution|no address associated with hostname"
    r"|network is unreachable|no route to host|connection refused|(?:connection )?timed out)"
)
NAMED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"connectionpool\(host='{HOST}'.*(?:NameResolutionError|NewConnectionError|ConnectTimeoutError)",
        rf"failed to resolve '{HOST}'",
        rf"could not resolve (?:host|hostname|proxy)?:? ?'?{HOST}",
        rf"failed to connect to {HOST} port \d+",
        rf"(?:unable to resolve host address|bad address) [‘'\"]{HOST}",
        rf"lookup {HOST}(?: on \S+)?: (?:no such host|server misbehaving|.*i/o timeout|.*connection refused)",
        rf"dial tcp {HOST}:\d+: (?:i/o timeout|connect: {FAILED})",
        rf"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) {HOST}",
        rf"connect (?:ETIMEDOUT|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH) {HOST}:\d+",
        rf"UnknownHostException: {HOST}",
        rf"couldn't connect to '?{URL}",
        rf"could not connect to the endpoint URL: \"{URL}",
        rf"could not translate host name \"{HOST}\" to address",
        rf"cannot connect to host {HOST}:\d+ .*(?:{FAILED}|connect call failed)",
        rf"URL fetch failure on {URL}.*{FAILED}",
    )
)
"""How programs say that they could not reach a host, with its name."""
NAMELESS = re.compile(
    rf"(?:<urlopen error |httpx\.Connect(?:Error|Timeout): )(?:\[Errno -?\d+\] )?{FAILED}", re.IGNORECASE
)
"""The same without a name: the one counts that a download was begun from, or that the traceback names."""
LONGEST = 2000
"""Characters of a line that are looked at."""
IN_CODE = re.compile(URL)
DOWNLOAD = re.compile(rf"\bDownloading\b[^\n]{{0,40}}?{URL}")
PRIVATE = frozenset(
    {
        *("arpa", "cluster", "corp", "default", "example", "home", "internal", "intranet", "invalid", "lan", "local"),
        *("localhost", "private", "svc", "test"),
    }
)
"""Last labels of names that are nobody's on the internet."""


def walled_off(found: Rollout, deployed: Deployed) -> Mapping[tuple[str, str], str]:
    """Return the containers that ended since they could not reach a public host, with that host.

    Each is given by its workload's title and its name. There are none where the lab lets pods reach the internet, in a
    learner's own namespace, and where the learner's policies let the pod reach nothing outside.
    """
    if found.internet or not deployed.is_ours:
        return {}
    services = {each.name for each in deployed.of_kind("Service")}
    told = {
        (pod.workload, container.name): host
        for pod in found.pods
        for container in pod.containers
        if container.ended not in ("", "OOMKilled") and (host := unreached(container.log, services))
    }
    return {key: host for key, host in told.items() if not _is_shut_in(key[0], deployed)}


def unreached(log: str, services: Collection[str] = ()) -> str:
    """Return the public host that a program could not reach in the end; nothing where that is not why it ended."""
    lines = [line.strip()[:LONGEST] for line in log.splitlines() if line.strip()]
    start = _last_traceback(lines)
    ends = set(range(max(start, len(lines) - LAST_LINES), len(lines)))
    for number in range(start, len(lines)):
        if lines[number] in CHAINED:
            ends.update(range(max(start, number - BEFORE_CHAIN), number))
    for number in sorted(ends, reverse=True):
        found = [match["host"] for pattern in NAMED if (match := pattern.search(lines[number]))]
        if not found and NAMELESS.search(lines[number]):
            found = _fetched_from(lines, start)
        for host in found:
            if is_public(host, services):
                return host
    return ""


def is_public(host: str, services: Collection[str] = ()) -> bool:
    """Whether a name or address is one of the internet, and not one of the cluster or of these Services."""
    try:
        address = ip_address(host)
    except ValueError:
        labels = host.lower().rstrip(".").split(".")
        is_name = len(labels) > 1 and bool(re.fullmatch("[a-z]{2,}", labels[-1])) and "svc" not in labels[1:]
        is_services = (len(labels) == 2 and labels[0] in services) or (len(labels) == 3 and labels[1] in services)
        return is_name and labels[-1] not in PRIVATE and labels[-2] != "example" and not is_services
    return address.is_global and not address.is_multicast


def _fetched_from(lines: list[str], start: int) -> list[str]:
    """Return the host of the last download that was begun, else those that the code in the last traceback names."""
    begun = [match["host"] for line in lines if (match := DOWNLOAD.search(line))]
    return begun[-1:] or [match["host"] for line in lines[start:] if (match := IN_CODE.search(line))]


def _last_traceback(lines: list[str]) -> int:
    """Return where the last traceback begins, with those that it came from; 0 where there is none."""
    for number in range(len(lines) - 1, 0, -1):
        if lines[number] == FRESH and lines[number - 1] not in CHAINED:
            return number
    return 0


def _is_shut_in(workload: str, deployed: Deployed) -> bool:
    """Whether policies of the learner's own let the pods of a workload reach nothing outside."""
    written = next((each for each in deployed.workloads if each.title == workload), None)
    labels = Workload(written.manifest).labels if written is not None else {}
    specs = [each.manifest.field("spec").mapping for each in deployed.of_kind("NetworkPolicy")]
    isolating = [spec for spec in specs if _holds_out(spec) and selects(spec.get("podSelector") or {}, labels)]
    rules = [rule for spec in isolating for rule in spec.get("egress") or () if isinstance(rule, dict)]
    return bool(isolating) and not any(_leads_out(rule) for rule in rules)


def _holds_out(spec: Mapping[str, Any]) -> bool:
    types = spec.get("policyTypes") or (("Ingress", "Egress") if spec.get("egress") else ("Ingress",))
    return "Egress" in types


def _leads_out(rule: Mapping[str, Any]) -> bool:
    peers = rule.get("to")
    if not peers:
        return not rule.get("ports") or any(str(port.get("port")) != "53" for port in rule["ports"])
    blocks = [peer["ipBlock"] for peer in peers if isinstance(peer, dict) and isinstance(peer.get("ipBlock"), dict)]
    return any(_holds_public(str(block.get("cidr"))) for block in blocks)


def _holds_public(cidr: str) -> bool:
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:
        return False
    return network.prefixlen == 0 or not network.is_private
