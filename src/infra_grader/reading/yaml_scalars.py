"""What a plain scalar means in YAML 1.2: the core schema, section 10.3.2 of the specification."""

from __future__ import annotations

import math
import re

CORE_TAGS = "tag:yaml.org,2002:"

Scalar = str | int | float | bool | None

WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
NUMBER = re.compile(
    r"""(?P<int> [-+]?[0-9]+ ) \Z
      | 0o (?P<octal> [0-7]+ ) \Z
      | 0x (?P<hex> [0-9a-fA-F]+ ) \Z
      | (?P<float> [-+]? (?: \.[0-9]+ | [0-9]+(?:\.[0-9]*)? ) (?:[eE][-+]?[0-9]+)? ) \Z
      | (?P<inf> [-+]?\.(?:inf|Inf|INF) ) \Z
      | (?P<nan> \.(?:nan|NaN|NAN) ) \Z""",
    re.VERBOSE,
)
LONGEST_NUMBER = 64
"""Characters of a number; Python takes quadratic time to read longer ones."""


class NotAllowed(Exception):
    """A scalar cannot be accepted; the message says why."""


def resolve_plain(text: str, *, strict: bool) -> Scalar:
    """Return what an unquoted scalar means. Raises `NotAllowed` for numbers out of range.

    `strict` refuses `.inf` and `.nan` too, which JSON cannot express.
    """
    if text in WORDS:
        return WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    found = NUMBER.match(text)
    if found is None or found.lastgroup is None:
        return text
    if len(text) > LONGEST_NUMBER:
        raise NotAllowed(f"the number {text[:20]}… is too long")
    return _number(found.lastgroup, found[found.lastgroup], text, strict=strict)


def _number(form: str, digits: str, text: str, *, strict: bool) -> int | float:
    if form in ("int", "octal", "hex"):
        whole = int(digits, {"int": 10, "octal": 8, "hex": 16}[form])
        if not -(2**63) <= whole < 2**64:
            raise NotAllowed(f"the number {text} does not fit into 64 bits")
        return whole
    value = float(digits.replace(".", "", 1)) if form in ("inf", "nan") else float(digits)
    if strict and not math.isfinite(value):
        raise NotAllowed(f"{text} is no finite number")
    return value


def resolve_tagged(tag: str, text: str, *, strict: bool) -> Scalar:
    """Return what a scalar with an explicit tag means. Raises `NotAllowed` for tags outside the core schema."""
    name = tag.removeprefix(CORE_TAGS)
    if not tag.startswith(CORE_TAGS) or name not in ("str", "int", "float", "bool", "null"):
        raise NotAllowed(f"the tag {'!!' + name if tag.startswith(CORE_TAGS) else tag[:60]} is not allowed")
    if name == "str":
        return text
    value = resolve_plain(text, strict=strict)
    if name == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    fits = {
        "int": type(value) is int,
        "float": type(value) is float,
        "bool": type(value) is bool,
        "null": value is None,
    }
    if not fits[name]:
        raise NotAllowed(f"{text[:60]!r} does not fit the tag !!{name}")
    return value
