"""What a rubric says of manifests that are applied, and what it puts to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from infra_grader.capabilities.docker_layer import Layer
from infra_grader.plugin import Context, Evidence, EvidenceKind, Handle, Meta, NotAssessed, RelativePath
from infra_grader.reading.kube_policy_kinds import Listable
from infra_grader.reading.live_mounted import Mounts, PythonPath, missing_mounts, mounted, require_absolute
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_files import read_manifests
from infra_grader.reading.manifest_source import ManifestParams

Name = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253)]


class Apply(ManifestParams):
    """What is applied to the cluster. The first of the sources that is there is taken."""

    images: Annotated[
        dict[str, Handle],
        Meta(
            description="Images that the submission names, as globs, each with the id of the `docker.build` that builds"
            " it: that image takes its place."
        ),
    ] = msgspec.field(default_factory=dict)
    secrets: Annotated[
        dict[Name, dict[str, str]],
        Meta(
            description="Secrets that the course says are there, by name, with their keys and values. They take the"
            " place of those that the submission holds as templates."
        ),
    ] = msgspec.field(default_factory=dict)
    mounts: Mounts = msgspec.field(default_factory=dict)
    python_path: PythonPath = msgspec.field(default_factory=list)
    variables: Annotated[
        dict[str, str], Meta(description="Environment variables of those images, where the manifests do not set them.")
    ] = msgspec.field(default_factory=dict)
    known_values: Annotated[
        dict[str, str],
        Meta(
            description="Values that the rubric has to know, such as keys, by the variable that a container of those "
            "images gets them in. Each takes the place of what the manifests give it: in the pod, the ConfigMap or the "
            "Secret. With any, Secrets that pods name and the manifests lack are made."
        ),
    ] = msgspec.field(default_factory=dict)
    with_files: Annotated[
        list[RelativePath],
        Meta(description="Manifests of the rubric's own that are applied first, relative to it."),
    ] = msgspec.field(default_factory=list)
    cluster_scoped: Annotated[
        list[Listable],
        Meta(description="Kinds without a namespace that may be applied; all others are refused."),
    ] = msgspec.field(default_factory=list)
    asks_api: Annotated[
        bool, Meta(description="Whether its pods may reach the API of the cluster, as operators have to.")
    ] = False

    def __post_init__(self) -> None:
        """Refuse what no image can be given."""
        require_absolute(self.mounts)
        if not self.images and (self.mounts or self.python_path or self.variables or self.known_values):
            raise ValueError("`mounts`, `python_path`, `variables` and `known_values` are for the `images`")

    def problems(self, rubric_folder: Path, /) -> Iterator[str]:
        """Yield the mounts that are not there."""
        return missing_mounts(self.mounts, rubric_folder)


def manifests_of(context: Context, params: Apply, objects: tuple[Manifest, ...]) -> list[Manifest]:
    """Return what is applied: the rubric's own objects, and a submission's. Raises `NotAssessed` for one of ours."""
    return [*_of_the_rubric(context, params), *_without(objects, params.secrets)]


def layer_of(context: Context, params: Apply) -> Layer:
    """Return what is laid on the images that were built."""
    files = mounted(context, params.mounts)
    return Layer(files=files, variables=params.variables, python_path=tuple(params.python_path))


def laid(params: Apply) -> Iterator[Evidence]:
    """Yield what the pods' images have that the submission did not put there."""
    for place, path in params.mounts.items():
        first = ", and Python looks there first" if place in params.python_path else ""
        said = f"the rubric's own {path} is laid into the images that were built{first}"
        yield Evidence(kind=EvidenceKind.FIELD, path=place, actual="not of the submission", text=said)


def _of_the_rubric(context: Context, params: Apply) -> Iterator[Manifest]:
    """Yield the objects of the rubric's own."""
    for path in params.with_files:
        found, faults = read_manifests(path, context.rubric_file(path).read_text(encoding="utf-8"))
        if faults or not found:
            problem = faults[0].problem if faults else "it holds no manifest"
            raise NotAssessed(
                f"The rubric's own file {path} cannot be read: {problem}.", "Tell the author of the rubric."
            )
        for data, _ in found:
            yield Manifest(data=data, locate=lambda _path: ("the rubric", None), is_given=True)
    for name, values in params.secrets.items():
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}
        yield Manifest(data=secret, locate=lambda _path: ("the rubric", None), is_given=True)


def _without(manifests: tuple[Manifest, ...], secrets: Mapping[str, Any]) -> list[Manifest]:
    """Return the manifests but for Secrets that the rubric gives."""
    return [each for each in manifests if not (each.kind == "Secret" and not each.group and each.name in secrets)]
