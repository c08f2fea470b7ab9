"""The environment.install check kind."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from infra_grader.capabilities.cache import cache_folder
from infra_grader.capabilities.environment import Environment
from infra_grader.capabilities.environment_build import build, machine_of
from infra_grader.capabilities.environment_index import Absent, Conflict, Index, Machine
from infra_grader.capabilities.environment_store import Entry, Store
from infra_grader.checks.environment._asked import AUTHOR, Asked, Course, asked_of, stand_in_wheel
from infra_grader.checks.environment._verdict import verdict_of_absent, verdict_of_conflict
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Meta,
    NotAssessed,
    Outcome,
    Params,
    Places,
    check,
    places,
)
from infra_grader.reading.requirement import Requirements
from infra_grader.reading.requirement_file import find_requirements, read_requirements

FILES = ["requirements.txt", "uv.lock", "poetry.lock", "pyproject.toml", "Pipfile.lock", "Pipfile"]
MAX_SHOWN = 20


class Install(Params):
    """Which packages are installed, and what takes the place of some."""

    requirements: Annotated[
        Places,
        Meta(
            description="The file that names the learner's packages, or several places of which the first that is "
            "there counts; if not given, requirements.txt, uv.lock, poetry.lock, pyproject.toml, Pipfile.lock, Pipfile."
        ),
    ] = msgspec.field(default_factory=FILES.copy)
    groups: Annotated[
        list[str], Meta(description="Optional groups or extras to install as well, where the file has them.")
    ] = msgspec.field(default_factory=list)
    learner: Annotated[
        bool, Meta(description="Whether the learner's packages are installed; else the course's `packages` alone.")
    ] = True
    optional: Annotated[bool, Meta(description="Whether a submission may do without such a file.")] = False
    packages: Annotated[
        list[str],
        Meta(
            description="Packages that the course adds, such as `pytest==8.*`, in its version; one without a version "
            "gives way to the learner's own."
        ),
    ] = msgspec.field(default_factory=list)
    stand_ins: Annotated[
        str | None, Meta(description="Folder of the rubric's own with modules that are found before all others.")
    ] = None
    replaces: Annotated[
        list[str], Meta(description="Packages that are not installed, since stand-ins do: `torch` or `torch==2.3.1`.")
    ] = msgspec.field(default_factory=list)


@check("environment.install", capabilities=("sandbox", "command"))
def install(context: Context, params: Install) -> Outcome:
    """The Python packages that the submission asks for can be installed; other checks run with them.

    Understood are requirements.txt with what it includes, pyproject.toml (PEP 621 and 735, Poetry), uv.lock,
    poetry.lock, Pipfile and Pipfile.lock. Only names, versions, extras and markers count: the machine's own index is
    asked, and wheels alone are fetched, so that nothing of a package runs outside the sandbox. Each set of packages is
    installed once and kept. Other kinds name this check as their `environment`.
    """
    found = _found(context, params)
    course = Course(
        params.packages, params.replaces, context.rubric_directory(params.stand_ins) if params.stand_ins else None
    )
    machine = context.shared(("environment", "machine"), lambda: machine_of(context.sandbox, context.deadline))
    asked = asked_of(found, course, machine)
    _refuse_gaps(asked)
    if params.learner and not params.optional and not _holds_any(found):
        assert found is not None  # else there was no file, which has failed before
        raise CheckFailed(f"{found.path} names no package.", Evidence(path=found.path, expected="packages"))
    entry = _entry(context, asked, machine)
    environment = Environment(folder=entry.folder, is_course=found is None)
    outcome = Outcome.passed(_message(entry, found), *_evidence(entry, asked, found))
    return outcome.replace(provides=tuple(environment.to_handle().items()))


def _found(context: Context, params: Install) -> Requirements | None:
    """Return what the learner asks for; `None` where that does not count."""
    if not context.workspace.holds_work():
        raise CheckFailed(
            "There is nothing of the learner's own to install anything for.", Evidence(expected="files", actual="none")
        )
    if not params.learner:
        return None
    listed = places(params.requirements)
    if params.optional and not context.workspace.find(*listed):
        return None
    return read_requirements(context.workspace, find_requirements(context.workspace, listed), params.groups)


def _holds_any(found: Requirements | None) -> bool:
    return found is not None and bool(found.wanted)


def _refuse_gaps(asked: Asked) -> None:
    """Raise `NotAssessed` where a package is asked for by its place, and so would be missing."""
    gaps = [item for item in asked.dropped if item.lacks_package]
    if gaps:
        first = gaps[0]
        raise NotAssessed(
            f"{first.path}: {first.text!r} {first.reason}, and is not installed.",
            "Name the package in `packages` or `replaces` of the rubric's check.",
            *(
                Evidence(
                    path=item.path, line=item.line, expected="a name and versions", actual=item.text, text=item.reason
                )
                for item in gaps[:MAX_SHOWN]
            ),
        )


def _entry(context: Context, asked: Asked, machine: Machine) -> Entry:
    cache = cache_folder()
    store = Store((cache or context.command.scratch) / "environments")
    entry = store.hold(
        asked.key(context.sandbox, machine), lambda folder: _make(context, asked, machine, folder), context.deadline
    )
    context.on_close(entry.release)
    return entry


def _make(context: Context, asked: Asked, machine: Machine, folder: Path) -> Mapping[str, Any]:
    """Fetch what is asked for and install it in an empty folder; return the facts about it."""
    index = Index(context.command, machine)
    scratch = Path(tempfile.mkdtemp(prefix="environment-", dir=context.command.scratch))
    try:
        wheels, stand_ins = scratch / "wheels", scratch / "stand_ins"
        for place in (wheels, stand_ins):
            place.mkdir()
        for path, content in asked.stand_ins.items():
            (stand_ins / path).parent.mkdir(parents=True, exist_ok=True)
            (stand_ins / path).write_bytes(content)
        _fetch(context, index, asked, machine, wheels)
        build(context.sandbox, wheels, stand_ins, folder, context.deadline)
        return {"packages": sorted(" ".join(wheel.name.split("-")[:2]) for wheel in wheels.glob("*.whl"))}
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _fetch(context: Context, index: Index, asked: Asked, machine: Machine, wheels: Path) -> None:
    replaced = [
        f"{name} @ {stand_in_wheel(name, version, wheels.parent).as_uri()}" for name, version in asked.replaced.items()
    ]
    every = [item.versioned for item in (*asked.learner, *asked.course)] + replaced
    if not every:
        return
    limits = [item.versioned for item in asked.constraints if not item.extras and item.specifier]

    def offers(name: str) -> Any:
        return index.offers(name, wheels.parent, context.deadline)

    try:
        index.fetch(every, limits, wheels, context.deadline)
    except (Absent, Conflict) as fault:
        if not asked.learner:
            raise NotAssessed(f"The course's packages cannot be installed: {fault}.", AUTHOR) from fault
        fault = _learners_alone(context, index, asked, limits, wheels) if asked.course else fault
        if isinstance(fault, Absent):
            raise verdict_of_absent(fault, asked, machine, offers) from None
        raise verdict_of_conflict(fault, asked, offers) from None


def _learners_alone(context: Context, index: Index, asked: Asked, limits: list[str], wheels: Path) -> Absent | Conflict:
    """Return what is wrong with the learner's packages alone; raises `NotAssessed` if nothing is."""
    trial = wheels.parent / "trial"
    trial.mkdir()
    try:
        index.fetch([item.versioned for item in asked.learner], limits, trial, context.deadline)
    except (Absent, Conflict) as fault:
        return fault
    raise NotAssessed("The learner's packages cannot be installed together with the course's own.", AUTHOR)


def _message(entry: Entry, found: Requirements | None) -> str:
    count = len(entry.facts.get("packages", ()))
    what = "1 package is" if count == 1 else f"{count} packages are"
    return f"{what} installed, as {found.path if found else 'the course'} asks."


def _evidence(entry: Entry, asked: Asked, found: Requirements | None) -> list[Evidence]:
    path = found.path if found else None
    shown = ", ".join(entry.facts.get("packages", ())) or "nothing"
    named = f"{len(asked.learner)} of the learner's, {len(asked.course)} of the course's"
    evidence = [Evidence(path=path, expected=f"packages as asked for: {named}", actual=shown)]
    if asked.replaced:
        evidence.append(Evidence(path=path, text=f"stand-ins of the course: {', '.join(sorted(asked.replaced))}"))
    evidence += [
        Evidence(path=item.path, line=item.line, expected="a name and versions", actual=item.text, text=item.reason)
        for item in asked.dropped[:MAX_SHOWN]
    ]
    return evidence
