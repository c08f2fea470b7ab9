"""Who sees what a check looks at, so that it can be kept with the grading, or given back without looking."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Seen = TypeVar("Seen")


class Witness:
    """Sees what one check looks at. This one keeps nothing; those of a recording and of a replay derive from it."""

    def observe(self, name: str, type_: type[Seen], make: Callable[[], Seen], asked: object) -> Seen:  # noqa: ARG002
        """Return what was seen under a name; see `Context.observe`."""
        return make()

    def used(self, path: str, place: Path) -> None:
        """Be told of a file or folder of the rubric's own that the check uses."""
