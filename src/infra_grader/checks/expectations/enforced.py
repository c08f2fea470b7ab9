"""The expectations.enforced check kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Meta,
    Outcome,
    Params,
    Places,
    TextFile,
    check,
    places,
)
from infra_grader.reading.called_code import called_code
from infra_grader.reading.document import read_document
from infra_grader.reading.expectations import in_documents
from infra_grader.reading.pieces import judge, whole
from infra_grader.reading.python_flow import call_name, live_nodes
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_work import own_python

MAKING = ("Checkpoint", "add_checkpoint", "add_or_update_checkpoint")
VALIDATING = ("validate", "run_checkpoint", "validate_data", "run_validation_operator", "validate_expectations")


class Enforced(Params):
    """Where validation happens, and what has to follow from it."""

    paths: Annotated[Places, Meta(description="Python files, folders or globs that validate the data.")] = "."
    checkpoint: Annotated[
        bool, Meta(description="Whether a checkpoint has to name a suite that there is, in a file or in the code.")
    ] = False
    called: Annotated[
        bool, Meta(description="Whether functions and classes that nothing in the submission names are left out.")
    ] = False


@check("expectations.enforced")
def enforced(context: Context, params: Enforced) -> Outcome:
    """The data is really validated, and what follows is stopped where it fails: an exception, or an exit.

    The code validates (`validate`, a checkpoint's `run`) and raises, exits or branches on the answer; a pipeline that
    only logs it goes on with bad data.
    """
    wanted = places(params.paths)
    files, faults = own_python(context, wanted)
    if params.called:
        files = called_code(context, files)
    calls = [(names, node) for names in files for node in _validations(names)]
    if not calls:
        raise CheckFailed(
            f"Nothing in {' or '.join(wanted)} validates data.",
            Evidence(path=wanted[0], expected="validate() or a checkpoint's run()", actual="none in code that runs"),
            *faults,
        )
    names, call = calls[0]
    place = Evidence(path=names.path, line=call.lineno, actual=call_name(call.func), text="validates")
    stop = next((found for names in files if (found := _stop(names)) is not None), None)
    stopped = place.replace(expected="an exception where it fails", actual="nothing stops") if stop is None else stop
    pieces = [whole(True, "", place), whole(stop is not None, "nothing stops where the data is not fit", stopped)]
    if params.checkpoint:
        named = _checkpoint(context, files)
        gap = place.replace(expected="a checkpoint that names a suite that there is", actual="none", text=None)
        pieces.append(whole(named is not None, "no checkpoint names a suite that there is", named or gap))
    return judge("The validation of data", pieces, faults)


def _validations(names: Names) -> Iterator[ast.Call]:
    roots = {target.lstrip(".").partition(".")[0] for target in names.imports.values()}
    for node in names.live:
        if isinstance(node, ast.Call):
            name = call_name(node.func)
            last = name.rpartition(".")[2]
            is_checkpoint = last == "run" and "checkpoint" in name.lower()
            if (last in VALIDATING and "." in name and "great_expectations" in roots) or is_checkpoint:
                yield node


def _stop(names: Names) -> Evidence | None:
    """Return where code raises or exits after it has asked whether a validation went well."""
    for item in names.source.functions:
        nodes = list(live_nodes(item.node))
        asks = any(_asks(node) for node in nodes)
        if not asks:
            continue
        for node in nodes:
            is_exit = isinstance(node, ast.Call) and call_name(node.func) in ("sys.exit", "exit", "os._exit")
            if isinstance(node, ast.Raise | ast.Assert) or (isinstance(node, ast.Call) and is_exit):
                return Evidence(path=names.path, line=node.lineno, actual="stops where the data is not fit")
    return None


def _asks(node: ast.AST) -> bool:
    """Whether an expression is the answer of a validation: `result.success`, `result["success"]`, `validate(...)`."""
    if isinstance(node, ast.Attribute):
        return node.attr == "success"
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return node.slice.value == "success"
    if isinstance(node, ast.Call):
        return call_name(node.func).rpartition(".")[2] in VALIDATING
    return False


def _checkpoint(context: Context, files: Sequence[Names]) -> Evidence | None:
    """Return where a checkpoint names a suite that there is."""
    everything = context.workspace.view(allow_starter=True)
    documents = [
        TextFile(path, everything.read_text(path))
        for ending in (".json", ".yml", ".yaml")
        for path in everything.find_in(["."], ending)
        if "expectation" in path or "gx" in path or "checkpoint" in path
    ]
    suites = {item.suite for item in in_documents(documents)[0]} - {""}
    for file in documents:
        if "checkpoint" in file.path and not context.workspace.is_starter_work(file.path):
            for name in _texts(_data(file)):
                if name in suites:
                    return Evidence(path=file.path, actual=name, text="a checkpoint's suite")
    for names in files:
        for node in names.live:
            if isinstance(node, ast.Call) and call_name(node.func).rpartition(".")[2] in MAKING:
                return Evidence(path=names.path, line=node.lineno, actual=call_name(node.func))
    return None


def _data(file: TextFile) -> object:
    try:
        return read_document(file)
    except CheckFailed:
        return None


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
