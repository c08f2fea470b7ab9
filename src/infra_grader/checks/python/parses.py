"""The python.parses check kind."""

from __future__ import annotations

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
from infra_grader.plugin import Context, Outcome, check


class Parses(PythonParams):
    """Which files must be valid Python."""


@check("python.parses")
def parses(context: Context, params: Parses) -> Outcome:
    """Every Python file is valid Python, and not all of them are empty."""
    sources = find_sources(context, params)
    broken = [source for source in sources if source.fault]
    if broken:
        more = f" {len(broken) - 1} more cannot either." if len(broken) > 1 else ""
        return Outcome.failed(
            f"{fault_text(broken[0])}{more}", *(fault_evidence(source) for source in broken[:MOST_SHOWN])
        )
    require_work(sources)
    return Outcome.passed(f"{plural(len(sources), 'Python file')} can be read.", looked_at(sources))
