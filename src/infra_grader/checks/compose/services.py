"""The compose.services check kind."""

from __future__ import annotations

from collections.abc import Mapping

from infra_grader.checks.compose._files import (
    ComposeParams,
    asked,
    either,
    find_compose,
    is_called,
    missing_dockerfile,
    point_at,
    title,
)
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.compose import Compose
from infra_grader.reading.pieces import Piece, judge

BUILT = "build"


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
        bool, Meta(description="Whether a service that is built here counts only where its Dockerfile is there.")
    ] = False


@check("compose.services", measure="roles")
def services(context: Context, params: Services) -> Outcome:
    """The compose file starts a service for each role, found by its image, its name, or because it is built here.

    Services without an image or a build, under a profile, or with no replica do not count.
    """
    compose = find_compose(context, params)
    taken: set[str] = set()
    unbuilt = {
        service.name: path
        for service in compose.active.values()
        if params.needs_dockerfile and (path := missing_dockerfile(context, service))
    }
    roles = [_fill(compose, role, globs, taken, unbuilt) for role, globs in params.services.items()]
    filled = Measure(value=sum(role.share == 1 for role in roles), unit="roles", threshold=len(roles))
    return judge(compose.path, roles).replace(measure=filled)


def _fill(compose: Compose, role: str, globs: list[str], taken: set[str], unbuilt: Mapping[str, str]) -> Piece:
    """Return whether a service fills a role, and note it as taken; `unbuilt` are the Dockerfiles that are missing."""
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
        return asked(False, point_at(near.value, expected, f"{near.name} cannot be built: no {unbuilt[near.name]}"))
    reason = f"only under the profile {near.profiles[0]}" if near.profiles else "not started: no image, or no replica"
    return asked(False, point_at(near.value, expected, reason))
