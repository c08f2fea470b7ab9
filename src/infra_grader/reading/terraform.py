"""Terraform's files: blocks, attributes and references with their lines, out of python-hcl2's tree.

The tree is read, not the values that python-hcl2 makes of it, since only the tree knows positions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.model.record import Record
from infra_grader.reading.document import invalid

REMEDY = "Run `pip install 'infra-grader[terraform]'`, then grade again."
UNKNOWN = object()
"""Stands for a value that only a run of Terraform could tell."""
ESCAPES = re.compile(r'\\([nrt"\\])')
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
MOST_BYTES = 1024 * 1024


class Reference(Record):
    """A name that an expression uses: `var.region`, `module.vpc.vpc_id`, `aws_vpc.main.id`."""

    parts: tuple[str, ...]
    line: int

    @property
    def text(self) -> str:
        """The name, as it is written."""
        return ".".join(self.parts)


class Attribute(Record):
    """A name and its expression."""

    name: str
    line: int
    text: str
    """The expression, as it is written."""
    value: Any
    """What it is, where that can be told without running anything; else `UNKNOWN`."""
    references: tuple[Reference, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether its value can be told."""
        return self.value is not UNKNOWN


class Block(Record):
    """A block with its labels: `resource "aws_vpc" "main" { ... }`."""

    kind: str
    labels: tuple[str, ...]
    path: str
    line: int
    attributes: Mapping[str, Attribute] = {}
    blocks: tuple[Block, ...] = ()

    @property
    def address(self) -> str:
        """What it is called in references and reports."""
        return ".".join((self.kind, *self.labels))

    def every_block(self) -> Iterator[Block]:
        """Yield the block and all blocks in it."""
        yield self
        for block in self.blocks:
            yield from block.every_block()

    def references(self) -> Iterator[Reference]:
        """Yield the names that it uses, anywhere in it."""
        for block in self.every_block():
            for attribute in block.attributes.values():
                yield from attribute.references

    def find_all(self, path: str) -> list[Attribute]:
        """Return the attributes at a path of nested blocks, such as `ingress.cidr_blocks`, `dynamic` ones too."""
        *outer, name = path.split(".")
        blocks = [self]
        for part in outer:
            blocks = [inner for block in blocks for inner in block.inner(part)]
        found = [block.attributes[name] for block in blocks if name in block.attributes]
        if not found and outer and (parent := self.find_all(".".join(outer))):
            return [
                item.replace(value=item.value.get(name, UNKNOWN), name=name)
                for item in parent
                if isinstance(item.value, dict) and name in item.value
            ]
        return found

    def inner(self, kind: str) -> Iterator[Block]:
        """Yield the blocks of a kind in it, those that a `dynamic` block makes too."""
        for block in self.blocks:
            if block.kind == kind:
                yield block
            elif block.kind == "dynamic" and block.labels == (kind,):
                yield from block.inner("content")


def read_terraform(file: TextFile) -> tuple[Block, ...]:
    """Return the blocks of a file.

    Raises `CheckFailed` with the line for what is no HCL, `NotAssessed` where python-hcl2 is not installed.
    """
    try:
        from hcl2.api import parses_to_tree  # slow to import, and only this family needs it
        from lark.exceptions import LarkError
    except ModuleNotFoundError as error:
        raise NotAssessed("python-hcl2, which reads Terraform's files, is not installed.", REMEDY) from error
    if len(file.text) > MOST_BYTES:
        raise CheckFailed(f"{file.path} is too large for a file that somebody wrote.")
    try:
        tree = parses_to_tree(file.text if file.text.endswith("\n") else f"{file.text}\n")
        return tuple(_Reader(file).blocks(_only(tree, "body")))
    except LarkError as error:
        line = getattr(error, "line", None)
        lines = file.text.count("\n") + 1
        at = line if isinstance(line, int) and 0 < line <= lines else lines
        raise invalid(file, "HCL", _worded(error), at) from error
    except RecursionError as error:
        raise CheckFailed(f"{file.path} is nested too deep to be read.") from error


def _worded(error: Exception) -> str:
    found = getattr(error, "token", None)
    seen = str(found).strip().partition("\n")[0]
    return f"{seen[:60]!r} is not expected here" if seen else "something is missing before this place"


def _only(tree: Any, name: str) -> Any:
    return next(child for child in tree.children if _is(child, name))


def _is(node: Any, *names: str) -> bool:
    return getattr(node, "data", None) in names


class _Reader:
    """Makes blocks of the tree of one file."""

    def __init__(self, file: TextFile) -> None:
        self._file = file

    def blocks(self, body: Any) -> Iterator[Block]:
        for node in body.children:
            if _is(node, "block"):
                yield self._block(node)

    def _block(self, node: Any) -> Block:
        head = [child for child in node.children if _is(child, "identifier", "string")]
        body = next((child for child in node.children if _is(child, "body")), None)
        nodes = body.children if body is not None else []
        found = [self._attribute(child) for child in nodes if _is(child, "attribute")]
        return Block(
            kind=self._text(head[0]),
            labels=tuple(self._text(label).strip('"') for label in head[1:]),
            path=self._file.path,
            line=node.meta.line,
            attributes={item.name: item for item in found},
            blocks=tuple(self._block(child) for child in nodes if _is(child, "block")),
        )

    def _attribute(self, node: Any) -> Attribute:
        name, expression = node.children[0], node.children[-1]
        return Attribute(
            name=self._text(name),
            line=node.meta.line,
            text=self._text(expression),
            value=self._value(expression),
            references=tuple(self._references(expression)),
        )

    def _text(self, node: Any) -> str:
        return self._file.text[node.meta.start_pos : node.meta.end_pos].strip()

    def _value(self, node: Any) -> Any:
        """Return a literal's value, lists and objects of literals too; anything else is unknown."""
        if not hasattr(node, "data"):
            return UNKNOWN
        inner = [child for child in node.children if _is_meant(child)]
        if _is(node, "expr_term") and len(inner) == 1:
            return self._value(inner[0])
        if _is(node, "tuple"):
            items = [self._value(child) for child in inner if hasattr(child, "data")]
            return UNKNOWN if UNKNOWN in items else items
        if _is(node, "object"):
            return self._object(inner)
        if _is(node, "string"):
            return self._string(node)
        return _literal(self._text(node))

    def _object(self, nodes: list[Any]) -> Any:
        made = {}
        for node in nodes:
            if _is(node, "object_elem"):
                key = self._text(node.children[0]).strip('"()')
                made[key] = self._value(node.children[-1])
        return made

    def _string(self, node: Any) -> Any:
        text = self._text(node)
        if "${" in text.replace("$${", "") or "%{" in text.replace("%%{", ""):
            return UNKNOWN
        return ESCAPES.sub(lambda found: ESCAPED[found[1]], text[1:-1])

    def _references(self, node: Any) -> Iterator[Reference]:
        if not hasattr(node, "iter_subtrees_topdown"):
            return
        inside: set[int] = set()
        for tree in node.iter_subtrees_topdown():
            if _is(tree, "get_attr_expr_term") and id(tree) not in inside:
                parts = self._parts(tree, inside)
                if parts:
                    yield Reference(parts=parts, line=tree.meta.line)

    def _parts(self, tree: Any, inside: set[int]) -> tuple[str, ...]:
        """Return the names of a chain, from its start; indexes in it are left out."""
        steps: list[str] = []
        while True:
            inside.add(id(tree))
            if _is(tree, "get_attr_expr_term"):
                steps.append(self._text(tree.children[-1]).lstrip(".").strip())
                tree = tree.children[0]
            elif _is(tree, "index_expr_term", "expr_term") and tree.children:
                tree = next((child for child in tree.children if hasattr(child, "data") and _is_meant(child)), None)
                if tree is None:
                    return ()
            elif _is(tree, "identifier"):
                return (self._text(tree), *reversed(steps))
            else:
                return ()


def _is_meant(node: Any) -> bool:
    return hasattr(node, "data") and not _is(node, "new_line_or_comment", "new_line_and_or_comma")


def _literal(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return UNKNOWN
    return value if isinstance(value, bool | int | float) or value is None else UNKNOWN
