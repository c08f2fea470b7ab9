"""Which instruction of a Dockerfile a builder's step is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from infra_grader.capabilities.docker_build_log import Failure, Step
from infra_grader.reading.dockerfile import Dockerfile, Stage
from infra_grader.reading.dockerfile_instruction import Instruction

MAKES_FILES = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
"""Instructions that are steps of their own in BuildKit."""
PARSED_LINE = re.compile(r"(?:parse error (?:on )?line|parse error line) (\d{1,6})")
FETCHED = re.compile(r"load metadata for (\S+)|(?:resolve )?docker-image://(\S+)|FROM (\S+)")
COPIED = re.compile(r"invalid from flag value (\S+): ")
SECRET_MOUNT = re.compile(r"(?:\A|,)type=(?:secret|ssh)(?:,|\Z)")
MOST_QUOTED = 200


class Place(NamedTuple):
    """Where an instruction stands; all empty where that is not known."""

    line: int = 0
    end_line: int = 0
    keyword: str = ""
    text: str = ""
    takes_secret: bool = False
    """Whether it is handed a secret, or keys of SSH, by whoever builds."""


def find_place(failure: Failure, dockerfile: Dockerfile | None) -> Place:
    """Return the instruction that failed, as far as what the builder says tells it."""
    items = list(_instructions(dockerfile.stages)) if dockerfile else []
    if base := find_base(failure, dockerfile):
        return next((_place(item) for item in _from_lines(dockerfile, base)), Place())
    parsed = PARSED_LINE.search(failure.error)
    line = int(parsed[1]) if parsed else failure.line
    if line:
        return next((_place(item) for item in items if item.line <= line <= item.end_line), Place(line, line))
    if failure.step is None or dockerfile is None:
        return Place()
    found = _named(failure.step, dockerfile)
    return _place(found) if found else Place(keyword=failure.step.text.partition(" ")[0], text=failure.step.text)


def find_base(failure: Failure, dockerfile: Dockerfile | None) -> str:
    """Return the image that could not be fetched, as the Dockerfile names it; nothing if that is not why it failed."""
    if copied := COPIED.match(failure.error):  # the classic builder fetches what COPY names at that step
        return copied[1]
    found = FETCHED.match(failure.step.text) if failure.step else None
    if found is None:
        return ""
    named = str(next(filter(None, found.groups()))).partition("@")[0]
    for item in _outside(dockerfile):
        if item and (named == item or named.endswith((f"/{item}", f"/{item}:latest"))):
            return item
    return named


def _outside(dockerfile: Dockerfile | None) -> Iterable[str]:
    """Return the images that a file takes from registries, the longest name first."""
    if dockerfile is None:
        return ()
    bases = {stage.base for stage in dockerfile.stages if stage.parent is None}
    copied = {setting.value for stage in dockerfile.stages for setting in stage.outside}
    return sorted(bases | copied, key=len, reverse=True)


def _from_lines(dockerfile: Dockerfile | None, base: str) -> Iterable[Instruction]:
    for stage in dockerfile.stages if dockerfile else ():
        if stage.parent is None and stage.base == base:
            yield stage.start
        yield from (setting.instruction for setting in stage.outside if setting.value == base)


def _named(step: Step, dockerfile: Dockerfile) -> Instruction | None:
    """Return the instruction of a step: by its number where the text agrees, else by its text, else by its number."""
    if not step.number:
        return None
    stages = [stage for stage in dockerfile.stages if _is_called(stage, step.stage, len(dockerfile.stages))]
    for counted in (_counted(stages), list(_instructions(dockerfile.stages))):
        at = counted[step.number - 1] if step.number <= len(counted) else None
        if at is not None and _is_same(at, step.text):
            return at
    alike = [item for item in _instructions(stages or dockerfile.stages) if _is_same(item, step.text)]
    if alike:
        return alike[0]
    keyword = step.text.partition(" ")[0].upper()
    by_number = _counted(stages)
    at = by_number[step.number - 1] if step.number <= len(by_number) else None
    return at if at is not None and at.keyword == keyword else None


def _is_called(stage: Stage, name: str, count: int) -> bool:
    if not name:
        return count == 1 or stage.index == count - 1
    return name in (stage.name, f"stage-{stage.index}")


def _counted(stages: Iterable[Stage]) -> list[Instruction]:
    """Return the steps of a stage as BuildKit counts them: FROM is one where the image comes from a registry."""
    counted: list[Instruction] = []
    for stage in stages:
        if stage.parent is None and stage.base != "scratch":
            counted.append(stage.start)
        counted += [item for item in stage.instructions if item.keyword in MAKES_FILES]
    return counted


def _instructions(stages: Iterable[Stage]) -> Iterable[Instruction]:
    for stage in stages:
        yield stage.start
        yield from stage.instructions


def _is_same(item: Instruction, text: str) -> bool:
    flags = "".join(f"--{name}={value} " for name, values in item.flags.items() for value in values)
    written = _plain(f"{item.keyword} {flags}{item.text}")
    said = _plain(text)
    return written == said or (len(said) > 40 and written.startswith(said))


def _plain(text: str) -> str:
    return "".join(text.split())


def _place(item: Instruction) -> Place:
    return Place(
        item.line,
        item.end_line,
        item.keyword,
        f"{item.keyword} {item.text}"[:MOST_QUOTED],
        takes_secret=any(map(SECRET_MOUNT.search, item.flags.get("mount", ()))),
    )
