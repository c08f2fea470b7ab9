"""The docker.build check kind."""

from __future__ import annotations

from typing import Literal

import msgspec

from infra_grader.plugin import (
    Annotated,
    Context,
    Evidence,
    EvidenceKind,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    RelativePath,
    check,
    places,
)
from infra_grader.reading.live_build import Asked, built


class Build(Params):
    """What is built, and within which limits."""

    dockerfile: Annotated[
        Places,
        Meta(
            description="The Dockerfile, or several places that may hold it. Where left out: `Dockerfile`, "
            "`docker/Dockerfile`, `app/Dockerfile`, then any."
        ),
    ] = msgspec.field(default_factory=lambda: ["Dockerfile", "docker/Dockerfile", "app/Dockerfile", "**/Dockerfile"])
    context: (
        Annotated[
            RelativePath,
            Meta(
                description="Folder that the build sees. Where left out, the root of the submission, unless what the "
                "Dockerfile copies is found in its own folder only."
            ),
        ]
        | None
    ) = None
    target: Annotated[str, Meta(description="Name of the stage that is built; the last one where left out.")] = ""
    arguments: Annotated[dict[str, str], Meta(description="Build arguments, by name.")] = msgspec.field(
        default_factory=dict
    )
    network: Annotated[
        Literal["default", "none"],
        Meta(description="What RUN can reach; with `none`, a Dockerfile that installs from an index fails."),
    ] = "default"
    context_mb: Annotated[float, Meta(gt=0, description="Megabytes that the build may see, after `.dockerignore`.")] = (
        200.0
    )
    seconds: (
        Annotated[
            float, Meta(gt=0, description="Seconds that the build may take; as many as the check where left out.")
        ]
        | None
    ) = None


@check("docker.build", capabilities=("docker",), measure="s")
def build(context: Context, params: Build) -> Outcome:
    """The image builds: Docker carries out the Dockerfile, without any cache, on a copy of what it may see.

    Other checks take the image by the id of this one. The measure is the seconds that the build took. It is the
    machine's fault, and costs nothing, where a registry does not answer, a well-known package index can be reached
    neither by the build nor by this machine, the disk is full, or the builder is older than what the Dockerfile asks
    for. A base image that its registry does not have, a step that asks for 127.0.0.1, and one that needs the network
    that `network: none` takes away are the learner's.
    """
    asked = Asked(
        dockerfile=context.workspace.first(places(params.dockerfile)),
        folder=params.context or "",
        target=params.target,
        arguments=tuple(sorted(params.arguments.items())),
        network=params.network,
        context_mb=params.context_mb,
        seconds=params.seconds,
    )
    made = built(context, asked)
    image = made.image
    outcome = Outcome.passed(
        f"{asked.dockerfile} builds in {image.seconds:.1f} s.",
        Evidence(
            kind=EvidenceKind.COMMAND,
            path=image.command,
            expected="an image",
            actual=f"an image after {image.seconds:.1f} s",
            text=f"{_folder(made.folder)} is the context, {made.sent_bytes / 1_000_000:,.1f} MB",
        ),
        measure=Measure(value=image.seconds, unit="s", threshold=params.seconds),
    )
    return outcome.replace(provides=(made.handle,))


def _folder(path: str) -> str:
    return "the root of the submission" if path == "." else path
