"""The compose.services check kind."""

from __future__ import annotations

from collections.abc import Mapping

from infra_grader.checks.compose._files import (
    EMPTY,
    SYSTEMS,
    ComposeParams,
    asked,
    dockerfile_of,
    either,
    find_compose,
    is_called,
    missing_dockerfile,
    point_at,
    title,
)
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, TextFile, check
from infra_grader.reading.compose import Compose
from infra_grader.reading.compose_service import Service
from infra_grader.reading.dockerfile import read_dockerfile
from infra_grader.reading.dockerfile_reference import read_reference
from infra_grader.reading.pieces import Piece, judge

BUILT = "build"
BARE = EMPTY | SYSTEMS | {"buildpack-deps", "node", "python", "scratch"}
"""Images of a system or a language alone."""


class Services(ComposeParams, kw_only=True):
    """Which services must be there."""

    services: Annotated[
        dict[str, Annotated[list[str], Meta(min_length=1)]],
        Meta(
            min_length=1,
            description="Roles, each with globs of images or of service names that fill it; `build` is any service that"
            " is built here. A service fills one role.",
        ),
    ]
    needs_dockerfile: Annotated[
        bool,
        Meta(description="Whether a service that is built here counts only where its Dockerfile adds something."),
    ] = False


@check("compose.services", measure="roles")
def services(context: Context, params: Services) -> Outcome:
    """The compose file starts a service for each role, found by its image, its name, or because it is built here.

    Services without an image or a build, with no replica, or under a profile do not count, unless `COMPOSE_PROFILES` in
    `.env` names that, or a command of compose in a document, script or Makefile. A Dockerfile adds something if it runs
    or copies anything, or begins with an image that holds more than a system or a language.
    """
    compose = find_compose(context, params)
    taken: set[str] = set()
    unbuilt = {
        service.name: problem
        for service in compose.active.values()
        if params.needs_dockerfile and (problem := _unbuilt_because(context, service))
    }
    roles = [_fill(compose, role, globs, taken, unbuilt) for role, globs in params.services.items()]
    filled = Measure(value=sum(role.share == 1 for role in roles), unit="roles", threshold=len(roles))
    return judge(compose.path, roles).replace(measure=filled)


def _unbuilt_because(context: Context, service: Service) -> str:
    """Say why building a service gives no image of it, or nothing."""
    if missing := missing_dockerfile(context, service):
        return f"no {missing}"
    path = dockerfile_of(service)
    if path is None or service.build is None:
        return ""
    workspace = context.workspace.view(allow_starter=True)
    try:
        file = read_dockerfile(TextFile(path, workspace.read_text(path)))
        stage = file.target(service.build.target)
    except CheckFailed as verdict:
        return verdict.message.rstrip(".")
    chain = file.chain(stage)
    base = read_reference(chain[0].base).name.rpartition("/")[2]
    is_bare = base in BARE and not any(item.works for item in chain)
    return f"{path} adds nothing to {base}" if is_bare else ""


def _fill(compose: Compose, role: str, globs: list[str], taken: set[str], unbuilt: Mapping[str, str]) -> Piece:
    """Return whether a service fills a role, and note it as taken; `unbuilt` says why some cannot."""
    expected = f"{role}: {either(globs)}"
    for service in compose.active.values():
        if service.name in taken or service.name in unbuilt:
            continue
        if is_called(service, globs) or (BUILT in globs and service.build is not None):
            taken.add(service.name)
            return asked(True, point_at(service.value, expected, f"{service.name}, from {title(service)}"))
    near = next((item for item in compose.services.values() if is_called(item, globs)), None)
    if near is None or near.name in taken:
        return asked(False, Evidence(path=compose.path, expected=expected, actual="no such service"))
    if near.name in unbuilt:
        return asked(False, point_at(near.value, expected, f"{near.name} cannot be built: {unbuilt[near.name]}"))
    return asked(False, point_at(near.value, expected, near.set_aside or "without image and build"))
