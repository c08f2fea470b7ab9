"""A Markdown document to the facts that a reader of the rendered page sees, each with its line.

CommonMark with tables and strikethrough. What is not rendered as text does not count as text: comments, front
matter, tags, code blocks, struck-out words, characters without a shape. What looks like a tag and names no element of
HTML stays: `<your answer>` is a blank that its writer sees.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from infra_grader.capabilities.plain_text import without
from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.reading.html import is_element, strip_html

MAX_CHARACTERS = 256 * 1024
"""A document beyond this is no document; the parser needs up to 25 microseconds for a hostile character."""

INVISIBLE = frozenset(
    map(chr, [
        0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0x200B, 0x2010),
        *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x2800, 0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0, 0x20E3,
        *range(0xE0000, 0xE0080), *range(0xE0100, 0xE01F0),
    ])
)  # fmt: skip
"""Characters that take no ink."""

PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Scripts that are written without spaces between words, for a character class."""


class Passage(NamedTuple):
    """A piece of text on the page: a heading, a paragraph, a list item's own text, or a table's cell."""

    kind: Literal["heading", "paragraph", "item", "cell"]
    text: str
    """As rendered; a line end in the source is a line end here."""
    line: int
    """Line of the file where it starts, from 1."""
    bold: str = ""
    """The bold words that it starts with."""
    level: int = 0
    """Level of a heading, depth of a list item."""
    end_line: int = 0
    """Last line of what belongs to it: for a list item, with all that is nested in it."""
    group: int = 0
    """Number of the list or table that it is part of; 0 outside of both."""
    marker: str = ""
    """Number of an item in an ordered list, as written: "3."."""


class Item(NamedTuple):
    """An item of a list."""

    text: str
    line: int
    end_line: int
    depth: int
    group: int
    """Number of its list."""
    ticked: bool | None
    """Whether its box is ticked; `None` without a box."""


class Row(NamedTuple):
    """A row of a table's body."""

    cells: tuple[str, ...]
    line: int


class Table(NamedTuple):
    """A table with its head."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    line: int
    group: int


class Link(NamedTuple):
    """A link, or an image."""

    target: str
    text: str
    line: int


class CodeBlock(NamedTuple):
    """A fenced or indented block of code."""

    language: str
    """First word after the fence, in lower case."""
    text: str
    line: int


class Document(NamedTuple):
    """What is on the page, in the order of the file."""

    passages: tuple[Passage, ...]
    tables: tuple[Table, ...]
    items: tuple[Item, ...]
    links: tuple[Link, ...]
    images: tuple[Link, ...]
    code_blocks: tuple[CodeBlock, ...]
    line_count: int

    def prose(self) -> tuple[Passage, ...]:
        """Return all text but headings."""
        return tuple(passage for passage in self.passages if passage.kind != "heading")


def parse_markdown(path: str, text: str) -> Document:
    """Return the facts of a document. Raises `CheckFailed` if it is too large to be one."""
    if len(text) > MAX_CHARACTERS:
        raise CheckFailed(
            f"{path} is too large for a document.",
            Evidence.number(len(text), f"at most {MAX_CHARACTERS}", "characters"),
        )
    return _Collector().collect(_parser().parse(_without_front_matter(text)), text.count("\n") + 1)


@lru_cache(maxsize=1024)
def split_words(text: str) -> tuple[str, ...]:
    """Return the words of a text; two characters are one word in scripts that do not space their words."""
    words: list[str] = []
    for part in text.split():
        if part.isascii():
            if part.strip(PUNCTUATION):
                words.append(part)
        elif any(map(str.isalnum, part)):
            words += _pairs(part)
    return tuple(words)


def count_words(texts: Iterable[str]) -> int:
    """Return the number of words of several texts."""
    return sum(len(split_words(text)) for text in texts)


def _pairs(part: str) -> Sequence[str]:
    """Return a part without spaces as words."""
    if ord(max(part)) < 0x0E00 or not (runs := _unspaced().findall(part)):
        return [part]
    rest = [piece for piece in _unspaced().split(part) if any(map(str.isalnum, piece))]
    return rest + [run[i : i + 2] for run in runs for i in range(0, len(run), 2)]


@cache
def _unspaced() -> re.Pattern[str]:
    return re.compile(f"[{UNSPACED}]+")


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _without_front_matter(text: str) -> str:
    """Return the text with its leading `---` block blanked, so that lines keep their numbers."""
    if not text.startswith("---\n"):
        return text
    end = text.find("\n---\n", 3)
    head = text[:end]
    if end < 0 or not all(line[:1] in {"", " ", "#", "-"} or ":" in line for line in head.split("\n")):
        return text  # a thematic break, not front matter
    return "\n" * (head.count("\n") + 1) + text[end + 4 :]


class _Collector:
    """Walks the parser's tokens once and keeps what is on the page."""

    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self.tables: list[Table] = []
        self.items: list[Item] = []
        self.links: list[Link] = []
        self.images: list[Link] = []
        self.code_blocks: list[CodeBlock] = []
        self._groups = 0
        self._lists: list[int] = []
        self._open_items: list[tuple[int, int, int]] = []
        """First and last line of each item that is open, and the passages before it; 0 once its text is known."""
        self._marker = ""
        self._row: list[str] | None = None
        self._row_line = 0
        self._rows: list[Row] = []

    def collect(self, tokens: Sequence[Token], line_count: int) -> Document:
        level = 0
        for token in tokens:
            line = token.map[0] + 1 if token.map else 0
            match token.type:
                case "inline":
                    self._take_inline(token, line, level)
                case "heading_open":
                    level = int(token.tag[1:])
                case "heading_close":
                    level = 0
                case "fence" | "code_block":
                    language = token.info.split()[0].lower() if token.info.strip() else ""
                    self.code_blocks.append(CodeBlock(language, token.content, line))
                case "html_block":
                    self._take_html(token.content, line)
                case _:
                    self._take_container(token, line)
        return Document(
            tuple(self.passages),
            tuple(self.tables),
            tuple(self.items),
            tuple(self.links),
            tuple(self.images),
            tuple(self.code_blocks),
            line_count,
        )

    def _take_container(self, token: Token, line: int) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._groups += 1
                self._lists.append(self._groups)
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._marker = token.info + token.markup if token.info else ""
                self._open_items.append((line, token.map[1] if token.map else line, len(self.passages)))
            case "list_item_close":
                first, last, before = self._open_items.pop()
                if first and len(self.passages) == before:
                    self.items.append(Item("", first, last, len(self._open_items) + 1, self._lists[-1], ticked=None))
            case _:
                self._take_table(token.type, line)

    def _take_table(self, part: str, line: int) -> None:
        match part:
            case "table_open":
                self._groups += 1
                self._rows = []
            case "tr_open":
                self._row, self._row_line = [], line
            case "tr_close":
                self._rows.append(Row(tuple(self._row or ()), self._row_line))
                self._row = None
            case "table_close":
                self._close_table()
            case "th_open" | "td_open" if self._row is not None:
                self._row.append("")

    def _close_table(self) -> None:
        head, *body = self._rows
        self.tables.append(Table(head.cells, tuple(body), head.line, self._groups))

    def _take_inline(self, token: Token, line: int, level: int) -> None:
        text, bold = self._read_inline(token.children or (), line)
        if level:
            self.passages.append(Passage("heading", text, line, bold, level))
        elif self._row is not None:
            self._row[-1] = text
            self.passages.append(Passage("cell", text, line, bold, group=self._groups))
        elif self._open_items and self._open_items[-1][0]:
            _, last, before = self._open_items[-1]
            self._open_items[-1] = (0, last, before)
            self._take_item(text, bold, line, last)
        else:
            self.passages.append(Passage("paragraph", text, line, bold))

    def _take_item(self, text: str, bold: str, line: int, last: int) -> None:
        ticked: bool | None = None
        if text[:3] in {"[ ]", "[x]", "[X]"} and not text[3:4].strip():
            ticked = text[1] != " "
            text = text[3:].strip()
        depth, group = len(self._open_items), self._lists[-1]
        self.items.append(Item(text, line, last, depth, group, ticked))
        self.passages.append(Passage("item", text, line, bold, depth, last, group, self._marker))

    def _take_html(self, html: str, line: int) -> None:
        """Keep the text between tags, a paragraph a line."""
        for offset, part in enumerate(strip_html(html).split("\n")):
            if text := _visible(part).strip():
                self.passages.append(Passage("paragraph", text, line + offset))

    def _read_inline(self, children: Sequence[Token], line: int) -> tuple[str, str]:
        """Return the visible text of an inline token, and the bold words that start it; links are kept aside."""
        inline = _Inline(line)
        for child in children:
            match child.type:
                case "link_open" | "link_close" | "image":
                    inline.take_link(child, self.links, self.images)
                case _:
                    inline.take(child, self.links)
        return _visible("".join(inline.parts)).strip(" \t"), inline.bold


class _Inline:
    """The inside of a paragraph, heading or cell, as far as it has been read."""

    def __init__(self, line: int) -> None:
        self.parts: list[str] = []
        self.bold = ""
        self._line = line
        self._bold_from = -1
        self._struck = 0
        self._link: tuple[str, int] | None = None

    def take(self, child: Token, links: list[Link]) -> None:
        """Take a piece of text, a line end or a mark."""
        match child.type:
            case "text" | "code_inline" if not self._struck:
                self.parts.append(child.content)
                if self._link is None and "://" in child.content:
                    links += [Link(url, url, self._line) for url in _urls(child.content)]
            case "softbreak" | "hardbreak":
                self.parts.append("\n")
                self._line += 1
            case "html_inline":
                breaks = child.content.count("\n")
                self._line += breaks
                if is_element(child.content):
                    self.parts.append("; " if child.content[:3].lower() == "<br" else "\n" * breaks)
                else:
                    self.parts.append(child.content)
            case "s_open" | "s_close":
                self._struck += child.nesting
            case "strong_open" if not "".join(self.parts[:3]).strip():
                self._bold_from = len(self.parts)
            case "strong_close" if self._bold_from >= 0 and not self.bold:
                self.bold = _visible("".join(self.parts[self._bold_from :])).strip()

    def take_link(self, child: Token, links: list[Link], images: list[Link]) -> None:
        """Take the start or end of a link, or an image."""
        if child.type == "image":
            images.append(Link(str(child.attrs.get("src", "")), child.content, self._line))
        elif child.type == "link_open":
            self._link = (str(child.attrs.get("href", "")), len(self.parts))
        elif self._link is not None:
            target, first = self._link
            links.append(Link(target, _visible("".join(self.parts[first:])).strip(), self._line))
            self._link = None


def _urls(text: str) -> list[str]:
    """Return the addresses that stand in a text without being marked as links."""
    return [part.strip("()[]<>,;.'\"") for part in text.split() if "://" in part]


def _visible(text: str) -> str:
    """Return a text without characters that nobody sees."""
    return without(text, INVISIBLE)
