"""Every fault of a refused rubric, at its line and column.

Imported only on the way to an error: `jsonschema` takes longer to import than a whole validation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from infra_grader.errors import Problem
from infra_grader.loading.rubric_draft import Fault, Path, number_of
from infra_grader.loading.rubric_problems import nearest, path_text, plain
from infra_grader.reading.yaml import Document

SchemaError = Any
"""A `jsonschema.ValidationError`; its stubs call every field possibly unset, which errors of a validator never are."""

NOUNS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}


def schema_faults(data: object, schema: Mapping[str, Any]) -> list[Fault]:
    """Return every fault that a schema finds, worded for the author of a rubric."""
    validator = Draft202012Validator(schema)
    return [fault for error in validator.iter_errors(data) for fault in _faults(error, schema)]


def problems_of(faults: Iterable[Fault], document: Document) -> list[Problem]:
    """Return faults with their lines and columns, from the top of the file down, one for each path and message."""
    found = {_problem(fault, document): None for fault in faults}
    return sorted(found, key=lambda problem: (problem.line or 0, problem.column or 0))


def _problem(fault: Fault, document: Document) -> Problem:
    line, column = document.key_place(fault.path) if fault.is_about_key else document.place(fault.path)
    path = path_text(fault.path)
    return Problem(fault.message, line, column, path, fault.allowed, fault.suggestion)


def _faults(error: SchemaError, schema: Mapping[str, Any]) -> Iterator[Fault]:
    path: Path = tuple(error.absolute_path)
    rule, bound, value = error.validator, error.validator_value, error.instance
    if "propertyNames" in error.absolute_schema_path:
        yield Fault((*path, value), f"the key {shown(value)} is not accepted", _described(error.schema), "", True)
    elif rule == "required":
        yield from _missing(path, error, schema)
    elif rule == "additionalProperties" and bound is False:
        yield from _unknown(path, error, schema)
    elif rule in ("anyOf", "oneOf"):
        yield from _options(path, error, schema)
    elif rule == "type":
        yield Fault(path, f"{shown(value)} is not {_wanted(error.schema, schema)}", _described(error.schema))
    elif rule in ("enum", "const"):
        options = bound if rule == "enum" else [bound]
        allowed = f"{'one of ' if len(options) > 1 else ''}{', '.join(map(shown, options))}"
        yield Fault(path, f"{shown(value)} is not accepted", allowed, _nearest_option(value, options))
    else:
        yield Fault(path, *_bounded(str(rule), bound, value, error.schema))


def _missing(path: Path, error: SchemaError, schema: Mapping[str, Any]) -> Iterator[Fault]:
    properties = error.schema.get("properties", {})
    for key in error.validator_value:
        if key in error.instance:
            continue
        part = properties.get(key, {})
        inner = schema["$defs"][part["$ref"].removeprefix("#/$defs/")] if "$ref" in part else {}
        needed = ", ".join(inner.get("required", ()))
        allowed = f"a mapping with {needed}" if needed else _described(part)
        yield Fault((*path, key), f'the key "{key}" is missing', allowed)


def _unknown(path: Path, error: SchemaError, schema: Mapping[str, Any]) -> Iterator[Fault]:
    known = list(error.schema.get("properties", {}))
    for key in error.instance:
        if key in known:
            continue
        allowed = f"one of {', '.join(known)}" if known else "no keys"
        suggestion = nearest(key, known) or _parameter(key, error.instance, schema)
        yield Fault((*path, key), f"the key {shown(key)} is not known here", allowed, suggestion, True)


def _parameter(key: str, check: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Return `with.KEY` for a parameter that stands beside `with` instead of below it."""
    prefix = f"with.{check.get('uses')}."
    for name, model in schema["$defs"].items():
        if name.startswith(prefix) and key in model.get("properties", {}):
            return f"with.{key}"
    return ""


def _options(path: Path, error: SchemaError, schema: Mapping[str, Any]) -> Iterator[Fault]:
    """Say what is wrong with the option that was meant: the one whose type fits."""
    branches: dict[object, list[SchemaError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    for errors in branches.values():
        if not any(inner.validator == "type" and not inner.path for inner in errors):
            for inner in errors:
                yield from _faults(inner, schema)
            return
    yield Fault(path, f"{shown(error.instance)} is not {_wanted(error.schema, schema)}", _described(error.schema))


def _bounded(rule: str, bound: Any, value: object, schema: Mapping[str, Any]) -> tuple[str, str]:
    """Return message and allowed for a value of the right type that is out of bounds."""
    at = number_of(bound)
    limit = plain(at) if at is not None else ""
    bounds = {
        "minimum": (f"{shown(value)} is too small", f"at least {limit}"),
        "exclusiveMinimum": (f"{shown(value)} is too small", f"more than {limit}"),
        "maximum": (f"{shown(value)} is too large", f"at most {limit}"),
        "exclusiveMaximum": (f"{shown(value)} is too large", f"less than {limit}"),
        "minLength": ("the text is empty" if bound == 1 else "the text is too short", f"at least {limit} characters"),
        "maxLength": ("the text is too long", f"at most {limit} characters"),
        "minItems": ("the list is empty" if bound == 1 else "the list is too short", f"at least {limit} items"),
        "maxItems": ("the list is too long", f"at most {limit} items"),
        "minProperties": (
            "the mapping is empty" if bound == 1 else "the mapping is too small",
            f"at least {limit} keys",
        ),
        "not": ("this key may not stand here", ""),
    }
    message, allowed = bounds.get(rule, (f"{shown(value)} does not fit", ""))
    if rule == "pattern" and not str(value).strip():
        message = "the text is empty"
    return message, allowed.replace("1 characters", "1 character").replace("1 items", "1 item").replace(
        "1 keys", "1 key"
    ) or _described(schema)


def _described(schema: Any) -> str:
    return str(schema.get("description", "")) if isinstance(schema, Mapping) else ""


def _wanted(part: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Return what a schema accepts, in words: "text or a list"."""
    if "$ref" in part:
        return _wanted(schema["$defs"][part["$ref"].removeprefix("#/$defs/")], schema)
    if options := part.get("anyOf") or part.get("oneOf"):
        words = [_wanted(option, schema) for option in options]
        return " or ".join(word for word in dict.fromkeys(words) if word != NOUNS["null"])
    kinds = part.get("type", "object")
    return " or ".join(NOUNS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _nearest_option(value: object, options: Sequence[object]) -> str:
    return nearest(value, [option for option in options if isinstance(option, str)]) if isinstance(value, str) else ""


def shown(value: object) -> str:
    """Return a value as messages show it, cut to a length."""
    if isinstance(value, str):
        return json.dumps(value if len(value) <= 60 else f"{value[:60]}…", ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return NOUNS["null"]
    if isinstance(value, list | dict):
        return NOUNS["array" if isinstance(value, list) else "object"]
    return str(value)
