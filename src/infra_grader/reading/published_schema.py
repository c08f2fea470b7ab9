"""The published schemas of formats that check-jsonschema carries, as validators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from infra_grader.plugin import NotAssessed


def schema_errors(name: str, data: object, remedy: str) -> Iterator[Any]:
    """Yield the violations of a schema (`compose-spec`), each as jsonschema's `ValidationError`.

    Of one behind an `anyOf` or `oneOf` it is the part that comes nearest to what was meant. Raises `NotAssessed` with
    the remedy where check-jsonschema is not installed, and `RecursionError` for data nested too deep.
    """
    validator = _validator(name, remedy)
    from jsonschema.exceptions import best_match  # as the validator, which is here by now

    for error in validator.iter_errors(data):
        yield best_match([error])


@cache
def _validator(name: str, remedy: str) -> Any:
    package = find_spec("check_jsonschema")  # found, not imported: with it would come its command line and requests
    if package is None or not package.submodule_search_locations:
        raise NotAssessed("The published schemas of such files are not installed.", remedy)
    file = Path(package.submodule_search_locations[0], "builtin_schemas", "vendor", f"{name}.json")
    schema = json.loads(file.read_text(encoding="utf-8"))
    # Slow to import. The whole first: a part imported in one thread and the whole in another wait for each other.
    from jsonschema import validators

    return validators.validator_for(schema)(schema)
