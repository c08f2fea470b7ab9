"""Conditions of Logstash, as far as their words alone tell whether they can hold."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

WORD = re.compile(
    r"""\s*(?: (?P<text> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
      | (?P<pattern> /(?:[^/\\\n]|\\.)+/ )
      | (?P<operator> ==|!=|=~|!~|<=|>=|<|> )
      | (?P<sign> [\[\]()!] )
      | (?P<word> [^\s\[\]()"'=<>!/]+ ) )""",
    re.VERBOSE | re.DOTALL,
)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
DEEPEST = 40

Literal = str | float
COMPARED: Mapping[str, Callable[[object, object], bool]] = {"==": operator.eq, "!=": operator.ne}
ORDERED: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


class Field(NamedTuple):
    """A field of an event, such as `[context][status]`."""

    name: str


class Other(NamedTuple):
    """A pattern or a list, as it is written."""

    text: str


Operand = Field | Literal | Other


class Test(NamedTuple):
    """One comparison; with nothing to compare to, whether a field is there."""

    left: Operand
    sign: str = ""
    right: Operand = ""


class Group(NamedTuple):
    """Several conditions, held together by `and`, `or` or, for one alone, `not`."""

    word: str
    parts: tuple[Test | Group, ...]


Node = Test | Group


def never_holds(condition: str) -> bool:
    """Whether a condition can hold for no event: by what is written out in it, or since its parts exclude each other.

    What cannot be read, and what hangs on the values of events, may hold.
    """
    try:
        return _decide(_Reader(_words(condition)).whole()) is False
    except _UnreadableError:
        return False


def _words(condition: str) -> list[tuple[str, str]]:
    words: list[tuple[str, str]] = []
    at, text = 0, condition.rstrip()
    while at < len(text):
        found = WORD.match(text, at)
        if found is None or found.lastgroup is None:
            raise _UnreadableError
        words.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return words


def _decide(node: Node) -> bool | None:
    """Return whether a condition holds for every event or for none, else `None`."""
    if isinstance(node, Test):
        return _decide_test(node)
    decided = [_decide(part) for part in node.parts]
    if node.word == "not":
        return None if decided[0] is None else not decided[0]
    settles = node.word == "or"
    if settles in decided:
        return settles
    if all(item is not None for item in decided):
        return not settles
    if not settles and _excludes(node.parts):
        return False
    return None


def _decide_test(test: Test) -> bool | None:
    left, sign, right = test
    if not isinstance(left, Literal) or not isinstance(right, Literal):
        return None
    if sign in COMPARED:
        return COMPARED[sign](left, right)
    if sign in ORDERED and isinstance(left, float) and isinstance(right, float):
        return ORDERED[sign](left, right)
    return None


def _excludes(parts: Sequence[Node]) -> bool:
    """Whether two conditions that must hold together exclude each other."""
    flat: list[Node] = []
    for part in parts:
        flat += part.parts if isinstance(part, Group) and part.word == "and" else (part,)
    return any(_clash(one, other) or _clash(other, one) for one, other in combinations(flat, 2))


def _clash(one: Node, other: Node) -> bool:  # noqa: PLR0911 - one for each pair of signs
    if isinstance(other, Group):
        return other.word == "not" and other.parts[0] == one
    if isinstance(one, Group) or not isinstance(one.left, Field) or one.left != other.left:
        return False
    match one.sign, one.right, other.sign, other.right:
        case "==", str() as value, ("==" | "!=") as sign, str() as wanted:
            return not COMPARED[sign](value, wanted)
        case "==", float() as value, ("==" | "!=") as sign, float() as wanted:
            return not COMPARED[sign](value, wanted)
        case "==", float() as value, ("<" | ">" | "<=" | ">=") as sign, float() as bound:
            return not ORDERED[sign](value, bound)
        case ">=", float() as low, "<=", float() as high:
            return low > high
        case ((">" | ">="), float() as low, ("<" | "<="), float() as high):
            return low >= high
    return False


class _UnreadableError(Exception):
    """A condition has a shape that is not read here."""


class _Reader:
    """Reads a condition from its words; `and` binds closer than `or`."""

    def __init__(self, words: Sequence[tuple[str, str]]) -> None:
        self.words = words
        self.at = 0

    def whole(self) -> Node:
        node = self._any(0)
        if self.at < len(self.words):
            raise _UnreadableError
        return node

    def _any(self, depth: int) -> Node:
        return self._joined("or", lambda: self._joined("and", lambda: self._one(depth)))

    def _joined(self, word: str, read: Callable[[], Node]) -> Node:
        parts = [read()]
        while self._take("word", word):
            parts.append(read())
        return parts[0] if len(parts) == 1 else Group(word, tuple(parts))

    def _one(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise _UnreadableError
        if self._take("sign", "!") or self._take("word", "not"):
            return Group("not", (self._one(depth + 1),))
        if self._take("sign", "("):
            node = self._any(depth + 1)
            if not self._take("sign", ")"):
                raise _UnreadableError
            return node
        left = self._operand()
        kind, text = self._look()
        if kind == "operator":
            self.at += 1
            return Test(left, text, self._operand())
        is_outside = (kind, text) == ("word", "not")
        if is_outside or (kind, text) == ("word", "in"):
            self.at += 1
            if is_outside and not self._take("word", "in"):
                raise _UnreadableError
            return Test(left, "not in" if is_outside else "in", Other(str(self._operand())))
        return Test(left)

    def _operand(self) -> Operand:
        kind, text = self._look()
        self.at += 1
        if kind == "text":
            return text[1:-1]
        if kind == "word" and NUMBER.fullmatch(text):
            return float(text)
        if kind == "pattern":
            return Other(text)
        if (kind, text) != ("sign", "["):
            raise _UnreadableError
        inside: list[tuple[str, str]] = []
        while True:
            while not self._take("sign", "]"):
                inside.append(self._look())
                self.at += 1
            if not self._take("sign", "["):
                break
        is_field = all(kind in ("word", "operator") for kind, _ in inside) and bool(inside)
        written = "/".join(text for _, text in inside)
        return Field(written) if is_field else Other(written)

    def _look(self) -> tuple[str, str]:
        if self.at >= len(self.words):
            return ("", "")
        return self.words[self.at]

    def _take(self, kind: str, text: str) -> bool:
        if self._look() == (kind, text):
            self.at += 1
            return True
        if self.at >= len(self.words) and text == "]":
            raise _UnreadableError
        return False
