"""A Dockerfile read as BuildKit reads it: its stages, which of them the built one needs, and what the image is like.

Nothing is built: variables are filled in from the file's own `ARG` and `ENV`, base images are names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.model.record import Record
from infra_grader.reading.dockerfile_image import Image, ImageBuilder, Setting
from infra_grader.reading.dockerfile_instruction import Instruction, declared_arguments, read_instruction, read_mounts
from infra_grader.reading.dockerfile_lines import DockerfileError, read_lines
from infra_grader.reading.dockerfile_words import expand

MAX_INSTRUCTIONS = 1000
"""Docker itself builds images of at most 127 layers."""
STAGE_NAME = re.compile(r"[a-z][a-z0-9._-]*")
PLATFORM = {
    **dict.fromkeys(("BUILDPLATFORM", "TARGETPLATFORM"), "linux/amd64"),
    **dict.fromkeys(("BUILDOS", "TARGETOS"), "linux"),
    **dict.fromkeys(("BUILDARCH", "TARGETARCH"), "amd64"),
    **dict.fromkeys(("BUILDVARIANT", "TARGETVARIANT"), ""),
}
"""Arguments that BuildKit sets before the first stage; the values are examples."""


class Stage(Record):
    """What stands between one FROM and the next."""

    index: int
    name: str
    base: str
    """The image or stage that it builds on, variables filled in."""
    parent: int | None
    """The stage that it builds on, where that is one of the file."""
    instructions: tuple[Instruction, ...]
    """Those after its FROM."""
    start: Instruction
    needs: tuple[int, ...]
    """Stages that it copies or mounts from."""
    outside: tuple[Setting, ...]
    """Images outside of the file that it copies or mounts from."""
    image: Image

    @property
    def title(self) -> str:
        """How to call it in a message."""
        return f"the stage {self.name}" if self.name else f"stage {self.index}"

    @property
    def works(self) -> bool:
        """Whether it adds files to its base."""
        return any(item.keyword in ("RUN", "COPY", "ADD") for item in self.instructions)


class Dockerfile(Record):
    """The stages of a file."""

    path: str
    stages: tuple[Stage, ...]
    escape: str

    def target(self, name: str = "") -> Stage:
        """Return the stage of this name, else the last one. Raises `CheckFailed` if there is none of the name."""
        if not name:
            return self.stages[-1]
        found = [stage for stage in self.stages if stage.name == name.lower()]
        if not found:
            raise CheckFailed(
                f"{self.path} has no stage {name}.",
                Evidence(path=self.path, expected=f"FROM … AS {name}", actual=f"{len(self.stages)} other stages"),
            )
        return found[-1]

    def chain(self, stage: Stage) -> list[Stage]:
        """Return the stage and those that it builds on by FROM, the first one first."""
        chain = [stage]
        while chain[0].parent is not None:
            chain.insert(0, self.stages[chain[0].parent])
        return chain

    def reached(self, stage: Stage) -> list[Stage]:
        """Return the stages that building this one carries out, in the file's order."""
        found: set[int] = set()
        waiting = [stage.index]
        while waiting:
            index = waiting.pop()
            if index in found:
                continue
            found.add(index)
            other = self.stages[index]
            waiting += [*other.needs, *([] if other.parent is None else [other.parent])]
        return [self.stages[index] for index in sorted(found)]


def read_dockerfile(file: TextFile) -> Dockerfile:
    """Return what a Dockerfile says. Raises `CheckFailed` with the line where BuildKit would refuse it."""
    try:
        lines, escape = read_lines(file.text)
        if not lines:
            raise CheckFailed(
                f"{file.path} holds no instruction, only comments or nothing.",
                Evidence(path=file.path, expected="FROM and further instructions", actual="no instruction"),
            )
        return Dockerfile(path=file.path, stages=_stages([*map(read_instruction, lines)], escape), escape=escape)
    except DockerfileError as error:
        seen = file.lines[error.line - 1].strip() if error.line <= len(file.lines) else None
        raise CheckFailed(
            f"{file.path} is not a valid Dockerfile on line {error.line}: {error.message}.",
            Evidence(path=file.path, line=error.line, expected="a valid instruction", actual=error.message, text=seen),
        ) from error


def _stages(items: list[Instruction], escape: str) -> tuple[Stage, ...]:
    if len(items) > MAX_INSTRUCTIONS:
        raise DockerfileError(f"there are more than {MAX_INSTRUCTIONS} instructions", items[MAX_INSTRUCTIONS].line)
    arguments = dict(PLATFORM)
    stages: list[Stage] = []
    position = 0
    while position < len(items) and items[position].keyword == "ARG":
        for name, value in declared_arguments(items[position], escape):
            if value is not None:
                arguments[name] = expand(value, arguments.get, escape, items[position].line)
        position += 1
    if position == len(items) or items[position].keyword != "FROM":
        line = items[min(position, len(items) - 1)].line
        raise DockerfileError("an image starts with FROM; only ARG may stand before it", line)
    while position < len(items):
        end = position + 1
        while end < len(items) and items[end].keyword != "FROM":
            end += 1
        stages.append(_stage(items[position:end], stages, arguments, escape))
        position = end
    return tuple(stages)


def _stage(items: list[Instruction], before: list[Stage], arguments: dict[str, str], escape: str) -> Stage:
    start, *rest = items
    words = start.words
    name = words[2].lower() if len(words) == 3 else ""
    if len(words) not in (1, 3) or (name and words[1].lower() != "as"):
        raise DockerfileError("FROM takes an image, or an image AS a name", start.line)
    if name and not STAGE_NAME.fullmatch(name):
        raise DockerfileError(f"{words[2][:40]} cannot be the name of a stage", start.line)
    base = expand(words[0], arguments.get, escape, start.line)
    if not base.strip():
        raise DockerfileError(f"the name of the base image is empty: {words[0][:60]} has no value", start.line)
    parent = next((stage.index for stage in reversed(before) if stage.name and stage.name == base.lower()), None)
    builder = ImageBuilder(before[parent].image if parent is not None else Image(base=base), arguments, escape)
    for item in rest:
        builder.take(item)
    needs, outside = _origins(rest, before)
    return Stage(
        index=len(before),
        name=name,
        base=base,
        parent=parent,
        instructions=tuple(rest),
        start=start,
        needs=needs,
        outside=outside,
        image=builder.image,
    )


def _origins(items: list[Instruction], before: list[Stage]) -> tuple[tuple[int, ...], tuple[Setting, ...]]:
    """Return the stages and the images from which instructions copy or mount."""
    needs: list[int] = []
    outside: list[Setting] = []
    for item in items:
        for origin in [item.flag("from") if item.keyword == "COPY" else "", *_mounted(item)]:
            if not origin:
                continue
            index = stage_index(origin, before)
            if index is not None:
                needs.append(index)
            elif origin.isdigit():
                raise DockerfileError(f"there is no stage {origin} before it", item.line)
            else:
                outside.append(Setting(value=origin, instruction=item))
    return tuple(dict.fromkeys(needs)), tuple(outside)


def stage_index(origin: str, stages: list[Stage] | tuple[Stage, ...]) -> int | None:
    """Return the number of the stage that `--from` names by name or number, or `None`."""
    if origin.isdigit() and len(origin) < 6:
        return int(origin) if int(origin) < len(stages) else None
    return next((stage.index for stage in reversed(stages) if stage.name and stage.name == origin.lower()), None)


def _mounted(item: Instruction) -> Iterator[str]:
    """Yield the `from` of each `RUN --mount`."""
    for options in read_mounts(item):
        if "from" in options:
            yield options["from"]
