"""A part of an object held against what is asked of it: a partial tree, with comparisons where a value alone won't do.

A mapping is a comparison where all its keys are: `{min: 2}`, `{max: 10}`, `{matches: regex}`, `{absent: true}`,
`{present: true}`, `{not: value}`, `{any_of: [...]}`, `{all: tree}` for each item of a list, `{length: ...}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra_grader.model.record import Record
from infra_grader.reading.manifest import shown
from infra_grader.reading.manifest_quantity import read_quantity

KEYS = ("name", "type", "key", "port", "containerPort", "mountPath", "ip", "topologyKey")
"""Fields by which the items of a list are told apart, in this order."""
Path = tuple[str | int, ...]
MISSING = object()


class Difference(Record):
    """A field that is not as it is asked for."""

    path: Path
    expected: str
    actual: str

    @property
    def written(self) -> str:
        """The path as people write it: `spec.containers[0].image`."""
        parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(parts).removeprefix(".")


class Held(Record):
    """A tree held against an object."""

    asked: int
    """How many fields are asked for."""
    differences: tuple[Difference, ...]

    @property
    def right(self) -> int:
        """How many of them are as asked."""
        return self.asked - len(self.differences)


def hold(wanted: Any, actual: Any) -> Held:
    """Return where an object differs from a tree, in the fields that the tree asks for alone."""
    return _sum(_hold(wanted, actual, ()))


def problems(wanted: Any, path: str = "") -> Iterator[str]:
    """Yield what is wrong with a tree: comparisons that cannot be made."""
    if _is_comparison(wanted):
        yield from (f"{path or 'the tree'}: {said}" for said in map(_problem, wanted, wanted.values()) if said)
    elif isinstance(wanted, dict):
        for key, value in wanted.items():
            yield from problems(value, f"{path}.{key}".removeprefix("."))
    elif isinstance(wanted, list):
        for number, value in enumerate(wanted):
            yield from problems(value, f"{path}[{number}]")


def _problem(name: str, value: Any) -> str:
    """Return what is wrong with one comparison, or nothing."""
    if name == "matches":
        try:
            re.compile(str(value))
        except re.error as error:
            return f"{value!r} is no regular expression: {error}"
    if name == "any_of" and not (isinstance(value, list) and value):
        return "any_of is a list of values"
    if name in ("min", "max") and _number(value) is None:
        return f"{name} is a number or a quantity, not {value!r}"
    return ""


def _hold(wanted: Any, actual: Any, path: Path) -> list[Difference | None]:
    """Return for each field that is asked for the difference, or `None` where it is right."""
    if _is_comparison(wanted) and not (isinstance(actual, dict) and set(wanted) & set(actual)):
        return [found for name, value in wanted.items() for found in COMPARISONS[name](value, actual, path)]
    if isinstance(wanted, dict):
        inner = actual if isinstance(actual, dict) else {}
        if actual is MISSING or isinstance(actual, dict) or not wanted:
            parts = [_hold(value, inner.get(key, MISSING), (*path, key)) for key, value in wanted.items()]
            return [item for part in parts for item in part] or [
                _is(isinstance(actual, dict), path, "a mapping", actual)
            ]
        return [_is(False, path, "a mapping", actual)]
    if isinstance(wanted, list):
        return _items(wanted, actual, path)
    return [_is(_same(wanted, actual), path, shown(wanted), actual)]


def _items(wanted: list[Any], actual: Any, path: Path) -> list[Difference | None]:
    """Each wanted item is some item of the list, at any place; told by its name or key, else by what fits best."""
    if not isinstance(actual, list):
        return [_is(False, path, f"a list with {len(wanted)} items", actual)]
    if not wanted:
        return [_is(not actual, path, "an empty list", actual)]
    found: list[Difference | None] = []
    for item in wanted:
        chosen = [(number, each) for number, each in enumerate(actual) if _same_key(item, each)]
        candidates = [_hold(item, each, (*path, number)) for number, each in chosen]
        if not candidates:
            count = _sum(_hold(item, MISSING, path)).asked
            found += [_is(False, path, f"an item {_words(item)}", actual)] * max(1, count)
        else:
            found += min(candidates, key=lambda each: sum(one is not None for one in each))
    return found


def _same_key(wanted: Any, actual: Any) -> bool:
    """Whether an item may be the one that is meant: it has the same name, where the wanted one says a plain one."""
    if not isinstance(wanted, dict) or _is_comparison(wanted):
        return True
    if not isinstance(actual, dict):
        return False
    key = next((each for each in KEYS if isinstance(wanted.get(each), str | int)), None)
    return key is None or _same(wanted[key], actual.get(key, MISSING))


def _is_comparison(wanted: Any) -> bool:
    if not isinstance(wanted, dict) or not wanted or not set(wanted) <= set(COMPARISONS):
        return False
    # Kubernetes has fields of these names, which hold mappings: the bounds of a LimitRange.
    return not any(isinstance(wanted.get(name), dict | list) for name in ("min", "max"))


def _same(wanted: Any, actual: Any) -> bool:
    """Whether two values are the same: exactly, or as quantities where both are written as such."""
    if isinstance(wanted, bool) or isinstance(actual, bool):
        return wanted is actual
    if wanted == actual:
        return True
    if isinstance(wanted, str | int | float) and isinstance(actual, str | int | float):
        first, second = read_quantity(wanted), read_quantity(actual)
        return first is not None and first == second
    return False


def _number(value: Any) -> Any:
    return read_quantity(str(value).removesuffix("%")) if not isinstance(value, bool | dict | list) else None


def _min(wanted: Any, actual: Any, path: Path) -> list[Difference | None]:
    number, least = _number(actual) if actual is not MISSING else None, _number(wanted)
    return [_is(None not in (number, least) and number >= least, path, f"at least {wanted}", actual)]


def _max(wanted: Any, actual: Any, path: Path) -> list[Difference | None]:
    number, most = _number(actual) if actual is not MISSING else None, _number(wanted)
    return [_is(None not in (number, most) and number <= most, path, f"at most {wanted}", actual)]


def _matches(wanted: Any, actual: Any, path: Path) -> list[Difference | None]:
    is_right = isinstance(actual, str | int | float) and re.search(str(wanted), str(actual)[:10_000]) is not None
    return [_is(is_right, path, f"a text that matches {wanted!r}", actual)]


def _absent(wanted: Any, actual: Any, path: Path) -> list[Difference | None]:
    is_absent = actual is MISSING or actual in (None, [], {}, "")
    return [_is(is_absent is bool(wanted), path, "nothing" if wanted else "any value", actual)]


def _present(wanted: Any, actual: Any, path: Path) -> list[Difference | None]:
    return _absent(not wanted, actual, path)


def _not(wanted: Any, actual: Any, path: Path) -> list[Difference | None]:
    differs = any(each is not None for each in _hold(wanted, actual, path))
    return [_is(differs, path, f"anything but {_words(wanted)}", actual)]


def _any_of(wanted: Any, actual: Any, path: Path) -> list[Difference | None]:
    fits = any(all(each is None for each in _hold(one, actual, path)) for one in wanted)
    return [_is(fits, path, " or ".join(map(_words, wanted)), actual)]


def _all(wanted: Any, actual: Any, path: Path) -> list[Difference | None]:
    if not isinstance(actual, list) or not actual:
        return [_is(False, path, f"items, each of them {_words(wanted)}", actual)]
    return [item for number, each in enumerate(actual) for item in _hold(wanted, each, (*path, number))]


def _length(wanted: Any, actual: Any, path: Path) -> list[Difference | None]:
    count = len(actual) if isinstance(actual, list | dict | str) else 0
    return [
        None if each is None else each.replace(expected=f"{each.expected} of them")
        for each in _hold(wanted, count, path)
    ]


COMPARISONS: Mapping[str, Callable[[Any, Any, Path], list[Difference | None]]] = {
    "min": _min,
    "max": _max,
    "matches": _matches,
    "absent": _absent,
    "present": _present,
    "not": _not,
    "any_of": _any_of,
    "all": _all,
    "length": _length,
}


def _is(is_right: bool, path: Path, expected: str, actual: Any) -> Difference | None:
    if is_right:
        return None
    return Difference(path=path, expected=expected, actual="not there" if actual is MISSING else shown(actual))


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_words(each)}" for key, each in list(value.items())[:4]) or "{}"
    return shown(value)


def _sum(found: list[Difference | None]) -> Held:
    return Held(asked=len(found), differences=tuple(each for each in found if each is not None))
