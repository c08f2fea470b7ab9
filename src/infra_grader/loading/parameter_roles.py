"""Which parameters of a check are paths or regular expressions, and which name other checks.

The models are walked by their type hints: `msgspec.inspect` would answer too, but takes longer than loading.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from types import UnionType
from typing import Annotated, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from infra_grader.errors import PluginError
from infra_grader.plugin import Params

Path = tuple[str | int, ...]


ROLES = frozenset({"path", "regex", "handle"})
"""The roles that rules of a rubric are about."""


class Marked(NamedTuple):
    """A text among the parameters whose type is marked with a role."""

    role: str
    """One of `ROLES`."""
    path: Path
    """Where it stands among the parameters."""
    text: str


def marked_texts(model: type[Params], values: object) -> Iterator[Marked]:
    """Yield the texts in plain `values` that the model marks; values of a wrong shape are passed over.

    Raises `PluginError` for a model whose annotations cannot be read.
    """
    return _walk(model, values, (), "")


@lru_cache(maxsize=256)
def _hints(model: type[msgspec.Struct]) -> dict[str, object]:
    """Return the types of a model's fields by the keys under which a rubric writes them; only those with a role."""
    try:
        hints = get_type_hints(model, include_extras=True)
    except (NameError, TypeError) as error:
        raise PluginError(model.__name__, f"its parameter model cannot be read: {error}") from error
    keys = zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True)
    return {key: hints[name] for name, key in keys if _is_marked(hints[name])}


def _is_marked(hint: object) -> bool:
    """Whether a role may be found inside a type."""
    if isinstance(hint, msgspec.Meta):
        return _role(hint) in ROLES
    is_model = isinstance(hint, type) and issubclass(hint, msgspec.Struct)
    return is_model or any(_is_marked(part) for part in get_args(hint))


def _role(note: object) -> str:
    return str((note.extra or {}).get("role", "")) if isinstance(note, msgspec.Meta) else ""


def _walk(hint: object, value: object, path: Path, role: str) -> Iterator[Marked]:
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *notes = get_args(hint)
        marks = [mark for note in notes if (mark := _role(note))]
        yield from _walk(inner, value, path, marks[-1] if marks else role)
    elif origin in (Union, UnionType):
        for option in get_args(hint):
            yield from _walk(option, value, path, role)
    elif isinstance(value, str):
        if role in ROLES and hint is str:
            yield Marked(role, path, value)
    elif isinstance(value, list):
        if origin in (list, tuple, set, frozenset):
            for place, item in enumerate(value):
                yield from _walk(get_args(hint)[0], item, (*path, place), role)
    elif isinstance(value, dict):
        yield from _walk_mapping(hint, value, path, role)


def _walk_mapping(hint: object, value: dict[str, object], path: Path, role: str) -> Iterator[Marked]:
    if get_origin(hint) is dict:
        of_key, of_value = get_args(hint)
        for key, item in value.items():
            yield from _walk(of_key, key, (*path, key), role)
            yield from _walk(of_value, item, (*path, key), role)
    elif isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        for key, part in _hints(hint).items():
            if key in value:
                yield from _walk(part, value[key], (*path, key), "")
