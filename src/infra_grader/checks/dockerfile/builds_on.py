"""The dockerfile.builds_on check kind."""

from __future__ import annotations

from infra_grader.checks.dockerfile._files import (
    DockerfileParams,
    asked,
    either,
    find_dockerfile,
    point_at,
)
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.dockerfile import Dockerfile, Stage
from infra_grader.reading.dockerfile_reference import is_named, read_reference
from infra_grader.reading.pieces import Piece, judge


class BuildsOn(DockerfileParams):
    """Which base images are right."""

    images: Annotated[
        tuple[str, ...],
        Meta(
            description="Globs of images that the built one may go back to, such as `python:3.1*-slim*`; all if none."
        ),
    ] = ()
    pinned: Annotated[
        bool, Meta(description="Every image that is used needs a digest, or a tag other than `latest`.")
    ] = True


@check("dockerfile.builds_on")
def builds_on(context: Context, params: BuildsOn) -> Outcome:
    """The image builds on one of the base images asked for, and every image that it uses is pinned.

    Stages that the built one does not need are not looked at. Arguments in `FROM` count with their defaults.
    """
    dockerfile, stage = find_dockerfile(context, params)
    pieces = [_named(dockerfile, stage, params)] if params.images else []
    if params.pinned or not pieces:
        pieces += _pinned(dockerfile, stage, must=params.pinned)
    return judge(dockerfile.path, pieces)


def _named(dockerfile: Dockerfile, stage: Stage, params: BuildsOn) -> Piece:
    root = dockerfile.chain(stage)[0]
    holds = is_named(read_reference(root.base), params.images)
    return asked(holds, point_at(dockerfile, root.start, either(params.images), root.base))


def _pinned(dockerfile: Dockerfile, stage: Stage, *, must: bool) -> list[Piece]:
    used = [(item.base, item.start) for item in dockerfile.reached(stage) if item.parent is None]
    used += [(image.value, image.instruction) for item in dockerfile.reached(stage) for image in item.outside]
    pieces = []
    for name, item in used:
        reference = read_reference(name)
        holds = reference.is_pinned or name == "scratch"
        found = name if holds else f"{name}, which is another image tomorrow"
        pieces.append(asked(holds or not must, point_at(dockerfile, item, "an image with a tag or digest", found)))
    return pieces
