"""The base of the model's values."""

from typing import Any, Self, dataclass_transform

import msgspec


# Says to type checkers what holds at run time: options of a Struct are inherited.
@dataclass_transform(frozen_default=True, kw_only_default=True)
class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen value with named fields.

    A msgspec Struct rather than a dataclass, though nothing here needs its checks: a dataclass of the standard library
    takes forty times as long to define, which was a seventh of what `validate` takes in all.
    """

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)
