"""Images that checks built, in the registry of the lab: where a cluster finds them."""

from __future__ import annotations

from collections.abc import Mapping

from infra_grader.capabilities.kubernetes_image import push
from infra_grader.plugin import Context
from infra_grader.reading.live_image import image_of


def pushed(context: Context, images: Mapping[str, str]) -> dict[str, str]:
    """Return the references of images that other checks built, for the globs that name them.

    `images` has the ids of those checks. Each image is pushed once a submission, and no check pays for that time.
    """
    with context.deadline.paused():
        return {glob: _pushed(context, check_id) for glob, check_id in images.items()}


def _pushed(context: Context, check_id: str) -> str:
    image = image_of(context, check_id)
    live = context.kubernetes

    def make() -> str:
        context.tell("push the image to the lab's registry")
        return push(image, live.lab.registry, f"infra-grader/{check_id}", live.run)

    return context.shared(("pushed image", image.id), make, reads_files=False)
