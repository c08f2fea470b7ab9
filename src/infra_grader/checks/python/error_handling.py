"""The python.error_handling check kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fractions import Fraction

from infra_grader.checks.python._files import MOST_SHOWN, PythonParams, names_of, plural, sound_sources
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.python_body import NOT_IMPLEMENTED, is_work
from infra_grader.reading.python_flow import live_nodes
from infra_grader.reading.python_names import Names

BROAD = frozenset({"Exception", "BaseException"})
UNTOLD = frozenset({"NotImplementedError", "Exception", "BaseException"})
"""What is raised by stubs, or says nothing about what went wrong."""
RAISING = (ast.Call, ast.Subscript, ast.Attribute, ast.BinOp, ast.Import, ast.ImportFrom, ast.Raise, ast.Assert)
REGISTERING = frozenset({"errorhandler", "app_errorhandler", "register_error_handler", "exception_handler",
                         "add_exception_handler"})  # fmt: skip
"""Methods by which Flask and FastAPI are told who answers an error."""


class ErrorHandling(PythonParams):
    """Which files, and how much of their error handling must be specific."""

    min_places: Annotated[
        int, Meta(ge=1, description="Places that raise or handle a specific exception, at the least.")
    ] = 3


@check("python.error_handling", measure="places")
def error_handling(context: Context, params: ErrorHandling) -> Outcome:
    """Errors are raised and handled by specific exceptions, and never swallowed.

    `abort(404)` and handlers that an application registers (`@app.errorhandler(404)`) count too; a handler around code
    that cannot fail does not.
    Each `except:` or `except Exception:` that neither does something nor raises again takes one place away.
    """
    sources, faults = sound_sources(context, params)
    files = [names_of(context, source) for source in sources]
    good = [place for file in files for place in _specific(file)]
    bad = [place for file in files for place in _swallowed(file)]
    places = max(0, len(good) - len(bad))
    share = Fraction(max(0, min(len(good), params.min_places) - len(bad)), params.min_places)
    swallowed = f"; {plural(len(bad), 'handler')} swallow errors, the first in {bad[0].path}" if bad else ""
    return Outcome.partial(
        share,
        f"{plural(len(good), 'place')} raise or handle a specific exception{swallowed}.",
        Evidence.number(places, f"at least {params.min_places}", "places"),
        *bad[:MOST_SHOWN],
        *good[:MOST_SHOWN],
        *faults,
        measure=Measure(value=places, unit="places", threshold=params.min_places),
    )


def _specific(file: Names) -> Iterator[Evidence]:
    """Yield the raises and the working handlers of specific exceptions, in functions that are the learner's own."""
    given = {id(node) for item in file.source.functions if item.is_given for node in ast.walk(item.node)}
    tries = [node for node in file.live if isinstance(node, ast.Try | ast.TryStar) and _tries_nothing(node)]
    hidden = given | {id(handler) for node in tries for handler in node.handlers}
    for node in file.live:
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Call) and _answers(file, node):
            actual = f"answers by {file.resolve(node.func)}"
            yield Evidence(path=file.path, line=node.lineno, expected="a specific exception", actual=actual)
        if isinstance(node, ast.Raise) and node.exc is not None:
            names = [file.resolve(node.exc)]
            wanted = is_work(node, set()) and _is_exception(names[0])
        elif isinstance(node, ast.ExceptHandler):
            names = _caught(file, node)
            wanted = bool(names) and _does_something(node)
        else:
            continue
        if wanted and not set(names) & UNTOLD:
            verb = "raises" if isinstance(node, ast.Raise) else "handles"
            yield Evidence(
                path=file.path, line=node.lineno, expected="a specific exception", actual=f"{verb} {', '.join(names)}"
            )


def _tries_nothing(node: ast.AST) -> bool:
    """Whether nothing that is tried could raise: no call, no lookup, no calculation with names."""
    return not any(
        isinstance(
            inner, ast.Call | ast.Subscript | ast.Attribute | ast.BinOp | ast.Import | ast.ImportFrom | ast.Raise
        )
        for part in getattr(node, "body", ())
        for inner in live_nodes(part)
    )


def _answers(file: Names, call: ast.Call) -> bool:
    """Whether a call refuses a request by its status, as Flask's `abort(404)`, or registers who handles an error."""
    name = file.resolve(call.func)
    if name in ("flask.abort", "werkzeug.exceptions.abort"):
        return bool(call.args) and not (
            isinstance(call.args[0], ast.Constant) and call.args[0].value == NOT_IMPLEMENTED
        )
    kind = file.resolve(call.args[0]) if call.args else ""
    return name.rpartition(".")[2] in REGISTERING and bool(call.args) and kind not in UNTOLD


def _is_exception(name: str) -> bool:
    """Whether a name is that of a class; `raise error` in a handler only hands on."""
    return name.rpartition(".")[2][:1].isupper()


def _swallowed(file: Names) -> Iterator[Evidence]:
    for node in file.live:
        if not isinstance(node, ast.ExceptHandler):
            continue
        names = _caught(file, node)
        if (not names or set(names) & BROAD) and not _does_something(node):
            caught = f"except {', '.join(names)}" if names else "except"
            yield Evidence(
                path=file.path, line=node.lineno, expected="a specific exception", actual=f"{caught}: swallowed"
            )
        elif not names and not any(isinstance(inner, ast.Raise) for inner in live_nodes(node)):
            yield Evidence(
                path=file.path, line=node.lineno, expected="a specific exception", actual="except without a type"
            )


def _caught(file: Names, node: ast.ExceptHandler) -> list[str]:
    if node.type is None:
        return []
    types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return [file.resolve(item) or "an expression" for item in types]


def _does_something(handler: ast.ExceptHandler) -> bool:
    """Whether a handler calls, raises, stores or gives back something; saying it to a log is enough here."""
    return any(
        isinstance(node, ast.Call | ast.Raise | ast.Assign | ast.AugAssign | ast.AnnAssign)
        or (isinstance(node, ast.Return) and node.value is not None)
        for statement in handler.body
        for node in live_nodes(statement)
    )
