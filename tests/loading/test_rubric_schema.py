from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from infra_grader.errors import RubricError
from infra_grader.loading.rubric_schema import full_schema
from infra_grader.reading.yaml import read_document


@pytest.fixture
def schema(kinds):
    return full_schema(kinds.values())


def test_schema_is_valid_draft_2020_12_and_plain_json(schema):
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


def test_schema_accepts_what_loading_accepts(schema, sample):
    Draft202012Validator(schema).validate(read_document(sample, strict=True).data)


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        ("{paths: [src]}", "{path: src}"),
        (", with: {paths: [src]}", ""),
        ("uses: python.lint", "uses: python.lnt"),
        ("with: {paths: [src]}", "with: {paths: [src]}, award: {'> 1': 1}"),
        ("points: 5}", "points: 5, award: {'> 1': 1}}"),
        ("weight: 2", "wieght: 2"),
        ('"<= 0": 1', '"=< 0": 1'),
    ],
)
def test_schema_and_loading_refuse_the_same(schema, sample, load, part, broken):
    assert part in sample
    data = read_document(sample.replace(part, broken, 1), strict=True).data
    assert not Draft202012Validator(schema).is_valid(data)
    with pytest.raises(RubricError):
        load((part, broken))


def test_uses_decides_what_with_may_hold(schema):
    (matching,) = [
        condition["then"] for condition in schema["$defs"]["parameters"]["allOf"]
        if condition["if"]["properties"]["uses"]["const"] == "text.matches"
    ]  # fmt: skip
    reference = matching["properties"]["with"]["$ref"]
    assert reference == "#/$defs/with.text.matches.Matches"
    assert sorted(schema["$defs"]["with.text.matches.Matches"]["properties"]) == ["also", "mode", "pattern", "rows"]
    assert matching["properties"]["with"]["description"] == "A text matches."


def test_kinds_are_offered_with_their_summaries(schema):
    uses = schema["$defs"]["CheckForm"]["properties"]["uses"]
    assert uses["enum"] == ["docker.user", "file.exists", "manual.levels", "python.lint", "text.matches"]
    assert uses["enumDescriptions"][1] == "A file is there."


def test_every_key_of_the_format_is_described(schema):
    forms = [schema, *(part for name, part in schema["$defs"].items() if name.endswith("Form"))]
    for form in forms:
        for name, key in form["properties"].items():
            described = [key, *key.get("anyOf", ())]
            refers = [schema["$defs"][part["$ref"].removeprefix("#/$defs/")] for part in described if "$ref" in part]
            assert any("description" in part for part in described + refers), name


def test_schema_without_kinds_describes_the_format_alone():
    schema = full_schema([])
    Draft202012Validator.check_schema(schema)
    assert "parameters" not in schema["$defs"]
