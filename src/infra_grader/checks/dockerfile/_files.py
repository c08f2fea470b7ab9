"""What the kinds of the family share: which Dockerfile, its stages, and how an outcome is put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Meta,
    Params,
    Places,
    TextFile,
    is_glob,
    places,
)
from infra_grader.reading.dockerfile import Dockerfile, Stage, read_dockerfile
from infra_grader.reading.dockerfile_instruction import Instruction
from infra_grader.reading.dockerfile_lines import DockerfileError
from infra_grader.reading.dockerfile_shell import ShellCommand, run_commands
from infra_grader.reading.dockerfile_words import expand
from infra_grader.reading.pieces import Piece, whole

MAX_BYTES = 256 * 1024
MOST_SHOWN = 20
MOST_QUOTED = 200


class DockerfileParams(Params):
    """Which Dockerfile a kind looks at, and which image of it."""

    path: Annotated[Places, Meta(description="The Dockerfile, or several places that may hold it.")] = "Dockerfile"
    target: Annotated[str, Meta(description="Name of the stage that is built; the last one where left out.")] = ""


def find_dockerfile(context: Context, params: DockerfileParams) -> tuple[Dockerfile, Stage]:
    """Return the Dockerfile and the stage that is built. Raises `CheckFailed` where there is none that can be built."""
    path = context.workspace.first(places(params.path))
    dockerfile = read_once(context, path)
    return dockerfile, dockerfile.target(params.target)


def read_once(context: Context, path: str) -> Dockerfile:
    """Return a Dockerfile, read once a submission."""
    return context.shared(
        ("dockerfile", path), lambda: read_dockerfile(TextFile(path, context.workspace.read_text(path, MAX_BYTES)))
    )


def adds_work(dockerfile: Dockerfile, stage: Stage) -> bool:
    """Whether the image adds anything to its base."""
    return any(item.works for item in dockerfile.reached(stage))


def require_work(dockerfile: Dockerfile, stage: Stage) -> None:
    """Raise `CheckFailed` where the image adds nothing to its base, so that the absence of faults says nothing."""
    if not adds_work(dockerfile, stage):
        raise CheckFailed(
            f"{dockerfile.path} adds nothing to its base image.",
            point_at(dockerfile, stage.start, "RUN or COPY of your own", "none"),
        )


def point_at(
    dockerfile: Dockerfile, item: Instruction, expected: str, actual: str, text: str | None = None
) -> Evidence:
    """Return evidence that points at an instruction."""
    return Evidence(
        path=dockerfile.path,
        line=item.line,
        end_line=item.end_line if item.end_line != item.line else None,
        expected=expected,
        actual=actual,
        text=text or f"{item.keyword} {item.text}"[:MOST_QUOTED],
    )


def point_at_command(dockerfile: Dockerfile, command: ShellCommand, expected: str, actual: str) -> Evidence:
    """Return evidence that points at a command of a RUN."""
    return Evidence(
        path=dockerfile.path, line=command.line, expected=expected, actual=actual, text=command.text[:MOST_QUOTED]
    )


def asked(holds: bool, evidence: Evidence) -> Piece:
    """Return one thing that was asked for, with the evidence for it."""
    return whole(holds, f"{evidence.expected}: {evidence.actual}", evidence)


def commands_of(stages: Iterable[Stage]) -> list[tuple[Stage, Instruction, list[ShellCommand]]]:
    """Return the RUN instructions of the stages with their commands."""
    return [
        (stage, item, run_commands(item)) for stage in stages for item in stage.instructions if item.keyword == "RUN"
    ]


def filled(stage: Stage, text: str) -> str:
    """Return a text with the stage's variables filled in, as its shell would; what it would not understand stays."""
    try:
        return expand(text, lambda name: stage.image.lookup(name) or None, "\0")
    except DockerfileError:
        return text


def either(names: Sequence[str]) -> str:
    """Return alternatives in words."""
    return " or ".join(names)


def read_script(context: Context, dockerfile: Dockerfile, stage: Stage, path: str) -> str | None:
    """Return the text of a file of the image that comes from the submission, or `None`."""
    folder = dockerfile.path.rpartition("/")[0]
    for origin in stage.image.origins(filled(stage, path)):
        for place in (origin, f"{folder}/{origin}" if folder else ""):
            if place and is_inside(place) and context.workspace.find(place):
                return context.workspace.read_text(place, MAX_BYTES)
    return None


def is_inside(path: str) -> bool:
    """Whether a path of a Dockerfile can be one of the submission's, and no glob."""
    return not path.startswith("/") and ".." not in path.split("/") and "\0" not in path and not is_glob(path)
