"""Logstash pipelines: the plugins of each section with their settings and the conditions that they stand under."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from infra_grader.model.record import Record

SECTIONS = frozenset({"input", "filter", "output"})
DEEPEST = 50
MOST_TOKENS = 100_000

TOKEN = re.compile(
    r"""(?P<space> [\s,]+ )
      | (?P<comment> \#[^\n]* )
      | (?P<text> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
      | (?P<arrow> => )
      | (?P<operator> ==|!=|=~|!~|<=|>=|<|> )
      | (?P<pattern> /(?:[^/\\\n]|\\.)+/ )
      | (?P<sign> [{}\[\]()!] )
      | (?P<word> [^\s,{}\[\]()"'=<>!\#/]+ )""",
    re.VERBOSE | re.DOTALL,
)

Value = str | list["Value"] | dict[str, "Value"]


class LogstashError(Exception):
    """A text is no pipeline; the message says why, `line` where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class Plugin(Record):
    """A plugin."""

    section: str
    """`input`, `filter` or `output`."""
    name: str
    settings: dict[str, Value]
    conditions: tuple[str, ...]
    """The conditions that it stands under, outermost first; that of an `else` begins with `not`."""
    line: int

    def texts(self, key: str) -> list[str]:
        """Return all texts in a setting, keys of hashes too."""
        return list(_texts(self.settings.get(key, [])))


class Token(NamedTuple):
    """A word or sign of the text."""

    kind: str
    text: str
    line: int


def read_pipeline(text: str) -> list[Plugin]:
    """Return the plugins of a pipeline in order. Raises `LogstashError` with the line."""
    return _Reader(list(_tokens(text))).pipeline()


def _tokens(text: str) -> Iterator[Token]:
    position, line = 0, 1
    for _ in range(MOST_TOKENS):
        if position >= len(text):
            return
        found = TOKEN.match(text, position)
        if found is None:
            sign = text[position]
            problem = "a quoted text is never closed" if sign in "\"'" else f"{sign!r} makes no sense here"
            raise LogstashError(problem, line)
        if found.lastgroup not in ("space", "comment"):
            yield Token(str(found.lastgroup), found[0], line)
        line += found[0].count("\n")
        position = found.end()
    raise LogstashError(f"it has more than {MOST_TOKENS} words", line)


class _Reader:
    """Reads sections, branches and plugins from tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.plugins: list[Plugin] = []

    def pipeline(self) -> list[Plugin]:
        while self.at < len(self.tokens):
            token = self._next()
            if token.text not in SECTIONS:
                raise LogstashError(f"a pipeline has input, filter and output, not {token.text[:60]}", token.line)
            self._expect("{")
            self._block(token.text, (), 0)
        return self.plugins

    def _block(self, section: str, conditions: tuple[str, ...], depth: int) -> None:
        """Read up to the brace that closes a block."""
        if depth > DEEPEST:
            raise LogstashError(f"blocks are nested more than {DEEPEST} deep", self._line())
        before = ""
        while True:
            token = self._next()
            if token.text == "}" and token.kind == "sign":
                return
            if token.kind not in ("word", "text"):
                raise LogstashError(f"a plugin is expected here, not {token.text[:60]}", token.line)
            if token.text in ("if", "else"):
                before = self._branch(token, section, conditions, before, depth)
                continue
            before = ""
            self._expect("{")
            settings = self._settings(depth)
            name = token.text.strip("\"'")
            self.plugins.append(
                Plugin(section=section, name=name, settings=settings, conditions=conditions, line=token.line)
            )

    def _branch(self, token: Token, section: str, conditions: tuple[str, ...], before: str, depth: int) -> str:
        """Read a branch; return the condition under which an `else` after it is taken."""
        if token.text == "else" and not before:
            raise LogstashError("there is no `if` before this `else`", token.line)
        is_plain_else = token.text == "else" and self._peek() == "{"
        if token.text == "else" and not is_plain_else:
            following = self._next()
            if following.text != "if":
                raise LogstashError("after `else` comes `if` or a block", following.line)
        own = before if is_plain_else else self._condition(token.line)
        self._expect("{")
        self._block(section, (*conditions, own), depth + 1)
        return "" if is_plain_else else f"not ({own})"

    def _condition(self, line: int) -> str:
        words: list[str] = []
        while self._peek() != "{":
            words.append(self._next().text)
        if not words:
            raise LogstashError("the `if` has no condition", line)
        return " ".join(words)

    def _settings(self, depth: int) -> dict[str, Value]:
        settings: dict[str, Value] = {}
        while True:
            key = self._next()
            if key.kind == "sign" and key.text == "}":
                return settings
            if key.kind not in ("word", "text"):
                raise LogstashError(f"a setting is expected here, not {key.text[:60]}", key.line)
            self._expect("=>")
            name, value = _bare(key), self._value(depth + 1)
            old = settings.get(name)
            # a setting that is given twice adds to the first, as `add_field` often does
            settings[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value

    def _value(self, depth: int) -> Value:
        if depth > DEEPEST:
            raise LogstashError(f"values are nested more than {DEEPEST} deep", self._line())
        token = self._next()
        if token.text == "[" and token.kind == "sign":
            items: list[Value] = []
            while self._peek() != "]":
                items.append(self._value(depth + 1))
            self._next()
            return items
        if token.text == "{" and token.kind == "sign":
            return self._settings(depth)
        if token.kind not in ("word", "text", "pattern"):
            raise LogstashError(f"a value is expected here, not {token.text[:60]}", token.line)
        if token.kind == "word" and self.at < len(self.tokens) and self._peek() == "{":  # codec => json { ... }
            self._next()
            return {token.text: self._settings(depth)}
        return _bare(token)

    def _next(self) -> Token:
        if self.at >= len(self.tokens):
            raise LogstashError("a brace or bracket is never closed", self._line())
        self.at += 1
        return self.tokens[self.at - 1]

    def _peek(self) -> str:
        if self.at >= len(self.tokens):
            raise LogstashError("a brace or bracket is never closed", self._line())
        token = self.tokens[self.at]
        return token.text if token.kind == "sign" else ""

    def _line(self) -> int:
        return self.tokens[min(self.at, len(self.tokens) - 1)].line if self.tokens else 1

    def _expect(self, sign: str) -> None:
        token = self._next()
        if token.text != sign or token.kind == "text":
            raise LogstashError(f"{sign} is expected here, not {token.text[:60]}", token.line)


def _bare(token: Token) -> str:
    return token.text[1:-1] if token.kind == "text" else token.text


def _texts(value: Value) -> Iterator[str]:
    stack: list[Value] = [value]
    while stack:
        found = stack.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            for key, inner in reversed(found.items()):
                stack += [inner, key]
        else:
            stack += reversed(found)
