"""Faults that libyaml finds, worded for people who write YAML and do not know its grammar."""

from __future__ import annotations

TAB = "a tab is used for indentation; use spaces"


def word_fault(problem: str, opened: int, text: str, line: int, column: int) -> tuple[str, int, int]:
    """Return message, line and column for a fault at a position.

    `problem` is the parser's own text; `opened` is the line of what it was reading. The wordings of libyaml and
    of PyYAML's own parser differ, so both are looked for.
    """
    lines = text.splitlines() or [""]
    if line > len(lines):  # the end of the text counts as a line of its own
        line, column = len(lines), len(lines[-1]) + 1
    written = lines[line - 1]
    indent = written[: len(written) - len(written.lstrip(" \t"))]
    if "\t" in indent:
        return TAB, line, indent.index("\t") + 1
    return _message(problem, opened, line, written[column - 1 : column]), line, column


def _message(problem: str, opened: int, line: int, character: str) -> str:
    if "cannot start any token" in problem:
        if character == "\t":
            return "a tab stands where a value is expected; use spaces"
        return f"a value cannot start with {character}; put it in quotes"
    where = f" from line {opened}" if opened != line else ""
    for sign, message in _MESSAGES:
        if sign in problem:
            return message.format(where=where)
    return problem or "this is no YAML"


_MESSAGES = (
    ("mapping values", "a colon is not expected here: the indentation is off, or the value needs quotes"),
    ("sequence entries", "a list item is not expected here: the indentation is off, or the value needs quotes"),
    ("unexpected end of stream", "the quoted text{where} is never closed"),
    ("document indicator", "the quoted text{where} is never closed"),
    ("',' or", "a comma or a closing bracket is missing in the brackets{where}"),
    ("node content", "a value or a closing bracket is missing"),
    ("'-' indicator", "a list item (- ) is expected here, as in the list{where}"),
    ("expected key", "a key is expected here, indented as in the mapping{where}"),
    ("block end", "the indentation does not fit the block{where}"),
    ("could not find expected ':'", "a colon is missing after the key{where}"),
    ("incompatible YAML", "this version of YAML is not known; leave the %YAML line out"),
    ("undefined tag handle", "a tag is not allowed here; put the value in quotes"),
    ("unknown escape", "a backslash in double quotes starts no known escape; use single quotes"),
    ("escape code", "an escape in double quotes stands for no character"),
)
