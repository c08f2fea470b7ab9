"""YAML and JSON as words: keys as they are and in one order, values by what they are, longer texts word by word."""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.reading.similar_code import plain_words, read_code
from infra_grader.reading.similar_fingerprints import Stream
from infra_grader.reading.yaml import Limits, Node, iter_documents

TELLING = frozenset({"kind", "apiVersion"})
"""Keys whose values nobody can change at will: they say what the mapping is."""
LIMITS = Limits(values=100_000)
SENTENCE = 3
"""Words from which a value is a text of somebody's own: a command, a query, a script, a description."""


def read_data(kind: str, text: str) -> list[Stream]:
    """Return the words of each document of YAML or JSON. Raises `YamlError` if the text is neither."""
    last = text.count("\n") + 1
    return [_stream(kind, document.root, last) for document in iter_documents(text, limits=LIMITS)]


def read_notebook(text: str) -> list[Stream]:
    """Return the words of each cell of a Jupyter notebook, code as Python. Raises `YamlError` if it is no JSON."""
    streams = []
    for document in iter_documents(text, limits=LIMITS):
        cells = document.root.children.get("cells")
        for cell in cells.children.values() if cells else ():
            source = cell.children.get("source")
            kind = cell.children.get("cell_type")
            if source is not None and kind is not None and kind.value in ("code", "markdown"):
                streams.append(_cell(source, is_code=kind.value == "code"))
    return streams


def _cell(source: Node, *, is_code: bool) -> Stream:
    """Return the words of a cell, whose lines are texts of their own in the file."""
    parts = [part for part in source.children.values() if isinstance(part.value, str)] or [source]
    text = "".join(str(part.value) for part in parts)
    lines = [part.place.line for part in parts for _ in range(max(1, str(part.value).count("\n")))]
    if is_code:
        read = read_code("Python", text)
        return Stream("Python", read.words, [_at(lines, line - 1) for line in read.lines])
    words = [(word, _at(lines, line)) for word, line in plain_words(text) if word.isalnum()]
    return Stream("text", [word for word, _ in words], [line for _, line in words])


def _at(lines: list[int], number: int) -> int:
    return lines[min(number, len(lines) - 1)]


def _stream(kind: str, root: Node, last: int) -> Stream:
    words, lines = [], []
    for word, line in _words(root, "", root.place.line, last):
        words.append(word)
        lines.append(min(line, last))
    return Stream(kind, words, lines)


def _words(node: Node, key: str, line: int, last: int) -> Iterator[tuple[str, int]]:
    """Yield the words of a value under a key, or of an item of a list, whose key is `-`.

    The reader of YAML has bounded the depth.
    """
    if isinstance(node.value, dict):
        yield f"{key}{{", line
        for name in sorted(node.children, key=str):
            yield from _words(node.children[name], str(name), node.key_places[name].line, last)
    elif isinstance(node.value, list):
        yield f"{key}[", line
        for child in node.children.values():
            yield from _words(child, "-", child.place.line, last)
    elif isinstance(node.value, str):
        yield from _text(node, key, line)
    else:
        yield f"{key}={type(node.value).__name__}", line


def _text(node: Node, key: str, line: int) -> Iterator[tuple[str, int]]:
    value = str(node.value)
    if key in TELLING:
        yield f"{key}={value.casefold()}", line
        return
    yield f"{key}=text", line
    if len(value.split(maxsplit=SENTENCE)) >= SENTENCE:
        start = node.place.line + ("\n" in value)
        yield from ((word, start + offset) for word, offset in plain_words(value))
