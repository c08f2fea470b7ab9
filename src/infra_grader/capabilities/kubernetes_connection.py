"""A connection to the API of a cluster: the context of a kubeconfig, and what a failing answer means.

Of the `kubernetes` client it takes what reads kubeconfigs and makes connections. Requests are written out, since the
classes that the client generates for them take longer to import than most checks take in all.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from subprocess import SubprocessError
from typing import Any
from urllib.parse import urlencode

from infra_grader.capabilities.kubernetes_answer import Refused, decoded, judged, message_of, status_of, wait_for
from infra_grader.model.outcome import NotAssessed, Unavailable

__all__ = ["Connection", "Refused", "decoded"]

CHECK = "`kubectl get nodes` shows whether the cluster answers; grade again when it does."
ANSWER_S = 30.0
"""Seconds for each answer of the API."""
CONNECT_S = 5.0
PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0)
"""How long to wait before each further try of a request that the API could not answer."""
MOST_AT_ONCE = 32
"""Connections that are kept for the next request."""
OVERLOADED = 429
Query = Iterable[tuple[str, str]]


class Connection:
    """Asks the API of one cluster. Safe to use from several threads at once."""

    def __init__(self, client: Any, context: str) -> None:
        self._client = client
        self.context = context
        """Name of the context in the kubeconfig."""
        self.host = str(client.configuration.host).rstrip("/")
        self._lock = threading.Lock()
        self.requests = 0
        """How many requests were sent."""

    @property
    def configuration(self) -> Any:
        """The client's configuration: host, certificates, credentials."""
        return self._client.configuration

    def headers(self) -> dict[str, str]:
        """Return what names us to the API; credentials that run out are renewed."""
        found = {}
        with self._lock, credentials(self.context):  # the client renews them in place
            for setting in self.configuration.auth_settings().values():
                if setting and setting["in"] == "header" and setting["value"]:
                    found[setting["key"]] = str(setting["value"])
        return found

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        body: Any = None,
        content_type: str = "application/json",
        finals: frozenset[int] = frozenset(),
        seconds: float = ANSWER_S,
    ) -> Any:
        """Return the answer of the API, read to its end: a response of urllib3 with a status below 300.

        What could not be answered is tried again, as long as asking twice cannot do harm. Raises `Refused` for what
        is about the object, or whose status is in `finals`; `Unavailable` for what the API cannot answer now, and
        `NotAssessed` for what we may not ask.
        """
        for pause in (*PAUSES_S, None):
            answer, reached = self._try(method, path, query, body, content_type, seconds)
            if answer is not None and not self._is_passing(answer, method, finals):
                return judged(answer, f"{method} {path}", self.context)
            if pause is None or (not reached[0] and method == "POST"):
                break
            time.sleep(wait_for(answer, pause, PAUSES_S[-1]))
        if answer is None:
            raise Unavailable(f"The cluster of the context {self.context} does not answer: {reached[1]}.", CHECK)
        said = message_of(status_of(answer)) or f"status {answer.status}"
        raise Unavailable(f"The API of the cluster cannot answer at the moment: {said}.", CHECK)

    def raw(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        seconds: float = ANSWER_S,
        streams: bool = False,
    ) -> Any:
        """Return whatever answer comes, as urllib3's response, asked once; one that streams is for the caller to close.

        Raises `Unavailable` where none comes.
        """
        import urllib3

        self.count()
        address = f"{self.host}{path}" + (f"?{urlencode(list(query))}" if query else "")
        try:
            return self._client.rest_client.pool_manager.request(
                method,
                address,
                body=body,
                headers={**self.headers(), **(headers or {})},
                timeout=urllib3.Timeout(connect=min(CONNECT_S, seconds), read=seconds),
                retries=False,
                redirect=False,
                preload_content=not streams,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _NoAnswer(self.context, error) from error

    def count(self) -> None:
        """Count a request."""
        with self._lock:
            self.requests += 1

    def close(self) -> None:
        """Close the connections."""
        self._client.rest_client.pool_manager.clear()

    def _try(
        self, method: str, path: str, query: Query, body: Any, content_type: str, seconds: float
    ) -> tuple[Any, tuple[bool, str]]:
        """Return the answer if there is one; whether it is sure that the request did nothing, and why there is none."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json", **({"Content-Type": content_type} if content is not None else {})}
        try:
            answer = self.raw(method, path, query=query, headers=headers, body=content, seconds=seconds)
        except _NoAnswer as error:
            return None, (error.is_unsent, error.why)
        return answer, (answer.status == OVERLOADED, "")

    def _is_passing(self, answer: Any, method: str, finals: frozenset[int]) -> bool:
        """Whether the API may give another answer to the same request later."""
        if answer.status in finals or answer.status < OVERLOADED:
            return answer.status == 408 and method != "POST"
        if answer.status == OVERLOADED:
            return True
        # What no type of the API holds is said with the status of a fault of the server.
        return answer.status >= 500 and "failed to create typed patch object" not in message_of(status_of(answer))


class _NoAnswer(Unavailable):
    """No answer came: with the reason in words, and whether it is sure that the request never arrived."""

    def __init__(self, context: str, error: Exception) -> None:
        import urllib3.exceptions as known

        self.why = plain(error)
        self.is_unsent = isinstance(error, known.NewConnectionError | known.ConnectTimeoutError | known.SSLError)
        super().__init__(f"The cluster of the context {context} does not answer: {self.why}.", CHECK)


@contextmanager
def credentials(context: str) -> Iterator[None]:
    """Turn what a program fails with that gives credentials into a verdict."""
    from kubernetes.config import ConfigException
    from oauthlib.oauth2 import OAuth2Error

    # What programs and libraries of the cluster's vendor raise; those of `requests` are errors of the system.
    known = (ConfigException, OAuth2Error, SubprocessError, OSError, ValueError, KeyError, TypeError, AttributeError)
    try:
        yield
    except known as error:
        raise NotAssessed(
            f"There are no credentials for the context {context}: {plain(error)}.",
            "`kubectl get nodes` shows the same; log in, and grade again.",
        ) from error


def plain(error: BaseException) -> str:
    """Return an error in one short line, without the addresses of Python's objects."""
    text = " ".join(str(error).split()) or type(error).__name__
    return re.sub(r"<[^>]*object at 0x[0-9a-f]+>:?\s*", "", text).rstrip(".")[:300]
