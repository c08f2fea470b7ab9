"""Which of a check's parameters are paths of the submission."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import get_args, get_type_hints

import msgspec


def path_parameters(params: msgspec.Struct) -> Iterator[str]:
    """Yield the paths and globs of the submission that a check's parameters name, nested ones too."""
    for name, hint in _path_fields(type(params)).items():
        yield from _texts(getattr(params, name), hint)


@lru_cache(maxsize=256)
def _path_fields(model: type[msgspec.Struct]) -> dict[str, object]:
    hints = get_type_hints(model, include_extras=True)
    return {name: hint for name, hint in hints.items() if _has_role(hint, "path")}


def _has_role(hint: object, role: str) -> bool:
    """Whether a field's type is marked with this role, however deep inside lists, mappings and unions."""
    return any(
        (isinstance(part, msgspec.Meta) and (part.extra or {}).get("role") == role) or _has_role(part, role)
        for part in get_args(hint)
    )


def _texts(value: object, hint: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item, hint)
    elif isinstance(value, dict):
        bare = getattr(hint, "__origin__", hint) if hasattr(hint, "__metadata__") else hint
        for part, of_part in zip((list(value), list(value.values())), get_args(bare), strict=False):
            if _has_role(of_part, "path"):  # the keys, the values, or both
                yield from _texts(part, of_part)
