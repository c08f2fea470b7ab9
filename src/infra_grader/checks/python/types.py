"""The python.types check kind."""

from __future__ import annotations

import ast
import json
import os

from infra_grader.checks.python._copy import Copy, copy_sources
from infra_grader.checks.python._files import (
    MOST_SHOWN,
    REMEDY,
    PythonParams,
    looked_at,
    names_of,
    plural,
    sound_sources,
    suppression_evidence,
)
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    check,
)
from infra_grader.reading.python_source import Source

SETTINGS = """\
[mypy]
mypy_path = {folder}
explicit_package_bases = True
namespace_packages = True
no_site_packages = True
follow_imports = silent
incremental = False
cache_dir = {no_cache}
check_untyped_defs = True
ignore_missing_imports = True
disable_error_code = import-untyped, import-not-found
error_summary = False
"""
"""What is not installed here is of unknown type: the machine's libraries are no business of the learner's."""

STRICT = """\
strict = True
disallow_subclassing_any = False
disallow_untyped_decorators = False
warn_return_any = False
"""
"""Strict, but for what would blame the learner for libraries that are not installed here."""

ERRORS_FOUND = 1
"""Mypy's exit status when it found errors; 2 is a stop on the way."""


class Types(PythonParams):
    """Which files mypy looks at."""

    strict: Annotated[bool, Meta(description="Whether every function must be annotated, as `mypy --strict` asks.")] = (
        False
    )
    max_errors: Annotated[int, Meta(ge=0, description="Errors with which it still passes.")] = 0


@check("python.types", capabilities=("command",), measure="errors")
def types(context: Context, params: Types) -> Outcome:
    """Mypy finds no errors; configuration, plugins and suppressions of the submission are not obeyed."""
    sources, faults = sound_sources(context, params)
    key = ("mypy", tuple(source.path for source in sources), params.strict)
    found = context.shared(key, lambda: _run_mypy(context, params, sources)) + _unchecked(context, sources)
    errors = [*found, *faults]
    count = len(errors)
    first = (
        f"; the first is at {errors[0].path}:{errors[0].line}: {errors[0].text or errors[0].actual}" if errors else ""
    )
    return Outcome.passed_if(
        count <= params.max_errors,
        f"Mypy finds {plural(count, 'error')} in {plural(len(sources), 'file')}{first.rstrip('.')}.",
        *(errors[:MOST_SHOWN] or [looked_at(sources, "mypy --strict" if params.strict else "mypy")]),
        *suppression_evidence(sources),
        measure=Measure(value=count, unit="errors", threshold=params.max_errors),
    )


def _run_mypy(context: Context, params: Types, sources: list[Source]) -> list[Evidence]:
    tool = context.command.find_tool("mypy", REMEDY)
    copy = copy_sources(context, sources)
    settings = copy.folder / ("strict.ini" if params.strict else "plain.ini")
    text = SETTINGS.format(folder=copy.folder, no_cache=os.devnull)
    settings.write_text(text + (STRICT if params.strict else ""), encoding="utf-8")
    output = context.command.run(
        [tool, "--config-file", str(settings), "--output", "json", "--", *copy.arguments(sources)],
        context.deadline,
        folder=copy.folder,
    )
    errors = [error for line in output.stdout.splitlines() if (error := _error(copy, line))]
    if output.exit_status == ERRORS_FOUND and errors:
        return sorted(errors, key=lambda item: (item.path or "", item.line or 0))
    if output.exit_status == 0:
        return []
    if errors:
        raise CheckFailed(f"Mypy cannot go on after {errors[0].path}: {errors[0].text}.", *errors[:MOST_SHOWN])
    reason = (output.stderr or output.stdout).strip().rpartition("\n")[2] or f"exit status {output.exit_status}"
    raise NotAssessed(f"Mypy could not finish: {reason}.", "Run `mypy` by hand to see why.")


def _error(copy: Copy, line: str) -> Evidence | None:
    if not line.startswith("{") or not line.endswith("}"):
        return None
    found = json.loads(line)
    if found["severity"] != "error":
        return None
    return Evidence(
        path=copy.original(found["file"]), line=max(1, found["line"]), actual=found["code"], text=found["message"]
    )


def _unchecked(context: Context, sources: list[Source]) -> list[Evidence]:
    """Return an error for each function that asks not to be looked at: mypy obeys that decorator."""
    return [
        Evidence(path=source.path, line=node.lineno, actual="no_type_check", text="types are not checked here")
        for source in sources
        if "no_type_check" in source.text
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if any(names_of(context, source).resolve(item).endswith("no_type_check") for item in node.decorator_list)
    ]
