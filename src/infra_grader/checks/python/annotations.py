"""The python.annotations check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.checks.python._files import MOST_SHOWN, PythonParams, first_place, sound_sources
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, check


class Annotations(PythonParams):
    """Which files, and how many of their functions must be annotated."""

    min_percent: Annotated[float, Meta(ge=0, le=100, description="Share with which it passes.")] = 100


@check("python.annotations", measure="percent")
def annotated(context: Context, params: Annotations) -> Outcome:
    """Functions with a body of their own have types for every parameter and for what they return.

    `self` and `cls` need none, nor does what `__init__` returns; `Any` for everything is no type.
    """
    sources, faults = sound_sources(context, params)
    functions = [(source, item) for source in sources for item in source.functions if item.has_own_body]
    if not functions:
        raise CheckFailed(
            "No function has a body of its own.",
            Evidence(path=first_place(params), expected="functions that do something", actual="stubs or none"),
            *faults,
        )
    lacking = [(source, item, missing) for source, item in functions if (missing := item.missing_annotations)]
    good = len(functions) - len(lacking)
    percent = 100 * good / len(functions)
    first = f"; {lacking[0][1].name} in {lacking[0][0].path} is not" if lacking else ""
    return Outcome.partial(
        Fraction(1) if percent >= params.min_percent else Fraction(good, len(functions)),
        f"{good} of {len(functions)} functions with a body of their own are annotated in full{first}.",
        Evidence.number(round(percent, 1), f"at least {params.min_percent:g}", "percent"),
        *(
            Evidence(
                path=source.path,
                line=item.line,
                expected=f"types for {', '.join(missing)}",
                actual="no types",
                text=item.name,
            )
            for source, item, missing in lacking[:MOST_SHOWN]
        ),
        *faults,
        measure=Measure(value=round(percent, 1), unit="percent", threshold=params.min_percent),
    )
