"""What the answers of a cluster's API mean: which are about an object, and which about the cluster or our rights."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from infra_grader.model.outcome import NotAssessed

BY_RIGHTS = re.compile(r'(?:User|system:\S+) ".*" cannot (?P<verb>\w+) (?:resource|path) "(?P<what>[^"]+)"')


class Refused(Exception):
    """An answer of the API that is about the object which it was given, and not about the cluster or our rights."""

    def __init__(self, status: int, reason: str, message: str, causes: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        """One word, such as `Invalid`, `Forbidden`, `AlreadyExists`."""
        self.message = message
        self.causes = causes
        """Field and what is wrong with it, for each fault that the API names."""


def judged(answer: Any, asked: str, context: str) -> Any:
    """Return an answer that says what was asked for; raises what another one means. `asked` is method and path."""
    if answer.status < 300:
        return answer
    status = status_of(answer)
    message = message_of(status)
    if answer.status == 401:
        raise NotAssessed(
            f"The cluster does not accept the credentials of the context {context}; they may have expired.",
            "Log in to the cluster anew, or renew the certificate or token of the context, and grade again.",
        )
    if answer.status == 403 and (found := BY_RIGHTS.search(message)):
        raise NotAssessed(
            f"The context {context} may not {found['verb']} {found['what']} in the cluster.",
            "Use a context with the rights that docs/kubernetes.md lists, or have them granted.",
        )
    if answer.status in (301, 302, 307, 308):
        raise _no_api()
    details = status.get("details")
    causes = (details.get("causes") if isinstance(details, dict) else None) or ()
    raise Refused(
        answer.status,
        str(status.get("reason") or "Unknown"),
        message or f"status {answer.status} for {asked}",
        tuple((str(each.get("field") or ""), str(each.get("message") or "")) for each in causes),
    )


def decoded(answer: Any) -> dict[str, Any]:
    """Return the object in an answer. Raises `NotAssessed` where something else answers than the API of a cluster."""
    try:
        found = json.loads(answer.data)
    except ValueError as error:
        raise _no_api() from error
    if not isinstance(found, dict):
        raise _no_api()
    return found


def _no_api() -> NotAssessed:
    return NotAssessed(
        "What answers at the address in the kubeconfig is not the API of a cluster.",
        "Correct the address; `kubectl get nodes` shows whether it is one.",
    )


def status_of(answer: Any) -> Mapping[str, Any]:
    """Return the API's own object about a failure; an empty one where the answer is something else."""
    with suppress(ValueError):
        found = json.loads(answer.data)
        if isinstance(found, dict) and found.get("kind") == "Status":
            return found
    return {}


def message_of(status: Mapping[str, Any]) -> str:
    """Return what the API says about a failure, without its full stop; nothing where it says nothing."""
    return str(status.get("message") or "").strip().rstrip(".")


def wait_for(answer: Any, pause: float, longest: float) -> float:
    """Return the seconds before the next try: what the API asks for, if that is not too long."""
    said = answer.headers.get("Retry-After", "") if answer is not None else ""
    return min(max(pause, float(said)), longest) if said.isdecimal() else pause
