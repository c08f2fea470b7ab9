"""What a Markdown document says about what: every label with the text that belongs to it.

People label text by headings, by bold lines, by "Label: text" in paragraphs and lists, by the first cell of a row or
by the head of a column. All of these are topics here, so that a check can ask for one whatever its form.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Literal, NamedTuple

from infra_grader.capabilities.plain_text import without
from infra_grader.reading.markdown import Document, Passage, Table, count_words

BOLD_LEVEL = 7
"""Level of a bold line that serves as a heading: below every real heading."""
LEAD_LEVEL = 8
"""Level of a label that starts a paragraph."""
JOINED = frozenset(" -/+&'’._#")
"""Signs that no word has: a name with one of them is several words."""
LAST_SPACED = 0x08FF
"""Last character of the scripts whose words are found by their starts; beyond, marks and missing spaces forbid it."""
MARKS = frozenset(map(chr, (*range(0x300, 0x370), *range(0x64B, 0x656), 0x93C, 0x94D)))
"""Marks that fold away."""
PLAIN = (("ł", "l"), ("ı", "i"), ("ø", "o"), ("đ", "d"), ("æ", "ae"), ("œ", "oe"))
"""Letters that have no decomposition and are often written without their mark."""
SEMITIC = ("\u05d0", "\u06ff")
"""First and last letter of the scripts that write articles and prepositions together with the noun."""
LONG_NAME = 5
"""Letters from which a name is found inside a word as well."""
JOINED_WORD = 9
"""Letters from which a word may be several that are joined."""
MAX_LABEL_WORDS = 10
MAX_LABEL_CHARACTERS = 90


class Topic(NamedTuple):
    """A label, and the passages that belong to it without the label itself."""

    title: str
    line: int
    origin: Literal["title", "heading", "lead", "row", "column"]
    """`title` is the heading above all others: it is about no part of the document."""
    level: int
    """Level of a heading or label; number of a column, from 0."""
    body: tuple[Passage, ...]
    """Headings below it are among them; see `text`."""

    @property
    def text(self) -> tuple[Passage, ...]:
        """The body without headings."""
        return tuple(passage for passage in self.body if passage.kind != "heading")

    def words(self) -> int:
        """Return the number of words of its text."""
        return count_words(passage.text for passage in self.text)


def find_topics(document: Document) -> tuple[Topic, ...]:
    """Return every label of a document with its text, in the order of the file."""
    found = [*_from_passages(document.passages)]
    for table in document.tables:
        found += _from_table(table)
    return tuple(sorted(found, key=lambda topic: topic.line))


def fold(text: str) -> str:
    """Return a text without case, accents and other marks, for comparison; its lines stay."""
    if text.isascii():
        return text.lower()
    text = without(unicodedata.normalize("NFKD", text.casefold()), MARKS)
    for letter, plain in PLAIN:
        text = text.replace(letter, plain)
    return text


def split_label(line: str) -> tuple[str, str] | None:
    """Return label and rest of a line such as `Label: rest`; `None` without a label."""
    label, mark, rest = line.partition(":")
    if not line.isascii() and "：" in line:
        wide = line.partition("：")
        if not mark or len(wide[0]) < len(label):
            label, mark, rest = wide
    if not mark or (mark == ":" and rest[:1] not in {"", " ", "\t", "*", "\xa0"} and not _is_unspaced(label, rest)):
        return None
    label = label.strip()
    if not label or len(label) > MAX_LABEL_CHARACTERS or len(label.split()) > MAX_LABEL_WORDS:
        return None
    return label, rest.strip()


def _is_unspaced(label: str, rest: str) -> bool:
    """Whether a script that has no spaces stands beside a colon."""
    return max(label[-1:], rest[:1]) > chr(LAST_SPACED)


def matches_name(title: str, names: Iterable[str], *, inside: bool = True) -> bool:
    """Whether a title contains one of the names: a word of it starts with the name, whatever case and accents.

    A name in a script without spaces, or one of several words ("roll-back"), may stand anywhere in the title; so may
    a long one, unless `inside` forbids it, for languages that join their words ("Plattformingenieur").
    """
    anywhere, long, starts = _split_names(tuple(names))
    folded = fold(title)
    for name in anywhere:
        if name in folded:
            return True
    for word in _words().findall(folded):
        if word.startswith(starts) or (SEMITIC[0] <= word[0] <= SEMITIC[1] and _bare_noun(word).startswith(starts)):
            return True
        if inside and len(word) >= JOINED_WORD and any(name in word for name in long):
            return True
    return False


def _bare_noun(word: str) -> str:
    """Return an Arabic or Hebrew word without what is written together with it: and, the, in, for."""
    if word[0] <= "\u05ff":
        return word.lstrip("והבל")
    return word.lstrip("وبفك").removeprefix("ال").removeprefix("لل")


@cache
def _split_names(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the folded names that may stand anywhere, the long ones, and all that a word may start with.

    Comparing starts costs a hundredth of compiling one expression of a hundred names, and this is done in a blink.
    """
    folded = [fold(name) for name in names if name.strip()]
    anywhere = tuple(name for name in folded if not JOINED.isdisjoint(name) or ord(max(name)) > LAST_SPACED)
    starts = tuple(name for name in folded if name not in anywhere)
    return anywhere, tuple(name for name in starts if len(name) >= LONG_NAME), starts


@cache
def _words() -> re.Pattern[str]:
    return re.compile(r"[^\W_]+")


class _Mark(NamedTuple):
    """Where a label stands: its passage, its level, and the text of that passage that already belongs to it."""

    at: int
    level: int
    title: str
    line: int
    rest: tuple[Passage, ...]
    closed: bool
    """Whether nothing after its own line belongs to it."""


def _from_passages(passages: Sequence[Passage]) -> Iterator[Topic]:
    marks = [mark for index, passage in enumerate(passages) for mark in _marks(index, passage)]
    ends = _ends(passages, marks)
    title = _title(marks)
    for mark, end in zip(marks, ends, strict=True):
        passage = passages[mark.at]
        body = mark.rest if mark.closed else mark.rest + tuple(passages[mark.at + 1 : end])
        origin: Literal["title", "heading", "lead"] = "heading" if mark.level <= BOLD_LEVEL else "lead"
        if mark is title:
            origin = "title"
        yield Topic(mark.title, mark.line, origin, mark.level if passage.kind != "item" else LEAD_LEVEL, body)


def _title(marks: Sequence[_Mark]) -> _Mark | None:
    """Return the heading that stands above all others, if the document has one and others."""
    headings = [mark for mark in marks if mark.level <= BOLD_LEVEL]
    if len(headings) < 2 or any(mark.level <= headings[0].level for mark in headings[1:]):
        return None
    return headings[0]


def _marks(index: int, passage: Passage) -> Iterator[_Mark]:
    """Yield the labels of a passage: one for a heading, one for each line of a paragraph that starts with one."""
    if passage.kind == "heading":
        yield _Mark(index, passage.level, passage.text, passage.line, (), closed=False)
        return
    if passage.kind == "cell":
        return
    if passage.bold and passage.bold.rstrip(" :") == passage.text.rstrip(" :"):
        level = BOLD_LEVEL if passage.kind == "paragraph" else LEAD_LEVEL
        yield _Mark(index, level, passage.bold.rstrip(" :"), passage.line, (), closed=False)
        return
    lines = passage.text.split("\n")
    starts = [(offset, _lead(passage, offset, line)) for offset, line in enumerate(lines)]
    labels = [(offset, found) for offset, found in starts if found is not None]
    for number, (offset, (label, rest)) in enumerate(labels):
        last = number == len(labels) - 1
        until = len(lines) if last else labels[number + 1][0]
        rests = [rest, *lines[offset + 1 : until]]
        text = "\n".join(rests).strip()
        line = passage.line + offset
        own = (passage._replace(text=text, line=line, bold=""),) if text else ()
        yield _Mark(index, LEAD_LEVEL, label, line, own, closed=not last)


def _lead(passage: Passage, offset: int, line: str) -> tuple[str, str] | None:
    """Return label and rest of a line: what is bold at its start, else what stands before a colon."""
    bold = passage.bold
    if offset == 0 and bold and line.startswith(bold) and len(bold.split()) <= MAX_LABEL_WORDS:
        rest = line[len(bold) :].lstrip(" :–—-")
        return bold.rstrip(" :"), rest
    return split_label(line)


def _ends(passages: Sequence[Passage], marks: Sequence[_Mark]) -> list[int]:
    """Return for each mark the index of the first passage that no longer belongs to it.

    One pass from the end: `nearest[level]` is the next mark of that level or above.
    """
    size = len(passages)
    nearest = [size] * (LEAD_LEVEL + 1)
    paragraph = size
    next_after: list[int] = [size] * size
    for index in range(size - 1, -1, -1):
        next_after[index] = paragraph
        if passages[index].kind in {"paragraph", "heading"}:
            paragraph = index
    ends: list[int] = []
    for mark in reversed(marks):
        passage = passages[mark.at]
        if passage.kind == "item":
            ends.append(_item_end(passages, mark.at))
            continue
        end = nearest[mark.level]
        if mark.level == LEAD_LEVEL:
            end = min(end, next_after[mark.at])
        ends.append(end)
        for level in range(mark.level, LEAD_LEVEL + 1):
            nearest[level] = mark.at
    return ends[::-1]


def _item_end(passages: Sequence[Passage], index: int) -> int:
    last = passages[index].end_line
    end = index + 1
    while end < len(passages) and passages[end].line <= last and passages[end].kind != "heading":
        end += 1
    return end


def _from_table(table: Table) -> Iterator[Topic]:
    """Yield a topic for each row, named by its first cell, and for each column, named by its head."""
    for row in table.rows:
        cells = tuple(Passage("cell", cell, row.line, group=table.group) for cell in row.cells)
        yield Topic(row.cells[0], row.line, "row", LEAD_LEVEL, cells[1:])
    for number, header in enumerate(table.headers):
        body = tuple(
            Passage("cell", row.cells[number], row.line, group=table.group)
            for row in table.rows
            if number < len(row.cells)
        )
        yield Topic(header, table.line, "column", number, body)
