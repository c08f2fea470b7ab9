"""The dockerfile.instructions check kind."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import msgspec

from infra_grader.checks.dockerfile._files import (
    DockerfileParams,
    asked,
    either,
    find_dockerfile,
    point_at,
)
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.dockerfile import Dockerfile, Stage
from infra_grader.reading.dockerfile_image import Setting
from infra_grader.reading.pieces import Piece, judge

Value = str | int | float | bool | None


class Instructions(DockerfileParams):
    """What the image must be given."""

    workdir: Annotated[
        tuple[str, ...], Meta(description="Globs of working folders, one of which is right, such as `/app*`.")
    ] = ()
    environment: Annotated[
        dict[str, Value], Meta(description="Variables that ENV must set, each with its value; null where any will do.")
    ] = msgspec.field(default_factory=dict)
    labels: Annotated[
        dict[str, Value],
        Meta(description="Labels that the image must have, each with its value; null where any will do."),
    ] = msgspec.field(default_factory=dict)
    volumes: Annotated[tuple[str, ...], Meta(description="Folders that VOLUME must name.")] = ()
    stop_signal: Annotated[str, Meta(description="Signal that STOPSIGNAL must name.")] = ""

    def __post_init__(self) -> None:
        """Refuse a check that asks for nothing."""
        if not (self.workdir or self.environment or self.labels or self.volumes or self.stop_signal):
            raise ValueError("it asks for nothing: give workdir, environment, labels, volumes or stop_signal")


@check("dockerfile.instructions")
def instructions(context: Context, params: Instructions) -> Outcome:
    """The built image has the working folder, variables, labels and volumes asked for.

    What a stage gets from those that it builds on counts; variables in values are filled in.
    """
    dockerfile, stage = find_dockerfile(context, params)
    image = stage.image
    pieces = []
    if params.workdir:
        found = next((item for item in reversed(stage.instructions) if item.keyword == "WORKDIR"), stage.start)
        holds = any(fnmatchcase(image.workdir, pattern) for pattern in params.workdir)
        pieces.append(asked(holds, point_at(dockerfile, found, f"WORKDIR {either(params.workdir)}", image.workdir)))
    pieces += _settings(dockerfile, stage, "ENV", params.environment, image.env)
    pieces += _settings(dockerfile, stage, "LABEL", params.labels, image.labels)
    pieces += _settings(dockerfile, stage, "VOLUME", dict.fromkeys(params.volumes), image.volumes)
    if params.stop_signal:
        given = {"": image.stop_signal} if image.stop_signal else {}
        pieces += _settings(dockerfile, stage, "STOPSIGNAL", {"": params.stop_signal}, given)
    return judge(dockerfile.path, pieces)


def _settings(
    dockerfile: Dockerfile, stage: Stage, keyword: str, wanted: Mapping[str, Value], given: Mapping[str, Setting]
) -> list[Piece]:
    pieces = []
    for name, value in wanted.items():
        expected = " ".join(filter(None, (keyword, name if value is None else f"{name}={_text(value)}".lstrip("="))))
        found = given.get(name)
        if found is None:
            pieces.append(asked(False, point_at(dockerfile, stage.start, expected, "not set")))
            continue
        holds = bool(found.value) if value is None else _text(value).casefold() == found.value.casefold()
        pieces.append(asked(holds, point_at(dockerfile, found.instruction, expected, found.value or "empty")))
    return pieces


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
