"""What a program's log is asked to hold, and whether it does: for containers wherever they run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from infra_grader.plugin import Annotated, Context, Evidence, EvidenceKind, Meta, Params, Regex
from infra_grader.reading.plain_value import read_json
from infra_grader.reading.printed import Expected, find_missed

Text = Annotated[str, Meta(min_length=1)]


class LogParams(Params, kw_only=True):
    """What a log holds, and what not."""

    lines: Annotated[int, Meta(ge=1, le=1000, description="Lines that it prints at least.")] = 1
    contains: Annotated[list[Text], Meta(description="Texts that are found in it.")] = msgspec.field(
        default_factory=list
    )
    matches: Annotated[list[Regex], Meta(description="Regular expressions that are found in it.")] = msgspec.field(
        default_factory=list
    )
    json_share: Annotated[
        float, Meta(ge=0, le=1, description="Share of its lines that are JSON objects, at least.")
    ] = 0.0
    fields: Annotated[
        list[Text | list[Text]],
        Meta(description="Fields that every JSON object has, if `json_share` asks for some; a list means any of them."),
    ] = msgspec.field(default_factory=list)
    lacks: Annotated[list[Text], Meta(description="Texts that it does not contain, such as a password.")] = (
        msgspec.field(default_factory=lambda: ["Traceback (most recent call last)"])
    )


def missed_in(context: Context, params: LogParams, printed: bytes, command: str) -> list[Evidence | None]:
    """Return for each thing that is asked the evidence where it is not so, else `None`.

    `command` is how a person would see the log.
    """
    text = printed.decode("utf-8", "replace")
    return [None if said is None else said.replace(path=command) for said in _missed(context, params, printed, text)]


def _missed(context: Context, params: LogParams, printed: bytes, text: str) -> Iterator[Evidence | None]:
    """Yield for each thing that is asked what is the case instead, or `None`."""
    lines = [line for line in text.splitlines() if line.strip()]
    is_enough = len(lines) >= params.lines
    yield None if is_enough else _said(f"at least {params.lines} lines", f"{len(lines)} lines")
    for part in params.contains:
        yield None if part in text else _said(f"the text {part!r}", "no such text")
    for pattern in params.matches:
        missed = find_missed(printed, Expected(matches=pattern), context)
        yield None if missed is None else _said(f"a text that matches {pattern!r}", "no such text")
    if params.json_share:
        yield from _structured(params, lines)
    for part in params.lacks:
        place = next((number for number, line in enumerate(lines, start=1) if part.lower() in line.lower()), 0)
        found = _said(f"no text {part!r}", f"it, in line {place} of the last {len(lines)}")
        yield found if place else None


def _structured(params: LogParams, lines: list[str]) -> Iterator[Evidence | None]:
    objects = [found for line in lines if (found := _object(line)) is not None]
    share = len(objects) / max(1, len(lines))
    other = next((line for line in lines if _object(line) is None), "")
    fault = _said(
        f"JSON in {100 * params.json_share:g} % of the lines",
        f"JSON in {100 * share:.0f} %",
        f"not JSON: {other[:200]}",
    )
    yield None if objects and share >= params.json_share else fault
    for names in params.fields:
        wanted = [names] if isinstance(names, str) else names
        lacking = next((found for found in objects if not any(name in found for name in wanted)), None)
        title = " or ".join(wanted)
        if not objects:
            yield _said(f"the field {title} in every object", "no object at all")
        elif lacking is not None:
            yield _said(f"the field {title} in every object", f"one without it: {str(lacking)[:200]}")
        else:
            yield None


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = read_json(line.strip())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _said(expected: str, actual: str, text: str | None = None) -> Evidence:
    return Evidence(kind=EvidenceKind.COMMAND, expected=expected, actual=actual, text=text)
