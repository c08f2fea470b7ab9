"""Inputs that are drawn when a submission is graded, from what a rubric says about them."""

from __future__ import annotations

import random
import string
from typing import Any

from infra_grader.plugin import Annotated, Meta, Params

Length = tuple[Annotated[int, Meta(ge=0, le=10_000)], Annotated[int, Meta(ge=0, le=10_000)]]
ODDS_OF_EDGE = 0.25
"""How often a bound is drawn rather than something in between: functions go wrong there."""
ATTEMPTS = 20
KEYS = ("integer", "number", "text", "list_of", "one_of")


class Drawn(Params):
    """One argument: exactly one of `integer`, `number`, `text`, `list_of` and `one_of`."""

    integer: Annotated[tuple[int, int] | None, Meta(description="A whole number between these, inclusive.")] = None
    number: Annotated[tuple[float, float] | None, Meta(description="A float between these, inclusive.")] = None
    text: Annotated[Length | None, Meta(description="A text whose length lies between these.")] = None
    letters: Annotated[str, Meta(min_length=1, description="What a `text` is made of.")] = string.ascii_letters + " "
    list_of: Annotated[Drawn | None, Meta(description="A list whose items are drawn like this.")] = None
    length: Annotated[Length, Meta(description="How many items a `list_of` has.")] = (0, 8)
    one_of: Annotated[list[Any] | None, Meta(description="One of these values, as they stand here.")] = None

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn; msgspec makes a rubric error of it."""
        given = [key for key in KEYS if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"an argument has exactly one of {', '.join(KEYS)}")
        if self.one_of == []:
            raise ValueError("`one_of` is empty")
        for key in ("integer", "number", "text", "length"):
            bounds = getattr(self, key)
            if bounds is not None and bounds[0] > bounds[1]:
                raise ValueError(f"the bounds of `{key}` are the wrong way round")


def draw_questions(arguments: list[Drawn], count: int, seed: str) -> list[list[Any]]:
    """Return this many lists of arguments, different ones as far as there are; the same seed draws the same."""
    source = random.Random(seed)  # noqa: S311 - the seed is recorded so that a score can be explained
    questions: list[list[Any]] = []
    seen: set[str] = set()
    for _ in range(count * ATTEMPTS):
        if len(questions) == count:
            break
        question = [draw(argument, source) for argument in arguments]
        if (key := repr(question)) not in seen:
            seen.add(key)
            questions.append(question)
    return questions


def draw(argument: Drawn, source: random.Random) -> Any:
    """Return a value as the rubric describes it."""
    if argument.integer is not None:
        low, high = argument.integer
        edges = [low, high, *([0] if low <= 0 <= high else [])]
        return source.choice(edges) if source.random() < ODDS_OF_EDGE else source.randint(low, high)
    if argument.number is not None:
        return source.choice(argument.number) if source.random() < ODDS_OF_EDGE else source.uniform(*argument.number)
    if argument.text is not None:
        return "".join(source.choice(argument.letters) for _ in range(_length(argument.text, source)))
    if argument.list_of is not None:
        return [draw(argument.list_of, source) for _ in range(_length(argument.length, source))]
    return source.choice(argument.one_of or [None])


def describe(value: Any) -> str:
    """Return what kind of value this is, without the value: enough to look for the fault, too little to copy it."""
    if isinstance(value, bool) or value is None:
        return "a truth value" if isinstance(value, bool) else "None"
    if isinstance(value, int | float):
        kind = "whole number" if isinstance(value, int) else "float"
        return f"a {kind} {'below' if value < 0 else 'above'} 0" if value else f"the {kind} 0"
    if isinstance(value, str):
        return f"a text of {len(value)} characters" if value else "an empty text"
    if isinstance(value, list | tuple | set | frozenset | dict):
        name = type(value).__name__
        return f"a {name} of {len(value)}" if value else f"an empty {name}"
    return f"a value of type {type(value).__name__}"


def _length(bounds: tuple[int, int], source: random.Random) -> int:
    return source.choice(bounds) if source.random() < ODDS_OF_EDGE else source.randint(*bounds)
