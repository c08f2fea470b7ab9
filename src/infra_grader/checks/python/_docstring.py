"""What a docstring says beyond the name that it describes."""

from __future__ import annotations

import re
from collections.abc import Iterable

WORD = re.compile(r"[^\W\d_]+")
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
SECTION = re.compile(r"^[ \t]*([^\W\d_][\w ]{1,30})[ \t]*:[ \t]*$", re.MULTILINE)
"""A heading of Google's style, alone on its line, in any language."""

ARGUMENTS = frozenset({"Args", "Arguments", "Parameters", "Params", "Keyword Args", "Other Parameters"})
VALUES = frozenset({"Returns", "Return", "Yields", "Yield"})
OTHERS = frozenset(
    {"Raises", "Raise", "Example", "Examples", "Note", "Notes", "Attributes", "Warning", "Warnings", "Warns", "Todo",
     "See Also", "References"}
)  # fmt: skip
STILL_TO_WRITE = re.compile(r"^\s*(?:TODO|TBD|FIXME)\b|lorem ipsum", re.IGNORECASE)
"""What stands where a docstring is still to be written."""

FILLER_WORDS = """
a an the this that is are be of for to in and or it its with function method class module file object
does do performs perform executes execute runs run handles handle todo docstring description describe
implementation implements implement code here args returns return
"""
FILLER = frozenset(FILLER_WORDS.split())
MOST_ALIKE = 4
"""So many docstrings may say the same about different names (`by id`) before they look like a stencil."""


def new_words(docstring: str, name: str) -> frozenset[str]:
    """Return the words that the name does not say already, in any form; filler is left out."""
    known = {word.lower() for part in name.split(".") for word in WORD.findall(HUMP.sub(" ", part).replace("_", " "))}
    known = {word for word in known if len(word) > 2} or known
    words = {word.lower() for word in WORD.findall(docstring)} - FILLER
    return frozenset(word for word in words if not any(_is_form(word, other) for other in known))


def _is_form(word: str, name: str) -> bool:
    """Whether two words are forms of one: `loads`, `loading` and `loaded` of `load`."""
    shorter, longer = sorted((word, name), key=len)
    stem = shorter.removesuffix("e")
    return word == name or (len(stem) > 2 and longer.startswith(stem) and len(longer) - len(stem) <= 3)


def missing_sections(docstring: str, parameters: Iterable[str], *, gives_value: bool) -> list[str]:
    """Return what Google's style asks for and the docstring lacks: `Args`, a parameter in it, `Returns`."""
    headings = [found[1].strip() for found in SECTION.finditer(docstring)]
    foreign = [heading for heading in headings if heading not in ARGUMENTS | VALUES | OTHERS]
    missing: list[str] = []
    named = [name for name in parameters if not name.startswith("_")]
    said = set(re.findall(r"^[ \t]*\*{0,2}(\w+)[ \t]*(?:\(.*\))?[ \t]*:", docstring, re.MULTILINE))
    if named and not ARGUMENTS & set(headings) and not (foreign and said & set(named)):
        missing.append("Args")
    elif named:
        missing += [f"the argument {name}" for name in named if name not in said]
        foreign = foreign if ARGUMENTS & set(headings) else foreign[1:]  # one of them is the heading of the arguments
    if gives_value and not VALUES & set(headings) and not foreign:
        missing.append("Returns")
    return missing
