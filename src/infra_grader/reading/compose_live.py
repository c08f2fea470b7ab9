"""A submission's compose project, made ready to be started: its model held against the policy, its images there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from infra_grader.capabilities.compose_command import ComposeCommand, find_compose
from infra_grader.capabilities.compose_project import ComposeProject
from infra_grader.capabilities.docker import address, socket_of
from infra_grader.model.outcome import Evidence, NotAssessed
from infra_grader.model.record import Record
from infra_grader.plugin import Context
from infra_grader.reading.compose import Compose, read_compose
from infra_grader.reading.compose_choice import Roles, choose
from infra_grader.reading.compose_config import make_model
from infra_grader.reading.compose_images import Images, find_images
from infra_grader.reading.compose_places import Located, lay_out, lay_out_files
from infra_grader.reading.compose_policy import find_refusals
from infra_grader.reading.compose_refused import refuse, refuse_outside, set_aside
from infra_grader.reading.compose_rewrite import Start, find_clashes, rewrite
from infra_grader.reading.compose_service import Service
from infra_grader.reading.compose_settle import settle
from infra_grader.reading.submission_copy import copy_submission

HANDLE = "project"


class Wanted(Record):
    """What is to be started."""

    path: str
    memory_bytes: int
    """Memory of a service that states no limit."""
    pids: int
    overrides: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    """Globs of services or images that are left out."""
    roles: Roles = ()
    """What is asked for; all services without any."""
    images: tuple[tuple[str, str], ...] = ()
    """Globs of images, with what stands in for them."""
    variables: tuple[tuple[str, str], ...] = ()
    rewritten: frozenset[str] = frozenset()
    reaches_out: bool = False
    build_network: str = "default"


class Prepared(NamedTuple):
    """A project that can be started."""

    project: ComposeProject
    compose: Compose
    model: Mapping[str, Any]
    """As compose makes it of the submission's files, with the services that are started."""
    left_out: tuple[str, ...]
    """Services that are not started."""
    roles: Mapping[str, str]
    """What was asked for, with the service that fills it; nothing where none does."""
    notes: tuple[Evidence, ...]
    """What was done otherwise than the files say."""
    clashes: tuple[tuple[str, str, str], ...]
    command: str
    """What starts it by hand."""

    def service(self, name: str) -> Service | None:
        """Return a service as the files have it."""
        return self.compose.services.get(name)


def prepare(context: Context, wanted: Wanted) -> Prepared:
    """Return a project that can be started, its images built and fetched.

    Raises `CheckFailed` for what is refused or cannot be read, `NotAssessed` where this machine lacks something.
    """
    compose = read_compose(context.workspace, wanted.path, wanted.overrides)
    command: ComposeCommand = context.shared(("compose", "command"), lambda: _command(context), reads_files=False)
    refusals = find_refusals(compose, context.workspace.folder)
    refuse_outside(compose, refusals)
    folder = context.docker.scratch / context.docker.name("compose")
    copy = folder / "submission"
    context.tell("reading the compose file")
    copy_submission(context.workspace, copy)
    notes, settings = settle(context.workspace, compose, copy, dict(wanted.variables))
    whole = make_model(command, copy, files_of(compose, wanted), wanted.profiles, context.deadline)
    located = Located(os.path.realpath(copy))
    started, roles = choose(whole, wanted.without, wanted.roles)
    model = {**whole, "services": {name: service for name, service in whole["services"].items() if name in started}}
    asked = refuse(compose, model, located, wanted.rewritten, refusals)
    images = find_images(context, compose, model, dict(wanted.images), located, wanted.build_network)
    start = _start(context, wanted, folder, model, images, located, settings)
    project = ComposeProject(context.docker, command, folder.name, folder / "started")
    (folder / "started").mkdir()
    (folder / "started" / "compose.json").write_text(json.dumps(rewrite(model, start, located)), "utf-8")
    return Prepared(
        project=project,
        compose=compose,
        model=model,
        left_out=tuple(name for name in whole["services"] if name not in started),
        roles=roles,
        notes=(*notes, *(set_aside(compose, item, refusals) for item in asked), *images.notes),
        clashes=tuple(find_clashes(model)),
        command=by_hand(compose, wanted),
    )


def _start(
    context: Context,
    wanted: Wanted,
    folder: Path,
    model: Mapping[str, Any],
    images: Images,
    located: Located,
    settings: Mapping[str, str],
) -> Start:
    return Start(
        project=folder.name,
        labels=context.docker.labels,
        images=images.names,
        exposed=images.exposed,
        health=images.health,
        binds=lay_out(model, located, folder / "places"),
        files=lay_out_files(model, located, folder / "files", settings),
        reaches_out=wanted.reaches_out,
        memory_bytes=wanted.memory_bytes,
        pids=wanted.pids,
    )


def files_of(compose: Compose, wanted: Wanted) -> tuple[str, ...]:
    """Return the files that compose is given, in their order."""
    stem, _, suffix = compose.path.rpartition(".")
    laid_over = (f"{stem}.override.{suffix}", *wanted.overrides)
    return (compose.path, *(path for path in dict.fromkeys(laid_over) if path in compose.files))


def by_hand(compose: Compose, wanted: Wanted) -> str:
    """Return the command line that starts the project by hand, in the root of the submission."""
    words = ["docker compose", *(f"-f {path}" for path in files_of(compose, wanted))]
    return " ".join([*words, *(f"--profile {name}" for name in wanted.profiles), "up --build"])


def _command(context: Context) -> ComposeCommand:
    if not socket_of(address()):
        raise NotAssessed(
            f"The Docker daemon at {address()} is on another machine, which sees neither our files nor our loopback.",
            "Grade on the machine where the daemon runs.",
        )
    folder = context.docker.scratch / "client"
    folder.mkdir(exist_ok=True)
    return find_compose(context.command, folder, context.deadline)


def project_of(context: Context, check_id: str) -> Prepared:
    """Return the project that a check started. Raises `NotAssessed` if that check provides none."""
    key = context.handle(check_id).get(HANDLE)
    if key is None:
        raise NotAssessed(f"{check_id} starts no project.", "Name a check of the kind compose.up.")

    def missing() -> Prepared:
        raise NotAssessed(f"The project of {check_id} is not here any more.", "Grade again.")

    return context.shared((HANDLE, key), missing, reads_files=False)
