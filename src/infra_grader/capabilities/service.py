"""A learner's service that runs in a sandbox: started in the ways its files say, asked through a relay."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.http import LOCAL, Client, NoAnswer, Request
from infra_grader.capabilities.relay import Relay, RelayTunnel, Told
from infra_grader.capabilities.sandbox import Job, Sandbox, how_ended
from infra_grader.capabilities.tunnel import Connect, TunnelError
from infra_grader.capabilities.turns import taking_turns
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record

POLL_S = 0.1
SANDBOX_S = 60.0
IDLE_S = 20.0
TELL_S = 5.0
END_S = 1.0
KILLED = 128 + 9
FIRST_ANSWER_S = 5.0
"""How long the first answer of a service may take, while it is still asked again."""
SHOWN = 1500
"""Characters that are shown of the end of what a service printed."""


class Launch(Record):
    """One way to start a service."""

    arguments: tuple[str, ...]
    """The program and its arguments; `{root}` stands for the copy of the submission."""
    origin: str
    """Where this is said: a file and line, or the rubric."""
    folder: str = "."
    """Where it starts, in the submission."""
    variables: Mapping[str, str] = {}
    ports: tuple[int, ...] = ()
    """Ports that it names, the most likely first."""

    @property
    def command(self) -> str:
        """The command line, for evidence."""
        import shlex

        return shlex.join(word.replace("{root}/", "").replace("{root}", ".") for word in self.arguments)


class Ready(Record):
    """When a service counts as started."""

    paths: tuple[str, ...] = ("/health", "/")
    statuses: tuple[int, ...] = ()
    """Statuses that are waited for; without any, every answer will do."""
    ports: tuple[int, ...] = ()
    """Ports that are tried first."""
    any_port: bool = True
    """Whether it may answer on another port."""
    seconds: float = 30.0


class Recipe(Record):
    """All that starting a service needs beside the command."""

    sandbox: Sandbox
    job: Job
    """Submission, mounts and limits."""
    programs: Mapping[str, tuple[str, ...]] = {}
    """Commands by the names that stand for them, such as `python`; they come before all others of these names."""
    ready: Ready = Ready()


class Running:
    """One process of a service in a sandbox, and the way to it; see `RunningService`."""

    name: str = LOCAL

    def __init__(self, relay: Relay, port: int, seconds: float, answer: str, output: str, *, is_claimed: bool) -> None:
        self.relay = relay
        self.is_claimed = is_claimed
        self.port = port
        self.seconds = seconds
        """How long it took until it answered."""
        self.answer = answer
        """What it answered first."""
        self.output = output

    def connect(self, port: int, deadline: Deadline) -> RelayTunnel:
        """Return a connection to a port of it; see `RunningService`."""
        return self.relay.connect(port, deadline)

    def find_end(self) -> str:
        """Return how it ended, as a clause, or nothing if it still takes connections."""
        try:
            self.output = self.relay.tell(Deadline(TELL_S)).output
            self.relay.connect(self.port, Deadline(TELL_S)).close()
        except TunnelError as error:
            return self._how_ended(str(error))
        return ""

    def _how_ended(self, reason: str) -> str:
        """Return the exit status of a service that has just gone, which the system tells a moment later."""
        deadline = Deadline(END_S)
        is_killed = False
        while not self.relay.ended and deadline.remaining():
            if is_killed:
                # Perhaps by a limit: the sandbox looks at it whenever the relay says nothing for a moment.
                time.sleep(POLL_S)
                continue
            try:
                told = self.relay.tell(deadline)
            except TunnelError as error:
                return str(error)
            self.output = told.output
            if told.exit_status is not None:
                reason = how_ended(told.exit_status)
                is_killed = told.exit_status == KILLED
                if not is_killed:
                    return reason
            time.sleep(POLL_S)
        return self.relay.ended or reason


class Service:
    """A service in a sandbox; see `AskedService`."""

    def __init__(self, recipe: Recipe, launch: Launch, running: Running) -> None:
        self.recipe = recipe
        self.launch = launch
        self.running = running
        self._turn = threading.Lock()

    @property
    def command(self) -> str:
        """What starts it by hand."""
        return self.launch.command

    @contextmanager
    def turn(self, deadline: Deadline, *, fresh: bool = False) -> Iterator[Running]:
        """Yield the service for one check alone; see `AskedService`."""
        if fresh and self.recipe.sandbox.is_wall:  # else both would want the same port of this machine
            running = start(self.recipe, self.launch, deadline)
            try:
                yield running
            finally:
                running.relay.close()
            return
        with taking_turns(self._turn, deadline, "service"):
            self._revive(deadline, anew=fresh)
            yield self.running

    def undisturbed(self, _deadline: Deadline) -> AbstractContextManager[None]:
        """Return a block as others have it who share what their services run on; see `AskedService`."""
        return nullcontext()

    @contextmanager
    def idle(self, deadline: Deadline) -> Iterator[tuple[Connect, int]]:
        """Yield the way to a service that does nothing, in a sandbox of its own with the same limits."""
        from infra_grader.capabilities import _reference_service  # it needs asyncio, which is slow to import

        source = Path(_reference_service.__file__).read_text(encoding="utf-8")
        recipe = Recipe(
            sandbox=self.recipe.sandbox,
            job=Job(arguments=(), limits=self.recipe.job.limits),
            ready=Ready(paths=("/",), ports=(_reference_service.PORT,), seconds=IDLE_S),
        )
        arguments = (recipe.sandbox.python, "-I", "-B", "-c", source)
        try:
            running = start(recipe, Launch(arguments=arguments, origin="the grader"), deadline)
        except NotStarted as error:
            raise NotAssessed(f"A service to compare with does not start: {error.reason}.", "Grade again.") from error
        try:
            yield running.connect, running.port
        finally:
            running.relay.close()

    def close(self) -> None:
        """End it."""
        self.running.relay.close()

    def _revive(self, deadline: Deadline, *, anew: bool) -> None:
        if anew or self.running.find_end():
            self.running.relay.close()
            self.running = start(self.recipe, self.launch, deadline)


def start(recipe: Recipe, launch: Launch, deadline: Deadline) -> Running:
    """Start a service in a sandbox of its own and wait until it answers. Raises `NotStarted` if it does not."""
    job = recipe.job.replace(arguments=())
    with ExitStack() as closing:
        relay = Relay(recipe.sandbox, job, deadline)
        closing.callback(relay.close)
        running = _await(relay, recipe, launch, deadline)
        closing.pop_all()
    return running


def _await(relay: Relay, recipe: Recipe, launch: Launch, deadline: Deadline) -> Running:
    ready = recipe.ready
    try:  # nothing of the learner's runs yet, so that this is no time of theirs
        told = relay.tell(Deadline(min(SANDBOX_S, deadline.remaining())))
        relay.start(launch.arguments, launch.folder, launch.variables, recipe.programs)
    except TunnelError as error:
        deadline.check()
        raise NotAssessed(f"The sandbox cannot be used: {error}.", "See `infra-grader doctor`.") from error
    began = time.monotonic()
    last = ""
    taken = frozenset(told.ports or ())
    named = taken.intersection((*ready.ports, *launch.ports))
    while time.monotonic() - began < ready.seconds:
        deadline.check()
        try:
            told = relay.tell(Deadline(TELL_S))
        except TunnelError as error:
            raise NotStarted(str(error), told.output) from error
        for port in _ports(ready, launch, told, taken):
            left = ready.seconds - (time.monotonic() - began)
            seconds = min(left, FIRST_ANSWER_S, deadline.remaining())
            found, last = first_answer(relay.connect, port, ready, seconds, last)
            if found:
                is_claimed = not recipe.sandbox.is_wall
                return Running(relay, port, time.monotonic() - began, found, told.output, is_claimed=is_claimed)
        if told.exit_status is not None and taken.issuperset(told.ports or ()):
            raise NotStarted(how_ended(told.exit_status), told.output, named)
        time.sleep(POLL_S)
    raise NotStarted(last or f"no answer within {ready.seconds:g} s", told.output, named)


def _ports(ready: Ready, launch: Launch, told: Told, taken: frozenset[int]) -> list[int]:
    """Return the ports to try, in order: where something listens that did not before."""
    named = list(dict.fromkeys((*ready.ports, *(launch.ports if ready.any_port else ()))))
    if told.ports is None:
        return [port for port in named if port not in taken]
    found = [port for port in told.ports if port not in taken and (ready.any_port or port in ready.ports)]
    return sorted(found, key=lambda port: named.index(port) if port in named else len(named))


def first_answer(connect: Connect, port: int, ready: Ready, seconds: float, last: str) -> tuple[str, str]:
    """Return the first answer that counts, or nothing, and what came otherwise."""
    client = Client(connect, port)
    try:
        for path in ready.paths:
            try:
                answer = client.ask(Request(target=path), max(0.1, seconds))
            except NoAnswer as error:
                last = f"on port {port}, {error.reason}"
                continue
            said = f"GET {path} on port {port} was answered by {answer.status}"
            if not ready.statuses or answer.status in ready.statuses:
                return said, last
            last = said
    finally:
        client.close()
    return "", last


def tail(output: str) -> str:
    """Return the end of what a program printed, where it says what went wrong."""
    return output.strip()[-SHOWN:]
