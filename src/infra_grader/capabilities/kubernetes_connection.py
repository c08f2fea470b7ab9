"""A connection to the API of a cluster: the context of a kubeconfig, and what a failing answer means.

Of the `kubernetes` client it takes what reads kubeconfigs and makes connections. Requests are written out, since the
classes that the client generates for them take longer to import than most checks take in all.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from infra_grader.model.outcome import NotAssessed, Unavailable

INSTALL = "Install it: pip install 'infra-grader[kubernetes]'"
CHECK = "`kubectl get nodes` shows whether the cluster answers; grade again when it does."
ANSWER_S = 30.0
"""Seconds for each answer of the API."""
CONNECT_S = 5.0
PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0)
"""How long to wait before each further try of a request that the API could not answer."""
MOST_AT_ONCE = 32
"""Connections that are kept for the next request."""
OVERLOADED = 429
BY_RIGHTS = re.compile(r'(?:User|system:\S+) ".*" cannot (?P<verb>\w+) (?:resource|path) "(?P<what>[^"]+)"')
Query = Iterable[tuple[str, str]]


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
        with self._lock, _credentials(self.context):  # the client renews them in place
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
                return self._judged(answer, method, path)
            if pause is None or (not reached[0] and method == "POST"):
                break
            time.sleep(_wait(answer, pause))
        if answer is None:
            raise Unavailable(f"The cluster of the context {self.context} does not answer: {reached[1]}.", CHECK)
        said = _message(_status_of(answer)) or f"status {answer.status}"
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
        return answer.status >= 500 and "failed to create typed patch object" not in _message(_status_of(answer))

    def _judged(self, answer: Any, method: str, path: str) -> Any:
        if answer.status < 300:
            return answer
        status = _status_of(answer)
        message = _message(status)
        if answer.status == 401:
            raise NotAssessed(
                f"The cluster does not accept the credentials of the context {self.context}; they may have expired.",
                "Log in to the cluster anew, or renew the certificate or token of the context, and grade again.",
            )
        if answer.status == 403 and (found := BY_RIGHTS.search(message)):
            raise NotAssessed(
                f"The context {self.context} may not {found['verb']} {found['what']} in the cluster.",
                "Use a context with the rights that docs/kubernetes.md lists, or have them granted.",
            )
        if answer.status in (301, 302, 307, 308):
            raise _no_api()
        details = status.get("details")
        causes = (details.get("causes") if isinstance(details, dict) else None) or ()
        raise Refused(
            answer.status,
            str(status.get("reason") or "Unknown"),
            message or f"status {answer.status} for {method} {path}",
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


class _NoAnswer(Unavailable):
    """No answer came: with the reason in words, and whether it is sure that the request never arrived."""

    def __init__(self, context: str, error: Exception) -> None:
        import urllib3.exceptions as known

        self.why = _plain(error)
        self.is_unsent = isinstance(error, known.NewConnectionError | known.ConnectTimeoutError | known.SSLError)
        super().__init__(f"The cluster of the context {context} does not answer: {self.why}.", CHECK)


def kubeconfig() -> str:
    """Return the files that `kubectl` would read, several with the separator of the system."""
    return os.environ.get("KUBECONFIG") or os.path.expanduser(os.path.join("~", ".kube", "config"))


def open_connection(context: str, scratch: Path | None = None) -> Connection:
    """Return a connection to the cluster of a context; the current one if it has no name.

    Keys that the kubeconfig holds are written below `scratch` for the time of use. Raises `NotAssessed` where there
    is no library, no kubeconfig, no such context, or one that cannot be used.
    """
    try:
        from kubernetes import client  # takes half a second
        from kubernetes.config import kube_config
    except ImportError as error:
        raise NotAssessed("The Kubernetes library for Python is not installed.", INSTALL) from error
    files = kubeconfig()
    if not any(Path(file).is_file() for file in files.split(os.pathsep) if file):
        raise NotAssessed(f"There is no kubeconfig at {files}.", "Name the file of your cluster by KUBECONFIG.")
    with _readable(files):
        merged = kube_config.KubeConfigMerger(files).config
        named = [str(each.value["name"]) for each in merged["contexts"]]
        context = context or str(merged.safe_get("current-context") or "")
    if context not in named:
        known = ", ".join(sorted(named)) or "none"
        wanted = f"no context {context}" if context else "no current context"
        raise NotAssessed(f"The kubeconfig has {wanted}; it has {known}.", "Name one with --kube-context.")
    configuration = client.Configuration()
    configuration.connection_pool_maxsize = MOST_AT_ONCE
    with _readable(files), _credentials(context):
        kube_config.load_kube_config(
            files,
            context,
            client_configuration=configuration,
            temp_file_path=os.fspath(scratch) if scratch is not None else None,
        )
        return Connection(client.ApiClient(configuration), context)


@contextmanager
def _readable(files: str) -> Iterator[None]:
    import yaml
    from kubernetes.config import ConfigException

    try:
        yield
    except (ConfigException, yaml.YAMLError, OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotAssessed(
            f"The kubeconfig {files} cannot be used: {_plain(error)}.", "`kubectl config view` shows what it holds."
        ) from error


@contextmanager
def _credentials(context: str) -> Iterator[None]:
    """Turn what a program fails with that gives credentials into a verdict."""
    try:
        yield
    except NotAssessed:
        raise
    except Exception as error:  # whatever the program or library of the cluster's vendor raises
        raise NotAssessed(
            f"There are no credentials for the context {context}: {_plain(error)}.",
            "`kubectl get nodes` shows the same; log in, and grade again.",
        ) from error


def _status_of(answer: Any) -> Mapping[str, Any]:
    """Return the API's own object about a failure; an empty one where the answer is something else."""
    with suppress(ValueError):
        found = json.loads(answer.data)
        if isinstance(found, dict) and found.get("kind") == "Status":
            return found
    return {}


def _message(status: Mapping[str, Any]) -> str:
    return str(status.get("message") or "").strip().rstrip(".")


def _wait(answer: Any, pause: float) -> float:
    """Return the seconds before the next try: what the API asks for, if that is not too long."""
    said = answer.headers.get("Retry-After", "") if answer is not None else ""
    return min(max(pause, float(said)), PAUSES_S[-1]) if said.isdecimal() else pause


def _plain(error: BaseException) -> str:
    """Return an error in one short line, without the addresses of Python's objects."""
    text = " ".join(str(error).split()) or type(error).__name__
    return re.sub(r"<[^>]*object at 0x[0-9a-f]+>:?\s*", "", text).rstrip(".")[:300]
