"""The dockerfile.copies check kind."""

from __future__ import annotations

from infra_grader.checks.dockerfile._files import DockerfileParams, find_dockerfile, point_at, point_at_command
from infra_grader.checks.dockerfile._installs import Install, find_installs, is_dependency_file
from infra_grader.plugin import CheckFailed, Context, Evidence, Outcome, check
from infra_grader.reading.dockerfile import Dockerfile
from infra_grader.reading.dockerfile_image import Copied
from infra_grader.reading.dockerfile_instruction import read_mounts

EXPECTED = "files of dependencies copied and installed, then the source"


class Copies(DockerfileParams):
    """Which Dockerfile."""


@check("dockerfile.copies")
def copies(context: Context, params: Copies) -> Outcome:
    """The files of dependencies are copied and installed before the source, so that a change of code keeps that layer.

    Understood are pip, uv, Poetry, PDM, Pipenv, conda, npm, Go and others, also where a RUN mounts the files.
    """
    dockerfile, stage = find_dockerfile(context, params)
    reached = dockerfile.reached(stage)
    listed = [install for install in find_installs(reached) if install.is_listed]
    if not listed:
        raise CheckFailed(
            f"{dockerfile.path} installs no dependencies from a file.",
            point_at(dockerfile, stage.start, EXPECTED, "no command such as pip install -r requirements.txt"),
        )
    sources = [copy for item in reached for copy in item.image.copies if _is_source(copy)]
    if not sources:
        raise CheckFailed(
            f"{dockerfile.path} copies no source.",
            point_at(dockerfile, stage.start, EXPECTED, "only files of dependencies are copied"),
        )
    faults = [fault for install in listed if (fault := _fault(dockerfile, install)) is not None]
    if len(faults) == len(listed):
        return Outcome.failed(f"{dockerfile.path} {faults[0].actual}.", *faults)
    good = [install for install in listed if _fault(dockerfile, install) is None]
    return Outcome.passed(
        f"{dockerfile.path} installs the dependencies before it copies the source.",
        *(point_at_command(dockerfile, install.command, EXPECTED, "installed before the source") for install in good),
        *(point_at(dockerfile, copy.instruction, EXPECTED, "the source") for copy in sources[:3]),
    )


def _is_source(copy: Copied) -> bool:
    """Whether a copy brings something of the build context that is no file of dependencies."""
    return not copy.origin and any(
        not is_dependency_file(source) and not source.startswith(("<<", "http://", "https://"))
        for source in copy.sources
    )


def _fault(dockerfile: Dockerfile, install: Install) -> Evidence | None:
    """Say why a layer with dependencies is made anew by every change of code, or that nothing brought the file."""
    before = [
        copy for copy in install.stage.image.copies if copy.instruction.line < install.item.line and not copy.origin
    ]
    early = next((copy for copy in before if _is_source(copy) and not _is_beside(copy)), None)
    if early is not None:
        return point_at(
            dockerfile, early.instruction, EXPECTED, "copies the source before the dependencies are installed"
        )
    if not _has_file(install, before):
        return point_at_command(dockerfile, install.command, EXPECTED, "installs from a file that it has not copied")
    return None


def _has_file(install: Install, before: list[Copied]) -> bool:
    """Whether the file of dependencies is there: copied, mounted, made by the RUN itself, or from another stage."""
    copied = any(is_dependency_file(source) for copy in before for source in copy.sources)
    mounted = any(mount.get("type", "bind") == "bind" for mount in read_mounts(install.item))
    handed = any(copy.origin for copy in install.stage.image.copies)
    return copied or mounted or handed or bool(install.item.heredocs)


def _is_beside(copy: Copied) -> bool:
    """Whether what is copied beside the dependencies changes as seldom as they do: a README, a version, a wheel."""
    names = [source.rstrip("/").rpartition("/")[2].lower() for source in copy.sources]
    return all(
        is_dependency_file(source) or name.endswith((".md", ".whl", ".rst", ".toml", ".lock", ".crt", ".pem"))
        or name in ("wheels", "license", "vendor", "certs", "__init__.py")
        for source, name in zip(copy.sources, names, strict=True)
    )  # fmt: skip
