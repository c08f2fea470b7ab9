"""What grades many submissions at once: workers with one submission at a time each, none of which is sure to end.

A worker is a process of ours; learner code runs in sandboxes that it opens. It may still be killed by the system, or
hang in a file made to hang it, so whoever waits for it waits only for so long.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

from infra_grader.model.record import Record


class Tell(Protocol):
    """Says what a task is at, so that one that is lost tells what it was lost at."""

    def __call__(self, what: str, seconds: float | None = None) -> None:
        """Say it. With seconds, the task promises to say something else, or to be done, within so many.

        If it does not, its worker is ended, a little later, and the task is `Lost` with `is_overrun`: code that cannot
        be interrupted costs the step that it hangs in, and not all the time that the task may take.
        """


class Task(Record):
    """One piece of work; it travels to another process, or another machine."""

    id: str
    """Unique in its batch."""
    payload: Any
    """What the work is given: a value that can be pickled."""
    seconds: float
    """How long it may take before its worker is ended."""
    needs: tuple[str, ...] = ()
    """What the machine that does it must have, in the words of the survey that was made, such as `live docker`."""


class Done(Record):
    """A task that came to its end."""

    task: Task
    value: Any
    """What the work gave back."""


class Lost(Record):
    """A task whose worker ended, was ended, or raised, before it was done."""

    task: Task
    at: str
    """What it said last that it was at; nothing if it said nothing."""
    reason: str
    """What happened, as a clause."""
    is_overrun: bool = False
    """Whether it took longer than it might, as a whole or for what it was at."""


Work = Callable[[Any, Tell], Any]
"""What is done with the payload of each task: a function that can be pickled. It raises nothing it can help."""


Survey = Callable[[], Collection[str]]
"""Finds what the machine has that it is called on; a function that can be pickled."""


class Executor(Protocol):
    """Workers, and the way to them. Used in one thread."""

    say: Callable[[str], object]
    """Is told what a person who waits should know, in a line; does nothing unless it is set."""

    def survey(self, find: Survey) -> Mapping[str, frozenset[str]]:
        """Ask each machine once what it has, also those that join later, and return it by the names of machines.

        Raises `UsageError` if there are none.
        """

    def run(self, work: Work, tasks: Iterable[Task]) -> Iterator[Done | Lost]:
        """Yield how each task ended, as soon as it has, in any order; tasks are taken only when a worker is free.

        Raises `UsageError` when a task needs what no machine has, or when all machines have gone.
        """

    def close(self) -> None:
        """End the workers and what they are at."""


class ExecutorKind(Record):
    """What a plugin provides under a name: how to open one executor."""

    name: str
    summary: str
    """What it is, in half a sentence."""
    open: Callable[[str, int], Executor]
    """Opens one for an address (what follows `=` in `--executor`, or nothing) with so many workers.

    Raises `UsageError` where it cannot.
    """
