"""Draws requests from an OpenAPI document, and holds answers against it: a process of ours, which can be ended.

What a learner's document asks for may take for ever: a pattern that goes back and forth, references in a ring, ten
choices within ten choices. So it is worked through outside of the grader's process. Standard input has what is
to be done as JSON, standard output what came of it; nothing here reaches the network.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from typing import Any

OWN_HEADERS = frozenset({"user-agent", "accept-encoding", "connection", "x-schemathesis-testcaseid", "content-length"})
BASE = "http://localhost"
MAX_TEXT = 300
RING = "its references lead round in a ring"


def faults(document: Any) -> str:
    """Return why a document is no OpenAPI, or nothing."""
    from openapi_spec_validator import validate
    from openapi_spec_validator.validation.exceptions import OpenAPIValidationError, ValidatorDetectError

    try:
        validate(document)
    except ValidatorDetectError:
        return "it does not say which version of OpenAPI it follows"
    except OpenAPIValidationError as error:
        place = "/".join(str(part) for part in getattr(error, "absolute_path", ()))
        return f"{str(getattr(error, 'message', error))[:MAX_TEXT]}{f', at {place}' if place else ''}"
    except RecursionError:
        return RING
    return ""


def begun(task: dict[str, Any]) -> dict[str, Any]:
    """Return what is wrong with a document, or else the requests that are drawn from it."""
    if fault := faults(task["document"]):
        return {"fault": fault, "drawn": []}
    try:
        return {"fault": "", "drawn": draw(task)}
    except RecursionError:
        return {"fault": RING, "drawn": []}


def draw(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Return requests for each operation, in the document's order."""
    return [
        {"operation": operation.label, "requests": [sent(case) for case in cases(operation, task)]}
        for operation in operations(task["document"])[: task["operations"]]
    ]


def operations(document: Any) -> list[Any]:
    """Return the operations that can be driven."""
    import schemathesis.openapi
    from schemathesis.core.result import Ok

    schema = schemathesis.openapi.from_dict(document)
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


def cases(operation: Any, task: dict[str, Any]) -> list[Any]:
    """Return valid requests for an operation; the same seed draws the same."""
    from hypothesis import HealthCheck, Phase, given, seed, settings

    found: list[Any] = []

    @seed(task["seed"])
    @settings(
        max_examples=task["cases"],
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy())
    def collect(case: Any) -> None:
        found.append(case)

    collect()
    return found[: task["cases"]]


def sent(case: Any) -> dict[str, Any]:
    """Return a request as what is sent."""
    import requests

    given = case.as_transport_kwargs(base_url=BASE)
    keys = ("method", "url", "headers", "params", "data", "json", "files", "cookies")
    prepared = requests.Request(**{key: given[key] for key in keys if key in given}).prepare()
    body: Any = prepared.body or b""
    content = body.encode() if isinstance(body, str) else bytes(body)
    headers = [[str(name), str(value)] for name, value in prepared.headers.items() if name.lower() not in OWN_HEADERS]
    return {
        "method": prepared.method,
        "target": prepared.path_url,
        "headers": headers,
        "content": base64.b64encode(content).decode(),
    }


def judge(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is wrong with each answer, or nothing."""
    known = {operation.label: operation for operation in operations(task["document"])}
    return [
        {"missed": next(missed(known[answer["operation"]], answer, task["strict"]), None)} for answer in task["answers"]
    ]


def missed(operation: Any, answer: dict[str, Any], is_strict: bool) -> Iterator[list[str]]:
    """Yield what was expected of an answer and what came instead."""
    import requests
    import schemathesis
    from schemathesis.core.failures import Failure, FailureGroup

    status = str(answer["status"])
    documented = {str(key).upper() for key in operation.definition.raw.get("responses", {})}
    if not {status, f"{status[0]}XX", "DEFAULT"} & documented and (is_strict or status[0] in "25"):
        yield [f"one of the documented statuses {', '.join(sorted(documented))}", f"status {status}"]
    if status[0] == "5":
        yield ["an answer without a fault of the service", f"status {status}"]
    response = schemathesis.Response(
        answer["status"],
        answer["headers"],
        base64.b64decode(answer["body"]),
        requests.Request("GET", BASE).prepare(),
        0.0,
        False,
    )
    try:
        operation.validate_response(response)
    except FailureGroup as group:
        yield ["an answer by the schema", said(group.exceptions[0])]
    except Failure as failure:
        yield ["an answer by the schema", said(failure)]


def said(failure: BaseException) -> str:
    """Return what is wrong with an answer, in one line."""
    text = str(failure).split("Schema:", maxsplit=1)[0]
    return " ".join(text.split())[:MAX_TEXT]


def main() -> None:
    """Do what is asked and give what came of it."""
    task = json.load(sys.stdin)
    if task["do"] == "draw":
        made: Any = begun(task)
    else:
        made = judge(task)
    json.dump(made, sys.stdout)


if __name__ == "__main__":
    main()
