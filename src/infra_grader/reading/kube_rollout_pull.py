"""Images that could not be pulled: whether there is no such image, or a registry that does not answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from infra_grader.reading.kube_rollout_seen import Container, Pod

PULLS = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable")
NO_NAME = "InvalidImageName"
NO_SUCH_IMAGE = re.compile(
    r"not found|manifest unknown|does not exist|denied|unauthorized|no match for platform|invalid reference format",
    re.IGNORECASE,
)
"""How a registry that answers says that it has no such image, or none for everybody."""
UNREACHED = re.compile(
    r"\bdial\b|\blookup\b|no such host|timeout|timed out|connection re(?:fused|set)|x509|toomanyrequests|rate limit"
    r"|50[0234] |EOF|unreachable|server misbehaving",
    re.IGNORECASE,
)


def is_unpulled(container: Container) -> bool:
    """Whether a container waits for an image that could not be pulled."""
    return container.waits in PULLS or container.waits == NO_NAME


def said_of_pull(pod: Pod, container: Container) -> str:
    """Return what the node says on why the image of a container could not be pulled."""
    told = (each for each in reversed(pod.events) if each.reason == "Failed" and container.image in each.message)
    return next((each.message for each in told), "") or container.message


def is_registrys(container: Container, said: str, tags: Mapping[str, bool]) -> bool:
    """Whether an image could not be pulled since a registry does not answer, and not since it has no such image.

    `tags` says of images whether the lab's registry has them, as far as it was asked.
    """
    if container.waits == NO_NAME:
        return False
    if container.image in tags:
        return tags[container.image]
    return bool(UNREACHED.search(said)) or not NO_SUCH_IMAGE.search(said)
