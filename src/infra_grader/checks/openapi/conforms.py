"""The openapi.conforms check kind."""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import msgspec

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.http import Answer, Client, NoAnswer, Request
from infra_grader.checks.openapi._bundle import bundle
from infra_grader.checks.openapi._server import server_path
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Handle,
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
from infra_grader.reading.plain_value import read_json
from infra_grader.reading.running_service import asked

ANSWER_S = 10.0
WORK_S = 90.0
INSTALL = "pip install 'infra-grader[openapi]'"
NO_MODULE = "ModuleNotFoundError"
PUBLISHED = ["/openapi.json", "/api/openapi.json", "/api/v1/openapi.json", "/swagger.json", "/apispec_1.json"]
PARAMETER = re.compile(r"\{[^{}/]*\}")
MAX_NODES = 200_000
MAX_DEPTH = 100
SHOWN = 400
VERSIONS = frozenset({"openapi", "swagger"})
"""Keys of which a contract has one."""
UNKNOWN = frozenset({404, 405, 501})
"""Statuses of an operation that is not there, or not at this path."""
Name = Annotated[str, Meta(min_length=1)]


class Conforms(Params):
    """Where the contract is, and what it has to say."""

    service: Annotated[Handle, Meta(description="Id of the check that starts the service.")]
    published: Annotated[list[Name], Meta(description="Where the service may publish its contract.")] = msgspec.field(
        default_factory=lambda: list(PUBLISHED)
    )
    file: Annotated[
        Places | None, Meta(description="The contract as a file of the submission, where none is published.")
    ] = None
    operations: Annotated[
        list[Name | list[Name]],
        Meta(description="Operations that have to be in it, such as `POST /predict`; a list means any of them."),
    ] = msgspec.field(default_factory=list)
    cases: Annotated[int, Meta(ge=1, le=50, description="Requests for each operation.")] = 5
    max_operations: Annotated[int, Meta(ge=1, le=100, description="Operations that are driven at most.")] = 20
    headers: Annotated[dict[str, str], Meta(description="Headers of every request, such as a key.")] = msgspec.field(
        default_factory=dict
    )
    ignore: Annotated[list[int], Meta(description="Statuses that are not judged, such as 429.")] = msgspec.field(
        default_factory=lambda: [429]
    )
    strict: Annotated[bool, Meta(description="Whether refusals (4xx) have to be documented as well.")] = False
    fresh: Annotated[bool, Meta(description="Whether the service is started anew for this check.")] = False


class Exchange(Params):
    """A request that was drawn from the contract, and what came."""

    operation: str
    request: Request
    answer: Answer | None = None
    missed: list[str] | None = None
    """What was expected and what came instead."""


@check("openapi.conforms", capabilities=("http", "command"), measure="%")
def conforms(context: Context, params: Conforms) -> Outcome:
    """A service answers as its own OpenAPI contract says.

    The contract is the one that the service publishes, else a file with those that it refers to. It has to be valid and
    to hold the operations that are asked for. Valid requests are drawn for each operation, from the seed; every answer
    must have a documented status and a body by its schema, and none may be a fault of the service (5xx). They are sent
    below the path of the contract's server where the service knows them there. The share of the operations that are
    there and right is the share of the points.
    """
    with asked(context, params.service, fresh=params.fresh) as (running, client):
        where, document = _document(context, params, client)
        drawn = _drawn(context, params, where, document)
        exchanges = list(_exchanged(context, params, drawn, client, server_path(document)))
        ended = running.find_end()
    _judge(context, params, document, exchanges)
    if ended:
        exchanges[-1] = msgspec.structs.replace(exchanges[-1], missed=["a service that lives on", ended])
    return _outcome(params, (where, server_path(document)), exchanges, is_claimed=running.is_claimed)


def _document(context: Context, params: Conforms, client: Client) -> tuple[str, Any]:
    """Return where the contract is, and the contract. Raises `CheckFailed` if there is none that can be worked with."""
    for path in params.published:
        try:
            answer = client.ask(Request(target=path, follows=True), min(ANSWER_S, context.deadline.remaining()))
        except NoAnswer:
            context.deadline.check()
            continue
        if answer.status == 200 and not answer.is_cut:
            try:
                document = read_json(answer.text)
            except ValueError:
                continue
            if isinstance(document, dict) and VERSIONS & document.keys():  # else it says the same whatever is asked
                return f"GET {path}", _self_contained(f"GET {path}", document)
    if params.file is None:
        raise CheckFailed(
            "The service publishes no OpenAPI contract.",
            Evidence(kind=EvidenceKind.HTTP, path=f"GET {' or '.join(params.published)}", expected="JSON, status 200"),
        )
    file = context.workspace.read_first(places(params.file))

    def read(path: str) -> Any:
        return read_document(TextFile(path, context.workspace.read_text(path)))

    try:
        document = bundle(file.path, read_document(file), read)
    except RecursionError as error:
        raise _too_large(file.path) from error
    return file.path, _self_contained(file.path, document)


def _self_contained(where: str, document: Any) -> Any:
    """Return the document. Raises `CheckFailed` for one that is no mapping, too large, or refers to another one."""
    if not isinstance(document, dict):
        raise CheckFailed(f"{where} is no OpenAPI contract.", Evidence(path=where, expected="an object"))
    level: list[Any] = [document]
    count = 0
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for node in level:
            below += node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
            other = node.get("$ref") if isinstance(node, dict) else None
            if isinstance(other, str) and not other.startswith("#"):
                raise CheckFailed(
                    f"The contract refers to another document, {other[:100]}.",
                    Evidence(path=where, expected="references within the contract", actual=other[:200]),
                )
        count += len(below)
        if not below:
            return document
        if count > MAX_NODES:
            break
        level = below
    raise _too_large(where)


def _too_large(where: str) -> CheckFailed:
    return CheckFailed("The contract is too large or nested too deeply.", Evidence(path=where, expected="a contract"))


def _work(context: Context, task: dict[str, Any]) -> Any:
    """Let our own process do it. Raises `CheckFailed` where the contract takes it too long."""
    deadline = Deadline(min(WORK_S, context.deadline.remaining()))
    arguments = [sys.executable, "-I", "-m", "infra_grader.checks.openapi._contract"]
    try:
        ended = context.command.run(arguments, deadline, stdin=json.dumps(task).encode())
    except Overrun:
        context.deadline.check()
        raise CheckFailed(
            f"The contract cannot be worked through within {WORK_S:g} s.", Evidence(expected="a plain contract")
        ) from None
    if NO_MODULE in ended.stderr:
        raise NotAssessed("schemathesis, which works with contracts, is not installed.", INSTALL)
    if ended.exit_status or ended.is_cut:
        last = ended.stderr.strip().rpartition("\n")[2][:300] or f"exit status {ended.exit_status}"
        raise NotAssessed(f"Our tool cannot work with the contract: {last}.", "Check the contract in an editor.")
    return json.loads(ended.stdout)


def _drawn(context: Context, params: Conforms, where: str, document: Any) -> list[Any]:
    task = {"do": "draw", "document": document, "cases": params.cases, "seed": context.seed}
    made = _work(context, task | {"operations": params.max_operations})
    if made["fault"]:
        raise CheckFailed(
            f"The contract is no valid OpenAPI: {made['fault']}.",
            Evidence(path=where, expected="a valid OpenAPI document", actual=made["fault"]),
        )
    if not made["drawn"]:
        raise CheckFailed("The contract has no operation.", Evidence(path=where, expected="an operation"))
    return list(made["drawn"])


def _exchanged(context: Context, params: Conforms, drawn: list[Any], client: Client, above: str) -> Iterator[Exchange]:
    """Send what was drawn, below the path of the contract's server if the service knows it there, else without it."""
    given = {name.lower() for name in params.headers}
    for operation in drawn:
        places = list(dict.fromkeys([above, ""]))
        for one in operation["requests"]:
            kept = [(name, value) for name, value in one["headers"] if name.lower() not in given]
            request = Request(
                method=one["method"],
                headers=(*kept, *params.headers.items()),
                content=base64.b64decode(one["content"]),
            )
            tried: list[Exchange] = []
            for place in places:
                asks = msgspec.structs.replace(request, target=place + one["target"])
                tried.append(_exchange(context, client, Exchange(operation=operation["operation"], request=asks)))
                if _is_known(tried[-1]):
                    places = [place]
                    break
            yield next(filter(_is_known, tried), tried[0])


def _is_known(exchange: Exchange) -> bool:
    return exchange.answer is None or exchange.answer.status not in UNKNOWN


def _exchange(context: Context, client: Client, exchange: Exchange) -> Exchange:
    context.deadline.check()
    try:
        answer = client.ask(exchange.request, min(ANSWER_S, context.deadline.remaining()))
    except NoAnswer as error:
        context.deadline.check()
        return msgspec.structs.replace(exchange, missed=["an answer", error.reason])
    return msgspec.structs.replace(exchange, answer=answer)


def _judge(context: Context, params: Conforms, document: Any, exchanges: list[Exchange]) -> None:
    """Put what is wrong with each answer into its exchange."""
    answered = [
        (place, one.operation, one.answer)
        for place, one in enumerate(exchanges)
        if one.answer is not None and one.answer.status not in params.ignore
    ]
    answers = [_told(operation, answer) for _, operation, answer in answered]
    found = _work(context, {"do": "judge", "document": document, "answers": answers, "strict": params.strict})
    for (place, _, _), verdict in zip(answered, found, strict=True):
        exchanges[place] = msgspec.structs.replace(exchanges[place], missed=verdict["missed"])


def _told(operation: str, answer: Answer) -> dict[str, Any]:
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        headers.setdefault(name, []).append(value)
    body = base64.b64encode(answer.body).decode()
    return {"operation": operation, "status": answer.status, "headers": headers, "body": body}


def _outcome(params: Conforms, contract: tuple[str, str], exchanges: list[Exchange], *, is_claimed: bool) -> Outcome:
    where, above = contract
    wrong: dict[str, Exchange] = {}
    for exchange in exchanges:
        if exchange.missed:
            wrong.setdefault(exchange.operation, exchange)
    driven = list(dict.fromkeys(exchange.operation for exchange in exchanges))
    missing = [names for names in params.operations if not _is_among(names, driven, above)]
    right = len(driven) - len(wrong)
    total = len(driven) + len(missing)
    evidence = [
        Evidence(path=where, expected=names if isinstance(names, str) else " or ".join(names), actual="not documented")
        for names in missing
    ]
    for exchange in wrong.values():
        expected, actual = exchange.missed or ["", ""]
        path = f"{exchange.request.method} {exchange.request.target[:200]}"
        text = exchange.answer.text[:SHOWN] if exchange.answer else None
        evidence.append(Evidence(kind=EvidenceKind.HTTP, path=path, expected=expected, actual=actual, text=text))
    statuses = ", ".join(str(status) for status in sorted({one.answer.status for one in exchanges if one.answer}))
    shown = f"{len(exchanges)} requests to {len(driven)} operations, statuses {statuses}"
    outcome = Outcome.partial(
        Fraction(right, total),
        f"{right} of {total} operations are documented and answer as the contract says.",
        *evidence,
        Evidence(kind=EvidenceKind.HTTP, path=where, actual=shown, text="requests drawn from the contract"),
        measure=Measure(value=round(100 * right / total, 2), unit="%", threshold=100),
    )
    return outcome.replace(claimed=is_claimed)


def _is_among(names: str | list[str], driven: list[str], above: str) -> bool:
    plain = {_plain(operation.replace(" ", f" {place}", 1)) for operation in driven for place in ("", above)}
    return any(_plain(name) in plain for name in ([names] if isinstance(names, str) else names))


def _plain(operation: str) -> str:
    """Return an operation with its parameters made alike."""
    method, _, path = operation.partition(" ")
    return f"{method.upper()} {PARAMETER.sub('{}', path.strip()).rstrip('/') or '/'}"
