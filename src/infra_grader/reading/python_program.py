"""Whether a Python file of the learner's does anything when a command runs it."""

from __future__ import annotations

import ast

from infra_grader.plugin import Context
from infra_grader.reading.python_flow import call_name, live_block, live_nodes
from infra_grader.reading.python_source import DEFINING, Source
from infra_grader.reading.python_work import read_python

QUIET = (*DEFINING, ast.Import, ast.ImportFrom)
"""What a file that is run may hold without anything happening."""


def idle_because(context: Context, path: str) -> str:
    """Say why nothing happens when a file of the submission is run, such as `does nothing yet`; else nothing.

    Only Python can be judged. A file for a newer Python than ours is taken to do what it should.
    """
    if not path.endswith(".py"):
        return ""
    return idle_source(read_python(context, path))


def idle_source(source: Source) -> str:
    """Say why nothing happens when a Python file is run, or nothing; see `idle_because`."""
    if source.fault is not None:
        return "" if source.fault.is_newer else "is no valid Python"
    if not source.has_work:
        return "does nothing yet"
    return "" if _acts(source) else "only defines things, and calls none of them when it is run"


def _acts(source: Source) -> bool:
    """Whether a file calls something by itself; values of names count only where it calls its own functions."""
    own = {item.node.name for item in source.definitions}
    for node in live_block(source.tree.body):
        if isinstance(node, QUIET):
            continue
        calls = [inner for inner in live_nodes(node) if isinstance(inner, ast.Call)]
        if isinstance(node, ast.Assign | ast.AnnAssign):
            calls = [call for call in calls if call_name(call).partition(".")[0] in own]
        if calls:
            return True
    return False
