"""The python.modules check kind."""

from __future__ import annotations

import ast
from fractions import Fraction

from infra_grader.checks.python._files import fault_text, leave_newer
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    check,
    places,
)
from infra_grader.reading.python_flow import live_nodes
from infra_grader.reading.python_source import DEFINING, Source
from infra_grader.reading.python_work import read_python


class Modules(Params):
    """Which modules there must be."""

    modules: Annotated[
        list[Places],
        Meta(
            min_length=1,
            description="Files or folders, each with Python code of its own; a list is a choice of places.",
        ),
    ]


@check("python.modules", measure="modules")
def modules(context: Context, params: Modules) -> Outcome:
    """Modules are there, and each does something; constants, comments and stubs are not enough, nor is one of many."""
    found: list[Evidence] = []
    missing: list[Evidence] = []
    for entry in params.modules:
        is_there, evidence = _look(context, places(entry))
        (found if is_there else missing).append(evidence)
    number = len(params.modules)
    first = f"; {missing[0].expected}: {missing[0].actual}" if missing else ""
    return Outcome.partial(
        Fraction(len(found), number),
        f"{len(found)} of {number} modules hold code of their own{first}.",
        *missing,
        *found,
        measure=Measure(value=len(found), unit="modules", threshold=number),
    )


def _look(context: Context, wanted: list[str]) -> tuple[bool, Evidence]:
    """Return whether one of the places holds code, and where it is or what is there instead."""
    expected = " or ".join(wanted)
    actual = ""
    for path in context.workspace.find_in(wanted, ".py"):
        source = read_python(context, path)
        leave_newer([source])
        if _does_something(source):
            return True, Evidence(path=path, expected=expected, actual="holds code")
        actual = actual or (fault_text(source).rstrip(".") if source.fault else f"{path} does nothing yet")
    if not actual:
        actual = _absence(context, wanted)
    return False, Evidence(path=wanted[0], expected=expected, actual=actual)


def _does_something(source: Source) -> bool:
    """Whether a file defines something with a body of its own, or calls something when it is imported."""
    if any(item.has_own_body for item in source.definitions):
        return True
    return source.has_work and any(
        isinstance(inner, ast.Call)
        for node in source.tree.body
        if not isinstance(node, DEFINING)
        for inner in live_nodes(node)
    )


def _absence(context: Context, wanted: list[str]) -> str:
    try:
        context.workspace.first(wanted)
    except CheckFailed as verdict:
        return verdict.message.rstrip(".")
    return "no Python file"
