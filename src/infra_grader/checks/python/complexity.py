"""The python.complexity check kind."""

from __future__ import annotations

from infra_grader.checks.python._files import MOST_SHOWN, PythonParams, first_place, plural, sound_sources
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, check


class Complexity(PythonParams):
    """Which files, and how complex their functions may be."""

    max: Annotated[int, Meta(ge=1, description="Most decisions in one function, plus one.")] = 10


@check("python.complexity", measure="complexity")
def complexity(context: Context, params: Complexity) -> Outcome:
    """No function takes too many decisions: McCabe's number of the worst one, as ruff's C901 counts."""
    sources, faults = sound_sources(context, params)
    functions = [
        (source, item) for source in sources for item in source.functions if item.has_own_body and not item.is_nested
    ]
    if not functions:
        raise CheckFailed(
            "No function has a body of its own.",
            Evidence(path=first_place(params), expected="functions that do something", actual="stubs or none"),
            *faults,
        )
    functions.sort(key=lambda pair: -pair[1].complexity)
    source, worst = functions[0]
    over = [pair for pair in functions if pair[1].complexity > params.max]
    return Outcome.passed_if(
        not over,
        f"The most complex of {plural(len(functions), 'function')} is {worst.name} in {source.path}, "
        f"with {worst.complexity}.",
        *(
            Evidence(
                path=source.path,
                line=item.line,
                end_line=item.end_line,
                expected=f"at most {params.max}",
                actual=item.complexity,
                unit="complexity",
                text=item.name,
            )
            for source, item in (over or functions[:1])[:MOST_SHOWN]
        ),
        *faults,
        measure=Measure(value=worst.complexity, unit="complexity", threshold=params.max),
    )
