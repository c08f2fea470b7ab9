"""The command.run check kind."""

from __future__ import annotations

import ast
import shlex
import sys
from fractions import Fraction

import msgspec

from infra_grader.capabilities.environment import Environment
from infra_grader.capabilities.sandbox import MIB, Job, Limits
from infra_grader.capabilities.workspace import TextFile
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Handle,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    check,
    places,
)
from infra_grader.reading.printed import Asked, judged
from infra_grader.reading.python_source import Source, parse_source
from infra_grader.reading.start_project import source_folder


class Case(Asked):
    """One run of the program, and what it must print or leave."""

    arguments: Annotated[list[str], Meta(description="Arguments on the command line.")] = msgspec.field(
        default_factory=list
    )
    files: Annotated[
        dict[str, str], Meta(description="Text files to put beside the program first, by path in the submission.")
    ] = msgspec.field(default_factory=dict)


class Run(Params):
    """Which program is run, and how often."""

    path: Annotated[Places, Meta(description="The program, or several places of which the first that is there counts.")]
    cases: Annotated[list[Case], Meta(min_length=1, max_length=50, description="What it is asked.")]
    environment: Annotated[Handle | None, Meta(description="Check that installs the packages which it needs.")] = None
    seconds: Annotated[float, Meta(gt=0, le=300, description="Time for each case.")] = 10.0
    memory_mib: Annotated[int, Meta(ge=16, le=4096, description="Memory for each case, in MiB.")] = 256


@check("command.run", capabilities=("sandbox", "command"), measure="%")
def run(context: Context, params: Run) -> Outcome:
    """A program of the submission prints what it is asked to print.

    A `.py` file is run by Python, as `python -m` where it imports by its place in a package, a `.sh` file by the shell,
    anything else as a program itself; in a copy of the submission, from its root, without network. Each case is a run
    of its own in a fresh copy. The share of right cases is the share of the points. What is right stands in the rubric,
    and a program can hold the answers in a table: prefer `call.function`, which draws its inputs, where that matters.
    """
    path = context.workspace.first(places(params.path))
    limits = Limits(wall_s=params.seconds, memory_bytes=params.memory_mib * MIB)
    environment = Environment.of_handle(context.handle(params.environment)) if params.environment else None
    python = environment.python(context.sandbox) if environment else context.sandbox.python
    evidence: list[Evidence] = []
    for case in params.cases:
        arguments = (*_starter(context, path, python), *case.arguments)
        job = Job(
            arguments=arguments,
            workspace=context.workspace,
            files={name: text.encode() for name, text in case.files.items()},
            stdin=case.stdin.encode(),
            keep=tuple(case.leaves),
            limits=limits,
            mounts=environment.mounts if environment else {},
            variables=_variables(context, environment),
        )
        title = shlex.join([path, *case.arguments])
        evidence.append(judged(case, title, context.sandbox.run(job, context.deadline), context))
    right = sum(piece.expected is None for piece in evidence)
    outcome = Outcome.partial(
        Fraction(right, len(params.cases)),
        f"{path} does what it is asked in {right} of {len(params.cases)} cases.",
        *sorted(evidence, key=lambda piece: piece.expected is None),
        measure=Measure(value=round(100 * right / len(params.cases), 2), unit="%", threshold=100),
    )
    return outcome.replace(claimed=not context.sandbox.is_wall)


def _starter(context: Context, path: str, python: str) -> tuple[str, ...]:
    if path.endswith(".py"):
        return (python, "-B", *(["-m", name] if (name := _module(context, path)) else [path]))
    if path.endswith(".sh"):
        first = context.workspace.read_text(path).partition("\n")[0]
        return ("/bin/bash" if first.startswith("#!") and "bash" in first else "/bin/sh", path)
    return (f"./{path}",)


def _module(context: Context, path: str) -> str:
    """Return the name by which Python must run a program that imports by its place in the submission, else nothing."""
    folder = path.rpartition("/")[0]
    names = path.removesuffix("/__main__.py").removesuffix(".py").split("/")
    if not folder or not all(map(str.isidentifier, names)):
        return ""
    files = context.workspace.all_files()
    beside = {file.removeprefix(f"{folder}/").partition("/")[0] for file in files if file.startswith(f"{folder}/")}
    at_root = {file.partition("/")[0].removesuffix(".py") for file in files if file.endswith(".py")}
    far = at_root - {name.removesuffix(".py") for name in beside} - sys.stdlib_module_names
    try:
        imported = _imported(parse_source(TextFile(path, context.workspace.read_text(path))))
    except CheckFailed:  # in another encoding, which Python may read all the same
        return ""
    return ".".join(names) if imported & {"", *far} else ""


def _imported(source: Source) -> set[str]:
    """Return the first parts of the names that a file imports, nothing for those that begin with a dot."""
    found: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("" if node.level else (node.module or "").partition(".")[0])
    return found


def _variables(context: Context, environment: Environment | None) -> dict[str, str]:
    """Return the variables of a program, which finds packages below `src` as if they were installed."""
    found = dict(environment.variables(context.sandbox)) if environment else {}
    if source := source_folder(context.workspace):
        found["PYTHONPATH"] = source
    return found
