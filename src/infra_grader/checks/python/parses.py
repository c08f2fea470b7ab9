"""The python.parses check kind."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from fractions import Fraction

from infra_grader.checks.python._files import (
    MOST_SHOWN,
    PythonParams,
    fault_evidence,
    fault_text,
    find_sources,
    looked_at,
    plural,
    require_work,
)
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.python_flow import live_nodes
from infra_grader.reading.python_source import Source


class Parses(PythonParams):
    """Which files must be valid Python, and how much they must hold."""

    min_statements: Annotated[
        int,
        Meta(
            ge=0,
            description="Fewest statements in functions with a body of their own; on less, nothing can be judged.",
        ),
    ] = 0


@check("python.parses")
def parses(context: Context, params: Parses) -> Outcome:
    """Python files are valid Python, and not all of them are empty.

    The share of points is that of the files that can be read, so that one broken file leaves the others to be judged.
    """
    sources = find_sources(context, params)
    broken = [source for source in sources if source.fault]
    sound = [source for source in sources if not source.fault]
    faults = [fault_evidence(source) for source in broken[:MOST_SHOWN]]
    more = f" {len(broken) - 1} more cannot either." if len(broken) > 1 else ""
    if not sound:
        return Outcome.failed(f"{fault_text(broken[0])}{more}", *faults)
    require_work(sound, faults)
    if params.min_statements and (number := _count_statements(sound)) < params.min_statements:
        return Outcome.failed(
            f"Functions that do something hold {plural(number, 'statement')}: too little to judge.",
            Evidence(
                path=sound[0].path, expected=f"at least {params.min_statements}", actual=number, unit="statements"
            ),
            *faults,
        )
    if broken:
        share = Fraction(len(sound), len(sources))
        return Outcome.partial(share, f"{fault_text(broken[0])}{more}", *faults, looked_at(sound))
    return Outcome.passed(f"{plural(len(sources), 'Python file')} can be read.", looked_at(sound))


def _count_statements(sources: Iterable[Source]) -> int:
    """Return how many statements that can run stand in functions with a body of their own; docstrings are none."""
    return len(
        {
            node
            for source in sources
            for item in source.functions
            if item.has_own_body
            for node in live_nodes(item.node)
            if isinstance(node, ast.stmt) and node is not item.node and not isinstance(node, ast.Pass)
            if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        }
    )
