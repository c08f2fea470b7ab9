"""YAML 1.2 in, plain data with positions out, under limits that hold before anything is composed.

The events of libyaml's parser are walked without recursion, so that neither depth nor aliases of hostile text
can crash or stall us: libyaml's own composer crashes on deep input, and PyYAML resolves YAML 1.1 (`yes`, `on`,
`0644`, dates). Here the core schema of YAML 1.2 holds: `yes`, `no`, `on`, `off` and dates are text, octal is `0o644`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
import yaml

from infra_grader.model.record import Record
from infra_grader.reading.yaml_scalars import CORE_TAGS, NotAllowed, resolve_plain, resolve_tagged

Path = tuple[str | int, ...]
"""Where a value stands in a document: keys and indices, outermost first."""

NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that YAML does not allow, lone surrogates among them."""
SURROGATE = re.compile("[\ud800-\udfff]")
DIRECTIVE = re.compile("(?:^|[\n\r\x85\u2028\u2029])%")
MAX_DIRECTIVES = 64
"""libyaml compares each `%TAG` with all before it, so thousands of them take minutes."""
PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser; the slow one in Python where PyYAML was built without it."""


class YamlError(Exception):
    """Text is not YAML that can be accepted; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"{line}:{column}: {message}")
        self.message = message
        self.line = line
        self.column = column


class Place(NamedTuple):
    """A position in the text, counted from 1."""

    line: int
    column: int


class Limits(Record):
    """How much of a document is accepted."""

    characters: int = 4 * 1024 * 1024
    depth: int = 100
    values: int = 200_000
    """Values in all documents together; an alias counts all that it stands for, long texts count more than once."""


LIMITS = Limits()


class Node(msgspec.Struct):
    """A value with its position; the children of a mapping or list under their key or index."""

    value: Any
    place: Place
    children: dict[str | int, Node] = msgspec.field(default_factory=dict)
    key_places: dict[str | int, Place] = msgspec.field(default_factory=dict)
    size: int = 1
    height: int = 0
    tag: str = ""
    """Its tag, where that is one of another program: `!reset`."""


class Document(Record, kw_only=False):
    """One document: its data, and where each value of it stands. What aliases share is the same object."""

    root: Node

    @property
    def data(self) -> Any:
        """The document as `dict` with text keys, `list`, `str`, `int`, `float`, `bool` and `None`."""
        return self.root.value

    def place(self, path: Iterable[str | int] = ()) -> Place:
        """Return where the value at a path starts; for what is not there, where its nearest container does."""
        return self._walk(path)[-1].place

    def key_place(self, path: Iterable[str | int]) -> Place:
        """Return where the key of the last step stands; for an item of a list, where the item starts."""
        steps = tuple(path)
        nodes = self._walk(steps)
        if len(nodes) <= len(steps) or not steps:
            return nodes[-1].place
        return nodes[-2].key_places.get(steps[-1], nodes[-1].place)

    def _walk(self, path: Iterable[str | int]) -> list[Node]:
        nodes = [self.root]
        for step in path:
            child = nodes[-1].children.get(step)
            if child is None:
                break
            nodes.append(child)
        return nodes


def read_document(source: str | bytes, *, strict: bool = False, limits: Limits = LIMITS) -> Document:
    """Return the only document of a text. Raises `YamlError` where there is none or a second one."""
    documents = iter_documents(source, strict=strict, limits=limits)
    first = next(documents, None)
    if first is None:
        raise YamlError("the file is empty", 1, 1)
    for second in documents:
        raise YamlError("a second document starts here; one is expected", *second.root.place)
    return first


def read_documents(source: str | bytes, *, strict: bool = False, limits: Limits = LIMITS) -> tuple[Document, ...]:
    """Return the documents of a text, empty ones (`data` is None) included. Raises `YamlError`."""
    return tuple(iter_documents(source, strict=strict, limits=limits))


def iter_documents(source: str | bytes, *, strict: bool = False, limits: Limits = LIMITS) -> Iterator[Document]:
    """Yield the documents of a text one by one. Raises `YamlError` at the first fault.

    Duplicate keys, undefined aliases and keys that are lists or mappings are always faults. `strict` accepts only
    what JSON can express, and no merge keys; else merge keys are merged, keys such as `8080` become text as
    written, `.inf` and `.nan` are numbers, and tags of other programs (`!Ref`) are left out.
    """
    text = decode_yaml(source)
    _refuse_early(text, limits)
    composer = _Composer(strict=strict, limits=limits)
    events = yaml.parse(text, Loader=PARSER)
    while True:
        try:
            event = next(events, None)
        except yaml.MarkedYAMLError as error:
            raise _worded(error, text, limits) from error
        if event is None:
            return
        if (root := composer.take(event)) is not None:
            yield Document(root)


def decode_yaml(source: str | bytes) -> str:
    """Return the text of YAML bytes: by its byte order mark, else UTF-8. Raises `YamlError`."""
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    wide = source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return source.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        before = source[: error.start]
        column = error.start - before.rfind(b"\n")
        message = f"byte 0x{source[error.start]:02x} is no part of {'UTF-16' if wide else 'UTF-8'} text"
        raise YamlError(message, before.count(b"\n") + 1, column) from error


def _refuse_early(text: str, limits: Limits) -> None:
    """Refuse what the parser would choke on or word badly."""
    if len(text) > limits.characters:
        message = f"the file is too large: {len(text)} characters, at most {limits.characters} are read"
        raise YamlError(message, 1, 1)
    if found := NOT_TEXT.search(text):
        name = f"U+{ord(found[0]):04X}"
        raise YamlError(f"the character {name} is not allowed in YAML", *_place_of(text, found.start()))
    if sum(1 for _ in DIRECTIVE.finditer(text)) > MAX_DIRECTIVES:
        raise YamlError(f"there are more than {MAX_DIRECTIVES} lines that start with %", 1, 1)


def _place_of(text: str, index: int) -> Place:
    return Place(text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


class _Open:
    """A mapping or list whose end has not been seen."""

    __slots__ = ("anchor", "is_merging", "key", "merged", "node")

    def __init__(self, node: Node, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: tuple[str, Place] | None = None
        self.is_merging = False
        self.merged: list[Node] = []

    @property
    def wants_key(self) -> bool:
        return isinstance(self.node.value, dict) and self.key is None and not self.is_merging


MERGE = "<<"


class _Composer:
    """Builds the nodes of one document after another from events, counting what they hold."""

    def __init__(self, *, strict: bool, limits: Limits) -> None:
        self.strict = strict
        self.limits = limits
        self.size = 0
        self.stack: list[_Open] = []
        self.anchors: dict[str, Node | None] = {}

    def take(self, event: Any) -> Node | None:
        """Take the next event; return the root of a document when it is complete."""
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.AliasEvent):
            return self._place_node(self._aliased(event), _place(event.start_mark))
        if isinstance(event, yaml.CollectionStartEvent):
            self._open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            return self._close()
        elif isinstance(event, yaml.DocumentStartEvent):
            self.anchors = {}
        return None

    def _count(self, size: int, place: Place, what: str = "there are") -> None:
        self.size += size
        if self.size > self.limits.values:
            raise YamlError(f"{what} more than {self.limits.values} values", *place)

    def _open(self, event: Any) -> None:
        place = _place(event.start_mark)
        self._count(1, place)
        if len(self.stack) >= self.limits.depth:
            raise YamlError(_too_deep(self.limits), *place)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        if self.strict and event.tag not in (None, "!", CORE_TAGS + ("seq" if is_list else "map")):
            raise YamlError(f"the tag {_short(event.tag)} is not allowed", *place)
        if event.anchor:
            self.anchors[event.anchor] = None
        self.stack.append(_Open(Node([] if is_list else {}, place, tag=_own_tag(event.tag)), event.anchor))

    def _close(self) -> Node | None:
        done = self.stack.pop()
        for source in done.merged:
            _merge(source, done.node)
        if done.anchor:
            self.anchors[done.anchor] = done.node
        return self._place_node(done.node, done.node.place)

    def _scalar(self, event: Any) -> Node | None:
        place = _place(event.start_mark)
        self._count(1 + len(event.value) // 64, place)
        if not event.value.isascii() and SURROGATE.search(event.value):
            raise YamlError("an escape stands for half a character", *place)
        is_key = bool(self.stack) and self.stack[-1].wants_key
        if is_key and event.value == MERGE and event.implicit[0]:
            if self.strict:
                raise YamlError("merge keys (<<) are not allowed; write the keys out", *place)
            self.stack[-1].is_merging = True
            return None
        value = self._text_key(event, place) if is_key else self._value(event, place)
        node = Node(value, place, size=1 + len(event.value) // 64, tag=_own_tag(event.tag))
        if event.anchor:
            self.anchors[event.anchor] = node
        return self._place_node(node, place)

    def _value(self, event: Any, place: Place) -> Any:
        try:
            if event.implicit[0] and event.tag is None:
                return resolve_plain(event.value, strict=self.strict)
            if event.tag is None or event.tag == "!":
                return event.value
            if not self.strict and not event.tag.startswith(CORE_TAGS):
                return event.value
            return resolve_tagged(event.tag, event.value, strict=self.strict)
        except NotAllowed as error:
            raise YamlError(str(error), *place) from error

    def _text_key(self, event: Any, place: Place) -> str:
        value = self._value(event, place)
        if isinstance(value, str):
            return value
        if not self.strict:
            return str(event.value)
        if not event.value:
            raise YamlError("a key is missing before the colon", *place)
        raise YamlError(f'the key {event.value} is not text; write "{event.value}"', *place)

    def _aliased(self, event: Any) -> Node:
        place = _place(event.start_mark)
        if event.anchor not in self.anchors:
            raise YamlError(f"the alias *{event.anchor} names no anchor above it", *place)
        node = self.anchors[event.anchor]
        if node is None:
            raise YamlError(f"the alias *{event.anchor} stands inside the value that it names", *place)
        self._count(node.size, place, "aliases expand to")
        if len(self.stack) + node.height > self.limits.depth:
            raise YamlError(_too_deep(self.limits), *place)
        return node

    def _place_node(self, node: Node, place: Place) -> Node | None:
        """Put a complete node where it belongs; return it if it is the root."""
        if not self.stack:
            return node
        parent = self.stack[-1]
        container = parent.node
        if parent.wants_key:
            parent.key = (self._checked_key(node, container, place), place)
            return None
        container.size += node.size
        container.height = max(container.height, node.height + 1)
        if parent.is_merging:
            parent.merged += _mappings(node, place)
            parent.is_merging = False
        elif parent.key is not None:
            key, container.key_places[parent.key[0]] = parent.key
            container.value[key] = node.value
            container.children[key] = node
            parent.key = None
        else:
            container.children[len(container.value)] = node
            container.value.append(node.value)
        return None

    def _checked_key(self, node: Node, container: Node, place: Place) -> str:
        key = node.value
        if not isinstance(key, str):
            raise YamlError("a key is a list or a mapping; keys are text", *place)
        if key in container.value:
            first = container.key_places[key].line
            raise YamlError(f"the key {_shown(key)} is written twice, first on line {first}", *place)
        return key


def _mappings(node: Node, place: Place) -> list[Node]:
    """Return the mappings that a merge key names: one, or a list of them."""
    found = [node] if isinstance(node.value, dict) else list(node.children.values())
    if not all(isinstance(child.value, dict) for child in found) or not isinstance(node.value, dict | list):
        raise YamlError("a merge key (<<) needs a mapping or a list of mappings", *place)
    return found


def _merge(source: Node, into: Node) -> None:
    """Add the keys of a merged mapping; what is there already wins."""
    for key, child in source.children.items():
        if key not in into.children:
            into.value[key] = child.value
            into.children[key] = child
            into.key_places[key] = source.key_places[key]


def _too_deep(limits: Limits) -> str:
    return f"values are nested more than {limits.depth} deep"


def _shown(text: str) -> str:
    return f'"{text[:60]}…"' if len(text) > 60 else f'"{text}"'


def _own_tag(tag: str | None) -> str:
    return tag if tag and tag != "!" and not tag.startswith(CORE_TAGS) else ""


def _short(tag: str) -> str:
    return f"!!{tag.removeprefix(CORE_TAGS)}" if tag.startswith(CORE_TAGS) else tag[:60]


def _worded(error: yaml.MarkedYAMLError, text: str, limits: Limits) -> YamlError:
    """Word a fault that the parser found, so that its reader can mend it."""
    from infra_grader.reading.yaml_faults import word_fault  # only on the way to an error

    place = _place(error.problem_mark or error.context_mark)
    opened = error.context_mark.line + 1 if error.context_mark else place.line
    if "nesting depth" in (error.problem or ""):
        return YamlError(_too_deep(limits), *place)
    return YamlError(*word_fault(error.problem or "", opened, text, *place))
