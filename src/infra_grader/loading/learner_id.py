"""Ids of learners: they name folders of results, so none may lead elsewhere or be taken for another."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

MAX_BYTES = 120
"""A file name holds 255 bytes, and endings are added."""
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{device}{n}" for device in ("com", "lpt") for n in range(1, 10))})
"""What Windows takes for a device, whatever its ending."""
FORBIDDEN = frozenset('/\\:*?"<>|')
SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "HEBREW", "ARABIC", "CHEROKEE")
"""Scripts of which letters are taken for letters of another one; a name in two of them is a trap or a slip."""

# Letters of other scripts by the Latin letter that they look like, in lower case, after the table of confusable
# characters of Unicode Technical Standard 39, section 4.
_LOOKS_LIKE = {
    "a": "аα", "b": "Ьь", "c": "сϲ", "d": "ԁ", "e": "еє", "g": "ɡ", "h": "һ", "i": "іιı", "j": "ј", "k": "кκ", "l": "ӏ",
    "m": "м", "n": "ո", "o": "оοօ", "p": "рρ", "q": "ԛ", "r": "г", "s": "ѕ", "t": "тτ", "u": "υս", "v": "ѵν", "w": "ԝω",
    "x": "хχ", "y": "уγү", "z": "ᴢ",
}  # fmt: skip
_SKELETON = str.maketrans({letter: latin for latin, letters in _LOOKS_LIKE.items() for letter in letters})


def id_problems(learner_id: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with an id, each with what is allowed."""
    if not learner_id:
        yield "the id is empty", "a name of one character or more"
        return
    bad = sorted({character for character in learner_id if character in FORBIDDEN or not character.isprintable()})
    if bad:
        yield f"the id {learner_id!r} holds {', '.join(map(repr, bad))}", "letters, digits and . _ - @ +, for example"
    if learner_id.strip(" .") != learner_id or learner_id.startswith("-"):
        yield f"the id {learner_id!r} begins or ends with a space, a dot or a dash", "a name without them"
    if learner_id.partition(".")[0].lower() in RESERVED:
        yield f"the id {learner_id!r} is a device's name on Windows", "another name"
    if len(learner_id.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        yield f"the id {learner_id[:40]!r}… is too long for the name of a folder", f"at most {MAX_BYTES} bytes"
    if len(scripts := scripts_of(learner_id)) > 1:
        names = " and ".join(script.title() for script in scripts)
        yield f"the id {learner_id!r} mixes letters of {names}, which look alike", "letters of one script"


def alike(ids: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield the places of ids that the same folder or the same eye would take for an earlier one, and of that one."""
    seen: dict[str, int] = {}
    for place, learner_id in enumerate(ids):
        first = seen.setdefault(skeleton(learner_id), place)
        if first != place:
            yield place, first


def skeleton(learner_id: str) -> str:
    """Return what ids have in common that look the same, or name the same folder where case does not count."""
    return unicodedata.normalize("NFKC", learner_id).casefold().translate(_SKELETON)


def scripts_of(text: str) -> Sequence[str]:
    """Return the scripts, of those whose letters are taken for each other's, that a text has letters of."""
    names = (unicodedata.name(character, "").partition(" ")[0] for character in text if character.isalpha())
    return sorted({name for name in names if name in SCRIPTS})
