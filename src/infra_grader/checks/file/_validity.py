"""What file.json, file.yaml and file.toml share: every file of a place is read, and holds something."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    TextFile,
    places,
)


class Valid(Params):
    """Which files are read."""

    path: Annotated[Places, Meta(description="The file, or several places; all files of a glob must be valid.")]
    keys: Annotated[
        tuple[str, ...], Meta(description="Keys that must stand at the top of each file, with a value.")
    ] = ()
    allow_empty: Annotated[bool, Meta(description="Whether a file without any data passes.")] = False


def judge_validity(context: Context, params: Valid, language: str, read: Callable[[TextFile], Any]) -> Outcome:
    """Return the outcome for the files that `params` names: an invalid one costs its share of the points."""
    paths = context.workspace.find_first(places(params.path))
    good: list[Evidence] = []
    bad: list[CheckFailed] = []
    for path in paths:
        context.deadline.check()
        try:
            file = TextFile(path, context.workspace.read_text(path))
            good.append(_describe(file, read(file), params, language))
        except CheckFailed as verdict:
            bad.append(verdict)
    if bad and len(paths) == 1:
        raise bad[0]
    number = len(paths)
    return Outcome.partial(
        Fraction(len(good), number),
        f"{len(bad)} of {number} files are not as asked for: {bad[0].message}" if bad else _all_valid(paths, language),
        *(piece for verdict in bad for piece in verdict.evidence),
        *good,
        measure=Measure(value=len(bad), unit="invalid files", threshold=0),
    )


def _describe(file: TextFile, data: object, params: Valid, language: str) -> Evidence:
    """Return what a valid file holds. Raises `CheckFailed` where it holds nothing, or lacks a key."""
    if not params.allow_empty and _holds_nothing(data):
        raise CheckFailed(
            f"{file.path} holds no data.",
            Evidence(path=file.path, expected=f"{language} with data in it", actual="no data"),
        )
    held = [str(key) for key, value in data.items() if value is not None] if isinstance(data, dict) else []
    if missing := [key for key in params.keys if key not in held]:
        raise CheckFailed(
            f"{file.path} lacks {', '.join(missing)} at its top.",
            Evidence(path=file.path, expected=", ".join(params.keys), actual=", ".join(held) or _kind(data)),
        )
    return Evidence(path=file.path, expected=f"valid {language}", actual=_kind(data))


def _holds_nothing(data: object) -> bool:
    """Whether there is no value in it, however many keys and lists, as in a template: `services: {api: }`."""
    pending = [data]
    while pending:
        item = pending.pop()
        if isinstance(item, dict | list):
            pending += item.values() if isinstance(item, dict) else item
        elif item is not None and item != "":
            return False
    return True


def _kind(data: object) -> str:
    if isinstance(data, dict):
        return f"a mapping with {len(data)} keys"
    if isinstance(data, list):
        return f"a list of {len(data)}"
    return "no data" if data is None else f"one {type(data).__name__}"


def _all_valid(paths: tuple[str, ...], language: str) -> str:
    return f"{paths[0]} is valid {language}." if len(paths) == 1 else f"All {len(paths)} files are valid {language}."
