"""The python.uses check kind."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from infra_grader.checks.python._files import PythonParams, first_place, readable_names
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.python_names import Names, Reference, answers_to

Alternatives = str | Annotated[list[str], Meta(min_length=1)]
"""A dotted name, or several of which one will do."""


class Uses(PythonParams):
    """Which files, and what one of them must use."""

    imports: Annotated[
        tuple[Alternatives, ...], Meta(description="Modules or names that are imported and then used.")
    ] = ()
    calls: Annotated[
        tuple[Alternatives, ...],
        Meta(description="What is called, by its full name (`torch.no_grad`) or the end of it (`no_grad`)."),
    ] = ()
    bases: Annotated[tuple[Alternatives, ...], Meta(description="Classes that a class builds on.")] = ()

    def __post_init__(self) -> None:
        """Refuse a question about nothing."""
        if not (self.imports or self.calls or self.bases):
            raise ValueError("give `imports`, `calls` or `bases`")


@check("python.uses")
def uses(context: Context, params: Uses) -> Outcome:
    """The code imports, calls or builds on what is asked for, under whatever alias, where it can run."""
    files, faults = readable_names(context, params)
    place = first_place(params)
    pieces = [
        *(_look(files, "import", wanted, place) for wanted in params.imports),
        *(_look(files, "call", wanted, place) for wanted in params.calls),
        *(_look(files, "base", wanted, place) for wanted in params.bases),
    ]
    missing = [evidence for is_there, evidence in pieces if not is_there]
    first = f"; {missing[0].expected} is missing" if missing else ""
    return Outcome.partial(
        Fraction(len(pieces) - len(missing), len(pieces)),
        f"{len(pieces) - len(missing)} of {len(pieces)} things asked for are used{first}.",
        *missing,
        *(evidence for is_there, evidence in pieces if is_there),
        *faults,
    )


def _look(files: Iterable[Names], relation: str, wanted: Alternatives, place: str) -> tuple[bool, Evidence]:
    names = [wanted] if isinstance(wanted, str) else wanted
    expected = f"{relation} of {' or '.join(names)}"
    for file in files:
        for found in _references(file, relation):
            if any(answers_to(found.name, name, within=relation == "import") for name in names):
                return True, Evidence(path=file.path, line=found.line, expected=expected, actual=found.name)
    return False, Evidence(path=place, expected=expected, actual="none in code that runs")


def _references(file: Names, relation: str) -> list[Reference]:
    if relation == "import":
        return file.used_imports()
    return file.calls() if relation == "call" else file.bases()
