"""The file.schema check kind."""

from __future__ import annotations

from itertools import islice
from typing import Any

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    Params,
    Places,
    TextFile,
    check,
    places,
)
from infra_grader.reading.document import read_document

MAX_VIOLATIONS = 200
"""Violations that are counted; a list of a million wrong entries says no more."""


MAX_QUOTED = 80
"""Characters of a value that a message quotes."""


class Schema(Params):
    """Which file is held against which JSON Schema."""

    path: Annotated[Places, Meta(description="A JSON, YAML or TOML file, or several places that may hold it.")]
    schema: Annotated[
        dict[str, Any] | str,
        Meta(
            description="A JSON Schema (2020-12 unless it says otherwise), or a file of the rubric's own with one."
            " Where a part of it has an `errorMessage`, messages say that."
        ),
    ]


@check("file.schema", measure="violations")
def schema(context: Context, params: Schema) -> Outcome:
    """A JSON, YAML or TOML file matches a JSON Schema; every violation is listed with its path in the data."""
    file = context.workspace.read_first(places(params.path))
    data = read_document(file)
    if data is None or data in ("", [], {}):
        raise CheckFailed(
            f"{file.path} holds no data.", Evidence(path=file.path, expected="data to check", actual="no data")
        )
    rules = params.schema if isinstance(params.schema, dict) else _read_schema(context, params.schema)
    violations = _find_violations(file, data, rules)
    measure = Measure(value=len(violations), unit="violations", threshold=0)
    title = rules.get("title")
    wanted = f"the schema “{title}”" if isinstance(title, str) else "its schema"
    if not violations:
        return Outcome.passed(
            f"{file.path} matches {wanted}.",
            Evidence(path=file.path, expected=wanted, actual="no violation"),
            measure=measure,
        )
    others = f", and {len(violations) - 1} more violations" if len(violations) > 1 else ""
    return Outcome.failed(
        f"{file.path} does not match {wanted}: {violations[0].path}: {violations[0].actual}{others}.",
        Evidence(path=file.path, expected=wanted, actual=f"{len(violations)} violations"),
        *violations,
        measure=measure,
    )


def _read_schema(context: Context, path: str) -> dict[str, Any]:
    """Return the schema in a file of the rubric's own. Raises `NotAssessed` where it holds none: the author's fault."""
    place = context.rubric_file(path)
    try:
        data = read_document(TextFile(path, place.read_text(encoding="utf-8")))
    except CheckFailed as verdict:
        raise _unusable(path, verdict.message) from verdict
    if not isinstance(data, dict):
        raise _unusable(path, "it holds no mapping")
    return data


def _find_violations(file: TextFile, data: Any, rules: dict[str, Any]) -> list[Evidence]:
    """Return a piece of evidence for each violation, up to a number of them, in the data's order."""
    # It takes as long to import as all the rest of a small check.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    validator = validator_for(rules, default=Draft202012Validator)
    try:
        validator.check_schema(rules)
        # A registry of its own, which fetches nothing: a reference that leads to a network must not be followed.
        errors = validator(rules, registry=Registry()).iter_errors(data)
        return list(islice((_describe(error) for error in errors), MAX_VIOLATIONS))
    except SchemaError as error:
        raise _unusable("its schema", error.message) from error
    except Unresolvable as error:
        raise _unusable("its schema", f"{error.ref} leads out of it") from error
    except RecursionError as error:
        raise CheckFailed(
            f"{file.path} is nested too deep to be checked.", Evidence(path=file.path, actual="nested too deep")
        ) from error


def _describe(error: Any) -> Evidence:
    """Return the evidence for a violation. jsonschema's message quotes the value; a large one is told by its kind."""
    expected = f"{error.validator}: {error.validator_value}" if error.validator else "nothing"
    return Evidence(kind=EvidenceKind.FIELD, path=error.json_path, expected=expected, actual=_problem(error))


def _problem(error: Any) -> str:
    if isinstance(error.schema, dict) and isinstance(error.schema.get("errorMessage"), str):
        return str(error.schema["errorMessage"])
    quoted = repr(error.instance)
    if len(quoted) <= MAX_QUOTED or not error.message.startswith(quoted):
        return str(error.message)
    kind = "this mapping" if isinstance(error.instance, dict) else "this value"
    return f"{kind}{error.message.removeprefix(quoted)}"


def _unusable(schema: str, problem: str) -> NotAssessed:
    return NotAssessed(
        f"The rubric's JSON Schema cannot be used: {schema}: {problem}.",
        "Tell the author of the rubric.",
        Evidence(kind=EvidenceKind.FIELD, path="schema", expected="a JSON Schema", actual=problem),
    )
