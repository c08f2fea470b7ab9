"""Text of learners on one line, fit for a terminal: nothing in it can steer what shows it."""

from __future__ import annotations

import re
from functools import cache

# What acts instead of being seen: control characters (C0, DEL, C1), marks that change the direction of writing or hide
# (zero width space, word joiner, byte order mark, tags), line and paragraph separators, lone surrogates (bytes of a
# file name that are no UTF-8), and what XML 1.0 or Unicode call no character. Joiners stay: some scripts need them.
_UNSEEN = (
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    r"\ud800-\udfff\ufdd0-\ufdef\U000e0000-\U000e007f"
)
_NEEDS_ESCAPE = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


@cache
def unseen() -> re.Pattern[str]:
    """Return the expression for one character that acts instead of being seen."""
    return re.compile(f"[{_UNSEEN}]")


def visible(text: str) -> str:
    """Return the text on one line: each character that would act instead of being seen becomes an escape."""
    # What is printable holds none of them, and is nearly every text; the expression is slow to compile.
    return text if text.isprintable() else unseen().sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if character in _NEEDS_ESCAPE:
        return _NEEDS_ESCAPE[character]
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte of a file name that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
