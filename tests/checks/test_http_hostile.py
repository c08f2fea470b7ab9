"""Services that try to disturb the grader: each is a failed answer, in time, and never an error of ours."""

from __future__ import annotations

import textwrap
import time

import pytest
import sandboxes

from infra_grader.testing import run_check

SERVER = """
import os, socket, sys, threading, time

def say(text):
    connections.value.sendall(b"HTTP/1.1 200 OK\\r\\n" + text.encode())

def redirect(place):
    text = f"HTTP/1.1 302 Found\\r\\nLocation: {place}\\r\\nContent-Length: 0\\r\\n\\r\\n"
    connections.value.sendall(text.encode())

connections = threading.local()

def talk(connection):
    connections.value = connection
    request = connection.recv(65536)
    if b" /health " in request:
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok")
        connection.close()
        return
    {answer}
    connection.close()

listener = socket.create_server(("127.0.0.1", 5000), backlog=200)
{before}
while True:
    threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()
"""
ANSWERS = """
a byte a second: within
    say("Content-Length: 1000\\r\\n\\r\\n")
    while True: connection.sendall(b"x"); time.sleep(0.3)

a header without end: no HTTP
    say("X: ")
    while True: connection.sendall(b"x" * 65536)

headers without end: no HTTP
    say("")
    while True: connection.sendall(b"X: y\\r\\n" * 999)

early answers without end: within
    while True: connection.sendall(b"HTTP/1.1 103 Early Hints\\r\\nLink: x\\r\\n\\r\\n" * 99)

a body without end: at most
    say("\\r\\n")
    while True: connection.sendall(b"x" * 65536)

50 MB: at most
    say("Content-Length: 52428800\\r\\n\\r\\n")
    for _ in range(50): connection.sendall(bytes(1 << 20))

a bomb: at most
    import zlib
    pack = zlib.compressobj(wbits=31)
    bomb = b"".join(pack.compress(bytes(1 << 20)) for _ in range(60)) + pack.flush()
    say("Content-Encoding: gzip\\r\\n\\r\\n")
    connection.sendall(bomb)

chunks of lies: no HTTP
    say("Transfer-Encoding: chunked\\r\\n\\r\\nffffffffffffffffff\\r\\n")

nothing: hung up
    pass

silence: within
    time.sleep(1000)

garbage: no HTTP
    connection.sendall(os.urandom(100000))

less than it says: no HTTP
    say("Content-Length: 100\\r\\n\\r\\nshort")

more than it says: JSON
    say("Content-Length: 2\\r\\n\\r\\nlonger")

a redirect elsewhere: another host
    redirect("http://example.com/")

a redirect in a ring: redirects
    redirect("/x")

deep JSON: nested too deep
    say("\\r\\n" + "[" * 500000)

its end: exit status 3
    os._exit(3)

the end of the relay: end of the process
    os.kill(os.getppid(), 9)
    time.sleep(5)

the end of all: end of the process
    os.kill(-1, 9)
    time.sleep(5)

forged frames: an answer
    import glob
    for name in glob.glob(f"/proc/{os.getppid()}/fd/*"):
        try: os.write(os.open(name, os.O_WRONLY | os.O_NONBLOCK), b"Z" * 70000)
        except OSError: pass
    time.sleep(2)

a relay that is stopped: within
    import signal
    os.kill(os.getppid(), signal.SIGSTOP)
    time.sleep(30)

memory: out of memory
    held = []
    while True: held.append(bytearray(1 << 24))

processes: an answer
    while True:
        try: os.fork()
        except OSError: time.sleep(0.01)

output: within
    while True: os.write(1, b"x" * 65536)

a full disk: an answer
    with open("x", "wb") as file:
        while True: file.write(bytes(1 << 20)); file.flush()
"""
"""Name, what is said of it, and what the service does instead of an answer."""
IN_DOCKER = ("the end of the relay", "the end of all", "a relay that is stopped", "memory", "processes")


def answers():
    for part in ANSWERS.strip().split("\n\n"):
        title, _, code = part.partition("\n")
        name, _, told = title.partition(": ")
        yield name, told, textwrap.dedent(code)


def named():
    for name, told, code in answers():
        for sandbox in ("bubblewrap", *(["docker"] if name in IN_DOCKER else [])):
            yield pytest.param(sandbox, told, code, id=f"{name}, {sandbox}")


START = {"uses": "service.start", "with": {"ready": ["/health"], "seconds": 15, "memory_mib": 128, "processes": 200}}
ASKED = {"path": "/x", "follow": True, "expect": {"max_bytes": 600_000, "value": {"equals": "what no service says"}}}


def write(folder, answer, before=""):
    text = SERVER.replace("{answer}", textwrap.indent(answer, "    ").strip()).replace("{before}", before)
    (folder / "app.py").write_text(text)


@pytest.mark.parametrize(("sandbox", "told", "code"), [*named()])
def test_a_hostile_answer_is_a_failed_one(sandbox, told, code, tmp_path):
    sandboxes.require(sandbox)
    write(tmp_path, code)
    began = time.monotonic()
    outcome = run_check(
        "http.request",
        {"service": "start", "seconds": 3, "requests": [ASKED]},
        tmp_path,
        sandbox=sandbox,
        before={"start": START},
    )
    assert outcome.status == "failed", outcome
    said = " ".join(f"{piece.actual} {piece.expected}" for piece in outcome.evidence)
    # A socket that is closed with something unread in it takes back what was sent, if that was not fetched yet.
    assert any(words in said for words in (told, "hung up without an answer")), outcome.evidence
    assert time.monotonic() - began < 40


STARTS = {
    "opens many connections": "many = [socket.create_connection(('127.0.0.1', 5000)) for _ in range(150)]",
    "forks and goes on": "if os.fork(): os._exit(0)",
    "prints without end": "threading.Thread(target=lambda: [os.write(1, b'y' * 4096) for _ in range(10**5)]).start()",
    "prints control characters": "os.write(1, b'\\x1b]0;title\\x07\\xff\\xfe\\x00' * 100)",
    "closes its descriptors": "os.closerange(0, 3)",
}


@pytest.mark.parametrize("name", STARTS)
def test_an_odd_service_is_still_a_service(name, tmp_path):
    sandboxes.require("bubblewrap")
    write(tmp_path, "pass", STARTS[name])
    outcome = run_check(
        "http.request",
        {"service": "start", "requests": [{"path": "/health", "expect": {"contains": ["ok"]}}] * 3},
        tmp_path,
        sandbox="bubblewrap",
        before={"start": START},
    )
    assert outcome.status == "passed", outcome
