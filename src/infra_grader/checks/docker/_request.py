"""What a rubric says of a container that is to run, as the request for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from infra_grader.capabilities.docker_container import ContainerRequest, image_facts
from infra_grader.capabilities.docker_layer import with_python_path
from infra_grader.capabilities.docker_pull import NoSuchImage, fetch_image
from infra_grader.capabilities.sandbox import MIB
from infra_grader.plugin import Annotated, Context, Handle, Meta, NotAssessed, Params
from infra_grader.reading.live_image import image_of
from infra_grader.reading.live_mounted import Mounts, PythonPath, Text, missing_mounts, mounted, require_absolute

COMMON_PORTS = (8000, 5000, 8080, 80, 3000)
"""What services listen on, where an image does not say."""
Port = Annotated[int, Meta(ge=1, le=65_535)]


class ContainerParams(Params):
    """What runs in a container, and what it may do."""

    image: Annotated[Handle | None, Meta(description="Id of the check that builds the image.")] = None
    reference: Annotated[
        str, Meta(description="Name of an image of the rubric's own choice instead, such as `redis:7` for a helper.")
    ] = ""
    command: Annotated[
        list[Text], Meta(description="What it runs instead of the image's own command, word by word.")
    ] = msgspec.field(default_factory=list)
    variables: Annotated[dict[str, str], Meta(description="Environment variables, beside the image's own.")] = (
        msgspec.field(default_factory=dict)
    )
    ports: Annotated[
        list[Port],
        Meta(description="Ports inside that it may answer on; without any, those of EXPOSE, else the usual ones."),
    ] = msgspec.field(default_factory=list)
    network: Annotated[
        Literal["isolated", "none", "default"],
        Meta(description="`isolated` has no way out of this machine, `default` has, `none` has not even a port."),
    ] = "isolated"
    alias: Annotated[str, Meta(description="Name by which other containers of the submission reach it.")] = ""
    read_only: Annotated[bool, Meta(description="Whether its root is read-only, but for an empty /tmp.")] = False
    drop_capabilities: Annotated[
        bool, Meta(description="Whether all Linux capabilities are taken from it, and it cannot gain any again.")
    ] = False
    memory_mb: Annotated[int, Meta(ge=6, le=16_384, description="Memory that it may use, in MiB.")] = 1024
    processes: Annotated[int, Meta(ge=1, le=4096, description="Processes and threads that it may have.")] = 512
    mounts: Mounts = msgspec.field(default_factory=dict)
    python_path: PythonPath = msgspec.field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse what is no container."""
        if (self.image is None) == (not self.reference):
            raise ValueError("it has either `image` or `reference`")
        require_absolute(self.mounts)

    def problems(self, rubric_folder: Path, /) -> Iterator[str]:
        """Yield the mounts that are not there."""
        return missing_mounts(self.mounts, rubric_folder)


def request_of(context: Context, params: ContainerParams) -> ContainerRequest:
    """Return the request for a container. Raises `NotAssessed` for an image that cannot be had."""
    if params.image is not None:
        built = image_of(context, params.image)
        image, title = built.id, "IMAGE"
    else:
        image, title = _fetched(context, params.reference), params.reference
    facts: Mapping[str, Any] = image_facts(context.docker, image).get("Config") or {}
    return ContainerRequest(
        image=image,
        title=title,
        command=tuple(params.command),
        variables=with_python_path(params.variables, params.python_path, facts),
        ports=tuple(params.ports) or exposed(facts) or COMMON_PORTS,
        network=params.network,
        alias=params.alias,
        read_only=params.read_only,
        drops_capabilities=params.drop_capabilities,
        memory_bytes=params.memory_mb * MIB,
        processes=params.processes,
        mounts=mounted(context, params.mounts),
    )


def exposed(image: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the TCP ports that an image says it answers on."""
    found = [port.partition("/") for port in image.get("ExposedPorts") or {}]
    ports = sorted(int(port) for port, _, protocol in found if port.isdigit() and protocol in ("", "tcp"))
    return tuple(ports)


def by_hand(context: Context, params: ContainerParams, request: ContainerRequest) -> str:
    """Return what starts such a container by hand, with the build of its image first."""
    if params.image is None or not (build := image_of(context, params.image).command):
        return request.command_line
    return f"{build} -t IMAGE; {request.command_line}" if " -t " not in build else request.command_line


def _fetched(context: Context, reference: str) -> str:
    """Return the id of an image by its name, fetched if it is not there. Raises `NotAssessed` if it cannot be had."""
    try:
        return str(fetch_image(context.docker, reference, context.deadline, context.tell)["Id"])
    except NoSuchImage as error:
        raise NotAssessed(f"There is no image {reference}: {error}.", "Tell the author of the rubric.") from error
