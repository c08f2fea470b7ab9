"""What the variables of loops go through, where that is written out: `for column in ("label", "path")`."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import islice, product

from infra_grader.reading.python_flow import literal
from infra_grader.reading.python_names import Names

MOST = 50
"""Values of a variable, and texts of an expression."""


def loop_texts(names: Names) -> Mapping[str, tuple[str, ...]]:
    """Return the texts that each variable of a loop or comprehension goes through, as far as they can be read."""
    found: dict[str, tuple[str, ...]] = {}
    for node in names.live:
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
            values = literal(node.iter, names.constants)
            if values is not None and isinstance(values, list | tuple):
                texts = tuple(value for value in values if isinstance(value, str))
                found[node.target.id] = (*found.get(node.target.id, ()), *texts)[:MOST]
    return {name: texts for name, texts in found.items() if texts}


def texts_of(node: ast.AST | None, names: Names, loops: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the texts that an expression takes, over all turns of the loops that it stands in; none if unknown."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    choices = [_choices(part, names, loops) for part in parts]
    return tuple("".join(texts) for texts in islice(product(*choices), MOST))


def _choices(part: ast.AST | None, names: Names, loops: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    inner = part.value if isinstance(part, ast.FormattedValue) else part
    if isinstance(inner, ast.Name) and inner.id in loops:
        return loops[inner.id]
    value = literal(inner, names.constants)
    return (value,) if isinstance(value, str) else ()
