"""Values in data that a learner hands in: where they are, and whether they are numbers."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple

from infra_grader.plugin import CheckFailed, Context, Evidence, Meta, TextFile
from infra_grader.reading.document import read_document

STEP = re.compile(
    r"(?P<key>[^.\[\]]+)|\[(?P<index>\*|[0-9]+)\]|\[(?P<name>[^=\[\]]+)=(?P<wanted>[^\[\]]*)\]|(?P<dot>\.)"
)

ValuePath = Annotated[
    str,
    Meta(
        min_length=1,
        description="Where the value is: keys with dots between, `[0]` an item, `[*]` every item,"
        " `[region=us-east]` the items with this value. Capitals, `-`, `_` and blanks in keys do not matter.",
    ),
]
ValuePaths = ValuePath | Annotated[list[ValuePath], Meta(min_length=1)]


def listed(paths: str | list[str]) -> list[str]:
    """Return one path or several as a list. Raises `ValueError` for one that is not written as it should be."""
    several = [paths] if isinstance(paths, str) else paths
    for path in several:
        if "".join(step[0] for step in STEP.finditer(path)) != path:
            raise ValueError(f"{path!r} is no path to a value; write `rows[0].p95` or `regions[name=us-east].p95`")
    return several


class Value(NamedTuple):
    """A value, and the path at which it stands."""

    path: str
    found: Any


def read_results(context: Context, places: Sequence[str]) -> tuple[TextFile, Any]:
    """Return the first file that is there and its data; a CSV file is a list of rows, its numbers read as such."""
    file = context.workspace.read_first(places)
    if not file.path.lower().endswith(".csv"):
        return file, read_document(file)
    try:
        rows = csv.DictReader(io.StringIO(file.text, newline=""), restkey="", strict=True)
        return file, [{key: _cell(text) for key, text in row.items() if key} for row in rows]
    except csv.Error as error:
        line = min(file.text.count("\n") + 1, max(1, rows.line_num + 1))
        raise CheckFailed(
            f"{file.path} is not valid CSV: {error}.", Evidence(path=file.path, line=line, actual=str(error))
        ) from error


def find_values(data: Any, paths: Sequence[str]) -> list[Value]:
    """Return the values at the first of the paths that leads to any."""
    for path in paths:
        if found := list(_follow(Value("", data), list(STEP.finditer(path)))):
            return found
    return []


def as_number(found: Any) -> float | None:
    """Return a finite number, or `None` for anything else: text, true, NaN are no numbers."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        number = float(found)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _cell(text: str | None) -> float | str | None:
    """Return a cell of a CSV file, which knows no types: a number where it reads like one."""
    try:
        return float(text) if text is not None and text.isascii() and "_" not in text else text
    except ValueError:
        return text


def _follow(value: Value, steps: list[re.Match[str]]) -> Iterator[Value]:
    values = [value]
    for step in steps:
        if not step["dot"]:
            values = [child for parent in values for child in _children(parent, step)]
    return iter(values)


def _children(parent: Value, step: re.Match[str]) -> Iterator[Value]:
    """Yield what one step of a path leads to."""
    data = parent.found
    if step["key"] is not None and isinstance(data, dict):
        key = _matching_key(data, step["key"])
        if key is not None:
            yield Value(f"{parent.path}.{key}".lstrip("."), data[key])
    elif step["index"] is not None and isinstance(data, list):
        for number, item in enumerate(data):
            if step["index"] in ("*", str(number)):
                yield Value(f"{parent.path}[{number}]", item)
    elif step["name"] is not None and isinstance(data, list):
        for number, item in enumerate(data):
            key = _matching_key(item, step["name"]) if isinstance(item, dict) else None
            if key is not None and _same(item[key], step["wanted"]):
                yield Value(f"{parent.path}[{number}]", item)


def _matching_key(data: dict[Any, Any], wanted: str) -> Any:
    """Return the key that is written like this, or nearly so; `None` if there is none."""
    if wanted in data:
        return wanted
    plain = _plain(wanted)
    return next((key for key in data if isinstance(key, str) and _plain(key) == plain), None)


def _plain(key: str) -> str:
    return re.sub(r"[-_ ]", "", key).casefold()


def _same(found: Any, wanted: str) -> bool:
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    return _plain(str(found)) == _plain(wanted)
