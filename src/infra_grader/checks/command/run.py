"""The command.run check kind."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from fractions import Fraction

import msgspec

from infra_grader.capabilities.sandbox import MIB, Ended, Job, Limits, how_ended
from infra_grader.checks.command._printed import Expected, find_missed
from infra_grader.plugin import (
    Annotated,
    Context,
    Evidence,
    EvidenceKind,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    check,
    places,
)


class Case(Params):
    """One run of the program, and what it must print or leave."""

    arguments: Annotated[list[str], Meta(description="Arguments on the command line.")] = msgspec.field(
        default_factory=list
    )
    stdin: Annotated[str, Meta(description="Standard input.")] = ""
    files: Annotated[
        dict[str, str], Meta(description="Text files to put beside the program first, by path in the submission.")
    ] = msgspec.field(default_factory=dict)
    exit_status: Annotated[int, Meta(ge=0, le=255, description="Exit status that is right.")] = 0
    stdout: Annotated[Expected | None, Meta(description="What it prints on standard output.")] = None
    stderr: Annotated[Expected | None, Meta(description="What it prints on standard error.")] = None
    leaves: Annotated[
        dict[str, Expected], Meta(description="Files that it leaves behind, by path in the submission.")
    ] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a case that a program could meet by doing nothing."""
        if self.stdout is None and self.stderr is None and not self.leaves:
            raise ValueError("a case asks for stdout, stderr or files that are left: an exit status proves nothing")


class Run(Params):
    """Which program is run, and how often."""

    path: Annotated[Places, Meta(description="The program, or several places of which the first that is there counts.")]
    cases: Annotated[list[Case], Meta(min_length=1, max_length=50, description="What it is asked.")]
    seconds: Annotated[float, Meta(gt=0, le=300, description="Time for each case.")] = 10.0
    memory_mib: Annotated[int, Meta(ge=16, le=4096, description="Memory for each case, in MiB.")] = 256


@check("command.run", capabilities=("sandbox", "command"), measure="%")
def run(context: Context, params: Run) -> Outcome:
    """A program of the submission prints what it is asked to print.

    A `.py` file is run by Python, a `.sh` file by the shell, anything else as a program itself; in a copy of the
    submission, from its root, without network and with an empty environment. Each case is a run of its own in a fresh
    copy. The share of right cases is the share of the points. What is right stands in the rubric, and a program can
    hold the answers in a table: prefer `call.function`, which draws its inputs, where that matters.
    """
    path = context.workspace.first(places(params.path))
    limits = Limits(wall_s=params.seconds, memory_bytes=params.memory_mib * MIB)
    evidence: list[Evidence] = []
    for case in params.cases:
        arguments = (*_starter(context, path), *case.arguments)
        job = Job(
            arguments=arguments,
            workspace=context.workspace,
            files={name: text.encode() for name, text in case.files.items()},
            stdin=case.stdin.encode(),
            keep=tuple(case.leaves),
            limits=limits,
        )
        evidence.append(_judged(case, path, context.sandbox.run(job, context.deadline), context))
    right = sum(piece.expected is None for piece in evidence)
    outcome = Outcome.partial(
        Fraction(right, len(params.cases)),
        f"{path} does what it is asked in {right} of {len(params.cases)} cases.",
        *sorted(evidence, key=lambda piece: piece.expected is None),
        measure=Measure(value=round(100 * right / len(params.cases), 2), unit="%", threshold=100),
    )
    return outcome.replace(claimed=not context.sandbox.is_wall)


def _starter(context: Context, path: str) -> tuple[str, ...]:
    if path.endswith(".py"):
        return (context.sandbox.python, "-B", path)
    if path.endswith(".sh"):
        first = context.workspace.read_text(path).partition("\n")[0]
        return ("/bin/bash" if first.startswith("#!") and "bash" in first else "/bin/sh", path)
    return (f"./{path}",)


def _judged(case: Case, path: str, ended: Ended, context: Context) -> Evidence:
    """Return the evidence of one case; it expects nothing where everything was right."""
    command = shlex.join([path, *case.arguments])
    for expected, actual, text in _faults(case, ended, context):
        return Evidence(kind=EvidenceKind.COMMAND, path=command, expected=expected, actual=actual, text=text)
    return Evidence(kind=EvidenceKind.COMMAND, path=command, actual=_shown(ended.stdout) or ended.how, text="as asked")


def _faults(case: Case, ended: Ended, context: Context) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with a run: what was asked for, what came, and where."""
    if ended.limit is not None:
        yield f"an end within the limits, with {how_ended(case.exit_status)}", ended.how, _shown(ended.stderr)
    if ended.exit_status != case.exit_status:
        yield how_ended(case.exit_status), ended.how, _shown(ended.stderr)
    streams = (("standard output", case.stdout, ended.stdout), ("standard error", case.stderr, ended.stderr))
    for name, wanted, content in streams:
        if wanted is not None and (missed := find_missed(content, wanted, context)):
            yield missed.expected, missed.actual, f"on {name}"
    for name, wanted in case.leaves.items():
        if name not in ended.left:
            yield f"the file {name}", "it was not left behind", "or it is no regular file, or too large"
        elif missed := find_missed(ended.left[name], wanted, context):
            yield missed.expected, missed.actual, f"in {name}"


def _shown(output: bytes) -> str:
    """Return the end of an output, where programs say what went wrong."""
    return output[-1000:].decode("utf-8", errors="replace").strip()
