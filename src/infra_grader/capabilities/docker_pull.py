"""Images under the names that the world has for them: there already, or fetched by the daemon."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.live_docker import LiveDocker
from infra_grader.model.outcome import NotAssessed, Unavailable

LACKING = re.compile(r"manifest unknown|not found|does not exist|no matching manifest|invalid reference", re.IGNORECASE)
"""How a registry says that it has no such image. `denied` is no such word: it is said of private ones, too."""
UNREACHED = re.compile(r"\bdial\b|\blookup\b|no such host|timeout|connection refused", re.IGNORECASE)
"""How the daemon says that no registry has answered."""
FULL = re.compile(r"no space left", re.IGNORECASE)


class NoSuchImage(Exception):
    """A registry answers that it has no such image; says what it answered."""


def find_image(docker: LiveDocker, name: str) -> dict[str, Any] | None:
    """Return what the daemon knows of an image that it has; `None` if it has none of this name."""
    from docker import errors

    with answering():
        try:
            facts: dict[str, Any] = docker.api.inspect_image(name)
        except errors.NotFound:
            return None
        except errors.NullResource:
            return None
    return facts


def fetch_image(
    docker: LiveDocker, name: str, deadline: Deadline, tell: Callable[[str], object], platform: str = ""
) -> dict[str, Any]:
    """Return what the daemon knows of an image, which is fetched where the daemon lacks it.

    Nobody's login is used. Raises `NoSuchImage` where the registry has none, `Unavailable` where it does not answer.
    """
    found = find_image(docker, name)
    if found is not None:
        return found
    tell(f"fetching {name}")
    if problem := _pull(docker, name, deadline, platform):
        if LACKING.search(problem) and not UNREACHED.search(problem):
            raise NoSuchImage(problem)
        if FULL.search(problem):
            raise NotAssessed(f"There is no room for the image {name}.", "`docker system df` shows what Docker uses.")
        raise Unavailable(f"The image {name} cannot be fetched: {problem}.", f"Get it with `docker pull {name}`.")
    found = find_image(docker, name)
    if found is None:
        raise Unavailable(f"The image {name} was fetched and is not there.", f"Get it with `docker pull {name}`.")
    return found


def _pull(docker: LiveDocker, name: str, deadline: Deadline, platform: str) -> str:
    """Fetch an image and return what went wrong, or nothing."""
    from docker import errors
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(name)
    with answering():
        try:
            events = docker.api.pull(
                repository,
                tag=tag or "latest",
                stream=True,
                decode=True,
                auth_config={},
                platform=platform or None,
            )
            for event in events:
                deadline.check()
                if "error" in event:
                    return _said(event["error"])
        except errors.APIError as error:
            return _said(error.explanation or error)
        except ValueError:  # an answer that is no JSON
            return "the daemon's answer is cut off"
    return ""


def _said(problem: object) -> str:
    return str(problem).strip().rstrip(".")[:300]
