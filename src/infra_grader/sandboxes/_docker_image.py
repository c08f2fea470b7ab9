"""The image in which the Docker sandbox runs programs: which one, whether it is there, and its Python."""

from __future__ import annotations

import base64
import json
import os
import posixpath
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from typing import Any

from infra_grader.capabilities.docker import LABEL, answering
from infra_grader.capabilities.home import open_home
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record
from infra_grader.sandboxes._resources import SYSTEM_PATH

VARIABLE = "INFRA_GRADER_SANDBOX_IMAGE"
PYTHONS = ("python3", "python")
LOOK = "look"
"""What the label of a container says that is made to look into an image."""
STAT = "X-Docker-Container-Path-Stat"
"""Header in which the daemon says what a file of a container is, as base64 of JSON."""


class Image(Record):
    """An image that was found, pinned by its content."""

    id: str
    variables: Sequence[str]
    """Its environment, as `NAME=value`."""
    python: str
    python_version: str


def image_name() -> str:
    """Return the image that the user names, else the official one of the grader's own Python."""
    return os.environ.get(VARIABLE) or f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


@cache
def _known() -> dict[tuple[str, str], Image]:
    """Return the images that this process has looked into, by the daemon's address and their content."""
    return {}


def find_image(api: Any, name: str) -> Image:
    """Return the facts of an image that is there; none is pulled.

    Raises `NotAssessed` if it is missing or has no Python, or if the daemon is on another machine.
    """
    import docker.errors

    with answering():
        try:
            facts = api.inspect_image(name)
        except docker.errors.ImageNotFound as error:
            raise NotAssessed(f"The image {name} is not here.", f"Get it: docker pull {name}") from error
    known, key = _known(), (api.base_url, facts["Id"])
    if key not in known:
        variables = tuple((facts.get("Config") or {}).get("Env") or ())
        known[key] = _looked_into(api, name, facts["Id"], variables)
    return known[key]


def _looked_into(api: Any, name: str, content: str, variables: Sequence[str]) -> Image:
    """Look into an image by a container that is made of it, never started, and removed."""
    with closing(open_home("infra-grader-image-")) as home:
        container = _made(api, content, str(home.folder))
        try:
            with answering():
                for place in _places(variables):
                    if version := _python_version(api, container, place):
                        return Image(id=content, variables=variables, python=place, python_version=version)
        finally:
            with answering():
                api.remove_container(container, force=True, v=True)
    raise NotAssessed(f"The image {name} has no python3 on its PATH.", f"Name another by {VARIABLE}.")


def _made(api: Any, image: str, folder: str) -> str:
    """Make a container that mounts a folder of ours, as each program's will. Raises `NotAssessed` if that cannot be."""
    import docker.errors
    from docker.types import Mount

    mounts = api.create_host_config(mounts=[Mount("/work", folder, type="bind")])
    with answering():
        try:
            return str(api.create_container(image, ["true"], labels={LABEL: LOOK}, host_config=mounts)["Id"])
        except docker.errors.APIError as error:
            if "bind" not in str(error.explanation):
                raise
            raise NotAssessed(
                f"The Docker daemon does not see this machine's folders: {error.explanation}.",
                "Grade on the machine where the daemon runs, or set TMPDIR to a folder that it shares.",
            ) from error


def _places(variables: Sequence[str]) -> Iterator[str]:
    """Yield where a Python may be, in the order in which a shell would look."""
    path = next((line.partition("=")[2] for line in variables if line.startswith("PATH=")), SYSTEM_PATH)
    for program in PYTHONS:
        for folder in path.split(":"):
            yield posixpath.join(folder, program)


def _python_version(api: Any, container: str, place: str) -> str:
    """Return the version of an interpreter, such as `3.11`, from the name of the file that its links lead to."""
    answer = api.head(f"{api.base_url}/v{api.api_version}/containers/{container}/archive", params={"path": place})
    if answer.status_code != 200:
        return ""
    target = str(json.loads(base64.b64decode(answer.headers[STAT])).get("linkTarget", ""))
    found = re.fullmatch(r"python(3\.\d+)", posixpath.basename(target or place))
    return found[1] if found else ""
