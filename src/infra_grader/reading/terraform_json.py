"""Terraform's files in JSON (`*.tf.json`), read into the same blocks as HCL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.reading.document import invalid, read_json
from infra_grader.reading.terraform import Attribute, Block, read_expression
from infra_grader.reading.terraform_expression import UNKNOWN, Expression, Names, Reference, unknown_names
from infra_grader.reading.yaml import Document, YamlError, read_document

LABELS: Mapping[str, int] = {
    "resource": 2, "data": 2, "ephemeral": 2, "check": 1, "module": 1, "output": 1, "provider": 1, "variable": 1,
    "locals": 0, "terraform": 0, "moved": 0, "import": 0, "removed": 0,
}  # fmt: skip
"""Kinds of blocks at the top of a file, and how many labels each has."""
LABELLED = frozenset({"backend", "dynamic", "provisioner"})
"""Kinds of blocks inside others that have a label."""
PLAIN = frozenset({"module", "output", "variable", "locals"})
"""Blocks that have attributes alone; what is an object in others may be meant as a block."""
WHOLE = re.compile(r"\$\{(.*)\}", re.DOTALL)
PART = re.compile(r"(?<!\$)\$\{([^{}]*)\}")
TEMPLATE = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")
COMMENT = "//"
Path = tuple[str | int, ...]


def read_terraform_json(file: TextFile) -> tuple[Block, ...]:
    """Return the blocks of a file. Raises `CheckFailed` with the line, `NotAssessed` without python-hcl2."""
    data = read_json(file)  # YAML, which knows the places, would take more than JSON
    try:
        document = read_document(file.text)
    except YamlError as error:
        raise invalid(file, "JSON", error.message, error.line) from error
    tops = data if isinstance(data, list) else [data]
    if not all(isinstance(top, dict) for top in tops):
        raise CheckFailed(
            f"{file.path} holds no object with blocks.",
            Evidence(
                path=file.path, line=1, expected='an object such as {"resource": ...}', actual=type(data).__name__
            ),
        )
    return tuple(_Reader(file, document).top(tops if isinstance(data, list) else data))


class _Reader:
    """Makes blocks of the data of one file."""

    def __init__(self, file: TextFile, document: Document) -> None:
        self._file = file
        self._document = document

    def top(self, data: Any, path: Path = ()) -> Iterator[Block]:
        for at, kinds in _objects(data, path):
            for kind, inside in kinds.items():
                if kind != COMMENT:
                    yield from self._labelled(kind, (), inside, (*at, kind), LABELS.get(kind, 0))

    def _labelled(self, kind: str, labels: tuple[str, ...], data: Any, path: Path, wanted: int) -> Iterator[Block]:
        for at, named in _objects(data, path):
            if not wanted:
                yield self._block(kind, labels, named, at)
                continue
            for label, inside in named.items():
                if label != COMMENT:
                    yield from self._labelled(kind, (*labels, label), inside, (*at, label), wanted - 1)

    def _block(self, kind: str, labels: tuple[str, ...], data: dict[str, Any], path: Path) -> Block:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        for name, value in data.items():
            at = (*path, name)
            inside = [] if kind in PLAIN or name in ("for_each", COMMENT) else list(_objects(value, at))
            if name != COMMENT and not (inside and name in LABELLED):
                made = self._attribute(name, value, at)
                # Names in an object are those of the block that is made of it, too; once is enough.
                attributes[name] = made.replace(references=()) if inside else made
            blocks += self._labelled(name, (), value, at, int(name in LABELLED)) if inside else ()
        line = self._line(path)
        return Block(
            kind=kind, labels=labels, path=self._file.path, line=line, attributes=attributes, blocks=tuple(blocks)
        )

    def _attribute(self, name: str, value: Any, path: Path) -> Attribute:
        made = self._made(value, path, is_name=name == "depends_on")
        return Attribute(
            name=name,
            line=self._line(path),
            text=made.text,
            value=made.value(),
            references=made.references(),
            resolve=made.value,
        )

    def _made(self, value: Any, path: Path, *, is_name: bool = False) -> _Value | _Template:
        """Return what a value of the file means; texts are templates, or names where `is_name`."""
        if isinstance(value, list):
            return _Value(
                value, [(at, self._made(item, (*path, at), is_name=is_name)) for at, item in enumerate(value)]
            )
        if isinstance(value, dict):
            return _Value(value, [(key, self._made(item, (*path, key))) for key, item in value.items()])
        line = self._line(path)
        if isinstance(value, str) and is_name:
            return _Template(value, [read_expression(self._file, value, line)], line)
        if isinstance(value, str) and TEMPLATE.search(value):
            return self._template(value, line)
        return _Value(value, [])

    def _template(self, text: str, line: int) -> _Template:
        if (whole := WHOLE.fullmatch(text)) and len(TEMPLATE.findall(text)) == 1:
            return _Template(whole[1].strip(), [read_expression(self._file, whole[1], line)], line)
        inside = [read_expression(self._file, part, line) for part in PART.findall(text)]
        return _Template(text, inside, line, is_whole=False)

    def _line(self, path: Path) -> int:
        return self._document.key_place(path).line


class _Template:
    """A text with expressions in it, or one that is an expression."""

    def __init__(self, text: str, inside: list[Expression], line: int, *, is_whole: bool = True) -> None:
        self.text = text
        self._inside = inside
        self._line = line
        self._is_whole = is_whole

    def value(self, names: Names = unknown_names) -> Any:
        return self._inside[0].value(names) if self._is_whole else UNKNOWN

    def references(self) -> tuple[Reference, ...]:
        return tuple(found.replace(line=self._line) for expression in self._inside for found in expression.references())


class _Value:
    """A literal, or a list or an object of values."""

    def __init__(self, data: Any, inside: list[tuple[Any, _Value | _Template]]) -> None:
        self.text = json.dumps(data, ensure_ascii=False)
        self._data = data
        self._inside = inside

    def value(self, names: Names = unknown_names) -> Any:
        if isinstance(self._data, dict):
            return {key: item.value(names) for key, item in self._inside}
        if isinstance(self._data, list):
            items = [item.value(names) for _, item in self._inside]
            return UNKNOWN if UNKNOWN in items else items
        return self._data.replace("$${", "${").replace("%%{", "%{") if isinstance(self._data, str) else self._data

    def references(self) -> tuple[Reference, ...]:
        return tuple(found for _, item in self._inside for found in item.references())


def _objects(data: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the objects that a value is: one, or a list of nothing else."""
    if isinstance(data, dict):
        yield path, data
    elif isinstance(data, list) and all(isinstance(item, dict) for item in data):
        yield from (((*path, at), item) for at, item in enumerate(data))
