"""What the code of a Python file names: its identifiers and texts, without comments, docstrings and stubs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from infra_grader.reading.python_flow import live_children
from infra_grader.reading.python_source import Source


def named_in(source: Source) -> Iterator[str]:
    """Yield the names, attributes, keywords and texts of code that can run, each as often as it stands there.

    Functions without a body of their own name nothing.
    """
    stubs = {item.node for item in source.functions if not item.has_own_body}
    waiting: list[ast.AST] = [source.tree]
    while waiting:
        node = waiting.pop()
        if node in stubs or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            continue
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.keyword(arg=str() as name):
                yield name
            case ast.Constant(value=str() as text):
                yield text
        waiting += live_children(node)
