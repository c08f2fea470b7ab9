"""The dockerfile.installs check kind."""

from __future__ import annotations

from fnmatch import fnmatchcase

from infra_grader.checks.dockerfile._caches import is_removed, is_tidy_pip
from infra_grader.checks.dockerfile._files import (
    DockerfileParams,
    asked,
    either,
    find_dockerfile,
    point_at,
    point_at_command,
)
from infra_grader.checks.dockerfile._installs import Install, find_installs, has_cache_mount
from infra_grader.plugin import Annotated, CheckFailed, Context, Meta, Outcome, check
from infra_grader.reading.dockerfile import Dockerfile, Stage
from infra_grader.reading.pieces import Piece, judge


class Installs(DockerfileParams):
    """What must be installed, and how tidily."""

    dependencies: Annotated[
        bool, Meta(description="The dependencies in a file (requirements.txt, pyproject.toml, ...) must be installed.")
    ] = True
    packages: Annotated[
        tuple[str | Annotated[list[str], Meta(min_length=1)], ...],
        Meta(description="Packages of the system that must be installed, as globs; a list names alternatives."),
    ] = ()
    tidy: Annotated[
        bool,
        Meta(
            description="What stays in the image must hold no caches: pip with --no-cache-dir, the lists of apt removed"
            " in the same RUN. Only what is installed is asked about."
        ),
    ] = True


@check("dockerfile.installs")
def installs(context: Context, params: Installs) -> Outcome:
    """The image installs its dependencies, and leaves no caches of pip, apt or apk behind.

    Dependencies may be installed in an earlier stage that the built one needs. Caches matter only in the built stage
    and those that it builds on: what an earlier stage leaves behind is not in the image.
    """
    dockerfile, stage = find_dockerfile(context, params)
    found = find_installs(dockerfile.reached(stage))
    kept = find_installs(dockerfile.chain(stage))
    pieces = [_dependencies(dockerfile, stage, found)] if params.dependencies else []
    wanted = [[item] if isinstance(item, str) else item for item in params.packages]
    pieces += [_package(dockerfile, stage, kept, names) for names in wanted]
    pieces += [_tidy(dockerfile, install) for install in kept] if params.tidy else []
    if not found or not pieces:
        raise CheckFailed(
            f"{dockerfile.path} installs nothing.",
            point_at(dockerfile, stage.start, "a RUN that installs dependencies", "none"),
        )
    return judge(dockerfile.path, pieces)


def _dependencies(dockerfile: Dockerfile, stage: Stage, found: list[Install]) -> Piece:
    listed = next((install for install in found if install.is_listed), None)
    expected = "the dependencies in a file are installed"
    if listed is None:
        return asked(False, point_at(dockerfile, stage.start, expected, "no command such as pip install -r"))
    return asked(True, point_at_command(dockerfile, listed.command, expected, "installed"))


def _package(dockerfile: Dockerfile, stage: Stage, kept: list[Install], names: list[str]) -> Piece:
    expected = f"installs {either(names)}"
    for install in kept:
        if any(fnmatchcase(package, name) for package in install.packages for name in names):
            return asked(True, point_at_command(dockerfile, install.command, expected, "installed"))
    return asked(False, point_at(dockerfile, stage.start, expected, "not installed"))


def _tidy(dockerfile: Dockerfile, install: Install) -> Piece:
    program = install.command.program
    if install.is_system:
        holds, expected = _is_tidy_system(install)
    elif program in ("pip", "python", "uv", "pip-sync"):
        holds, expected = is_tidy_pip(install), "pip keeps no cache: --no-cache-dir"
    else:
        holds, expected = True, "no cache is known"
    actual = "kept out" if holds else "its cache stays in the image"
    return asked(holds, point_at_command(dockerfile, install.command, expected, actual))


def _is_tidy_system(install: Install) -> tuple[bool, str]:
    program = install.command.program
    if program == "apk":
        holds = "--no-cache" in install.command.words or is_removed(install, "/var/cache/apk")
        return holds or has_cache_mount(install.item, "apk"), "apk keeps no cache: --no-cache"
    if program in ("apt-get", "apt", "aptitude"):
        holds = is_removed(install, "/var/lib/apt") or has_cache_mount(install.item, "/var/lib/apt", "/var/cache/apt")
        return holds, "the lists of apt are removed in the same RUN: rm -rf /var/lib/apt/lists/*"
    if program == "install_packages":
        return True, "no cache is kept"
    cleans = any(one.program == program and "clean" in one.words for one in install.after)
    return cleans or is_removed(install, "/var/cache"), f"{program} clean all in the same RUN"
