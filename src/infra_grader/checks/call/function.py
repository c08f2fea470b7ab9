"""The call.function check kind."""

from __future__ import annotations

from typing import Any

import msgspec

from infra_grader.capabilities.environment import Environment
from infra_grader.capabilities.sandbox import Job, Limits
from infra_grader.checks.call._answers import AbsentError, Answer, LoadError, answers, job_for
from infra_grader.checks.call._questions import Drawn, describe, draw_questions
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Handle,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    Params,
    Places,
    check,
    places,
)
from infra_grader.reading.plain_value import is_same

MAX_SHOWN = 5
AUTHOR = "Tell the author of the rubric."
FIND_PACKAGES = """\
import importlib.util, sys
print(*[name for name in sys.argv[1:] if importlib.util.find_spec(name.partition(".")[0]) is None])
"""


class Function(Params):
    """What is called, with what, and what is right."""

    path: Annotated[Places, Meta(description="The module, or several places of which the first that is there counts.")]
    function: Annotated[str, Meta(min_length=1, description="Name of the function in the module.")]
    reference: Annotated[
        str, Meta(min_length=1, description="Python file of the rubric's own with a right function of this name.")
    ]
    arguments: Annotated[list[Drawn], Meta(description="How each argument is drawn, in order.")]
    questions: Annotated[int, Meta(ge=2, le=500, description="How many times the function is called.")] = 60
    examples: Annotated[
        list[list[Any]],
        Meta(description="Lists of arguments that learners know; asked as well, and they alone earn nothing."),
    ] = msgspec.field(default_factory=list)
    tolerance: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        Meta(description="By how much a float may be off; then whole numbers count as numbers too."),
    ] = None
    packages: Annotated[
        list[Annotated[str, Meta(pattern="^[A-Za-z_][A-Za-z0-9_.]*$")]],
        Meta(description="Modules that a solution may import beyond Python's own; not assessed where one is missing."),
    ] = msgspec.field(default_factory=list)
    environment: Annotated[
        Handle | None, Meta(description="Check that installs the packages which the module may import.")
    ] = None
    reference_environment: Annotated[
        Handle | None,
        Meta(
            description="Check that installs those of the reference, with `learner: false`; if not given, it has those "
            "of `environment` where the course alone chose them."
        ),
    ] = None
    seconds: Annotated[float, Meta(gt=0, le=120, description="Time for each call, and for loading the module.")] = 5.0
    reveal: Annotated[
        bool, Meta(description="Whether wrong answers are shown with their arguments and what would be right.")
    ] = False


@check("call.function", capabilities=("sandbox",), measure="%")
def function(context: Context, params: Function) -> Outcome:
    """A function gives the right answers to inputs that are drawn when it is graded.

    Right is what the function of the same name in a file of the rubric's own gives, or the exception that it raises (a
    subclass counts). Values must be plain (None, truth values, numbers, texts, bytes, lists, tuples, sets, mappings)
    and their types exact, where an instance of a subclass, such as a `Counter`, is what its plain type holds, and a
    number of numpy's is Python's; they are compared in the grader's process. The check passes if all answers are right,
    since some can be guessed; it measures the share of right answers among those that were drawn.
    """
    path = context.workspace.first(places(params.path))
    environment = _environment(context, params.environment)
    _require_packages(context, params.packages, environment)
    drawn = draw_questions(params.arguments, params.questions, f"{context.seed} {params.function}")
    questions = [*params.examples, *drawn]
    # The reference has answered, and its process has ended, before the learner's starts.
    expected = _expected(context, params, questions)
    given = _given(context, params, path, questions, environment)
    right = [_is_right(answer, wanted, params.tolerance) for answer, wanted in zip(given, expected, strict=True)]
    among_drawn = right[len(params.examples) :]
    share = 100 * sum(among_drawn) / len(among_drawn)
    wrong = [place for place, is_right in enumerate(right) if not is_right]
    outcome = Outcome.passed_if(
        not wrong,
        f"{params.function} in {path} answers {len(right) - len(wrong)} of {len(right)} questions right.",
        Evidence(path=path, expected=f"{len(right)} right answers", actual=f"{len(right) - len(wrong)} right answers"),
        *(_evidence(params, path, questions[place], given[place], expected[place]) for place in wrong[:MAX_SHOWN]),
        measure=Measure(value=round(share, 2), unit="%", threshold=100),
    )
    return outcome.replace(claimed=not context.sandbox.is_wall)


def _expected(context: Context, params: Function, questions: list[list[Any]]) -> list[Answer]:
    """Return what the reference answers, in a process and a sandbox that hold nothing of the learner's."""
    file = context.rubric_file(params.reference)
    limits = Limits(wall_s=params.seconds)
    job = job_for(context, limits, file, _reference_environment(context, params))
    try:
        found = list(answers(context, job, "reference.py", params.function, questions))
    except LoadError as error:
        raise NotAssessed(f"The rubric's {params.reference} cannot be loaded: {error.problem}.", AUTHOR) from error
    except AbsentError as error:
        raise NotAssessed(f"The rubric's {params.reference} has no {params.function}.", AUTHOR) from error
    if problem := next((answer.problem for answer in found if answer.problem), ""):
        raise NotAssessed(f"The rubric's {params.reference} gives no answer to compare with: {problem}.", AUTHOR)
    if all(_is_right(answer, found[0], params.tolerance) for answer in found):
        raise NotAssessed("Every drawn question has the same answer, which could be guessed.", AUTHOR)
    return found


def _environment(context: Context, check_id: str | None) -> Environment | None:
    return Environment.of_handle(context.handle(check_id)) if check_id else None


def _reference_environment(context: Context, params: Function) -> Environment | None:
    """Return where the reference runs: never among packages that a learner chose, which may change what is right."""
    if params.reference_environment:
        chosen = _environment(context, params.reference_environment)
        if chosen is not None and not chosen.is_course:
            reason = (
                f"{params.reference_environment} holds packages that the learner chose, so no reference runs there."
            )
            raise NotAssessed(reason, f"{AUTHOR} It must say `learner: false`.")
        return chosen
    shared = _environment(context, params.environment)
    return shared if shared is not None and shared.is_course else None


def _given(
    context: Context, params: Function, path: str, questions: list[list[Any]], environment: Environment | None
) -> list[Answer]:
    job = job_for(context, Limits(wall_s=params.seconds), environment=environment)
    try:
        return list(answers(context, job, path, params.function, questions))
    except LoadError as error:
        raise CheckFailed(
            f"{path} cannot be loaded: {error.problem}.",
            Evidence(path=path, expected="a module that can be imported", actual=error.problem),
        ) from error
    except AbsentError as error:
        raise CheckFailed(
            f"{path} has no function {params.function}.",
            Evidence(path=path, expected=params.function, actual="not there"),
        ) from error


def _require_packages(context: Context, packages: list[str], environment: Environment | None) -> None:
    """Raise `NotAssessed` if the sandbox lacks a package, whatever the submission says: it is not asked."""
    if not packages or (environment is not None and not environment.is_course):
        return  # what a learner does not ask for is missing by their own doing
    python = environment.python(context.sandbox) if environment else context.sandbox.python
    mounts = environment.mounts if environment else {}
    job = Job(arguments=(python, "-I", "-c", FIND_PACKAGES, *packages), mounts=mounts)
    missing = context.sandbox.run(job, context.deadline).stdout.decode("utf-8", "replace").split()
    if missing:
        names = " ".join(missing)
        remedy = f"Name {names} in `packages` of the check that `environment` names, or make one."
        raise NotAssessed(f"The sandbox lacks {names}.", remedy)


def _is_right(answer: Answer, expected: Answer, tolerance: float | None) -> bool:
    if answer.problem:
        return False
    if expected.raised:
        return expected.raised[0] in answer.raised
    return not answer.raised and is_same(answer.value, expected.value, tolerance)


def _evidence(params: Function, path: str, question: list[Any], answer: Answer, expected: Answer) -> Evidence:
    if params.reveal or question in params.examples:
        call = f"{params.function}({', '.join(map(repr, question))})"
        return Evidence(path=path, expected=expected.shown, actual=answer.shown, text=call)
    wanted = f"{expected.raised[0]} is raised" if expected.raised else f"another value: {describe(expected.value)}"
    call = f"{params.function} called with {', '.join(map(describe, question)) or 'nothing'}"
    return Evidence(path=path, expected=wanted, actual=answer.shown, text=call)
