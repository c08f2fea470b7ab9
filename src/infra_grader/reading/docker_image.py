"""An image that a check has built: its settings, its files, and the instruction that each part of it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import Any, NamedTuple

from infra_grader.capabilities.docker import LABEL, answering
from infra_grader.capabilities.docker_files import read_accounts
from infra_grader.capabilities.docker_layers import SavedImage, Step, read_layers
from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.model.record import Record
from infra_grader.plugin import Context, TextFile
from infra_grader.reading.docker_secrets import find_in_file, is_looked_into
from infra_grader.reading.dockerfile import Dockerfile, Stage, read_dockerfile
from infra_grader.reading.dockerfile_instruction import Instruction
from infra_grader.reading.live_image import image_of

MEGABYTE = 1_000_000
MOST_QUOTED = 160
LATER = "ONBUILD"
OURS = re.compile(rf"(?:/bin/sh -c #\(nop\)\s+)?LABEL {LABEL}")
"""Labels that the classic builder was given by us."""
SHELL = re.compile(r"\A(?:RUN )?(?:\|\d+ .*?)?/bin/(?:ba)?sh (?:-[a-z]+ )*-c (?:#\(nop\)\s*)?")


class Origin(NamedTuple):
    """One instruction of the learner's as the image remembers it."""

    step: Step
    instruction: Instruction | None
    """The same in the Dockerfile, where that is known."""


class ImageSeen(Record):
    """An image, as Docker describes it."""

    dockerfile: str
    target: str
    """The stage that it is, or nothing for the last one."""
    config: dict[str, Any]
    history: list[dict[str, Any]]
    """The first step first."""
    layer_count: int
    bytes: int
    """Of all layers."""


class FileSecret(Record):
    """Something secret in a file of a layer."""

    layer: int
    path: str
    what: str
    """In words, never its value."""


class LiveImage:
    """An image, and the Dockerfile that it was built from."""

    def __init__(self, context: Context, check_id: str) -> None:
        """Look at the image that a check has built. Raises `NotAssessed` if that check builds none."""
        self._context = context
        self._check_id = check_id
        seen = context.observe("image", ImageSeen, self._look, asked=())
        self.path = seen.dockerfile
        """Its Dockerfile."""
        self.config = seen.config
        self.history = seen.history
        self.layer_count = seen.layer_count
        self.bytes = seen.bytes
        self.dockerfile = _read(context, seen.dockerfile)
        self.stage: Stage | None = self.dockerfile.target(seen.target) if self.dockerfile else None

    def _look(self) -> ImageSeen:
        built = image_of(self._context, self._check_id)
        with answering():
            facts = self._context.docker.api.inspect_image(built.id)
            history = list(reversed(self._context.docker.api.history(built.id)))
        return ImageSeen(
            dockerfile=built.dockerfile,
            target=built.target,
            config=facts.get("Config") or {},
            history=history,
            layer_count=len((facts.get("RootFS") or {}).get("Layers") or ()),
            # Not what `docker image inspect` says: with some stores that holds the packed layers as well.
            bytes=sum(int(entry.get("Size") or 0) for entry in history) or int(facts.get("Size") or 0),
        )

    @property
    def title(self) -> str:
        """How to call it in a message."""
        return f"the image of {self.path}"

    @cached_property
    def accounts(self) -> str:
        """Its `/etc/passwd`; nothing where it has none."""
        return self._context.observe("accounts", str, self._accounts, asked=())

    def _accounts(self) -> str:
        return read_accounts(self._context.docker, image_of(self._context, self._check_id).id)

    @cached_property
    def saved(self) -> SavedImage:
        """Its layers and history, without what the files hold."""
        return self._context.observe("files", SavedImage, self._files, asked=())

    def _files(self) -> SavedImage:
        saved = self._read()
        return saved.replace(layers=tuple(layer.replace(contents={}) for layer in saved.layers))

    @cached_property
    def secrets(self) -> list[FileSecret]:
        """What is secret in the files of its layers, those of the base image left out."""
        return self._context.observe("secrets", list[FileSecret], self._find_secrets, asked=())

    def _find_secrets(self) -> list[FileSecret]:
        found: list[FileSecret] = []
        layers = self._read().layers
        for number in range(self.first_own_layer(), len(layers)):
            for path, content in sorted(layers[number].contents.items()):
                self._context.deadline.check()
                found += [FileSecret(layer=number, path=path, what=what) for what in find_in_file(path, content)]
        return found

    def _read(self) -> SavedImage:
        """Return its layers with the files that are looked into, read once a submission."""
        built, docker, deadline = image_of(self._context, self._check_id), self._context.docker, self._context.deadline
        return self._context.shared(
            ("docker layers", built.id),
            lambda: read_layers(docker, built.name, is_looked_into, deadline),
            reads_files=False,
        )

    def origins(self) -> list[Origin]:
        """Return the learner's own steps; those before come with the base image."""
        steps = [step for step in self.saved.steps if not OURS.match(step.text)]
        written = self._instructions()
        if not any(instruction_text(step.text).startswith(LATER) for step in steps):  # which BuildKit does not note
            written = [item for item in written if item.keyword != LATER]
        if self.dockerfile and not written:
            return []
        own = steps[-len(written) :] if written else steps
        if len(own) != len(written):
            return [Origin(step, None) for step in own]
        return [Origin(step, item) for step, item in zip(own, written, strict=True)]

    def first_own_layer(self) -> int:
        """Return the number of the first layer that is not the base image's."""
        own = [origin.step.layer for origin in self.origins() if origin.step.layer is not None]
        return own[0] if own else len(self.saved.layers)

    def layer_point(self, layer: int, expected: str, actual: str) -> Evidence:
        """Return evidence that points at the instruction that made a layer."""
        for origin in self.origins():
            if origin.step.layer == layer:
                return self.point(origin, expected, actual)
        text = next((step.text for step in self.saved.steps if step.layer == layer), "")
        return Evidence(path=self.path, expected=expected, actual=actual, text=f"the base image: {shown(text)}")

    def point(self, origin: Origin, expected: str, actual: str) -> Evidence:
        """Return evidence that points at an instruction."""
        item = origin.instruction
        return Evidence(
            path=self.path,
            line=item.line if item else None,
            end_line=item.end_line if item and item.end_line > item.line else None,
            expected=expected,
            actual=actual,
            text=f"{item.keyword} {item.text}"[:MOST_QUOTED] if item else shown(origin.step.text),
        )

    def setting(self, keyword: str, expected: str, actual: str) -> Evidence:
        """Return evidence that points at the last instruction of a keyword; at the FROM where there is none."""
        chain = self.dockerfile.chain(self.stage) if self.dockerfile and self.stage else []
        found = [item for stage in chain for item in stage.instructions if item.keyword == keyword]
        start = self.stage.start if self.stage else None
        item = found[-1] if found else start
        return Evidence(
            path=self.path,
            line=item.line if item else None,
            expected=expected,
            actual=actual,
            text=f"{item.keyword} {item.text}"[:MOST_QUOTED] if item else None,
        )

    def _instructions(self) -> list[Instruction]:
        chain = self.dockerfile.chain(self.stage) if self.dockerfile and self.stage else []
        return [item for stage in chain for item in stage.instructions]


def _read(context: Context, path: str) -> Dockerfile | None:
    everything = context.workspace.view(allow_starter=True)
    with suppress(CheckFailed):
        return read_dockerfile(TextFile(path, everything.read_text(path)))
    return None


def shown(created_by: str) -> str:
    """Return what the image remembers of an instruction as it was written, without the values of arguments."""
    return instruction_text(created_by)[:MOST_QUOTED]


def instruction_text(created_by: str) -> str:
    """Return the whole of what `shown` begins; of a RUN the command alone."""
    return SHELL.sub("", created_by).removesuffix("# buildkit").strip()


def given_arguments(created_by: str) -> Iterator[tuple[str, str]]:
    """Yield the build arguments that an image remembers with a RUN: `|2 A=b C=d /bin/sh -c ...`."""
    found = re.match(r"(?:RUN )?\|(\d{1,3}) ", created_by)
    if found is None:
        return
    words = created_by[found.end() :].split(" ")
    for word in words[: int(found[1])]:
        name, sign, value = word.partition("=")
        if sign:
            yield name, value
