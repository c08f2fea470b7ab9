"""A Dockerfile's text cut into instructions, as BuildKit's parser cuts it: directives, continuations, heredocs."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterator

import msgspec

from infra_grader.model.record import Record

DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S(?:.*\S)?)\s*\Z")
DIRECTIVES = frozenset({"escape", "syntax", "check"})
HEREDOC = re.compile(r"[0-9]*<<(-?)\s*([^<]+)")
HEREDOC_KEYWORDS = frozenset({"ADD", "COPY", "RUN"})
LONGEST_LINE = 65_535
"""Bytes of a line, BuildKit's limit."""
SPACES = " \t\n\v\f\r\x85\xa0"


class DockerfileError(Exception):
    """Text is not a Dockerfile that BuildKit would accept; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"{line}: {message}")
        self.message = message
        self.line = line


class Heredoc(Record):
    """Text between `<<NAME` and a line with that name."""

    name: str
    content: str
    line: int
    """Line on which its content starts."""
    expands: bool
    """Whether variables in it are filled in: its name is not quoted."""


class Line(Record, kw_only=True):
    """One instruction: its continuation lines joined, its comments left out."""

    keyword: str
    """In upper case."""
    text: str
    """What follows the keyword, and the flags where the instruction takes some."""
    flags: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Values of `--name=value`, in their order; an empty text for `--name`."""
    line: int
    end_line: int
    heredocs: tuple[Heredoc, ...] = ()
    starts: tuple[tuple[int, int], ...] = ()
    """Offsets in `text` at which lines of the file start, and their numbers."""

    def line_at(self, offset: int) -> int:
        """Return the line of the file that an offset in `text` stands on."""
        index = bisect_right(self.starts, (offset, sys.maxsize)) - 1
        return self.starts[index][1] if index >= 0 else self.line


def read_lines(text: str) -> tuple[tuple[Line, ...], str]:
    """Return the instructions of a Dockerfile, and its escape character. Raises `DockerfileError`."""
    escape = _escape(text)
    return tuple(_cut(text.removeprefix("\ufeff").removesuffix("\n").split("\n"), escape)), escape


def _escape(text: str) -> str:
    """Return the escape character that the directives at the top choose."""
    seen: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        found = DIRECTIVE.match(line.strip(SPACES))
        name = found[1].lower() if found else ""
        if found is None or name not in DIRECTIVES:
            break
        if name in seen:
            raise DockerfileError(f"the directive {name} is given twice", number)
        seen[name] = found[2]
        if name == "escape" and found[2] not in ("\\", "`"):
            raise DockerfileError("the directive escape takes \\ or `", number)
    return seen.get("escape", "\\")


def _cut(lines: list[str], escape: str) -> Iterator[Line]:
    continued = re.compile(rf"(?:^|(?<=[^{re.escape(escape)}])){re.escape(escape)}[ \t]*\Z")
    position = 0
    while position < len(lines):
        pieces: list[tuple[int, str]] = []
        goes_on = True
        while goes_on and position < len(lines):
            written = lines[position]
            position += 1
            if len(written) > LONGEST_LINE:
                raise DockerfileError(f"the line is longer than {LONGEST_LINE} characters", position)
            line = written if pieces else written.lstrip(SPACES)
            if written.lstrip(SPACES).startswith("#") or (pieces and not written.strip(SPACES)):
                if not pieces:
                    break
                continue
            kept = continued.sub("", line)
            goes_on = kept != line
            pieces.append((position, kept))
            if not kept and not goes_on:
                break
        joined = "".join(piece for _, piece in pieces)
        if not joined.strip(SPACES):
            if pieces and (len(pieces) > 1 or goes_on):
                raise DockerfileError("nothing is continued here", pieces[0][0])
            continue
        raw = _split(joined, pieces, position, escape)
        if raw.keyword in HEREDOC_KEYWORDS or (raw.keyword == "ONBUILD" and "<<" in raw.text):
            heredocs, position = _heredocs(raw, lines, position)
            raw = raw.replace(heredocs=heredocs, end_line=position)
        yield raw


def _split(joined: str, pieces: list[tuple[int, str]], last: int, escape: str) -> Line:
    """Return the instruction on a joined line: keyword, flags, rest."""
    found = re.match(r"\S+", joined)
    word = found[0] if found else ""
    keyword = word.upper()
    rest = joined[len(word) :]
    start = len(joined) - len(rest.lstrip(SPACES))
    flags: dict[str, list[str]] = {}
    start = _take_flags(joined, start, escape, flags)
    starts: list[tuple[int, int]] = []
    offset = 0
    for number, piece in pieces:
        starts.append((max(0, offset - start), number))
        offset += len(piece)
    return Line(
        keyword=keyword,
        text=joined[start:].rstrip(SPACES),
        flags={name: tuple(values) for name, values in flags.items()},
        line=pieces[0][0],
        end_line=last,
        starts=tuple(starts),
    )


def _take_flags(text: str, start: int, escape: str, flags: dict[str, list[str]]) -> int:
    """Put the leading `--name=value` words into `flags`; return where the rest starts."""
    while text.startswith("--", start):
        word, end = _word(text, start, escape)
        start = end
        while start < len(text) and text[start] in SPACES:
            start += 1
        if word == "--":
            break
        name, _, value = word[2:].partition("=")
        flags.setdefault(name, []).append(value)
    return start


def _word(text: str, start: int, escape: str) -> tuple[str, int]:
    """Return the word at an offset without its quotes, and where it ends."""
    made: list[str] = []
    quote = ""
    position = start
    while position < len(text):
        sign = text[position]
        if not quote and sign in SPACES:
            break
        if sign == escape and position + 1 < len(text) and quote != "'":
            position += 1
            made.append(text[position])
        elif sign == quote:
            quote = ""
        elif not quote and sign in "\"'":
            quote = sign
        else:
            made.append(sign)
        position += 1
    return "".join(made), position


def _heredocs(raw: Line, lines: list[str], position: int) -> tuple[tuple[Heredoc, ...], int]:
    """Return the heredocs that an instruction opens, and the number of the line after which they are closed."""
    made: list[Heredoc] = []
    for dash, name in heredoc_marks(raw.text):
        plain = _word(name, 0, "\\")[0]
        start = position
        content: list[str] = []
        while position < len(lines):
            line = lines[position].lstrip("\t") if dash else lines[position]
            position += 1
            if line == plain:
                break
            content.append(line + "\n")
        else:
            raise DockerfileError(f"the text after <<{plain} is never closed by a line {plain}", raw.line)
        made.append(
            Heredoc(name=plain, content="".join(content), line=start + 1, expands=plain == name),
        )
    return tuple(made), position


def heredoc_marks(text: str) -> list[tuple[bool, str]]:
    """Return the heredocs that a line opens: whether leading tabs go (`<<-`), and the name as written.

    As in BuildKit, a mark is a word of its own: `cat <<EOF` opens one, `cat<<EOF` and `<<< text` do not.
    """
    if "<<" not in text:
        return []
    found = (HEREDOC.fullmatch(word) for word in split_words(text, "\\"))
    return [(mark[1] == "-", mark[2]) for mark in found if mark]


def split_words(text: str, escape: str) -> list[str]:
    """Return the words of a text; quotes and escapes are kept, and keep spaces inside a word."""
    words: list[str] = []
    current: list[str] = []
    quote = ""
    position = 0
    while position < len(text):
        sign = text[position]
        if not quote and sign in SPACES:
            if current:
                words.append("".join(current))
                current = []
        else:
            current.append(sign)
            if sign == escape and position + 1 < len(text) and quote != "'":
                position += 1
                current.append(text[position])
            elif sign == quote:
                quote = ""
            elif not quote and sign in "\"'":
                quote = sign
        position += 1
    return [*words, "".join(current)] if current else words
