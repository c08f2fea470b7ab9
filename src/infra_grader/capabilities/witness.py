"""Who sees what a check looks at, so that it can be kept with the grading, or given back without looking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

Seen = TypeVar("Seen")


class Witness:
    """Sees what one check looks at. This one keeps nothing; those of a recording and of a replay derive from it."""

    def observe(self, name: str, type_: type[Seen], make: Callable[[], Seen], asked: object) -> Seen:  # noqa: ARG002
        """Return what was seen under a name; see `Context.observe`."""
        return make()

    def used(self, path: str, place: Path) -> None:
        """Be told of a file or folder of the rubric's own that the check uses."""


def all_but(params: msgspec.Struct, *names: str) -> Mapping[str, Any]:
    """Return parameters without some that only judge: what `Context.observe` takes as `asked`, as plain data."""
    assert set(names) <= set(params.__struct_fields__), "each of them is a parameter"
    plain: dict[str, Any] = msgspec.to_builtins(params, enc_hook=str)
    return {name: value for name, value in plain.items() if name not in names}
