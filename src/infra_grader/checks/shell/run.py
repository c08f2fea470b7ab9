"""The shell.run check kind."""

from __future__ import annotations

import os
import shutil
from fractions import Fraction
from pathlib import Path

import msgspec

from infra_grader.capabilities.environment import SYSTEM_PATH, Environment
from infra_grader.capabilities.home import open_home
from infra_grader.capabilities.sandbox import MIB, Job, Limits, Mount
from infra_grader.plugin import (
    Annotated,
    Context,
    Handle,
    Measure,
    Meta,
    Outcome,
    Params,
    RelativePath,
    check,
)
from infra_grader.reading.printed import Asked, judged

PROGRAMS = "/programs"


class Step(Asked, kw_only=True):
    """Lines of shell, and what they must print or leave."""

    run: Annotated[str, Meta(min_length=1, description="Lines for bash, run from the root of the submission.")]
    title: Annotated[str, Meta(description="What it is about, for the report; else its first line.")] = ""


class Run(Params):
    """Which scripts of the submission must be there, and what is done with them."""

    scripts: Annotated[
        list[RelativePath], Meta(min_length=1, description="Scripts of the submission that the lines use.")
    ]
    steps: Annotated[list[Step], Meta(min_length=1, max_length=50, description="Each runs in a fresh copy.")]
    files: Annotated[
        dict[str, str], Meta(description="Text files to put into the copy first, by path in the submission.")
    ] = msgspec.field(default_factory=dict)
    programs: Annotated[
        str | None,
        Meta(description="Folder of the rubric's own with programs that stand in for others, such as a fake kubectl."),
    ] = None
    environment: Annotated[Handle | None, Meta(description="Check whose installed packages the lines may use.")] = None
    variables: Annotated[dict[str, str], Meta(description="Environment variables.")] = msgspec.field(
        default_factory=dict
    )
    seconds: Annotated[float, Meta(gt=0, le=300, description="Time for each step.")] = 10.0
    memory_mib: Annotated[int, Meta(ge=16, le=4096, description="Memory for each step, in MiB.")] = 256


@check("shell.run", capabilities=("sandbox", "command"), measure="%")
def run(context: Context, params: Run) -> Outcome:
    """Lines of shell that use the submission's scripts print or leave what they are asked to.

    The lines come from the rubric and are run by bash in a copy of the submission, without network and with an empty
    environment; each step has a fresh copy. The share of right steps is the share of the points. Programs that cannot
    be had in a sandbox (kubectl, docker, systemctl) can be stood in for by small ones of the rubric's own.
    """
    paths = [context.workspace.first([path]) for path in params.scripts]
    mounts, variables = _surroundings(context, params)
    evidence = []
    for step in params.steps:
        job = Job(
            arguments=("/bin/bash", "-c", step.run),
            workspace=context.workspace,
            files={name: text.encode() for name, text in params.files.items()},
            stdin=step.stdin.encode(),
            keep=tuple(step.leaves),
            mounts=mounts,
            variables=variables,
            limits=Limits(wall_s=params.seconds, memory_bytes=params.memory_mib * MIB),
        )
        title = step.title or step.run.strip().partition("\n")[0]
        evidence.append(judged(step, title, context.sandbox.run(job, context.deadline), context))
    right = sum(piece.expected is None for piece in evidence)
    outcome = Outcome.partial(
        Fraction(right, len(params.steps)),
        f"{' and '.join(paths)} does what is asked in {right} of {len(params.steps)} steps.",
        *sorted(evidence, key=lambda piece: piece.expected is None),
        measure=Measure(value=round(100 * right / len(params.steps), 2), unit="%", threshold=100),
    )
    return outcome.replace(claimed=not context.sandbox.is_wall)


def _surroundings(context: Context, params: Run) -> tuple[dict[str, Mount], dict[str, str]]:
    """Return the folders and variables that the lines see beside the submission."""
    mounts: dict[str, Mount] = {}
    variables = dict(params.variables)
    path = SYSTEM_PATH
    if params.environment is not None:
        environment = Environment.of_handle(context.handle(params.environment))
        mounts |= environment.mounts
        variables |= environment.variables(context.sandbox)
        path = variables["PATH"]
    if params.programs is not None:
        mount = _programs(context, params.programs)
        mounts[PROGRAMS] = mount
        variables["PATH"] = f"{context.sandbox.place_inside(PROGRAMS, mount)}:{path}"
    return mounts, variables


def _programs(context: Context, folder: str) -> Mount:
    """Return a copy of a folder of the rubric's, which itself no sandbox may show, with all its files executable."""
    ours = context.rubric_directory(folder)

    def copied() -> Path:
        home = open_home("infra-grader-programs-")
        context.on_close(home.close)
        place = home.folder / "programs"
        place.mkdir()
        for opened in (home.folder, place):
            os.chmod(opened, 0o755)  # noqa: S103 - `nobody`, who runs programs inside, has to read it
        for file in sorted(ours.iterdir()):
            if file.is_file():
                shutil.copyfile(file, place / file.name)
                os.chmod(place / file.name, 0o755)  # noqa: S103 - as above
        return place

    return Mount(folder=context.shared(("shell.programs", folder), copied))
