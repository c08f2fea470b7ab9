"""What a builder is asked for, and what it gives back."""

from __future__ import annotations

from pathlib import Path

from infra_grader.capabilities.docker_build_log import Failure
from infra_grader.model.record import Record


class Need(Record):
    """Something in a Dockerfile that not every builder has."""

    title: str
    """As a report says it: `RUN --mount`, a heredoc."""
    line: int
    since: tuple[int, int] = (1, 0)
    """Version of the Dockerfile syntax that brought it."""
    in_classic: bool = False
    """Whether the classic builder has it as well."""


class BuildRequest(Record):
    """What to build; its files are a copy of ours that nobody else writes to."""

    folder: Path
    """Folder with `context/`, what the build may see, and `Dockerfile`."""
    path: str
    """The Dockerfile's path in the submission."""
    inside: str = ""
    """Its path in the context, or nothing if it lies outside."""
    target: str = ""
    """The stage to build; the last one where left out."""
    arguments: tuple[tuple[str, str], ...] = ()
    network: str = "default"
    """`none` or `default`: what RUN can reach."""
    needs: tuple[Need, ...] = ()
    from_ends: tuple[int, ...] = ()
    """Lines on which the FROM instructions end."""
    command: str = ""
    """What builds it by hand."""

    @property
    def context(self) -> Path:
        """The folder that the build may see."""
        return self.folder / "context"

    @property
    def dockerfile(self) -> Path:
        """The Dockerfile, which need not lie in the context."""
        return self.folder / "Dockerfile"


class Made(Record):
    """How a build ended."""

    result: str | Failure
    """Id of the image, or why there is none."""
    log: str


class NoBuilder(Exception):
    """The kind of builder that was asked for is not to be had here."""
