"""Whether a container of this machine can find a host, for builds that could not."""

from __future__ import annotations

from collections.abc import Iterable

from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.live_docker import LiveDocker

LOOK_S = 10
NOT_FOUND = 2
"""What `getent` ends with where a name is not found."""


def containers_find(docker: LiveDocker, images: Iterable[str], host: str) -> bool:
    """Return whether containers find the address of a host; `True` where none of the images can tell.

    The images are those that a build starts from, since they are here and need not be fetched.
    """
    return all(_status(docker, image, host) != NOT_FOUND for image in images)


def _status(docker: LiveDocker, image: str, host: str) -> int:
    """Return what looking a host up in a container ends with; -1 where the image has nothing to look with."""
    import requests.exceptions
    from docker import errors

    with answering():
        try:
            made = docker.api.create_container(image, entrypoint=["getent", "hosts", host], labels=docker.labels)
        except errors.APIError:  # it is not here under this name
            return -1
        try:
            docker.api.start(made["Id"])
            return int(docker.api.wait(made["Id"], timeout=LOOK_S)["StatusCode"])
        except errors.APIError:  # no such program
            return -1
        except requests.exceptions.RequestException:  # nobody answers the question in time
            return NOT_FOUND
        finally:
            docker.api.remove_container(made["Id"], force=True, v=True)
