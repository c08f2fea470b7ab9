"""Python files without what nothing in the submission names: other code, a notebook, a file of settings."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from infra_grader.model.outcome import CheckFailed
from infra_grader.plugin import Context
from infra_grader.reading.python_flow import all_nodes
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_source import DEFINING
from infra_grader.reading.python_work import own_python

CALLERS = (
    *("**/*.y*ml", "**/*.toml", "**/*.cfg", "**/*.ipynb", "**/*.sh", "**/*.json"),
    *("**/MLproject", "**/Makefile", "**/*Dockerfile*", "**/Procfile"),
)
"""Files beside Python that may name a function which is to be run."""

MOST_CALLERS = 200
MOST_ROUNDS = 5
WORD = re.compile(r"[^\W\d]\w*")


def called_code(context: Context, files: Sequence[Names]) -> list[Names]:
    """Return the files without the functions and classes at their top that nothing names.

    A name in other code is enough, in a notebook or in a file of settings too, and so is a decorator; what only such
    code names that is itself left out is left out as well.
    """
    paths = tuple(file.path for file in files)
    return context.shared(("python.called", paths), lambda: _called_code(context, files))


def _called_code(context: Context, files: Sequence[Names]) -> list[Names]:
    named_elsewhere = context.shared("python.callers", lambda: _named_in_files(context))
    everything = {file.path: file for file in own_python(context, ["."])[0]} | {file.path: file for file in files}
    bodies = {path: list(file.source.tree.body) for path, file in everything.items()}
    named = {
        node: names
        for path, file in everything.items()
        for node, names in context.shared(("python.named", path), lambda file=file: _named(file)).items()  # type: ignore[misc]
    }
    for _ in range(MOST_ROUNDS):
        counts = Counter(name for body in bodies.values() for node in body for name in named[node])
        kept = {
            path: [node for node in body if _is_called(node, counts, named[node], named_elsewhere)]
            for path, body in bodies.items()
        }
        if kept == bodies:
            break
        bodies = kept
    return [_with_body(file, bodies[file.path]) for file in files]


def _is_called(
    node: ast.stmt, counts: Counter[str], named_inside: frozenset[str], named_elsewhere: frozenset[str]
) -> bool:
    if not isinstance(node, DEFINING) or node.decorator_list or node.name in named_elsewhere:
        return True
    return counts[node.name] > (node.name in named_inside)


def _named(file: Names) -> Mapping[ast.stmt, frozenset[str]]:
    """Return what each statement at the top reads; a text that is nothing but a name may be one that is looked up."""
    return {node: frozenset(_names_in(node)) for node in file.source.tree.body}


def _names_in(node: ast.stmt) -> Iterator[str]:
    for inner in all_nodes(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr
        elif isinstance(inner, ast.ImportFrom):
            yield from (item.name for item in inner.names if item.asname)
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str) and inner.value.isidentifier():
            yield inner.value


def _with_body(file: Names, body: list[ast.stmt]) -> Names:
    if len(body) == len(file.source.tree.body):
        return file
    return Names(file.source.replace(tree=ast.Module(body=body, type_ignores=[])))


def _named_in_files(context: Context) -> frozenset[str]:
    return frozenset(_words(context, context.workspace.find(*CALLERS)[:MOST_CALLERS]))


def _words(context: Context, paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        try:
            yield from WORD.findall(context.workspace.read_text(path))
        except CheckFailed:  # no text, or too large: it names nothing
            continue
