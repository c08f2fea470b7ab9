"""A rubric as it was written, before anything in it has proved to be of the right type.

The rules of `rubric_problems.py` read a draft, so that a wrong key in one place hides no fault in another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from infra_grader.errors import PluginError
from infra_grader.loading.parameter_roles import Marked, marked_texts
from infra_grader.model.record import Record
from infra_grader.plugin import CheckKind, Params

Path = tuple[str | int, ...]
FindKind = Callable[[str], CheckKind]


class Fault(NamedTuple):
    """One thing wrong in a rubric, at a path in it; its line is looked up where it is reported."""

    path: Path
    message: str
    allowed: str = ""
    suggestion: str = ""
    is_about_key: bool = False
    """Whether the key at the path is wrong, not its value."""


class CheckDraft(Record):
    """A check as written."""

    path: Path
    data: Mapping[str, object]
    kind: CheckKind | None = None
    model: type[Params] | None = None
    trouble: PluginError | None = None
    """Why there is no kind."""
    marked: tuple[Marked, ...] = ()
    """Parameters with a role; their paths start below `with`."""

    @property
    def id(self) -> str:
        """Its id, or nothing."""
        return text_of(self.data.get("id"))

    @property
    def uses(self) -> str:
        """The name of its kind, or nothing."""
        return text_of(self.data.get("uses"))

    @property
    def parameters(self) -> object:
        """What stands at `with`."""
        return self.data.get("with", {})

    @property
    def is_scored(self) -> bool:
        """Whether it belongs to a criterion, not to bonus or penalties."""
        return self.path[0] == "criteria"

    def named(self) -> Iterator[tuple[Path, str]]:
        """Yield the ids that it needs, with the path of each: those of `needs`, then the handles it uses."""
        for place, needed in enumerate(list_of(self.data.get("needs"))):
            if isinstance(needed, str):
                yield (*self.path, "needs", place), needed
        for role, path, text in self.marked:
            if role == "handle":
                yield (*self.path, "with", *path), text


class Group(NamedTuple):
    """Checks that share points by weight: a criterion, or the bonus."""

    path: Path
    data: Mapping[str, object]
    checks: tuple[CheckDraft, ...]
    noun: str


class RubricDraft(Record):
    """A rubric as written."""

    data: Mapping[str, object]
    groups: tuple[Group, ...]
    penalties: tuple[CheckDraft, ...]

    @property
    def criteria(self) -> tuple[Group, ...]:
        """The rows of the rubric."""
        return tuple(group for group in self.groups if group.path[0] == "criteria")

    @property
    def checks(self) -> tuple[CheckDraft, ...]:
        """Every check, in the rubric's order."""
        return (*(check for group in self.groups for check in group.checks), *self.penalties)


def draft_rubric(data: object, find_kind: FindKind) -> RubricDraft:
    """Return the draft of a rubric's data; what has the wrong shape is left out of it."""
    top = mapping_of(data)
    groups = [
        Group(path, row, _draft_checks((*path, "checks"), row.get("checks"), find_kind), f'criterion "{row.get("id")}"')
        for path, row in _mappings(("criteria",), top.get("criteria"))
    ]
    if "bonus" in top:
        bonus = mapping_of(top["bonus"])
        checks = _draft_checks(("bonus", "checks"), bonus.get("checks"), find_kind)
        groups.append(Group(("bonus",), bonus, checks, "the bonus"))
    penalties = _draft_checks(("penalties",), top.get("penalties"), find_kind)
    return RubricDraft(data=top, groups=tuple(groups), penalties=penalties)


def _draft_checks(path: Path, value: object, find_kind: FindKind) -> tuple[CheckDraft, ...]:
    return tuple(_draft_check(place, check, find_kind) for place, check in _mappings(path, value))


def _draft_check(path: Path, data: Mapping[str, object], find_kind: FindKind) -> CheckDraft:
    uses = text_of(data.get("uses"))
    if not uses:
        return CheckDraft(path=path, data=data)
    try:
        kind = find_kind(uses)
        model = kind.params
        marked = tuple(marked_texts(model, data.get("with")))
    except PluginError as trouble:
        return CheckDraft(path=path, data=data, trouble=trouble)
    return CheckDraft(path=path, data=data, kind=kind, model=model, marked=marked)


def _mappings(path: Path, value: object) -> Iterator[tuple[Path, Mapping[str, object]]]:
    for place, item in enumerate(list_of(value)):
        if isinstance(item, dict):
            yield (*path, place), item


def text_of(value: object) -> str:
    """Return a text, or nothing for what is none."""
    return value if isinstance(value, str) else ""


def list_of(value: object) -> list[object]:
    """Return a list, or an empty one for what is none."""
    return value if isinstance(value, list) else []


def mapping_of(value: object) -> Mapping[str, object]:
    """Return a mapping, or an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def number_of(value: object) -> Decimal | None:
    """Return a number exactly as it was written, or `None` for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Decimal(str(value))
