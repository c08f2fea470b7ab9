"""The image that a handle names, for the kinds that look at it or run it."""

from __future__ import annotations

from infra_grader.capabilities.docker_image import BuiltImage
from infra_grader.model.outcome import NotAssessed
from infra_grader.plugin import Context

HANDLE = "image"


def image_of(context: Context, check_id: str) -> BuiltImage:
    """Return the image that a check built. Raises `NotAssessed` if that check provides none."""
    key = context.handle(check_id).get(HANDLE)
    if key is None:
        raise NotAssessed(f"{check_id} builds no image.", "Name a check of the kind docker.build.")

    def missing() -> BuiltImage:
        raise NotAssessed(f"The image of {check_id} is not here any more.", "Grade again.")

    return context.shared((HANDLE, key), missing, reads_files=False)
