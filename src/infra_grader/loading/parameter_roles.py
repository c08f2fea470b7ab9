"""Which parameters of a check are regular expressions, and which name other checks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from msgspec import inspect

from infra_grader.errors import PluginError
from infra_grader.plugin import Params

Path = tuple[str | int, ...]


class Marked(NamedTuple):
    """A text among the parameters whose type is marked with a role."""

    role: str
    """`path`, `regex` or `handle`."""
    path: Path
    """Where it stands among the parameters."""
    text: str


def marked_texts(model: type[Params], values: object) -> Iterator[Marked]:
    """Yield the texts in plain `values` that the model marks; values of a wrong shape are passed over.

    Raises `PluginError` for a model that msgspec cannot make sense of.
    """
    return _walk(_type_of(model), values, (), "")


@lru_cache(maxsize=256)
def _type_of(model: type[Params]) -> inspect.Type:
    try:
        return inspect.type_info(model)
    except (TypeError, NameError) as error:
        raise PluginError(model.__name__, f"its parameter model cannot be read: {error}") from error


def _walk(kind: inspect.Type, value: object, path: Path, role: str) -> Iterator[Marked]:
    if isinstance(kind, inspect.Metadata):
        yield from _walk(kind.type, value, path, (kind.extra or {}).get("role", role))
    elif isinstance(kind, inspect.UnionType):
        for option in kind.types:
            yield from _walk(option, value, path, role)
    elif isinstance(value, str):
        if role and isinstance(kind, inspect.StrType):
            yield Marked(role, path, value)
    elif isinstance(value, list):
        if isinstance(kind, inspect.CollectionType):
            for place, item in enumerate(value):
                yield from _walk(kind.item_type, item, (*path, place), role)
    elif isinstance(value, dict):
        yield from _walk_mapping(kind, value, path, role)


def _walk_mapping(kind: inspect.Type, value: dict[str, object], path: Path, role: str) -> Iterator[Marked]:
    if isinstance(kind, inspect.DictType):
        for key, item in value.items():
            yield from _walk(kind.key_type, key, (*path, key), role)
            yield from _walk(kind.value_type, item, (*path, key), role)
    elif isinstance(kind, inspect.StructType):
        for field in kind.fields:
            if field.encode_name in value:
                yield from _walk(field.type, value[field.encode_name], (*path, field.encode_name), "")
