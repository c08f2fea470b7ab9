"""A Prometheus or an Alertmanager that runs in a project, asked by its HTTP API from outside of its container."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.http import Answer, Client, NoAnswer, Request
from infra_grader.model.outcome import CheckFailed, Evidence, EvidenceKind, NotAssessed

ANSWER_S = 10.0
MOST_BYTES = 32 * 1024 * 1024
"""Of an answer: a Prometheus describes every metric of every target in one."""
POLL_S = 0.5
PREFIX = re.compile(r"--web\.(?:route-prefix|external-url)[= ](\S+)")
REFUSED = frozenset({401, 403})


class Monitor:
    """The HTTP API of a program that watches others. One thread uses it at a time."""

    def __init__(self, container: RunningContainer, name: str, port: int, prefix: str) -> None:
        self.container = container
        self.name = name
        """The service, as evidence calls it."""
        self._client = Client(container.connect, port)
        self._prefix = prefix

    def ask(self, path: str, deadline: Deadline, **asked: str) -> Any:
        """Return the JSON that it answers with. Raises `CheckFailed` where it does not answer so."""
        answer = self.get(path, deadline, **asked)
        try:
            return msgspec.json.decode(answer.body)
        except msgspec.DecodeError as error:
            raise self._failed(path, f"status {answer.status}, and no JSON", answer.text[:300]) from error

    def get(self, path: str, deadline: Deadline, **asked: str) -> Answer:
        """Return its answer. Raises `CheckFailed` where it gives none, or one of failure."""
        answer = self.hear(path, deadline, **asked)
        if answer.status // 100 != 2:
            raise self._failed(path, f"status {answer.status}", answer.text[:300])
        return answer

    def hear(self, path: str, deadline: Deadline, **asked: str) -> Answer:
        """Return its answer, one of failure too. Raises `CheckFailed` where it gives none."""
        query = f"?{urlencode(asked)}" if asked else ""
        request = Request(target=f"{self._prefix}{path}{query}", follows=True, max_body=MOST_BYTES)
        deadline.check()
        try:
            answer = self._client.ask(request, min(ANSWER_S, deadline.remaining()))
        except NoAnswer as error:
            deadline.check()
            raise self._failed(path, error.reason) from error
        if answer.status in REFUSED:
            raise NotAssessed(f"{self.name} asks for a password at {path}.", "Look at it by hand.")
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _failed(self, path: str, actual: str, text: str = "") -> CheckFailed:
        evidence = Evidence(
            kind=EvidenceKind.HTTP, path=f"GET {path}", expected="an answer", actual=actual, text=text or None
        )
        return CheckFailed(f"{self.name} does not answer GET {path} as it should: {actual}.", evidence)


def open_monitor(
    container: RunningContainer, name: str, usual_port: int, probe: str, deadline: Deadline, seconds: float = 30.0
) -> Monitor:
    """Return the API of a container, found at one of its ports once it answers GET `probe`.

    Raises `CheckFailed` where none of them does in time.
    """
    limit = Deadline(min(seconds, deadline.remaining()))
    ports = sorted(container.published, key=lambda port: port != usual_port)
    failed = CheckFailed(f"{name} has no port to ask it at.", Evidence(path=name, expected=f"port {usual_port}"))
    while True:
        for port in ports:
            for prefix in _prefixes(container):
                monitor = Monitor(container, name, port, prefix)
                try:
                    monitor.get(probe, deadline)
                except CheckFailed as error:
                    monitor.close()
                    failed = failed if ports[0] != port and "answer" in str(failed) else error
                else:
                    return monitor
        if not limit.remaining():
            raise failed
        time.sleep(POLL_S)


def until(look: Callable[[], Any], deadline: Deadline) -> Any:
    """Return what `look` finds as soon as that holds something; what it found last where the time is up before."""
    while True:
        found = look()
        if found or not deadline.remaining():
            return found
        time.sleep(min(POLL_S, deadline.remaining()))


def words_of(facts: Mapping[str, Any]) -> str:
    """Return the command line of a container, by what Docker says of it."""
    return " ".join([str(facts.get("Path") or ""), *map(str, facts.get("Args") or ())])


def _prefixes(container: RunningContainer) -> Iterator[str]:
    """Yield the places below which the API may lie."""
    yield ""
    for found in PREFIX.finditer(words_of(container.inspect())):
        if path := urlsplit(found[1]).path.rstrip("/"):
            yield path
