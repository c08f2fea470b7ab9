"""Pods of a cluster, asked through its API: their logs, commands in them, connections to them, and their eviction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes_connection import Connection, Refused
from infra_grader.capabilities.kubernetes_exec import Ended, execute
from infra_grader.capabilities.kubernetes_forward import ForwardTunnel, forward
from infra_grader.capabilities.kubernetes_resource import PODS
from infra_grader.model.record import Record

NO_LOG = "unable to retrieve container logs for "
"""What a node says, in place of a log, of a container that it is just removing."""


class Answer(Record):
    """An answer through the API's proxy."""

    status: int
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    refused: str = ""
    """What the API says where nobody behind the Service or in the pod answered; then the rest is the API's."""


class PodAccess:
    """What a cluster lets us ask of its pods."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def logs(
        self,
        pod: str,
        namespace: str,
        *,
        container: str = "",
        previous: bool = False,
        lines: int = 100,
        limit_bytes: int = 64 * 1024,
    ) -> str:
        """Return the last lines that a container has printed; nothing where it has not run yet, or is gone."""
        query = [("tailLines", str(lines)), ("limitBytes", str(limit_bytes))]
        query += [("container", container)] if container else []
        query += [("previous", "true")] if previous else []
        try:
            answer = self._connection.ask("GET", PODS.path(namespace, pod, "log"), query=query)
        except Refused as error:
            if error.status in (400, 404):
                return ""
            raise
        text = str(answer.data.decode("utf-8", "replace"))
        return "" if text.startswith(NO_LOG) else text

    def execute(
        self,
        pod: str,
        namespace: str,
        command: Sequence[str],
        deadline: Deadline,
        *,
        container: str = "",
        stdin: str = "",
    ) -> Ended:
        """Run a command in a container to its end. Raises `Refused` where that cannot be, `Overrun` with the time."""
        return execute(
            self._connection, PODS.path(namespace, pod, "exec"), command, deadline, container=container, stdin=stdin
        )

    def forward(self, pod: str, namespace: str, port: int, deadline: Deadline) -> ForwardTunnel:
        """Return a connection to a port of a pod. Raises `TunnelError` where the cluster forwards none."""
        return forward(self._connection, PODS.path(namespace, pod, "portforward"), port, deadline)

    def evict(self, pod: str, namespace: str) -> None:
        """Ask for the eviction of a pod. Raises `Refused` with status 429 where a PodDisruptionBudget forbids it."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
        self._connection.ask("POST", PODS.path(namespace, pod, "eviction"), body=body, finals=frozenset({429}))

    def proxy(  # noqa: PLR0913 - what an HTTP request consists of, and where it goes
        self,
        kind: str,
        name: str,
        port: int | str,
        namespace: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        deadline: Deadline,
    ) -> Answer:
        """Return the answer of a Service or pod through the API, asked once. Raises `Unavailable` if none comes.

        `kind` is `services` or `pods`. It passes every NetworkPolicy: it tells that something answers, never who may
        ask.
        """
        target = f"/api/v1/namespaces/{quote(namespace)}/{kind}/{quote(name)}:{port}/proxy/{path.lstrip('/')}"
        answer = self._connection.raw(
            method, target, headers=headers, body=body, seconds=max(0.1, deadline.remaining())
        )
        return Answer(
            status=answer.status,
            headers={key.lower(): value for key, value in answer.headers.items()},
            body=answer.data,
            refused=_refused_by_proxy(answer),
        )


def _refused_by_proxy(answer: Any) -> str:
    """Return what the API says itself about a request that it could not pass on; nothing where it was answered."""
    if answer.status < 400 or "json" not in answer.headers.get("Content-Type", ""):
        return ""
    try:
        said = json.loads(answer.data)
    except ValueError:
        return ""
    is_status = isinstance(said, dict) and said.get("kind") == "Status" and said.get("apiVersion") == "v1"
    return str(said.get("message") or said.get("reason") or "no answer") if is_status else ""
