"""The docker.image check kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from infra_grader.checks.docker._image_files import absent, no_secrets, wasted
from infra_grader.checks.docker._image_settings import health, label, layers, ports, size, starts, user
from infra_grader.plugin import Annotated, Context, Handle, Measure, Meta, NotAssessed, Outcome, Params, Regex, check
from infra_grader.reading.docker_image import MEGABYTE, LiveImage
from infra_grader.reading.pieces import Piece, judge

Name = Annotated[str, Meta(min_length=1)]


class Image(Params):
    """Which image, and what is asked of it; each thing earns an equal share."""

    image: Annotated[Handle, Meta(description="Id of the check that builds the image.")]
    max_mb: Annotated[float, Meta(gt=0, description="Megabytes of all its layers, at most.")] | None = None
    user: Annotated[str, Meta(description="`non-root`, or the name or number of the user that it runs as.")] = ""
    ports: Annotated[
        tuple[int | Name, ...], Meta(description="Ports of which it exposes one, such as 8000 or `53/udp`.")
    ] = ()
    healthcheck: Annotated[bool, Meta(description="Whether it must have a healthcheck.")] = False
    labels: Annotated[
        dict[str, str] | list[str], Meta(description="Labels that it must have: their names, or names and values.")
    ] = msgspec.field(default_factory=list)
    entrypoint: Annotated[Regex, Meta(description="What its entry point contains, the words joined.")] | None = None
    command: Annotated[Regex, Meta(description="What its command contains, the words joined.")] | None = None
    form: Annotated[
        Literal["any", "exec"],
        Meta(description="`exec`: it starts its program itself, not by a shell, which keeps signals from it."),
    ] = "any"
    max_layers: (
        Annotated[int, Meta(gt=0, description="Layers that it may have, those of its base among them.")] | None
    ) = None
    no_secrets: Annotated[
        bool,
        Meta(
            description="Whether it must hold no secret: in its variables, in its history, in the build arguments that "
            "RUN used, and in the files of every layer, removed ones too."
        ),
    ] = False
    absent: Annotated[
        tuple[Name, ...],
        Meta(
            description="What must not be in it: programs (`gcc`), paths (`/root/.cache`), names of files and folders "
            "of the learner's (`*.pyc`, `tests/`, `.git/`), `pip cache` or `apt lists`."
        ),
    ] = ()
    waste_mb: (
        Annotated[float, Meta(ge=0, description="Megabytes of files that later layers remove or replace, at most.")]
        | None
    ) = None

    def problems(self, _rubric_folder: Path, /) -> Iterator[str]:
        """Yield what is wrong: nothing is asked."""
        if not asks(self):
            yield "docker.image asks for nothing: name at least one thing, such as `max_mb: 500` or `user: non-root`"


@check("docker.image", capabilities=("docker",), measure="MB")
def image(context: Context, params: Image) -> Outcome:
    """The image is as it should be: its size, user, ports, labels and start, and nothing in it that does not belong.

    Looked at is the image itself, not its Dockerfile: what a base image or a script brings along counts. Each thing
    asked for earns an equal share; the measure is the size of all layers. Secrets are never shown.
    """
    if not asks(params):
        raise NotAssessed("The rubric asks nothing of the image.", "Tell the author of the rubric.")
    live = LiveImage(context, params.image)
    outcome = judge(live.title, [*_pieces(live, params)])
    megabytes = round(live.bytes / MEGABYTE, 1)
    return outcome.replace(measure=Measure(value=megabytes, unit="MB", threshold=params.max_mb))


def asks(params: Image) -> bool:
    """Whether anything is asked of the image."""
    plain = (params.user, params.ports, params.healthcheck, params.labels, params.no_secrets, params.absent)
    bounds = (params.max_mb, params.entrypoint, params.command, params.max_layers, params.waste_mb)
    return any(plain) or params.form != "any" or any(bound is not None for bound in bounds)


def _pieces(live: LiveImage, params: Image) -> Iterator[Piece]:
    if params.max_mb is not None:
        yield size(live, params.max_mb)
    if params.user:
        yield user(live, params.user)
    if params.ports:
        yield ports(live, [str(port) for port in params.ports])
    if params.healthcheck:
        yield health(live)
    labels = params.labels.items() if isinstance(params.labels, dict) else ((name, None) for name in params.labels)
    yield from (label(live, name, value) for name, value in labels)
    if params.entrypoint is not None or params.command is not None or params.form != "any":
        yield from starts(live, params.entrypoint, params.command, by_itself=params.form == "exec")
    if params.max_layers is not None:
        yield layers(live, params.max_layers)
    if params.no_secrets:
        yield no_secrets(live)
    if params.absent:
        yield absent(live, params.absent)
    if params.waste_mb is not None:
        yield wasted(live, params.waste_mb)
