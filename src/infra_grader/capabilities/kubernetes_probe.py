"""Pods of ours that ask others in the cluster, as any pod would: by connections, by names, by requests in a row.

What is asked goes through a pod's own network, so that it meets every rule that holds there. Pods are handed a program
of ours on standard input; the image needs nothing but Python 3.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from infra_grader.capabilities import _probe_question
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.http import Request
from infra_grader.capabilities.kubernetes import Cluster, Refused
from infra_grader.model.outcome import NotAssessed, Unavailable
from infra_grader.model.record import Record

PYTHON = ("python3", "-I", "-B", "-c", "import sys,json;exec(json.loads(sys.stdin.readline()))")
"""Runs the program that comes as its first line of input, which is too long for an address."""
SLACK_S = 15.0
"""What it may take to start the program in a pod, and to hear of its end, beyond the time of the question."""
STOP_S = 20.0
MOST_BODY = 256 * 1024
STEADY_S = 3.0
"""How long it comes out the same before it counts, where rules may still be on their way to the nodes."""
TRY_S = 2.0
"""How long a connection may take that nobody refuses."""


class Target(Record):
    """Whom a pod tries to connect to, and what shall come of it."""

    host: str
    port: int
    is_wanted: bool
    """Whether it shall be reached; it is tried until that came out several times in a row, or the time is up."""


class Reached(Record):
    """What came of trying to connect."""

    state: str
    """`open`, `refused`, `silent` (nobody answers), `barred` (unreachable), `unknown` or `cut_off` (its name)."""
    tries: int
    is_steady: bool
    """Whether what was wanted came several times in a row."""


class Name(Record):
    """What DNS says of a name."""

    name: str
    state: str
    """`known`, `unknown`, or `cut_off` where DNS does not answer."""
    seconds: float
    """How long the last lookup took."""
    addresses: tuple[str, ...] = ()
    reason: str = ""


class Asked(Record):
    """What clients in a pod ask again and again, each over connections of its own."""

    host: str
    port: int
    requests: tuple[Request, ...] = (Request(),)
    """Of which the first one with good answers is repeated."""
    statuses: tuple[int, ...] = ()
    """Of a good answer; without any, those from 200 to 399 are good."""
    clients: int = 2
    pause_s: float = 0.05
    """Between an answer and the same client's next request."""
    seconds: float = 60.0
    """After which they stop, at the latest."""
    answer_s: float = 5.0
    """Time for each answer."""
    warm_s: float = 30.0
    """Time until the first good answers, which count for nothing."""
    warm_answers: int = 5
    """How many good ones in a row have to come before requests count."""


class Traffic(Record):
    """What became of the requests of some clients, from the first to the last that counts."""

    total: int
    lost: int
    """How many of them had no good answer."""
    seconds: float
    gap_s: float
    """The longest time without a good answer."""
    milliseconds: Mapping[str, float] = {}
    """Within which 50, 95 and 99 percent of the good answers came."""
    reasons: Mapping[str, int] = {}
    """How many were lost for which reason."""
    place: int = 0
    """Which of the requests was repeated."""
    losses: tuple[tuple[float, float, str], ...] = ()
    """The first ones: seconds after the first request, seconds taken, reason."""
    cold: str = ""
    """What came instead where good answers never came in a row; then nothing was counted."""


COLD = Traffic(total=0, lost=0, seconds=0.0, gap_s=0.0)


class Watching:
    """Clients at work, and afterwards what they saw."""

    def __init__(self) -> None:
        self.traffic = COLD


class Probe:
    """A pod of ours that runs. Safe to use from several threads at once."""

    def __init__(self, cluster: Cluster, namespace: str, pod: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.pod = pod

    def reach(
        self, targets: Sequence[Target], seconds: float, deadline: Deadline, *, steady_s: float = 0.0
    ) -> list[Reached]:
        """Return for each target whether it could be connected to, all tried at the same time for so many seconds.

        What is wanted has to come out twice in a row, and for `steady_s`: rules for a new pod take effect late.
        """
        asked = [
            {
                "host": one.host,
                "port": one.port,
                "wanted": "open" if one.is_wanted else "closed",
                "each_s": min(TRY_S, max(0.5, seconds)),
            }
            for one in targets
        ]
        question = {"do": "reach", "targets": asked, "steady_s": steady_s, "seconds": seconds}
        said = self.ask(question, seconds + steady_s + 2 * TRY_S, deadline)
        return msgspec.convert(said["reached"], list[Reached])

    def look_up(self, names: Sequence[str], seconds: float, deadline: Deadline, *, steady_s: float = 0.0) -> list[Name]:
        """Return what DNS says of each name; one that is not known is asked for again for so many seconds.

        It has to be known for `steady_s`: rules for a new pod take effect late.
        """
        question = {"do": "lookup", "names": list(names), "seconds": seconds, "steady_s": steady_s}
        said = self.ask(question, seconds + steady_s + 10.0, deadline)
        return msgspec.convert(said["names"], list[Name])

    @contextmanager
    def watching(self, asked: Asked, deadline: Deadline) -> Iterator[Watching]:
        """Let clients ask while the block runs, from the first good answers on; what they saw is there after it.

        Where no good answers come, the block is run all the same, and the traffic says why it is cold.
        """
        key = secrets.token_hex(6)
        watching = Watching()
        question = _crowd(asked, key)
        ended: list[Traffic | NotAssessed | None] = []

        def ask() -> None:
            try:
                said = self.ask(question, asked.seconds + asked.warm_s + asked.answer_s, Deadline(asked.seconds + 120))
                cold = {**msgspec.to_builtins(COLD), **said} if "cold" in said else said
                ended.append(msgspec.convert(cold, Traffic))
            except NotAssessed as verdict:
                ended.append(verdict)
            except (Overrun, msgspec.ValidationError):
                ended.append(None)

        clients = threading.Thread(target=ask, daemon=True)
        clients.start()
        try:
            self.ask({"do": "await", "id": key, "seconds": asked.warm_s + 1}, asked.warm_s + 1, deadline)
            yield watching
        finally:
            with suppress(NotAssessed):  # they stop by themselves at the latest when their time is up
                self.ask({"do": "stop", "id": key}, 1.0, Deadline(STOP_S))
            clients.join(asked.answer_s + STOP_S)
        said = ended[0] if ended else None
        if not isinstance(said, Traffic):
            raise _unsaid(said)
        watching.traffic = said

    def ask(self, question: Mapping[str, Any], seconds: float, deadline: Deadline) -> dict[str, Any]:
        """Return what our program in the pod says to a question that takes it at most so many seconds.

        Raises `NotAssessed` where the image cannot run it, `Unavailable` where it says nothing.
        """
        deadline.check()
        limit = Deadline(min(seconds + SLACK_S, deadline.remaining()))
        program = Path(_probe_question.__file__).read_text(encoding="utf-8")
        try:
            ended = self.cluster.execute(
                self.pod, self.namespace, PYTHON, limit, stdin=f"{json.dumps(program)}\n{json.dumps(question)}\n"
            )
        except Overrun:
            deadline.check()
            raise Unavailable("Our probe in the cluster did not answer in time.", "Grade again.") from None
        except Refused as error:
            if "executable file not found" in error.message:
                raise NotAssessed(
                    "The image of our probes in the cluster has no python3.", "Name another as the lab's `probe-image`."
                ) from error
            raise Unavailable(f"Our probe in the cluster cannot be asked: {error.message}.", "Grade again.") from error
        try:
            said: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
        except (ValueError, IndexError) as error:
            last = (ended.stderr.strip().splitlines() or [f"exit status {ended.exit_status}"])[-1]
            raise Unavailable(f"Our probe in the cluster says nothing: {last[:200]}.", "Grade again.") from error
        return said


def _unsaid(verdict: NotAssessed | None) -> NotAssessed:
    return verdict or Unavailable("Our probe in the cluster did not say what it saw.", "Grade again.")


def _crowd(asked: Asked, key: str) -> dict[str, Any]:
    if sum(len(each.content) for each in asked.requests) > MOST_BODY:
        raise NotAssessed(
            f"A request with a body of more than {MOST_BODY // 1024} KiB cannot be repeated by our probe.",
            "Ask for less in the rubric, or by `http.request`.",
        )
    return {
        "do": "crowd",
        "id": key,
        "host": asked.host,
        "port": asked.port,
        "requests": [
            {
                "method": each.method,
                "target": each.target,
                "headers": list(each.headers),
                "body": base64.b64encode(each.content).decode("ascii"),
            }
            for each in asked.requests
        ],
        "statuses": list(asked.statuses),
        "clients": asked.clients,
        "pause_s": asked.pause_s,
        "seconds": asked.seconds,
        "each_s": asked.answer_s,
        "warm_s": asked.warm_s,
        "in_a_row": asked.warm_answers,
    }
