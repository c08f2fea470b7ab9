"""The JSON Schema (draft 2020-12) of rubrics, composed from the format and from the check kinds' own models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from infra_grader.loading.rubric_format import CheckForm, PenaltyForm, RubricForm
from infra_grader.plugin import CheckKind

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def full_schema(kinds: Iterable[CheckKind]) -> dict[str, Any]:
    """Return the schema of rubrics that use these kinds: `uses` decides on `with` and `award`.

    Give all kinds for an editor. Raises `PluginError` for a kind that declares no parameter model.
    """
    ordered = sorted(kinds, key=lambda kind: kind.name)
    (_,), forms = msgspec.json.schema_components([RubricForm], ref_template="#/$defs/{name}")
    top = forms.pop(RubricForm.__name__)
    if ordered:
        for form in (CheckForm, PenaltyForm):
            forms[form.__name__]["properties"]["uses"] |= {
                "enum": [kind.name for kind in ordered],
                "enumDescriptions": [kind.summary for kind in ordered],  # shown by VS Code
            }
            forms[form.__name__]["allOf"] = [{"$ref": "#/$defs/parameters"}]
        forms["parameters"] = {
            "description": "What each check kind accepts.",
            "allOf": [_condition(kind, forms) for kind in ordered],
        }
    return {"$schema": DIALECT, **top, "title": "Rubric of infra-grader", "$defs": forms}


def _condition(kind: CheckKind, forms: dict[str, Any]) -> dict[str, Any]:
    """Return "if a check uses this kind, then ..."; the kind's models join the definitions."""
    name = f"with.{kind.name}"
    (reference,), models = msgspec.json.schema_components([kind.params], ref_template=f"#/$defs/{name}.{{name}}")
    forms.update({f"{name}.{model}": schema for model, schema in models.items()})
    model = models[reference["$ref"].removeprefix(f"#/$defs/{name}.")]
    properties: dict[str, Any] = {"with": {**reference, "description": kind.summary}}
    if not kind.measure:
        properties["award"] = {"not": {}, "description": f"{kind.name} measures nothing."}
    then: dict[str, Any] = {"properties": properties}
    if model.get("required"):
        then["required"] = ["with"]
    return {"if": {"properties": {"uses": {"const": kind.name}}, "required": ["uses"]}, "then": then}
