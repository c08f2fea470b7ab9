"""Source code as words that renaming, reformatting and other comments do not change.

The lexers here go on past any fault, give the same in every version of Python, and take time that grows with the
length of the text. What a parser or a highlighter would tell besides is not needed, and costs several times as much.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterator
from functools import cache

from infra_grader.model.record import Record
from infra_grader.reading.similar_fingerprints import Stream

TEXT, NUMBER, NAME, VARIABLE = "S", "0", "n", "$"
"""What all texts, numbers, names and variables of a shell become."""
LITERALS = {"text": TEXT, "doc": TEXT, "number": NUMBER, "variable": VARIABLE}
REACH = 12
"""Words within which a name that comes again is told from other names; further apart, names are all alike."""
PYTHON_WORDS = frozenset(keyword.kwlist) | frozenset(name for name in dir(builtins) if name[0].islower())
WORDS = frozenset(
    {
        "abstract", "as", "async", "await", "bool", "boolean", "break", "case", "catch", "char", "class", "const",
        "continue", "default", "defer", "delete", "do", "double", "else", "enum", "export", "extends", "false", "final",
        "finally", "float", "fn", "for", "foreach", "from", "func", "function", "go", "goto", "if", "impl",
        "implements", "import", "in", "instanceof", "int", "interface", "let", "long", "loop", "map", "match", "mod",
        "mut", "namespace", "new", "nil", "null", "package", "private", "protected", "pub", "public", "range", "return",
        "select", "self", "static", "string", "struct", "super", "switch", "this", "throw", "throws", "true", "try",
        "type", "typeof", "undefined", "unsafe", "use", "using", "var", "void", "while", "with", "yield",
    }
)  # fmt: skip
"""What languages with braces and semicolons give a meaning."""


class Language(Record):
    """How a family of languages is cut into words. Each expression must match to the end of what is never closed."""

    comments: str
    texts: str
    names: str = r"[^\W\d]\w*"
    word: Callable[[str], str | None] = str.casefold
    """What becomes of a name: a word, or `None` for one that anybody may change."""
    has_members: bool = False
    """Whether a name after a dot is one that anybody may change, whatever it is."""
    labelled: frozenset[str] = frozenset()
    """Words after which a text says what it is about, and stays as it is."""


def read_code(kind: str, text: str, *, first_line: int = 1) -> Stream:
    """Return the words of source code of a kind that `LANGUAGES` names; what it does not name is read as text."""
    language = LANGUAGES.get(kind, VERBATIM)
    words = _Words(language)
    line, counted = first_line, 0
    for found in _lexer(kind).finditer(text):
        line += text.count("\n", counted, found.start())
        counted = found.start()
        words.take(found.lastgroup or "", found[0], line)
    return Stream(kind, words.words, words.lines)


def plain_words(text: str) -> Iterator[tuple[str, int]]:
    """Yield the words and signs of any text, numbers alike, each with the number of its line from 0."""
    for number, line in enumerate(text.split("\n")):
        for found in re.finditer(r"[^\W\d]\w*|\d[\w.]*|[^\w\s]", line):
            yield NUMBER if found[0][0].isdigit() else found[0].casefold(), number


class _Words:
    """The words so far, with the little that must be known of what came before."""

    def __init__(self, language: Language) -> None:
        self.words: list[str] = []
        self.lines: list[int] = []
        self._language = language
        self._seen: dict[str, int] = {}
        self._depth = 0
        self._statement = True
        """Whether a statement may begin here: nothing but white space stands before on the line."""

    def take(self, group: str, text: str, line: int) -> None:
        if group == "end":
            self._statement = self._depth == 0
            return
        if group == "skip":
            return
        if group == "doc" and self._statement:
            return
        self._statement = False
        if group == "name":
            self._name(text, line)
        elif group in LITERALS:
            is_label = self.words and self.words[-1] in self._language.labelled
            self._literal(text.casefold() if is_label else LITERALS[group], line)
        else:
            self._sign(text, line)

    def _add(self, word: str, line: int) -> None:
        self.words.append(word)
        self.lines.append(line)

    def _name(self, text: str, line: int) -> None:
        is_member = self._language.has_members and self.words[-1:] == ["."]
        word = None if is_member else self._language.word(text)
        if word is not None:
            self._add(word, line)
            return
        place = len(self.words)
        distance = place - self._seen.get(text, -REACH - 1)
        self._seen[text] = place
        self._add(f"{NAME}{distance}" if distance <= REACH else NAME, line)

    def _literal(self, word: str, line: int) -> None:
        """Add a literal, unless it goes on with a text, or with a list of its like: tables of data are all alike."""
        if word == TEXT and self.words[-1:] == [TEXT]:
            return
        if self.words[-2:] == [word, ","]:
            self._drop()
            return
        self._add(word, line)

    def _sign(self, text: str, line: int) -> None:
        if text in "([{":
            self._depth += 1
        elif text in ")]}":
            self._depth = max(0, self._depth - 1)
            if self.words[-1:] == [","]:
                self._drop()
        if text != ";":
            self._add(text, line)

    def _drop(self) -> None:
        self.words.pop()
        self.lines.pop()


def _own_or(words: frozenset[str]) -> Callable[[str], str | None]:
    return lambda name: name if name in words else None


QUOTED = r'"(?:[^"\\\n]|\\.)*+"?|\'(?:[^\'\\\n]|\\.)*+\'?'
"""Texts that end with their line at the latest."""
ACROSS = r'"(?:[^"\\]|\\.)*+(?:"|\Z)'
HASH = r"#[^\n]*"
SLASHES = r"//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)"
VERBATIM = Language(comments=HASH, texts=QUOTED)
LANGUAGES = {
    "Python": Language(
        comments=HASH,
        texts=r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\Z)|\'\'\'(?:[^\'\\]|\\.|\'(?!\'\'))*+(?:\'\'\'|\Z)|' + QUOTED,
        word=_own_or(PYTHON_WORDS),
        has_members=True,
    ),
    "code": Language(
        comments=SLASHES, texts=QUOTED + r"|`(?:[^`\\]|\\.)*+(?:`|\Z)", word=_own_or(WORDS), has_members=True
    ),
    "shell": Language(
        comments=r"(?<![^\s;&|()])#[^\n]*", texts=ACROSS + r"|'[^']*+(?:'|\Z)", names=r"-{0,2}[^\W\d][\w-]*"
    ),
    "HCL": Language(
        comments=rf"{HASH}|{SLASHES}",
        texts=QUOTED,
        names=r"[^\W\d][\w-]*",
        has_members=True,
        labelled=frozenset({"resource", "data", "provider"}),
    ),
    "SQL": Language(comments=r"--[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)", texts=QUOTED),
    "settings": Language(comments=r"(?m:^)[ \t]*[#;][^\n]*|[ \t]#[^\n]*", texts=QUOTED),
}
"""By kind."""


@cache
def _lexer(kind: str) -> re.Pattern[str]:
    language = LANGUAGES.get(kind, VERBATIM)
    texts = f"(?:{language.texts})"
    parts = [
        rf"(?P<skip>[^\S\n]++|\\\n|{language.comments})",
        r"(?P<end>\n)",
        # A text that is a statement of its own is a comment to whoever reads it.
        rf"(?P<doc>[rRbBuUfF]{{0,2}}{texts}(?=[^\S\n]*+(?:[#;\n]|\Z)))" if kind == "Python" else "",
        rf"(?P<text>[rRbBuUfF]{{0,2}}{texts})" if kind == "Python" else rf"(?P<text>{texts})",
        r"(?P<number>\d[\w.]*+|\.\d[\w.]*+)",
        r"(?P<variable>\$(?:\w+|\{[^}\n]*+\}?))" if kind == "shell" else "",
        rf"(?P<name>{language.names})",
        r"(?P<sign>[^\w\s])",
    ]
    return re.compile("|".join(filter(None, parts)), re.DOTALL)
