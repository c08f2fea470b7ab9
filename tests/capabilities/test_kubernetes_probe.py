"""The program of our probes, run here as it is in a pod, against services of this machine's loopback."""

from __future__ import annotations

import asyncio
import http.server
import socket
import subprocess
import sys
import threading
import time

import pytest

from infra_grader.capabilities import _probe_pod
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.http import Request
from infra_grader.capabilities.kubernetes import Ended, Refused
from infra_grader.capabilities.kubernetes_probe import MOST_BODY, Asked, Probe, Target
from infra_grader.capabilities.kubernetes_probe_pods import GATE, PROBE_LABEL, Place, probe_manifest, running
from infra_grader.model.outcome import NotAssessed, Unavailable

HERE = "127.0.0.1"


class ThisMachine:
    """Runs the commands of a pod on this machine, as a cluster's `execute` does it in a container."""

    def __init__(self, refusal=None):
        self.refusal = refusal

    def execute(self, pod, namespace, command, deadline, *, container="", stdin=""):
        if self.refusal:
            raise self.refusal
        try:
            done = subprocess.run(
                [sys.executable, *command[1:]],
                input=stdin,
                capture_output=True,
                text=True,
                timeout=deadline.remaining(),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Overrun from None
        return Ended(exit_status=done.returncode, stdout=done.stdout, stderr=done.stderr)


@pytest.fixture
def probe():
    return Probe(ThisMachine(), "somewhere", "a-pod")


class Service(http.server.BaseHTTPRequestHandler):
    """Answers by its path: `/status/N`, else 200; asked with a body, it gives back how long that was."""

    is_down = threading.Event()
    seen = []  # noqa: RUF012 - the server makes one of these for each connection

    def do_GET(self):
        length = len(self.rfile.read(int(self.headers.get("content-length") or 0)))
        self.seen.append((self.command, self.headers.get("host"), length))
        if self.is_down.is_set():
            self.close_connection = True
            return
        self.send_response(int(self.path.rsplit("/", 1)[1]) if self.path.startswith("/status/") else 200)
        self.end_headers()
        self.wfile.write(b"hello")

    do_POST = do_GET  # noqa: N815 - as the library wants it

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def port():
    Service.is_down.clear()
    Service.seen.clear()
    server = http.server.ThreadingHTTPServer((HERE, 0), Service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def closed_port():
    with socket.create_server((HERE, 0)) as listening:
        return listening.getsockname()[1]


def asked(port, **changes):
    facts = {"seconds": 5.0, "clients": 2, "pause_s": 0.01, "answer_s": 1.0, "warm_s": 0.5, "warm_answers": 2}
    return Asked(host=HERE, port=port, **{**facts, **changes})


class TestReach:
    def test_open_and_refused_come_out_the_same_several_times(self, probe, port, closed_port):
        targets = [
            Target(host=HERE, port=port, is_wanted=True),
            Target(host=HERE, port=closed_port, is_wanted=False),
        ]
        there, refused = probe.reach(targets, 5, Deadline(20))
        assert (there.state, there.tries, there.is_steady) == ("open", 2, True)
        assert (refused.state, refused.tries, refused.is_steady) == ("refused", 2, True)

    def test_what_is_wanted_otherwise_is_tried_until_the_time_is_up(self, probe, port):
        [found] = probe.reach([Target(host=HERE, port=port, is_wanted=False)], 0.5, Deadline(20))
        assert found.state == "open"
        assert not found.is_steady
        assert found.tries > 2

    def test_a_rule_that_takes_effect_late_counts(self, probe, closed_port):
        def open_later():
            time.sleep(0.7)
            with socket.create_server((HERE, closed_port)):
                over.wait(10)

        over = threading.Event()
        opening = threading.Thread(target=open_later)
        opening.start()
        [found] = probe.reach([Target(host=HERE, port=closed_port, is_wanted=True)], 8, Deadline(20))
        over.set()
        opening.join()
        assert found.is_steady

    def test_what_is_right_for_a_moment_only_does_not_count(self, probe, closed_port):
        def open_shortly():
            with socket.create_server((HERE, closed_port)):
                over.wait(1.5)

        over = threading.Event()
        opening = threading.Thread(target=open_shortly)
        opening.start()
        target = Target(host=HERE, port=closed_port, is_wanted=True)
        [found] = probe.reach([target], 0.5, Deadline(20), steady_s=4.0)
        over.set()
        opening.join()
        assert found.state == "refused"
        assert not found.is_steady

    def test_a_name_that_nobody_has_is_told_apart(self, probe):
        [found] = probe.reach([Target(host="nothing.invalid", port=80, is_wanted=True)], 0.1, Deadline(20))
        assert found.state in ("unknown", "cut_off")  # by whether this machine has a DNS


class TestNames:
    def test_a_known_name_has_addresses(self, probe):
        [found] = probe.look_up(["localhost"], 1, Deadline(20))
        assert found.state == "known"
        assert found.addresses

    def test_no_name_at_all_is_unknown(self, probe):
        [found] = probe.look_up(["a..b"], 0, Deadline(20))
        assert found.state == "unknown"


class TestWatching:
    def test_nothing_is_lost_by_a_service_that_answers(self, probe, port):
        with probe.watching(asked(port), Deadline(30)) as watching:
            time.sleep(0.3)
        traffic = watching.traffic
        assert traffic.total > 5
        assert traffic.lost == 0
        assert not traffic.cold
        assert 0 < traffic.milliseconds["50"] <= traffic.milliseconds["99"]

    def test_what_is_lost_is_counted_with_its_time_and_reason(self, probe, port):
        with probe.watching(asked(port), Deadline(30)) as watching:
            time.sleep(0.2)
            Service.is_down.set()
            time.sleep(0.3)
            Service.is_down.clear()
            time.sleep(0.3)
        traffic = watching.traffic
        assert 0 < traffic.lost < traffic.total
        assert traffic.reasons == {"the connection was broken off": traffic.lost}
        assert traffic.losses[0][0] > 0.1
        assert 0.25 < traffic.gap_s < 2

    def test_a_wrong_status_is_lost(self, probe, port):
        request = Request(target="/status/503")
        with probe.watching(asked(port, requests=(request,), statuses=(503,)), Deadline(30)) as watching:
            time.sleep(0.1)
        assert watching.traffic.lost == 0
        with probe.watching(asked(port, requests=(request,)), Deadline(30)) as watching:
            pass
        assert watching.traffic.cold == "status 503"
        assert watching.traffic.total == 0

    def test_nothing_is_counted_where_nobody_answers(self, probe, closed_port):
        with probe.watching(asked(closed_port), Deadline(30)) as watching:
            pass
        assert watching.traffic.cold == "the connection is refused"

    def test_the_first_request_with_good_answers_is_repeated(self, probe, port):
        requests = (Request(target="/status/404"), Request(target="/status/204"))
        with probe.watching(asked(port, requests=requests), Deadline(30)) as watching:
            time.sleep(0.1)
        assert watching.traffic.place == 1
        assert watching.traffic.lost == 0

    def test_a_body_and_headers_are_sent(self, probe, port):
        request = Request(method="POST", content=b"\x00\xff" * 50, headers=(("Host", "api"),))
        with probe.watching(asked(port, requests=(request,)), Deadline(30)):
            time.sleep(0.1)
        assert set(Service.seen) == {("POST", "api", 100)}

    def test_clients_stop_by_themselves(self, probe, port):
        began = time.monotonic()
        said = probe.ask(
            {"do": "crowd", "id": "x1", "host": HERE, "port": port, "requests": [{"method": "GET", "target": "/",
             "headers": [], "body": ""}], "statuses": [], "clients": 1000, "pause_s": 0.05, "seconds": 0.3, "each_s": 1,
             "warm_s": 1, "in_a_row": 1},
            5,
            Deadline(20),
        )  # fmt: skip
        assert probe.ask({"do": "stop", "id": "x1"}, 1, Deadline(20)) == {}
        assert said["total"] > 0
        assert time.monotonic() - began < 8

    def test_a_body_that_is_too_large_is_not_the_learners_fault(self, probe, port):
        request = Request(method="POST", content=b"x" * (MOST_BODY + 1))
        with (
            pytest.raises(NotAssessed, match="KiB"),
            probe.watching(asked(port, requests=(request,)), Deadline(30)),
        ):
            pass

    def test_what_the_block_raises_comes_out(self, probe, port):
        with pytest.raises(KeyError), probe.watching(asked(port), Deadline(30)):
            raise KeyError


class TestFaults:
    def test_an_image_without_python_is_the_labs(self):
        refused = Refused(500, "InternalError", 'exec: "python3": executable file not found in $PATH')
        with pytest.raises(NotAssessed, match="no python3"):
            Probe(ThisMachine(refused), "n", "p").look_up(["x"], 0, Deadline(5))

    def test_a_probe_that_is_gone_is_nobodys_fault(self):
        refused = Refused(404, "NotFound", "pods p not found")
        with pytest.raises(Unavailable, match="not found"):
            Probe(ThisMachine(refused), "n", "p").look_up(["x"], 0, Deadline(5))

    def test_a_question_that_our_program_breaks_on_is_told(self, probe):
        with pytest.raises(Unavailable, match="KeyError"):
            probe.ask({"do": "nothing"}, 1, Deadline(10))

    def test_time_that_is_up_is_an_overrun(self, probe):
        with pytest.raises(Overrun):
            probe.ask({"do": "await", "id": "never", "seconds": 30}, 30, Deadline(0.3))


class TestManifest:
    def test_a_probe_meets_the_restricted_profile_and_asks_for_nothing(self):
        pod = probe_manifest("p", Place(namespace="n"), "python:3.11-slim", {"a": "b"})
        [container] = pod["spec"]["containers"]
        assert "resources" not in container
        assert pod["spec"]["securityContext"]["runAsNonRoot"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert not pod["spec"]["automountServiceAccountToken"]
        assert pod["metadata"]["labels"] == {"a": "b", PROBE_LABEL: "p"}
        assert "readinessGates" not in pod["spec"]

    def test_one_with_a_learners_labels_is_never_served_from_nor_taken_over(self):
        owner = {"kind": "ServiceAccount", "name": "default", "uid": "1"}
        pod = probe_manifest("p", Place(namespace="n", labels={"app": "api"}), "image", {}, owner)
        assert pod["spec"]["readinessGates"] == [{"conditionType": GATE}]
        assert pod["metadata"]["ownerReferences"][0]["controller"] is True
        assert pod["metadata"]["labels"]["app"] == "api"

    def test_what_keeps_one_from_running_is_told(self):
        waiting = {"reason": "ContainerCreating"}
        assert running({"status": {"containerStatuses": [{"state": {"waiting": waiting}}]}}) == (
            False,
            "ContainerCreating",
        )
        unscheduled = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}
        assert running({"status": {"conditions": [unscheduled]}}) == (False, "0/1 nodes are available")
        assert running({"status": {"containerStatuses": [{"state": {"running": {"startedAt": "x"}}}]}}) == (True, "")
        pulled = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
        with pytest.raises(NotAssessed, match="no such image"):
            running({"status": {"containerStatuses": [{"state": pulled}]}})


class TestRelay:
    def test_it_passes_on_there_and_back(self, port):
        said = asyncio.run(through_the_relay(f"{HERE} {port}\n".encode() + b"GET / HTTP/1.0\r\n\r\n"))
        assert said.startswith(b"ok\nHTTP/1.0 200")
        assert said.endswith(b"hello")

    def test_it_says_why_not(self, closed_port):
        assert asyncio.run(through_the_relay(f"{HERE} {closed_port}\n".encode())) == b"the connection is refused\n"
        assert asyncio.run(through_the_relay(b"nonsense\n"))


async def through_the_relay(said):
    server = await asyncio.start_server(_probe_pod.relay, HERE, 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(said)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.05)  # until the other side has ended as well
    return answer
