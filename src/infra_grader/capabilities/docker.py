"""A Docker daemon: where it answers, a connection to it, and what its failures mean."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra_grader.model.outcome import NotAssessed, Unavailable

LABEL = "infra-grader"
"""The label that everything of ours carries; its value says what made it."""
DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
INSTALL = "Install it: pip install 'infra-grader[docker]'"
START = "Start Docker (`docker info` shows whether it answers), or name it by DOCKER_HOST, and grade again."
JOIN = "Join its group: `sudo usermod -aG docker $USER`, then log in again; `docker info` shows whether it helped."
FREE = "Free some space: `docker system df` shows what Docker uses."
ANSWER_S = 60
"""Seconds for each answer of the daemon; a container on a busy machine takes a few."""
KNOCK_S = 2.0


def address() -> str:
    """Return where the daemon is to be found, as the `docker` command looks for it."""
    if host := os.environ.get("DOCKER_HOST"):
        return host
    folder = Path(os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))
    name = os.environ.get("DOCKER_CONTEXT") or str(_json_of(folder / "config.json").get("currentContext", ""))
    if name and name != "default":
        place = hashlib.sha256(name.encode()).hexdigest()
        endpoints = _json_of(folder / "contexts" / "meta" / place / "meta.json").get("Endpoints")
        endpoint = endpoints.get("docker") if isinstance(endpoints, dict) else None
        if isinstance(endpoint, dict) and endpoint.get("Host"):
            return str(endpoint["Host"])
    return DEFAULT_ADDRESS


def socket_of(where: str) -> str:
    """Return the path of the socket that an address names; nothing if it names something else."""
    return where.removeprefix("unix://") if where.startswith("unix://") else ""


def listens(path: str) -> bool:
    """Whether somebody listens at a socket. Costs next to nothing, and needs no library."""
    return _knock(path) is None


def _knock(path: str) -> OSError | None:
    """Return why a socket cannot be opened, or `None` where somebody listens at it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking:
        knocking.settimeout(KNOCK_S)
        try:
            knocking.connect(path)
        except OSError as error:
            return error
    return None


def connect(where: str = "") -> Any:
    """Return a connection to the daemon, to be closed. Raises `NotAssessed` where there is no library or no daemon."""
    where = where or address()
    path = socket_of(where)
    fault = _knock(path) if path else None
    if isinstance(fault, PermissionError):
        raise NotAssessed(f"You may not use the Docker daemon at {where}: permission denied.", JOIN)
    if fault is not None:
        raise NotAssessed(f"No Docker daemon answers at {where}.", START)
    try:
        import docker  # takes a fifth of a second
        from docker.utils import kwargs_from_env
    except ImportError as error:
        raise NotAssessed("The Docker library for Python is not installed.", INSTALL) from error
    with answering():
        secured = {name: value for name, value in kwargs_from_env().items() if name == "tls" and not path}
        return docker.APIClient(base_url=where, version="auto", timeout=ANSWER_S, **secured)


@contextmanager
def answering() -> Iterator[None]:
    """Turn what goes wrong between us and the daemon into `NotAssessed`; only for calls of the library.

    It is `Unavailable` where the daemon does not answer at all.
    """
    import docker.errors
    import requests.exceptions

    try:
        yield
    except docker.errors.ImageNotFound as error:
        raise NotAssessed(f"Docker lacks an image: {error.explanation}.", "Get it with `docker pull`.") from error
    except docker.errors.APIError as error:
        said = str(error.explanation or error).strip().rstrip(".")
        raise NotAssessed(f"Docker cannot do it: {said}.", _remedy(said)) from error
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
        raise Unavailable("The Docker daemon does not answer.", START) from error


def data_folder(api: Any) -> str:
    """Return where the daemon keeps its data, if that is a folder of this machine; else nothing."""
    if not socket_of(address()):
        return ""
    with answering():
        folder = str(api.info().get("DockerRootDir") or "")
    return folder if os.path.isdir(folder) else ""


def _remedy(said: str) -> str:
    if os.strerror(errno.ENOSPC).lower() in said.lower():
        return FREE
    return "Try `docker run` by hand."


def _json_of(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
