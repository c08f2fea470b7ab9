"""Watching objects of a cluster until something is true of them: lists once, then follows what changes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Protocol, Self, TypeVar

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes_answer import Refused
from infra_grader.capabilities.kubernetes_connection import decoded
from infra_grader.capabilities.side_by_side import side_by_side
from infra_grader.model.outcome import NotAssessed, Unavailable
from infra_grader.model.record import Record

Found = TypeVar("Found")
PAUSE_S = 0.2
"""How long to wait before a watch that broke begins anew; more each time, as long as nothing is heard."""
LONGEST_PAUSE_S = 3.0
LONGEST_S = 240
"""Seconds after which the API is asked to end a watch, which then goes on by another request."""
GONE = 410


class Selection(Record):
    """Which objects are watched."""

    path: str
    """Path of the list in the API."""
    labels: str = ""
    """Label selector."""
    fields: str = ""
    """Field selector."""

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query of a list of them."""
        chosen = (("labelSelector", self.labels), ("fieldSelector", self.fields))
        return [(name, value) for name, value in chosen if value]


class Api(Protocol):
    """What a watch needs of a connection."""

    def ask(self, method: str, path: str, *, query: Any = ...) -> Any:
        """Return the answer to a request."""

    def raw(self, method: str, path: str, *, query: Any, seconds: float, streams: bool) -> Any:
        """Return the answer to a request, whatever it is."""


class Watch:
    """The objects of some selections as they are at each moment, while its `with` block runs.

    The first lists are there when the block begins; entering raises as `Connection.ask` does. A watch that breaks, or
    that the API has forgotten the past of, lists anew.
    """

    def __init__(self, api: Api, selections: Sequence[Selection]) -> None:
        self._api = api
        self._selections = selections
        self._seen: list[dict[str, Mapping[str, Any]]] = [{} for _ in selections]
        self._changes = 0
        self._changed = threading.Condition()
        self._fault: NotAssessed | None = None
        self._is_over = False
        self._answers: dict[int, Any] = {}
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        versions = side_by_side(partial(self._list, number) for number in range(len(self._selections)))
        for number, version in enumerate(versions):
            follower = threading.Thread(target=self._follow, args=(number, version), daemon=True)
            follower.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_over = True
            answers = list(self._answers.values())
        for answer in answers:
            with suppress(OSError, ValueError, RuntimeError, AttributeError):  # it may end by itself at this moment
                answer.shutdown()

    @property
    def now(self) -> list[list[Mapping[str, Any]]]:
        """The objects of each selection."""
        with self._changed:
            return [list(each.values()) for each in self._seen]

    def until(
        self,
        look: Callable[[list[list[Mapping[str, Any]]]], Found | None],
        deadline: Deadline,
        *,
        every_s: float | None = None,
    ) -> Found | None:
        """Return what `look` gives for the objects of each selection, as soon as that is not `None`.

        It looks at the first lists, after each change, each `every_s` seconds where asked to, and when the time is
        up. Returns `None` then. Raises `NotAssessed` where the objects may not be read any more, and `Unavailable`
        where the time is up and the API did not answer the last time that it was asked.
        """
        while True:
            with self._changed:
                before = self._changes
            left = deadline.remaining()
            if (found := look(self.now)) is not None:
                return found
            if left <= 0:
                self._raise_fault()
                return None
            with self._changed:
                if self._changes == before:
                    self._changed.wait(left if every_s is None else min(left, every_s))
                fault = self._fault
            if fault is not None and not isinstance(fault, Unavailable):
                raise fault

    def _raise_fault(self) -> None:
        with self._changed:
            if self._fault is not None:
                raise self._fault

    def _follow(self, number: int, version: str) -> None:
        """Keep a selection as it is, until the watch is over."""
        from urllib3.exceptions import HTTPError

        # A stream breaks in many ways, the ends of its connection and of its lines among them; a new one mends all.
        # A list is refused while its kind is taken away.
        broken = (Refused, HTTPError, OSError, ValueError, KeyError, TypeError, AttributeError)
        pause = PAUSE_S
        while not self._is_over:
            started = time.monotonic()
            try:
                version = version or self._list(number)
                version = self._changes_from(number, version)
            except NotAssessed as fault:
                self._note(fault)
                version = ""
                if not isinstance(fault, Unavailable):
                    return
            except broken as error:
                self._note(None if self._is_over else Unavailable(f"A watch of the cluster broke: {error}."))
                version = ""
            else:
                self._note(None)
            pause = PAUSE_S if time.monotonic() - started > LONGEST_PAUSE_S else min(2 * pause, LONGEST_PAUSE_S)
            with self._changed:
                if not self._is_over and not version:
                    self._changed.wait(pause)

    def _list(self, number: int) -> str:
        """Read the objects of a selection, and return the version from which their changes are to be followed."""
        selection = self._selections[number]
        found = decoded(self._api.ask("GET", selection.path, query=selection.query))
        with self._changed:
            self._seen[number] = {each["metadata"]["uid"]: each for each in found.get("items") or ()}
            self._fault = None
            self._tell()
        return str(found["metadata"]["resourceVersion"])

    def _changes_from(self, number: int, version: str) -> str:
        """Follow what changes until the API ends the stream; return the version from which to go on, or nothing."""
        selection = self._selections[number]
        query = [
            *selection.query,
            ("watch", "true"),
            ("resourceVersion", version),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(LONGEST_S)),
        ]
        answer = self._api.raw("GET", selection.path, query=query, seconds=LONGEST_S + 10, streams=True)
        with self._changed:
            self._answers[number] = answer
            if self._is_over:
                return version
        try:
            if answer.status != 200:
                return ""
            for line in _lines(answer):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return ""  # above all 410: what was before is forgotten
                version = str(event["object"]["metadata"]["resourceVersion"])
                if event["type"] != "BOOKMARK":
                    self._apply(number, event["type"], event["object"])
        finally:
            with self._changed:
                self._answers.pop(number, None)
            answer.close()
        return version

    def _apply(self, number: int, what: str, found: Mapping[str, Any]) -> None:
        with self._changed:
            if what == "DELETED":
                self._seen[number].pop(found["metadata"]["uid"], None)
            else:
                self._seen[number][found["metadata"]["uid"]] = found
            self._tell()

    def _note(self, fault: NotAssessed | None) -> None:
        with self._changed:
            self._fault = fault
            if fault is not None:
                self._tell()

    def _tell(self) -> None:
        self._changes += 1
        self._changed.notify_all()


def _lines(answer: Any) -> Any:
    """Yield the lines of a stream as they come."""
    rest = b""
    while chunk := answer.read1(65536):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line for line in lines if line.strip())
