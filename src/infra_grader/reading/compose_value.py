"""Values of compose files that know their file and line, and how one file is laid over another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from infra_grader.capabilities.workspace import TextFile
from infra_grader.reading.document import invalid
from infra_grader.reading.yaml import Node, YamlError, read_documents

REPLACED = frozenset({"command", "entrypoint", "test"})
"""Lists of which the later one counts alone; all others are joined."""
PAIRS = frozenset({"environment", "labels", "args", "extra_hosts", "sysctls", "annotations", "additional_contexts"})
"""Keys whose value is a mapping, or a list of `name=value`."""
NAMES = frozenset({"depends_on", "networks"})
"""Keys whose value is a mapping by name, or a list of names."""
VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_][A-Za-z0-9_]*)|(?P<brace>\{))")
INSIDE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<sign>:?[-+?])(?P<other>.*))?", re.DOTALL)
ONCE = frozenset({"ports", "expose", "dns", "dns_search", "external_links", "security_opt", "cap_add", "cap_drop"})
"""Lists that hold what is the same in both files once."""
UNKNOWN = "?"
"""Stands for a variable that has neither a value nor a default."""
MAX_NESTING = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value of a compose file."""

    data: Any
    """The plain data: mapping, list, text, number, true, false or none."""
    file: str
    line: int
    folder: str
    """Folder from which its relative paths start; nothing for the root of the submission."""
    lines: Sequence[str] = field(default=(), repr=False, compare=False)
    """The lines of the file."""
    tag: str = ""
    """`!override` or `!reset`, by which it takes the place of what it is laid over."""
    children: dict[str | int, Value] = field(default_factory=dict)

    @property
    def excerpt(self) -> str:
        """The line on which it stands, as written."""
        return self.lines[self.line - 1].rstrip() if 0 < self.line <= len(self.lines) else ""

    def get(self, *keys: str | int) -> Value | None:
        """Return the value at a path below, or `None`."""
        found: Value | None = self
        for key in keys:
            found = found.children.get(key) if found is not None else None
        return found

    def at(self, *keys: str | int) -> Any:
        """Return the plain data at a path below, or `None`."""
        found = self.get(*keys)
        return None if found is None else found.data

    def items(self) -> Iterator[tuple[str, Value]]:
        """Yield names and values of a mapping."""
        for key, child in self.children.items():
            yield str(key), child

    def values(self) -> list[Value]:
        """Return the items of a list, or the value itself where it is a single one."""
        if isinstance(self.data, list):
            return list(self.children.values())
        return [] if self.data is None else [self]

    @property
    def text(self) -> str:
        """A scalar as text; true and false as YAML writes them."""
        if isinstance(self.data, bool):
            return str(self.data).lower()
        return str(self.data) if isinstance(self.data, str | int | float) else ""


def read_value(file: TextFile, folder: str) -> Value:
    """Return what a YAML file holds. Raises `CheckFailed` for one that is no YAML, or no mapping."""
    try:
        documents = read_documents(file.text)
    except YamlError as error:
        raise invalid(file, "YAML", error.message, error.line) from error
    roots = [document.root for document in documents if document.data is not None]
    if not roots or not all(isinstance(root.value, dict) for root in roots):
        raise invalid(file, "compose", "it holds no mapping with services", roots[0].place.line if roots else None)
    top = Value(data=None, file=file.path, line=1, folder=folder, lines=file.lines)
    found = [_located(root, top, root.place.line) for root in roots]
    for other in found[1:]:
        found[0] = lay_over(found[0], other)
    return found[0]


def _located(node: Node, top: Value, line: int, key: str = "") -> Value:
    """Return a node of the file that `top` stands for."""
    children = {
        name: _located(child, top, _line(node, name, child), str(name)) for name, child in node.children.items()
    }
    made = replace(top, data=node.value, line=line, children=children, tag=node.tag)
    return as_mapping(made, key) if key in PAIRS | NAMES else made


def _line(node: Node, name: str | int, child: Node) -> int:
    place = node.key_places.get(name)
    return place.line if place else child.place.line


def as_mapping(value: Value, key: str) -> Value:
    """Return the mapping that a list of `name=value` or of names stands for; all else as it is."""
    if not isinstance(value.data, list):
        return value
    children: dict[str | int, Value] = {}
    for item in value.children.values():
        if not isinstance(item.data, str):
            return value
        name, sign, text = item.data.partition(":" if key == "extra_hosts" and "=" not in item.data else "=")
        data = (text if sign else None) if key in PAIRS else None
        children[name if key in PAIRS else item.data] = replace(item, data=data)
    return with_children(value, children)


def with_children(value: Value, children: dict[str | int, Value]) -> Value:
    """Return a mapping of these children in a value's place."""
    return replace(value, data={name: child.data for name, child in children.items()}, children=children)


def lay_over(base: Value, over: Value, key: str = "") -> Value:
    """Return a value with another one laid over it, by the rules by which compose merges files."""
    if over.tag == "!override":
        return over
    if over.tag == "!reset":
        return replace(over, data=None, children={})
    if isinstance(base.data, dict) and isinstance(over.data, dict):
        children = dict(base.children)
        for name, child in over.children.items():
            below = children.get(name)
            children[name] = child if below is None else lay_over(below, child, str(name))
        return with_children(base, children)
    if isinstance(base.data, list) and isinstance(over.data, list) and key not in REPLACED:
        items = [*base.children.values(), *over.children.values()]
        if key in ONCE:
            items = [item for number, item in enumerate(items) if item.data not in [its.data for its in items[:number]]]
        return replace(over, data=[item.data for item in items], children=dict(enumerate(items)))
    return base if over.data is None and key not in REPLACED else over


class InterpolationError(Exception):
    """A text holds `${` that is not closed or not understood."""


def fill(text: str, lookup: Callable[[str], str | None], depth: int = 0) -> str:
    """Return a text with its variables filled in: by their value, else their default, else a question mark.

    Raises `InterpolationError` for what compose would refuse.
    """
    made: list[str] = []
    position = 0
    while found := VARIABLE.search(text, position):
        made.append(text[position : found.start()])
        position = found.end()
        if found["escaped"]:
            made.append("$")
        elif found["plain"]:
            value = lookup(found["plain"])
            made.append(UNKNOWN if value is None else value)
        else:
            end = _closing(text, position)
            made.append(_filled(text[position:end], lookup, depth))
            position = end + 1
    rest = text[position:]
    if "$" in rest:
        raise InterpolationError(f"a $ stands before no variable in {text[:60]}; write $$")
    return "".join([*made, rest])


def _filled(inside: str, lookup: Callable[[str], str | None], depth: int) -> str:
    parts = INSIDE.fullmatch(inside)
    if parts is None or depth > MAX_NESTING:
        raise InterpolationError(f"${{{inside[:60]}}} is no variable")
    value = lookup(parts["name"])
    sign = parts["sign"]
    if not sign or sign.endswith("?"):
        return UNKNOWN if value is None else value
    is_there = bool(value) if sign.startswith(":") else value is not None
    if sign.endswith("+"):
        return fill(parts["other"], lookup, depth + 1) if is_there else ""
    return value if value is not None and is_there else fill(parts["other"], lookup, depth + 1)


def _closing(text: str, position: int) -> int:
    depth = 1
    for index in range(position, len(text)):
        if text[index] == "{":
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if not depth:
                return index
    raise InterpolationError(f"${{{text[position : position + 40]} is never closed")
