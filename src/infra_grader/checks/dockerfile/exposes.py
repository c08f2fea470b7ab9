"""The dockerfile.exposes check kind."""

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
from infra_grader.reading.pieces import Piece, judge

Port = int | str


class Exposes(DockerfileParams, kw_only=True):
    """Which ports the image must expose."""

    ports: Annotated[
        tuple[Port | Annotated[list[Port], Meta(min_length=1)], ...],
        Meta(min_length=1, description="Ports such as 5000 or `53/udp`; a list names alternatives."),
    ]


@check("dockerfile.exposes")
def exposes(context: Context, params: Exposes) -> Outcome:
    """The image exposes the ports asked for, with `EXPOSE` in the built stage or one that it builds on."""
    dockerfile, stage = find_dockerfile(context, params)
    pieces = [_look(dockerfile, stage, item if isinstance(item, list) else [item]) for item in params.ports]
    return judge(dockerfile.path, pieces)


def _look(dockerfile: Dockerfile, stage: Stage, alternatives: list[Port]) -> Piece:
    wanted = [str(port) if "/" in str(port) else f"{port}/tcp" for port in alternatives]
    found = next((stage.image.ports[port] for port in wanted if port in stage.image.ports), None)
    expected = f"EXPOSE {either([str(port) for port in alternatives])}"
    if found is not None:
        return asked(True, point_at(dockerfile, found.instruction, expected, "exposed"))
    others = next(iter(stage.image.ports.values()), None)
    item = others.instruction if others else stage.start
    return asked(False, point_at(dockerfile, item, expected, "not exposed"))
