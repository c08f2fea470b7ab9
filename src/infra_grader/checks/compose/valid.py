"""The compose.valid check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from infra_grader.checks.compose._beyond_schema import refused
from infra_grader.checks.compose._files import MOST_SHOWN, ComposeParams, find_compose, point_at
from infra_grader.plugin import CheckFailed, Context, Evidence, Measure, Outcome, check
from infra_grader.reading.compose import Compose
from infra_grader.reading.compose_value import InterpolationError, Value, fill
from infra_grader.reading.published_schema import schema_errors

REMEDY = "Run `pip install 'infra-grader[docker]'`, then grade again."
MOST_PROBLEMS = 100
LONE = re.compile(r"\$\$|\$(?![A-Za-z_{])")
"""A `$` that stands before no variable, which compose leaves as it is; and one that is escaped."""
EXPECTED = "a compose file that keeps to the specification"


class Valid(ComposeParams):
    """Which compose file."""


@check("compose.valid", measure="problems")
def valid(context: Context, params: Valid) -> Outcome:
    """The compose file keeps to the Compose Specification, and each service has an image or a build.

    Held against its schema, as check-jsonschema carries it, after overrides, `include` and `extends`, and against what
    compose itself asks of numbers, sizes, times, ports and mounts. What an included file declares in another way is
    refused, as compose does, and services that wait for themselves. What a file refers to is the question of
    `compose.references`. A `version` is accepted, though nothing reads it any more; services at the top level, as in
    the first version, are not.
    """
    compose = find_compose(context, params)
    problems = list(islice(_problems(compose), MOST_PROBLEMS))
    first = f": {problems[0].actual} on line {problems[0].line} of {problems[0].path}" if problems else ""
    counted = f"{len(problems) or 'no'} problem{'s' * (len(problems) != 1)}"
    return Outcome.passed_if(
        not problems,
        f"{compose.path} has {counted}{first}.",
        *(problems[:MOST_SHOWN] or [point_at(compose.root, EXPECTED, f"{len(compose.services)} services, no problem")]),
        measure=Measure(value=len(problems), unit="problems", threshold=0),
    )


def _problems(compose: Compose) -> Iterator[Evidence]:
    if compose.is_legacy:
        yield point_at(compose.root, "services under the key services", "services at the top level")
    for service in compose.services.values():
        if service.image is None and service.build is None and service.value.get("provider") is None:
            yield point_at(service.value, EXPECTED, f"{service.name} has neither image nor build")
    for clash in compose.clashes:
        yield point_at(clash.value, EXPECTED, clash.problem)
    for place, problem in refused(compose):
        yield point_at(place, EXPECTED, problem)
    yield from _unfilled(compose.root)
    try:
        for error in schema_errors("compose-spec", _once(compose.root.data), REMEDY):
            yield _describe(compose, error)
    except RecursionError as error:
        raise CheckFailed(f"{compose.path} is nested too deep to be checked.", Evidence(path=compose.path)) from error


def _once(data: Any) -> Any:
    """Return the data with what a list says twice in it once, as compose takes it and the schema does not."""
    if isinstance(data, dict):
        return {key: _once(child) for key, child in data.items()}
    if isinstance(data, list):
        kept = [_once(item) for item in data]
        return list({(type(item), repr(item)): item for item in kept}.values())
    return data


def _unfilled(value: Value) -> Iterator[Evidence]:
    """Yield the texts whose variables compose would refuse."""
    if isinstance(value.data, str) and "$" in value.data:
        try:
            fill(LONE.sub("$$$$", value.data), lambda _: None)
        except InterpolationError as error:
            yield point_at(value, EXPECTED, str(error))
    for child in value.children.values():
        yield from _unfilled(child)


def _describe(compose: Compose, error: Any) -> Evidence:
    """Return the evidence for a violation, where it stands."""
    steps = list(error.absolute_path)
    place = compose.root
    for step in steps:
        place = place.children.get(step, place)
    if error.validator in ("additionalProperties", "unevaluatedProperties"):  # the keys that should not be there
        unknown = [child for key, child in place.children.items() if repr(key) in error.message]
        place = unknown[0] if unknown else place
    where = ".".join(str(step) for step in steps) or "the file"
    return point_at(place, EXPECTED, f"{where}: {error.message[:300]}")
