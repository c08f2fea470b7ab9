"""Terraform's files: blocks, attributes and references with their lines, out of python-hcl2's tree.

The tree is read, not the values that python-hcl2 makes of it, since only the tree knows positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.model.record import Record
from infra_grader.reading.document import invalid
from infra_grader.reading.terraform_expression import UNKNOWN, Expression, Names, Reference, is_node

REMEDY = "Run `pip install 'infra-grader[terraform]'`, then grade again."
MOST_BYTES = 1024 * 1024


class Attribute(Record):
    """A name and its expression."""

    name: str
    line: int
    text: str
    """The expression, as it is written."""
    value: Any
    """What it is, where that can be told of it alone; else `UNKNOWN`."""
    resolve: Callable[[Names], Any]
    """Gives what it is where names are worth something; else `UNKNOWN`."""
    references: tuple[Reference, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether its value can be told."""
        return self.value is not UNKNOWN

    def entry(self, name: str) -> Attribute:
        """Return what it has below a name, where it is an object that has it."""
        return self.replace(name=name, value=self.value[name], resolve=lambda names: self.resolve(names)[name])


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
            return [item.entry(name) for item in parent if isinstance(item.value, dict) and name in item.value]
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
    if len(file.text) > MOST_BYTES:
        raise CheckFailed(f"{file.path} is too large for a file that somebody wrote.")
    body = _parsed(file, file.text if file.text.endswith("\n") else f"{file.text}\n")
    try:
        return tuple(_Reader(file).blocks(body))
    except RecursionError as error:
        raise _too_deep(file) from error


def read_values(file: TextFile) -> dict[str, Any]:
    """Return the values that a file of variables (`*.tfvars`) gives, by name. Raises as `read_terraform` does."""
    body = _parsed(file, file.text if file.text.endswith("\n") else f"{file.text}\n")
    nodes = [node for node in body.children if is_node(node, "attribute")]
    return {item.name: item.value for item in map(_Reader(file).attribute, nodes)}


def read_expression(file: TextFile, text: str, line: int) -> Expression:
    """Return an expression that a file holds at a line, as in Terraform's JSON. Raises as `read_terraform` does."""
    source = f"x = {' '.join(text.split())}\n"
    (attribute,) = (child for child in _parsed(file, source, line).children if is_node(child, "attribute"))
    return Expression(attribute.children[-1], source)


def _parsed(file: TextFile, source: str, first: int = 1) -> Any:
    """Return the body of python-hcl2's tree of a source that begins at a line of the file."""
    try:
        from hcl2.api import parses_to_tree  # slow to import, and only this family needs it
        from lark.exceptions import LarkError
    except ModuleNotFoundError as error:
        raise NotAssessed("python-hcl2, which reads Terraform's files, is not installed.", REMEDY) from error
    try:
        return next(child for child in parses_to_tree(source).children if is_node(child, "body"))
    except LarkError as error:
        line = getattr(error, "line", None)
        lines = source.count("\n")
        at = line if isinstance(line, int) and 0 < line <= lines else lines
        raise invalid(file, "HCL", _worded(error), first + at - 1) from error
    except RecursionError as error:
        raise _too_deep(file) from error


def _too_deep(file: TextFile) -> CheckFailed:
    return CheckFailed(f"{file.path} is nested too deep to be read.")


def _worded(error: Exception) -> str:
    found = getattr(error, "token", None)
    seen = str(found).strip().partition("\n")[0]
    return f"{seen[:60]!r} is not expected here" if seen else "something is missing before this place"


class _Reader:
    """Makes blocks of the tree of one file."""

    def __init__(self, file: TextFile) -> None:
        self._file = file

    def blocks(self, body: Any) -> Iterator[Block]:
        for node in body.children:
            if is_node(node, "block"):
                yield self._block(node)

    def _block(self, node: Any) -> Block:
        head = [child for child in node.children if is_node(child, "identifier", "string")]
        body = next((child for child in node.children if is_node(child, "body")), None)
        nodes = body.children if body is not None else []
        found = [self.attribute(child) for child in nodes if is_node(child, "attribute")]
        return Block(
            kind=self._text(head[0]),
            labels=tuple(self._text(label).strip('"') for label in head[1:]),
            path=self._file.path,
            line=node.meta.line,
            attributes={item.name: item for item in found},
            blocks=tuple(self._block(child) for child in nodes if is_node(child, "block")),
        )

    def attribute(self, node: Any) -> Attribute:
        expression = Expression(node.children[-1], self._file.text)
        return Attribute(
            name=self._text(node.children[0]),
            line=node.meta.line,
            text=expression.text,
            value=expression.value(),
            references=expression.references(),
            resolve=expression.value,
        )

    def _text(self, node: Any) -> str:
        return self._file.text[node.meta.start_pos : node.meta.end_pos].strip()
