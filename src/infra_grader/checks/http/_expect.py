"""What an answer is asked to be, and the first thing that it is not."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from infra_grader.capabilities.http import Answer
from infra_grader.plugin import Annotated, Context, Meta, NotAssessed, Params, Regex
from infra_grader.reading.asked_request import filled
from infra_grader.reading.plain_value import read_json

Type = Literal["string", "integer", "number", "boolean", "array", "object", "null"]
NO_ROUTE = frozenset({404, 405, 501})
"""Statuses by which a service says that it has no such place: they are no answer to bad input."""
MAX_SEARCHED = 10_000
"""Characters in which a pattern is looked for."""
ABSENT: Any = object()
RANGE = re.compile(r"([1-5])xx|(\d{3})-(\d{3})")


class Field(Params):
    """What a value is asked to be: everything that is given here must hold."""

    any_of: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Names or places that count, such as `error.code`; without any, the field's own name."),
    ] = msgspec.field(default_factory=list)
    required: Annotated[bool, Meta(description="Whether it has to be there at all.")] = True
    type: Annotated[Type | list[Type] | None, Meta(description="JSON type, or several.")] = None
    equals: Annotated[Any, Meta(description="The value that it is; 10 and 10.0 are the same. Not null.")] = None
    one_of: Annotated[list[Any] | None, Meta(description="The values that it may be.")] = None
    tolerance: Annotated[float, Meta(ge=0, description="By how much a number may be off what it equals.")] = 0.0
    between: Annotated[tuple[float, float] | None, Meta(description="Bounds of a number, inclusive.")] = None
    matches: Annotated[Regex | None, Meta(description="Regular expression that is found in a text.")] = None
    contains: Annotated[str | None, Meta(description="Text that a text contains, in any case.")] = None
    length: Annotated[
        tuple[int, int] | None, Meta(description="Least and greatest length of a text, list or mapping.")
    ] = None
    items: Annotated[Field | None, Meta(description="What every item of a list is.")] = None
    fields: Annotated[dict[str, Field], Meta(description="What a mapping holds, by name.")] = msgspec.field(
        default_factory=dict
    )
    falling_by: Annotated[
        list[str], Meta(description="Names of the number in each item of a list by which they fall.")
    ] = msgspec.field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse a pattern that is none."""
        if self.matches is not None:
            try:
                re.compile(self.matches)
            except re.error as error:
                raise ValueError(f"`matches` is no regular expression: {error}") from error


class Expected(Params):
    """What an answer is asked to be: everything that is given here must hold."""

    status: Annotated[
        int | str | list[int | str],
        Meta(description="Status, or several: numbers, `2xx`, `400-422`. A range never means 404, 405 or 501."),
    ] = "2xx"
    content_type: Annotated[str | None, Meta(description="Its content type, without parameters.")] = None
    headers: Annotated[dict[str, Field], Meta(description="Its headers.")] = msgspec.field(default_factory=dict)
    fields: Annotated[dict[str, Field], Meta(description="Fields of its JSON body, by meaning.")] = msgspec.field(
        default_factory=dict
    )
    value: Annotated[Field | None, Meta(description="What its JSON body is as a whole.")] = None
    json_schema: Annotated[
        str | dict[str, Any] | None, Meta(description="JSON Schema of its body, or a file of the rubric's own.")
    ] = None
    contains: Annotated[list[str], Meta(description="Texts that its body contains.")] = msgspec.field(
        default_factory=list
    )
    lacks: Annotated[list[str], Meta(description="Texts that its body does not contain, such as Traceback.")] = (
        msgspec.field(default_factory=list)
    )
    max_bytes: Annotated[int | None, Meta(description="Greatest size of its body.")] = None
    max_ms: Annotated[float | None, Meta(description="Time that it may take, in milliseconds.")] = None

    def __post_init__(self) -> None:
        """Refuse a status that is none."""
        for status in _statuses(self):
            if isinstance(status, str) and not (RANGE.fullmatch(status) or status.isdigit()):
                raise ValueError(f"{status!r} is no status: write 200, 2xx or 400-422")


class Missed(Params):
    """What an answer is not."""

    expected: str
    actual: str


def find_missed(answer: Answer, expected: Expected, context: Context, values: Mapping[str, Any]) -> Missed | None:
    """Return the first thing that an answer is asked to be and is not, or `None`."""
    return next(_missed(answer, expected, context, values), None)


def is_status(status: int, expected: Expected) -> bool:
    """Whether a status is among those that are asked for."""
    return any(_holds(status, wanted) for wanted in _statuses(expected))


def find_value(value: Any, places: list[str]) -> Any:
    """Return what stands at the first of the places that is there, else `ABSENT`."""
    return next((found for place in places if (found := _at(value, place)) is not ABSENT), ABSENT)


def read_body(answer: Answer) -> Any:
    """Return the JSON value of a body. Raises `ValueError` for anything else."""
    return read_json(answer.body.decode("utf-8"))


def _statuses(expected: Expected) -> list[int | str]:
    return expected.status if isinstance(expected.status, list) else [expected.status]


def _holds(status: int, wanted: int | str) -> bool:
    if isinstance(wanted, int) or wanted.isdigit():
        return status == int(wanted)
    found = RANGE.fullmatch(wanted)
    if found is None or status in NO_ROUTE:
        return False
    return status // 100 == int(found[1]) if found[1] else int(found[2]) <= status <= int(found[3])


def _missed(answer: Answer, expected: Expected, context: Context, values: Mapping[str, Any]) -> Iterator[Missed]:
    if not is_status(answer.status, expected):
        yield Missed(expected=f"status {' or '.join(map(str, _statuses(expected)))}", actual=f"status {answer.status}")
    kind = (answer.header("content-type") or "none").partition(";")[0].strip().lower()
    if expected.content_type and kind != expected.content_type.lower():
        yield Missed(expected=f"content type {expected.content_type}", actual=f"content type {kind}")
    for name, field in expected.headers.items():
        names = field.any_of or [name]
        found = next((text for key in names if (text := answer.header(key)) is not None), ABSENT)
        yield from _field(found, field, f"the header {name}", values)
    if expected.max_bytes is not None and (answer.is_cut or len(answer.body) > expected.max_bytes):
        actual = f"{'more than ' if answer.is_cut else ''}{len(answer.body)} bytes"
        yield Missed(expected=f"at most {expected.max_bytes} bytes", actual=actual)
    if expected.max_ms is not None and answer.seconds * 1000 > expected.max_ms:
        yield Missed(expected=f"an answer within {expected.max_ms:g} ms", actual=f"{answer.seconds * 1000:.0f} ms")
    text = answer.text
    for part in filled(expected.contains, values):
        if str(part) not in text:
            yield Missed(expected=f"a body that contains {part!r}", actual="it does not")
    for part in filled(expected.lacks, values):
        if str(part).lower() in text.lower():
            yield Missed(expected=f"a body without {part!r}", actual="it is there")
    yield from _missed_json(answer, expected, context, values)


def _missed_json(answer: Answer, expected: Expected, context: Context, values: Mapping[str, Any]) -> Iterator[Missed]:
    if not expected.fields and expected.value is None and expected.json_schema is None:
        return
    try:
        body = read_body(answer)
    except ValueError as error:
        yield Missed(expected="a body of JSON", actual=f"{error}"[:200])
        return
    if expected.value is not None:
        yield from _field(body, expected.value, "the body", values)
    if expected.fields:
        yield from _fields(body, expected.fields, "the body", values)
    if expected.json_schema is not None:
        yield from _by_schema(body, expected.json_schema, context)


def _by_schema(body: Any, given: str | dict[str, Any], context: Context) -> Iterator[Missed]:
    import jsonschema  # slow to import

    schema: Any = given
    if isinstance(given, str):
        try:
            schema = json.loads(context.rubric_file(given).read_text(encoding="utf-8"))
        except ValueError as problem:
            raise NotAssessed(
                f"The rubric's {given} is no JSON: {problem}.", "Tell the author of the rubric."
            ) from None
    try:
        faults = sorted(jsonschema.Draft202012Validator(schema).iter_errors(body), key=lambda fault: fault.json_path)
    except RecursionError:
        yield Missed(expected="a body by the schema", actual="it is nested too deeply")
        return
    for fault in faults[:1]:
        yield Missed(expected=f"a body by the schema, {fault.json_path}", actual=fault.message[:300])


def _fields(value: Any, fields: Mapping[str, Field], where: str, values: Mapping[str, Any]) -> Iterator[Missed]:
    if not isinstance(value, dict):
        yield Missed(expected=f"{where} is an object", actual=_shown(value))
        return
    for name, field in fields.items():
        yield from _field(find_value(value, field.any_of or [name]), field, f"{name} in {where}", values)


def _field(value: Any, field: Field, where: str, values: Mapping[str, Any]) -> Iterator[Missed]:
    if value is ABSENT:
        if field.required:
            names = f" ({' or '.join(field.any_of)})" if field.any_of else ""
            yield Missed(expected=f"{where}{names}", actual="it is not there")
        return
    types = [field.type] if isinstance(field.type, str) else field.type
    if types and not any(_is_type(value, kind) for kind in types):
        yield Missed(expected=f"{where} is of type {' or '.join(types)}", actual=_shown(value))
    wanted = filled(field.equals, values)
    if wanted is not None and not is_same_json(value, wanted, field.tolerance):
        yield Missed(expected=f"{where} is {_shown(wanted)}", actual=_shown(value))
    options = filled(field.one_of, values)
    if options is not None and not any(is_same_json(value, option, field.tolerance) for option in options):
        yield Missed(expected=f"{where} is one of {_shown(options)}", actual=_shown(value))
    if field.between is not None and not (
        _is_type(value, "number") and math.isfinite(value) and field.between[0] <= value <= field.between[1]
    ):
        yield Missed(expected=f"{where} is from {field.between[0]:g} to {field.between[1]:g}", actual=_shown(value))
    if field.matches is not None and not (isinstance(value, str) and re.search(field.matches, value[:MAX_SEARCHED])):
        yield Missed(expected=f"{where} matches {field.matches!r}", actual=_shown(value))
    part = filled(field.contains, values)
    if part is not None and not (isinstance(value, str) and str(part).lower() in value.lower()):
        yield Missed(expected=f"{where} contains {part!r}", actual=_shown(value))
    yield from _within(value, field, where, values)


def _within(value: Any, field: Field, where: str, values: Mapping[str, Any]) -> Iterator[Missed]:
    if field.length is not None:
        least, most = field.length
        if not isinstance(value, str | list | dict) or not least <= len(value) <= most:
            yield Missed(expected=f"{where} has a length from {least} to {most}", actual=_shown(value))
    if field.items is not None:
        if not isinstance(value, list):
            yield Missed(expected=f"{where} is a list", actual=_shown(value))
            return
        for place, item in enumerate(value):
            yield from _field(item, field.items, f"item {place} of {where}", values)
    if field.fields:
        yield from _fields(value, field.fields, where, values)
    if field.falling_by:
        items = value if isinstance(value, list) else []
        numbers = [find_value(item, field.falling_by) for item in items]
        is_falling = all(_is_type(number, "number") for number in numbers) and numbers == sorted(numbers, reverse=True)
        if not items or not is_falling:
            yield Missed(expected=f"{where} falls by {' or '.join(field.falling_by)}", actual=_shown(value))


def is_same_json(one: Any, other: Any, tolerance: float = 0.0) -> bool:
    """Whether two JSON values are the same, where a number may be written with or without a point."""
    if _is_type(one, "number") and _is_type(other, "number"):
        try:
            return bool(one == other or abs(one - other) <= tolerance)
        except OverflowError:
            return False
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(is_same_json(a, b, tolerance) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same_json(one[key], other[key], tolerance) for key in one)
    return bool(one == other)


def _at(value: Any, place: str) -> Any:
    if isinstance(value, dict) and place in value:  # a name with a dot in it
        return value[place]
    for part in place.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part[:9]) < len(value):
            value = value[int(part[:9])]
        else:
            return ABSENT
    return value


def _is_type(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    types: dict[str, Any] = {"string": str, "number": int | float, "array": list, "object": dict, "null": type(None)}
    return kind in types and isinstance(value, types[kind])


def _shown(value: Any) -> str:
    """Return a value in a few words."""
    try:
        return json.dumps(value, ensure_ascii=False)[:200]
    except (RecursionError, ValueError):
        return "a value that is nested too deeply"
