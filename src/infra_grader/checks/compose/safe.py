"""The compose.safe check kind."""

from __future__ import annotations

from typing import Literal

import msgspec

from infra_grader.checks.compose._files import MOST_SHOWN, ComposeParams, find_compose, is_called, point_at
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.compose import Compose
from infra_grader.reading.compose_policy import Refusal, find_refusals

Topic = Literal[
    "privileged",
    "capabilities",
    "devices",
    "host-namespaces",
    "docker-socket",
    "host-paths",
    "outside-files",
    "remote-builds",
    "external",
    "drivers",
    "unconfined",
    "unknown-keys",
]


class Safe(ComposeParams):
    """What is allowed nevertheless."""

    allow: Annotated[
        dict[str, list[Topic]],
        Meta(
            description="Services (globs of names or images) with what they may ask for, such as"
            " `node-exporter: [host-paths, host-namespaces]`; `*` is every service and the file as a whole."
        ),
    ] = msgspec.field(default_factory=dict)


@check("compose.safe", measure="refusals")
def safe(context: Context, params: Safe) -> Outcome:
    """The compose file asks for nothing that reaches beyond its own containers, volumes and files.

    Refused are privileged containers, added capabilities, devices, namespaces and paths of the host, Docker's socket,
    files outside of the submission, remote builds, external networks and volumes, and keys that are not known.
    """
    compose = find_compose(context, params)
    refusals = [
        item for item in find_refusals(compose, context.workspace.folder) if not _is_allowed(compose, item, params)
    ]
    evidence = [point_at(item.value, f"no {item.topic}", _word(item)) for item in refusals]
    first = f"; the first is {evidence[0].actual} on line {evidence[0].line}" if evidence else ""
    none = Evidence(
        path=compose.path, expected="nothing of the host", actual=f"none in {len(compose.services)} services"
    )
    count = f"{len(refusals) or 'no'} thing{'s' * (len(refusals) != 1)}"
    return Outcome.passed_if(
        not refusals,
        f"{compose.path} asks for {count} beyond its own containers{first}.",
        *(evidence[:MOST_SHOWN] or [none]),
        measure=Measure(value=len(refusals), unit="refusals", threshold=0),
    )


def _word(refusal: Refusal) -> str:
    return f"{refusal.service}: {refusal.what}" if refusal.service else refusal.what


def _is_allowed(compose: Compose, refusal: Refusal, params: Safe) -> bool:
    service = compose.services.get(refusal.service)
    return any(
        refusal.topic in topics and (pattern == "*" or (service is not None and is_called(service, [pattern])))
        for pattern, topics in params.allow.items()
    )
