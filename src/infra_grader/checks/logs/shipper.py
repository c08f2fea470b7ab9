"""The logs.shipper check kind."""

from __future__ import annotations

import re

from infra_grader.checks.logs._shippers import Shipper, read_shipper
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Meta,
    Outcome,
    Params,
    Places,
    TextFile,
    check,
    places,
)
from infra_grader.reading.pieces import Piece, judge, whole
from infra_grader.reading.prometheus_stack import Stack, read_stack
from infra_grader.reading.stack_settings import hidden

DEFAULT = re.compile(r"\$\{\w+:-?(?!\?)([^}]*)\}")
"""A variable with what it is where nobody sets it: `${LOGSTASH_HOST:logstash:5044}`."""


class ShipperParams(Params):
    """Where the shipper's configuration is, and what it must do."""

    path: Annotated[Places, Meta(description="Configuration of Filebeat, Fluent Bit, Fluentd, Promtail or Vector.")]
    to: Annotated[
        tuple[str, ...], Meta(description="Where logs are sent, one of these: logstash, elasticsearch, loki, ...")
    ] = ("logstash", "elasticsearch", "es", "opensearch", "loki", "kafka", "redis", "forward", "http")
    multiline: Annotated[bool, Meta(description="Whether lines that belong together must be joined.")] = False
    compose: Annotated[
        Places | None,
        Meta(description="Compose file: logs must be sent to a service of it, and its Filebeat read this."),
    ] = None


@check("logs.shipper")
def shipper(context: Context, params: ShipperParams) -> Outcome:
    """A log shipper collects logs from somewhere and sends them on.

    Understood are Filebeat, Promtail and Vector (YAML), Fluent Bit (its own format or YAML) and Fluentd. Inputs that
    are switched off, and what stands in comments, count for nothing.
    """
    path = context.workspace.first(places(params.path))
    found = read_shipper(TextFile(path, context.workspace.read_text(path)))
    if not found.inputs or not found.outputs:
        lacking = "collects nothing" if not found.inputs else "sends logs nowhere"
        raise CheckFailed(
            f"{path} {lacking}.", Evidence(path=path, line=1, expected="inputs and an output", actual=lacking)
        )
    sent = next((output for output in found.outputs if output.kind in params.to), None)
    kinds = ", ".join(output.kind for output in found.outputs)
    pieces = [
        whole(
            True,
            "",
            Evidence(path=path, expected="collects logs", actual=", ".join(found.inputs)[:300], text=found.program),
        ),
        whole(
            sent is not None,
            f"it sends logs to {kinds}",
            Evidence(path=path, expected=f"sends to {' or '.join(params.to)}", actual=kinds),
        ),
    ]
    if params.multiline:
        shown = Evidence(
            path=path, expected="lines that belong together are joined", actual="yes" if found.joins_lines else "no"
        )
        pieces.append(whole(found.joins_lines, "lines that belong together are not joined", shown))
    if params.compose is not None:
        stack = read_stack(context, places(params.compose))
        hosts = _hosts(found)
        missing = [
            f"{host}: {stack.silence(host)}" for host in hosts if stack.service(host) is None and "." not in host
        ]
        shown = Evidence(
            path=path, expected=f"a service of {stack.path}", actual=", ".join(missing or hosts) or "no host is named"
        )
        pieces.append(whole(bool(hosts) and not missing, "logs are sent to no service of the stack", shown))
        pieces.append(_is_read(found, path, stack))
    return judge(path, pieces)


def _is_read(found: Shipper, path: str, stack: Stack) -> Piece:
    service = stack.running("filebeat") if found.program == "Filebeat" else None
    rest = stack.rest("filebeat") if found.program == "Filebeat" else ""
    problem = hidden(service, path, "filebeat") if service is not None else rest
    at, line = (service.path, service.line) if service is not None else (stack.path, None)
    actual = problem or "nothing speaks against it"
    shown = Evidence(path=at, line=line, expected=f"{found.program} reads {path}", actual=actual)
    return whole(not problem, f"{found.program} does not read it: {problem}", shown)


def _hosts(found: Shipper) -> list[str]:
    hosts = [DEFAULT.sub(r"\1", host) for output in found.outputs for host in output.hosts]
    bare = [host.rpartition("://")[2].partition("/")[0] for host in hosts]
    return [host.rpartition("@")[2].partition(":")[0] for host in bare]
