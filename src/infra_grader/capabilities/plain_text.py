"""The text in the bytes of a file, and what of it can be seen."""

from __future__ import annotations

import codecs

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

VANISHING = frozenset(
    map(chr, [0xAD, 0x180E, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF])
)
"""Characters that take no room: text with them looks like text without. Joiners stay: some scripts need them."""


def decode_bytes(content: bytes) -> str:
    r"""Return the text: by its byte order mark, else UTF-8; line ends become `\n`. Raises `UnicodeDecodeError`."""
    encoding = next((name for bom, name in BOMS if content.startswith(bom)), "utf-8")
    return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def seen_text(text: str) -> str:
    """Return the text without the characters that take no room."""
    return text if text.isascii() else without(text, VANISHING)


def without(text: str, characters: frozenset[str]) -> str:
    """Return the text without some characters that few texts have."""
    # `str.translate` asks for every character of a text that is not ASCII; most texts have none of these.
    for character in characters.intersection(text):
        text = text.replace(character, "")
    return text


def is_blank(content: bytes) -> bool:
    """Whether a file shows nothing: no bytes, or a text of white space and of characters that take no room."""
    try:
        return not seen_text(decode_bytes(content)).strip()
    except UnicodeDecodeError:
        return False
