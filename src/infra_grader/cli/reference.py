"""The reference page of a check kind, made from its model and its docstring."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from infra_grader.plugin import CheckKind, Params

Schema = Mapping[str, Any]

WORDS = {
    "submission-path": "path",
    "regex": "regular expression",
    "check-id": "id of a check",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
}
"""A JSON type, or the format that narrows it, as the reference says it."""


def kind_page(kind: CheckKind, example: str = "") -> str:
    """Return a check kind's page in Markdown; `example` is YAML that asks it something."""
    doc = inspect.getdoc(kind.run) or ""
    parts = [f"# {kind.name}", doc, *_facts(kind), _parameters(kind.params)]
    if example:
        parts.append(f"## Example\n\n```yaml\n{example.strip()}\n```")
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(kind: CheckKind) -> list[str]:
    measure = (
        f"Measures **{kind.measure}**, so a rubric may give it an `award` table."
        if kind.measure
        else "Measures nothing: it has no `award` table."
    )
    needs = ", ".join(sorted(kind.capabilities)) or "only the submitted files"
    return [measure, f"Uses: {needs}."]


def _parameters(model: type[Params]) -> str:
    (schema,), definitions = msgspec.json.schema_components([model], ref_template="#/{name}")
    name = schema["$ref"].rsplit("/", 1)[-1]
    tables = [f"## Parameters\n\n{_table(definitions[name], definitions)}"]
    tables += [
        f"### {other}\n\n{definition.get('description', '')}\n\n{_table(definition, definitions)}".replace(
            "\n\n\n\n", "\n\n"
        )
        for other, definition in sorted(definitions.items())
        if other != name and "properties" in definition
    ]
    return "\n\n".join(tables)


def _table(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    required = schema.get("required", [])
    rows = ["| key | what it is | default |", "|---|---|---|"]
    for key, value in schema.get("properties", {}).items():
        default = "required" if key in required else f"`{json.dumps(value.get('default'), ensure_ascii=False)}`"
        description = _description(value)
        text = f"{_type(value, definitions)}. {description}" if description else f"{_type(value, definitions)}."
        rows.append(f"| `{key}` | {_cell(text)} | {_cell(default)} |")
    return "\n".join(rows) if len(rows) > 2 else "None."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _description(schema: Schema) -> str:
    found = schema.get("description") or next(
        (part["description"] for part in schema.get("anyOf", []) if "description" in part), ""
    )
    return str(found)


def _type(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    """Return a JSON type in words."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        return name if "properties" in definitions[name] else _type(definitions[name], definitions)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(part, definitions) for part in schema["anyOf"]))
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return _list_type(schema, definitions)
    if schema.get("type") == "object":
        return f"mapping to {_type(schema.get('additionalProperties') or {}, definitions)}"
    name = WORDS.get(schema.get("format", schema.get("type", "")), "anything")
    return f"{name}{_bounds(schema)}"


def _list_type(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    if parts := schema.get("prefixItems"):
        return f"list of {len(parts)} ({', '.join(_type(part, definitions) for part in parts)})"
    items = _type(schema.get("items", {}), definitions)
    return f"list of ({items})" if " or " in items else f"list of {items}"


def _bounds(schema: Schema) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" from {low}" if "minimum" in schema else f" above {low}"
    return "" if high is None else f" up to {high}"
