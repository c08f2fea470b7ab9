"""The service.start check kind."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.environment import Environment
from infra_grader.capabilities.sandbox import MIB, Job, Limits, Mount
from infra_grader.capabilities.service import Launch, Ready, Recipe, Running, Service, start, tail
from infra_grader.checks.service._missing import judge_missing
from infra_grader.checks.service._stand_ins import STAND_INS, laid_out
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Handle,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    Params,
    check,
)
from infra_grader.reading.running_service import HANDLE
from infra_grader.reading.start_command import find_launches, launch_of_text, program_names

CPU_S = 3600
OPEN_FILES = 1024
Port = Annotated[int, Meta(ge=1, le=65_535)]
Status = Annotated[int, Meta(ge=100, le=599)]
UrlPath = Annotated[str, Meta(min_length=1)]


class Start(Params):
    """How a service may be started, and when it counts as started."""

    commands: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Command lines to try first, from the root of the submission."),
    ] = msgspec.field(default_factory=list)
    derive: Annotated[
        bool,
        Meta(description="Whether to try what the submission says: Dockerfile, Procfile, modules that serve."),
    ] = True
    environment: Annotated[Handle | None, Meta(description="Id of the check that installs the packages it needs.")] = (
        None
    )
    stand_ins: Annotated[
        str | None,
        Meta(
            description="Folder of the rubric's own with modules that stand in for packages, such as a small `torch`."
        ),
    ] = None
    variables: Annotated[
        dict[str, str], Meta(description="Environment variables; they win over those of a Dockerfile.")
    ] = msgspec.field(default_factory=dict)
    ports: Annotated[list[Port], Meta(description="Ports that it may listen on, the most likely first.")] = (
        msgspec.field(default_factory=list)
    )
    any_port: Annotated[bool, Meta(description="Whether any other port counts as well.")] = True
    ready: Annotated[
        list[UrlPath], Meta(min_length=1, description="Paths that are asked until one of them is answered.")
    ] = msgspec.field(default_factory=lambda: ["/health", "/"])
    ready_status: Annotated[
        list[Status], Meta(description="Statuses that count as an answer; without any, every status does.")
    ] = msgspec.field(default_factory=list)
    seconds: Annotated[float, Meta(gt=0, le=240, description="Time until it answers, for each command.")] = 30.0
    memory_mib: Annotated[int, Meta(ge=32, le=16_384, description="Memory, in MiB.")] = 1024
    processes: Annotated[int, Meta(ge=1, le=1024, description="Processes and threads.")] = 256


@check("service.start", capabilities=("sandbox",), measure="s")
def start_service(context: Context, params: Start) -> Outcome:
    """A service of the submission starts and answers.

    It is started in the ways that the submission's own files say, one after another until one answers: the command of
    a Dockerfile, a Procfile, a module or script that serves, an application that uvicorn or flask can serve, a command
    of a pyproject.toml. Each starts in a sandbox of its own, without network. The service runs on for the checks that
    name this one; it is measured in how many seconds it answered. A package that this machine lacks, though it is among
    the requirements, leaves the check open.
    """
    launches = [launch_of_text(command, "the rubric") for command in params.commands]
    if params.derive:
        launches += find_launches(context.workspace)
    if not launches:
        raise CheckFailed(
            "Nothing here says how a service is started.",
            Evidence(expected="a Dockerfile with CMD, a Procfile, or Python that serves", actual="none of them"),
        )
    recipe = _recipe(context, params)
    failures: list[tuple[Launch, NotStarted]] = []
    for launch in launches:
        complete = _completed(launch, params, recipe)
        try:
            running = start(recipe, complete, context.deadline)
        except NotStarted as error:
            failures.append((launch, error))
            continue
        return _started(context, params, Service(recipe, complete, running), failures)
    judge_missing(context, recipe, failures)
    if taken := sorted({port for _, error in failures for port in error.taken}):
        raise NotAssessed(
            f"Port {taken[0]} is taken by another program of this machine.",
            "End that program, or grade in a sandbox that has its own network.",
            *(_evidence(launch, error) for launch, error in failures),
        )
    raise CheckFailed(
        f"The service does not start: {len(failures)} {'way was' if len(failures) == 1 else 'ways were'} tried.",
        *(_evidence(launch, error) for launch, error in failures),
    )


def _recipe(context: Context, params: Start) -> Recipe:
    sandbox = context.sandbox
    mounts: dict[str, Mount] = {}
    variables = {"PYTHONUNBUFFERED": "1", "PYTHONPYCACHEPREFIX": "/tmp/pycache"}  # noqa: S108 - in the sandbox
    python = sandbox.python
    if params.environment is not None:
        environment = Environment.of_handle(context.handle(params.environment))
        mounts |= environment.mounts
        variables |= environment.variables(sandbox)
        python = environment.python(sandbox)
    if params.stand_ins is not None:
        mount = laid_out(context, params.stand_ins)
        mounts[STAND_INS] = mount
        variables["PYTHONPATH"] = sandbox.place_inside(STAND_INS, mount)
    limits = Limits(
        cpu_s=CPU_S, memory_bytes=params.memory_mib * MIB, processes=params.processes, open_files=OPEN_FILES
    )
    return Recipe(
        sandbox=sandbox,
        job=Job(arguments=(), workspace=context.workspace, mounts=mounts, variables=variables, limits=limits),
        programs=program_names(python, context.workspace),
        ready=Ready(
            paths=tuple(params.ready),
            statuses=tuple(params.ready_status),
            ports=tuple(params.ports),
            any_port=params.any_port,
            seconds=params.seconds,
        ),
    )


def _completed(launch: Launch, params: Start, recipe: Recipe) -> Launch:
    """Return the launch with all the variables that its process gets."""
    ours: Mapping[str, str] = recipe.job.variables
    paths = [ours.get("PYTHONPATH", ""), params.variables.get("PYTHONPATH", launch.variables.get("PYTHONPATH", ""))]
    variables = {**launch.variables, **ours, **params.variables}
    if any(paths):
        variables["PYTHONPATH"] = ":".join(filter(None, paths))
    return launch.replace(variables=variables)


def _started(context: Context, params: Start, service: Service, failures: list[tuple[Launch, NotStarted]]) -> Outcome:
    context.on_close(service.close)
    # Checks that ask for the very same share what was started first.
    facts = [
        msgspec.json.encode(params),
        str(context.workspace.allow_starter).encode(),
        service.launch.command.encode(),
    ]
    key = hashlib.sha256(b"\0".join(facts)).hexdigest()[:16]
    kept = context.shared((HANDLE, key), lambda: service, reads_files=False)
    if kept is not service:
        service.close()
    running: Running = service.running
    outcome = Outcome.passed(
        f"The service answers on port {running.port} {running.seconds:.1f} s after `{service.launch.command}`.",
        Evidence(
            kind=EvidenceKind.COMMAND,
            path=service.launch.command,
            expected=f"an answer within {params.seconds:g} s",
            actual=running.answer,
            text=f"as {service.launch.origin} says",
        ),
        *(_evidence(launch, error) for launch, error in failures),
        measure=Measure(value=round(running.seconds, 2), unit="s", threshold=params.seconds),
    )
    return outcome.replace(provides=((HANDLE, key),), claimed=not context.sandbox.is_wall)


def _evidence(launch: Launch, error: NotStarted) -> Evidence:
    return Evidence(
        kind=EvidenceKind.COMMAND,
        path=launch.command,
        expected="a service that answers",
        actual=error.reason,
        text=f"as {launch.origin} says; {tail(error.output) or 'nothing was printed'}",
    )
