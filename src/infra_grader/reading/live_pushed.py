"""Images that checks built, in the registry of the lab: where a cluster finds them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from infra_grader.capabilities.docker_layer import Layer, packed
from infra_grader.capabilities.kubernetes_image import push
from infra_grader.plugin import Context
from infra_grader.reading.live_image import image_of


def pushed(context: Context, images: Mapping[str, str], layer: Layer | None = None) -> dict[str, str]:
    """Return the references of images that other checks built, for the globs that name them.

    `images` has the ids of those checks; with a layer, each image has that on it. Each is pushed once a submission, and
    no check pays for that time.
    """
    with context.deadline.paused():
        return {glob: _pushed(context, check_id, layer) for glob, check_id in images.items()}


def _pushed(context: Context, check_id: str, layer: Layer | None) -> str:
    image = image_of(context, check_id)
    live = context.kubernetes
    mark = _mark(layer) if layer else ""

    def make() -> str:
        context.tell("push the image to the lab's registry")
        tag = f"{live.run}-{mark}" if mark else live.run
        return push(image, live.lab.registry, f"infra-grader/{check_id}", tag, layer)

    return context.shared(("pushed image", image.id, mark), make, reads_files=False)


def _mark(layer: Layer) -> str:
    """Return what tells a layer from others of the same submission."""
    said = [dict(layer.variables), layer.python_path]
    return hashlib.sha256(msgspec.json.encode(said) + packed(layer.files)).hexdigest()[:12]
