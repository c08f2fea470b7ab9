"""Dotenv files: the variables with their lines, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.model.record import Record

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
ASSIGNMENT = re.compile(r"(?:export[ \t]+)?(?P<name>[^=\s]*)(?P<gap>[ \t]*)=(?P<value>.*)", re.DOTALL)
INLINE_COMMENT = re.compile(r"[ \t]+#.*", re.DOTALL)


class Variable(Record):
    """A variable that is set."""

    name: str
    value: str
    """Without quotes and comment."""
    line: int


class Dotenv(Record):
    """A dotenv file."""

    variables: tuple[Variable, ...]
    faults: tuple[tuple[int, str], ...]
    """What programs read differently or not at all: the line, and what is wrong."""

    @property
    def names(self) -> frozenset[str]:
        """The names that are set; those in comments are not."""
        return frozenset(variable.name for variable in self.variables)


def read_dotenv(text: str) -> Dotenv:
    """Return the variables of a text; what is no assignment is a fault, never an error."""
    variables: list[Variable] = []
    faults: list[tuple[int, str]] = []
    seen: dict[str, int] = {}
    for line, written in _logical_lines(text, faults):
        found = ASSIGNMENT.fullmatch(written)
        if found is None or not NAME.fullmatch(found["name"]):
            faults.append((line, f"{written.strip()[:60]!r} is no NAME=value"))
            continue
        name = found["name"]
        is_spaced = found["gap"] or found["value"][:1] in (" ", "\t")
        if is_spaced and found["value"].strip():
            faults.append((line, f"{name} has a space beside its equals sign"))
        if name in seen:
            faults.append((line, f"{name} is set twice, first on line {seen[name]}"))
        seen.setdefault(name, line)
        variables.append(Variable(name=name, value=_value(found["value"]), line=line))
    return Dotenv(variables=tuple(variables), faults=tuple(faults))


def _logical_lines(text: str, faults: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something; one whose quotes are open goes on to the line that closes them."""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        start = number
        written = lines[number].strip()
        number += 1
        if not written or written.startswith("#"):
            continue
        quote = _opens(written)
        if quote:
            end = next((index for index in range(number, min(len(lines), number + 200)) if quote in lines[index]), None)
            if end is None:
                faults.append((start + 1, "a quote is never closed"))
            else:
                written = "\n".join([written, *lines[number : end + 1]])
                number = end + 1
        yield start + 1, written


def _opens(written: str) -> str:
    """Return the quote that a line opens and does not close."""
    value = written.partition("=")[2].strip()
    quote = value[:1]
    return quote if quote in ("'", '"') and quote not in value[1:].replace(f"\\{quote}", "") else ""


def _value(written: str) -> str:
    value = written.strip()
    quote = value[:1]
    if quote in ("'", '"') and (end := value.find(quote, 1)) > 0:
        return value[1:end]
    return "" if value.startswith("#") else INLINE_COMMENT.sub("", value)
