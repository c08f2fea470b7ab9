"""Asks one question from inside a pod: whom it reaches, which names are known there, how many requests are lost.

Its text is handed to the Python 3 of the probe's image, with the question as a line of JSON on standard input, so it
needs nothing but the standard library. It stops by itself after the question's seconds, whatever becomes of the grader,
and says what it saw as the last line of its output, in JSON.
"""

from __future__ import annotations

import base64
import errno
import http.client
import json
import os
import socket
import sys
import threading
import time
from typing import Any

FOLDER = "/dev/shm"  # noqa: S108 - every pod has one of its own, and it can be written in a read-only one too
MOST_CLIENTS = 64
MOST_LOST = 100
"""Lost requests that are told one by one; all are counted."""
BODY = 65_536
PAUSE_S = 0.2
OUTSIDE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM)


def look_up(name: str) -> dict[str, Any]:
    """Say whether a name is known: `known`, `unknown`, or `cut_off` where nobody answered what is asked of DNS."""
    began = time.monotonic()
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        said: dict[str, Any] = {"state": "known", "addresses": sorted({str(one[4][0]) for one in found})}
    except socket.gaierror as error:
        is_unknown = error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
        said = {"state": "unknown" if is_unknown else "cut_off", "reason": str(error.strerror)}
    except (UnicodeError, ValueError) as error:
        said = {"state": "unknown", "reason": str(error)}
    said["seconds"] = round(time.monotonic() - began, 3)
    return said


def connect(host: str, port: int, seconds: float) -> tuple[str, socket.socket | None]:
    """Say what became of it: `open` with the connection, or `refused`, `silent`, `barred`, `unknown`, `cut_off`."""
    named = look_up(host)
    if named["state"] != "known":
        return str(named["state"]), None
    try:
        return "open", socket.create_connection((named["addresses"][0], port), seconds)
    except TimeoutError:
        return "silent", None
    except OSError as error:
        if isinstance(error, socket.timeout) or error.errno == errno.ETIMEDOUT:  # one of its own before 3.10
            return "silent", None
        return ("barred" if error.errno in OUTSIDE else "refused"), None


class Row:
    """What came out the same, how many times in a row and for how long."""

    def __init__(self, times: int, seconds: float) -> None:
        self.times = times
        self.seconds = seconds
        self.length = 0
        self.since = 0.0

    def note(self, is_right: bool) -> bool:
        """Count what came out; give back whether that was right for long enough."""
        if not is_right:
            self.length = 0
            return False
        self.since = self.since if self.length else time.monotonic()
        self.length += 1
        return self.length >= self.times and time.monotonic() - self.since >= self.seconds


def reach(target: dict[str, Any], end: float, row: Row) -> dict[str, Any]:
    """Try to connect until it comes out as `wanted` for long enough, or the time is up.

    Rules reach the nodes some seconds after a pod is made, in both directions, so that a first try means nothing.
    """
    tries = 0
    while True:
        tries += 1
        state, connection = connect(target["host"], target["port"], target["each_s"])
        if connection is not None:
            connection.close()
        is_steady = row.note((state == "open") == (target["wanted"] == "open"))
        # One that is right and not yet for long enough gets the time for it.
        if is_steady or (time.monotonic() >= end and (not row.length or time.monotonic() >= end + row.seconds)):
            return {"state": state, "tries": tries, "is_steady": is_steady}
        time.sleep(PAUSE_S)


def lookup(name: str, end: float, row: Row) -> dict[str, Any]:
    """Look a name up until it is known for long enough, or the time is up; the last answer counts."""
    while True:
        said = look_up(name)
        is_steady = row.note(said["state"] == "known")
        if is_steady or (time.monotonic() >= end and (not row.length or time.monotonic() >= end + row.seconds)):
            said["name"] = name
            return said
        time.sleep(PAUSE_S)


def send(asked: dict[str, Any], request: dict[str, Any]) -> tuple[int, str]:
    """Send one request over a connection of its own; give back its status, or 0 and why there is none."""
    connection = http.client.HTTPConnection(asked["host"], asked["port"], timeout=asked["each_s"])
    try:
        headers = {"User-Agent": "curl/8.5.0", "Connection": "close"}  # as people ask: see _http_tunnel
        headers.update({str(name): str(value) for name, value in request["headers"]})
        connection.request(request["method"], request["target"], base64.b64decode(request["body"]) or None, headers)
        answer = connection.getresponse()
        answer.read(BODY)
        return answer.status, ""
    except TimeoutError:
        return 0, "no answer in time"
    except ConnectionRefusedError:
        return 0, "the connection is refused"
    except (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected):
        return 0, "the connection was broken off"
    except socket.gaierror as error:
        return 0, "the name is not known" if error.errno == socket.EAI_NONAME else "DNS does not answer"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return 0, "no answer in time" if isinstance(error, socket.timeout) else str(error) or type(error).__name__
    finally:
        connection.close()


class Crowd:
    """Clients who ask at the same time, each one request after another, and what they saw."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.asked = asked
        self.statuses = frozenset(asked["statuses"])
        self.place = 0
        """Which of the requests is asked: the first one that had a good answer."""
        self.began = time.monotonic()
        self.end = self.began + asked["seconds"]
        self.lock = threading.Lock()
        self.total = 0
        self.times: list[float] = []
        self.lost: list[tuple[float, float, str]] = []
        self.reasons: dict[str, int] = {}
        self.good_at = 0.0
        self.gap = 0.0
        """The longest time without a good answer."""

    def is_over(self) -> bool:
        """Whether the time is up, or the grader said stop."""
        return time.monotonic() >= self.end or os.path.exists(path(self.asked["id"], "stop"))

    def is_right(self, status: int) -> bool:
        """Whether an answer of this status is a good one."""
        return status in self.statuses if self.statuses else 200 <= status < 400

    def warm(self) -> str:
        """Ask until some good answers came in a row; say what came instead where none do in time, else nothing."""
        end = time.monotonic() + self.asked["warm_s"]
        right, first = 0, ""
        while right < self.asked["in_a_row"]:
            status, reason = self.send()
            right = right + 1 if self.is_right(status) else 0
            if right:
                continue
            if not self.place:
                first = reason or f"status {status}"
            if time.monotonic() >= end or os.path.exists(path(self.asked["id"], "stop")):
                return first
            self.place = (self.place + 1) % len(self.asked["requests"])
            time.sleep(0 if self.place else PAUSE_S)
        return ""

    def send(self) -> tuple[int, str]:
        """Send the request of this moment."""
        return send(self.asked, self.asked["requests"][self.place])

    def use(self) -> None:
        """Be one client."""
        while not self.is_over():
            start = time.monotonic()
            status, reason = self.send()
            self.note(start, time.monotonic(), "" if self.is_right(status) else reason or f"status {status}")
            time.sleep(self.asked["pause_s"])

    def note(self, start: float, end: float, wrong: str) -> None:
        """Count a request."""
        with self.lock:
            self.total += 1
            if not wrong:
                self.times.append(end - start)
                self.gap = max(self.gap, end - self.good_at)
                self.good_at = max(self.good_at, end)
                return
            self.reasons[wrong] = self.reasons.get(wrong, 0) + 1
            if len(self.lost) < MOST_LOST:
                self.lost.append((round(start - self.began, 2), round(end - start, 2), wrong))

    def run(self) -> dict[str, Any]:
        """Ask until it is over, and say what was seen."""
        threads = [threading.Thread(target=self.use, daemon=True) for _ in range(self.asked["clients"])]
        self.began = self.good_at = time.monotonic()
        self.end = self.began + self.asked["seconds"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - self.began
        self.gap = max(self.gap, self.began + seconds - self.good_at)
        times = sorted(self.times)
        return {
            "place": self.place,
            "total": self.total,
            "lost": self.total - len(times),
            "losses": self.lost,
            "reasons": self.reasons,
            "seconds": round(seconds, 2),
            "gap_s": round(self.gap, 2),
            "milliseconds": {str(part): milliseconds(times, part) for part in (50, 95, 99)},
        }


def milliseconds(times: list[float], percent: int) -> float:
    """Give back the milliseconds within which so many percent of the answers came; 0 without any."""
    return round(1000 * times[min(len(times) - 1, len(times) * percent // 100)], 1) if times else 0.0


def path(key: str, what: str) -> str:
    """Give back the file by which the grader and the clients talk."""
    return os.path.join(FOLDER, f"infra-grader-{key}.{what}")


def touch(file: str) -> None:
    """Make an empty file."""
    with open(file, "w", encoding="ascii"):
        pass


def crowd(asked: dict[str, Any]) -> dict[str, Any]:
    """Let clients ask, once the service answers, until it is over."""
    asked["clients"] = min(MOST_CLIENTS, asked["clients"])
    clients = Crowd(asked)
    cold = clients.warm()
    try:
        if cold:
            return {"cold": cold}
        touch(path(asked["id"], "on"))
        return clients.run()
    finally:
        remove(path(asked["id"], "on"))
        if not remove(path(asked["id"], "stop")):
            touch(path(asked["id"], "over"))


def await_crowd(asked: dict[str, Any]) -> dict[str, Any]:
    """Wait until the clients count or have given up, or the time is up."""
    end = time.monotonic() + asked["seconds"]
    while time.monotonic() < end and not any(os.path.exists(path(asked["id"], what)) for what in ("on", "over")):
        time.sleep(0.05)
    return {"is_on": os.path.exists(path(asked["id"], "on"))}


def stop_crowd(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell the clients to stop, if they have not by themselves."""
    if not remove(path(asked["id"], "over")):
        touch(path(asked["id"], "stop"))
    return {}


def remove(file: str) -> bool:
    """Remove a file; give back whether there was one."""
    try:
        os.unlink(file)
    except FileNotFoundError:
        return False
    return True


def beside(ask: Any, questions: list[Any]) -> list[Any]:
    """Ask all of them at the same time; give back the answers in order."""
    answers: list[Any] = [None] * len(questions)

    def one(place: int) -> None:
        answers[place] = ask(questions[place])

    threads = [threading.Thread(target=one, args=(place,), daemon=True) for place in range(len(questions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Answer a question."""
    end = time.monotonic() + asked.get("seconds", 0)
    if asked["do"] == "reach":
        return {"reached": beside(lambda one: reach(one, end, Row(2, asked["steady_s"])), asked["targets"])}
    if asked["do"] == "lookup":
        return {"names": beside(lambda name: lookup(name, end, Row(1, asked["steady_s"])), asked["names"])}
    return {"crowd": crowd, "await": await_crowd, "stop": stop_crowd}[asked["do"]](asked)


if __name__ == "__main__":
    said = json.dumps(answer(json.loads(sys.stdin.readline())))
    with open(1, "w", encoding="ascii", closefd=False) as out:
        out.write("\n" + said + "\n")
