"""Whatever a file holds, it is a rubric or it is refused: no other exception, and never slowly."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from infra_grader.errors import PluginError, RubricError
from infra_grader.loading.rubric_file import load_rubric
from infra_grader.loading.rubric_schema import full_schema
from infra_grader.reading.yaml import YamlError, read_document, read_documents

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
KEYS = st.sampled_from(
    ["id", "uses", "with", "needs", "award", "points", "checks", "weight", "paths", "<= 1"]
) | st.text(max_size=4)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
QUIET = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Return the path of every value in plain data."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def put(data: object, path: tuple, value: object) -> object:
    """Put a value at a path and return the data."""
    if not path:
        return value
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return data


@QUIET
@given(changes=st.data())
def test_any_value_anywhere_is_accepted_or_refused_as_the_schema_does(changes, sample, kinds, tmp_path):
    data = read_document(sample, strict=True).data
    path = changes.draw(st.sampled_from(places(data)))
    data = put(data, path, changes.draw(VALUES))
    file = tmp_path / "a.yaml"
    file.write_text(json.dumps(data))
    is_valid = Draft202012Validator(full_schema(kinds.values())).is_valid(data)
    problems = refusal(file, kinds)
    assert is_valid or problems
    assert all(problem.line and problem.column and problem.message for problem in problems)


def refusal(file, kinds):
    """Return the problems of a rubric's file."""
    try:
        load_rubric(file, lambda name: find(kinds, name), kinds.keys)
    except RubricError as error:
        return error.problems
    return ()


def find(kinds, name):
    if name not in kinds:
        raise PluginError(name, "no such check kind")
    return kinds[name]


def fault(source, **options):
    """Return the fault of YAML, or nothing."""
    try:
        read_documents(source, **options)
    except YamlError as error:
        return error
    return None


@QUIET
@given(st.text(alphabet=st.sampled_from("ab:-?[]{},&*!|>'\"%@`#~<\\ \n\t0.éü\x85\u2028"), max_size=40), st.booleans())
@example("? ? a", True)
def test_any_text_is_yaml_or_a_fault_with_a_place(text, strict):
    found = fault(text, strict=strict)
    assert found is None or (found.line >= 1 and found.column >= 1 and found.message)


@QUIET
@given(st.binary(max_size=60))
def test_any_bytes_are_yaml_or_a_fault(content):
    found = fault(content)
    assert found is None or (found.line >= 1 and found.column >= 1 and found.message)


@pytest.mark.parametrize(
    "checks",
    [
        "\n".join(f"      - {{id: c{place}, uses: no.kind{place}}}" for place in range(1000)),
        "\n".join(f"      - {{id: c{place}, uses: python.lint, needs: [x{place}]}}" for place in range(1000)),
        "\n".join(
            f"      - {{id: c{place}, uses: python.lint, needs: [c{(place + 1) % 1000}]}}" for place in range(1000)
        ),
        "\n".join(f"      - {{id: c, uses: python.lint, k{place}: 1}}" for place in range(1000)),
    ],
    ids=["kinds", "needs", "ring", "keys"],
)
def test_thousands_of_faults_are_listed_in_seconds(refuse, checks):
    start = time.perf_counter()
    assert refuse(("{paths: [src]}}", f"{{paths: [src]}}}}\n{checks}"))
    assert time.perf_counter() - start < 90
