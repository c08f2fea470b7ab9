"""Lines of a log that are JSON objects: which of them tell of a request of ours, and what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from infra_grader.reading.plain_value import read_json
from infra_grader.reading.traffic import Sent

ID_HEADERS = ("X-Request-ID", "X-Correlation-ID")
STATUS = "status_code|status|http_status|response_status|response_code"
IGNORED = str.maketrans("", "", "_-.")
"""What names are compared without: `statusCode` and `response.status-code` are written for the same."""
DEEPEST = 6
Entry = Mapping[str, Any]
"""A line of the log that is a JSON object."""


def read_entry(line: str) -> Entry | None:
    """Return what a line holds, or nothing if it is no JSON object."""
    try:
        found = read_json(line.strip())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def told_of(sent: Sent, entries: Sequence[Entry], id_names: str, used: AbstractSet[str]) -> list[Entry]:
    """Return the entries that tell of a request, among those that are new since it was sent.

    They are those with its id, else those with its path and what has their id. Where none has its path, its status
    leads to them, as no other request of ours is out. An id that was `used` before is taken only where there is no
    other: a line may come late.
    """
    ids = _ids_of(sent)
    if own := [entry for entry in entries if any(one in text for _, text in _leaves(entry) for one in ids)]:
        return own
    path = sent.request.target.partition("?")[0]
    named = [entry for entry in entries if any(names_path(text, path) for _, text in _leaves(entry))]
    if not named:
        status = str(sent.answer.status)
        named = [entry for entry in entries if status in _values([entry], STATUS)]
    given = ids_in(named, id_names)
    if not given:
        return named[:1]
    own_id = next((one for one in given if one not in used), given[0])
    return [entry for entry in entries if own_id in ids_in([entry], id_names)]


def names_path(text: str, path: str) -> bool:
    """Whether a text names a path, in a line of HTTP, in an address or alone, and not one that ends in it.

    Alone it needs no slash, as Flask's `request.endpoint` has none; one at its end makes no difference.
    """
    bare = path.strip("/")
    end = (f"/{re.escape(bare)}/?" if bare else "/") + r"(?![\w/-])"
    return text.strip("/") == bare != "" or re.search(rf"(?<![\w/.:-]){end}|://[^/\s]+{end}", text) is not None


def ids_in(entries: Sequence[Entry], id_names: str) -> list[str]:
    """Return the ids that entries hold, in the order of the names `a|b`; zeros alone are none, as of an empty trace."""
    return [text for text in _values(entries, id_names) if text.strip("0-")] if id_names else []


def value_of(entries: Sequence[Entry], field_names: str) -> str | None:
    """Return the value of a field, by the first of its names `a|b` that is there."""
    return next(_values(entries, field_names), None)


def _ids_of(sent: Sent) -> list[str]:
    headers = {name.lower(): value for name, value in sent.request.headers}
    values = [headers.get(name.lower()) for name in ID_HEADERS] + [sent.answer.header(name) for name in ID_HEADERS]
    return [value for value in values if value]


def _values(entries: Sequence[Entry], field_names: str) -> Iterator[str]:
    """Yield the values that are called so, name by name: `c` is any `a.b.c`, and so is `b_c`."""
    leaves = [(_names_of(place), text) for entry in entries for place, text in _leaves(entry)]
    for name in field_names.split("|"):
        yield from (text for known, text in leaves if _plain(name) in known)


def _names_of(place: str) -> frozenset[str]:
    parts = place.split(".")
    return frozenset(_plain(".".join(parts[start:])) for start in range(len(parts)))


def _plain(name: str) -> str:
    return name.lower().translate(IGNORED)


def _leaves(entry: Entry, around: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the values within an object that hold something, each with its dotted place."""
    for name, value in entry.items():
        if isinstance(value, Mapping) and depth < DEEPEST:
            yield from _leaves(value, f"{around}{name}.", depth + 1)
        elif value not in (None, "", [], {}):
            yield f"{around}{name}", str(value)
