"""The expectations.suite check kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

import msgspec

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
from infra_grader.reading.expectations import Expectation, in_code, in_documents
from infra_grader.reading.pieces import Piece, counted, judge, whole
from infra_grader.reading.python_named import named_in
from infra_grader.reading.python_work import own_python, read_python

ENDINGS = (".json", ".yaml", ".yml")
MOST_SHOWN = 10


class Suite(Params):
    """What the expectations have to cover."""

    paths: Annotated[
        Places, Meta(description="Suites and Python files that set expectations: files, folders or globs.")
    ] = "."
    min_expectations: Annotated[int, Meta(ge=1, description="How many different ones that say something.")] = 1
    types: Annotated[
        list[Annotated[list[str], Meta(min_length=1)]],
        Meta(description="Kinds of expectation, each by patterns of which any will do: [expect_table_row_count_*]."),
    ] = msgspec.field(default_factory=list)
    columns: Annotated[
        list[Annotated[list[str], Meta(min_length=1)]],
        Meta(description="Columns that have one, each by names of which any will do."),
    ] = msgspec.field(default_factory=list)
    columns_in: Annotated[
        Places | None,
        Meta(description="Code or data of the learner's in which the columns must occur: the pipeline's own."),
    ] = None


@check("expectations.suite")
def suite(context: Context, params: Suite) -> Outcome:
    """Expectations on the data say something: on columns that there are, with bounds, sets and patterns filled in.

    They are read from suites (JSON, YAML) and from Python: a validator's `expect_...`, GX's classes, configurations.
    The same expectation on the same column counts once, one that any data would meet not at all. Where the columns have
    to occur in the learner's own code, comments and stubs are none of it, and a suite without such a column is about
    other data, its expectations on whole tables too.
    """
    wanted = places(params.paths)
    paths = [path for ending in ENDINGS for path in context.workspace.find_in(wanted, ending)]
    found, faults = in_documents(TextFile(path, context.workspace.read_text(path)) for path in paths)
    files, broken = own_python(context, wanted)
    found += in_code(files)
    if not found:
        raise CheckFailed(
            f"There are no expectations of your own in {' or '.join(wanted)}.",
            Evidence(path=wanted[0], expected=f"{params.min_expectations} expectations", actual="none"),
            *(piece for fault in faults for piece in fault.evidence),
        )
    strange = _strange(context, params, found)
    good = [item for item in found if not item.flaw and item not in strange]
    distinct = list({(item.type, item.columns): item for item in good}.values())
    gaps = [_place(item, item.flaw or _why_strange(item)) for item in found if item not in good]
    first = _place(distinct[0] if distinct else found[0], None).replace(text=f"{len(distinct)} that say something")
    said = f"{len(distinct)} of {params.min_expectations} expectations say something"
    pieces = [counted(len(distinct), params.min_expectations, said, first, *gaps[:MOST_SHOWN])]
    pieces += [_named(distinct, patterns, lambda item: [item.type], first) for patterns in params.types]
    pieces += [_named(distinct, names, lambda item: list(item.columns), first) for names in params.columns]
    return judge("The data's suite", pieces, broken)


def _strange(context: Context, params: Suite, found: Sequence[Expectation]) -> list[Expectation]:
    """Return the expectations on columns that occur in nothing that the learner's pipeline reads or writes.

    A file that sets expectations itself has to name a column more often than they do. Where all that name a column are
    such, those that name none are about the same other data.
    """
    if params.columns_in is None:
        return []
    texts = {
        path: _said_by(context, path)
        for path in context.workspace.find_in(places(params.columns_in), "")
        if path.endswith((".py", ".csv", ".sql", ".json", ".yaml", ".yml", ".toml"))
    }
    named = Counter((item.path, column) for item in found if not item.is_looped for column in set(item.columns))
    named.update({(item.path, column) for item in found if item.is_looped for column in item.columns})

    def is_used(column: str) -> bool:
        return any(text.count(column) > named[path, column] for path, text in texts.items())

    strange = [item for item in found if not all(is_used(column) for column in item.columns)]
    is_other_data = bool(strange) and all(item in strange for item in found if item.columns)
    return list(found) if is_other_data else strange


def _said_by(context: Context, path: str) -> str:
    """Return what a file names: of Python code, a line for each name and text, unless all that it defines are stubs."""
    if not path.endswith(".py"):
        return context.workspace.read_text(path)
    source = read_python(context, path)
    if source.fault is not None:
        return source.text
    is_stub = bool(source.definitions) and not source.has_work
    return "" if is_stub else "\n".join(named_in(source))


def _why_strange(item: Expectation) -> str:
    return "its column is in nothing of yours" if item.columns else "the columns of its suite are in nothing of yours"


def _named(
    found: Sequence[Expectation], patterns: Sequence[str], of: Callable[[Expectation], Sequence[str]], first: Evidence
) -> Piece:
    wanted = " or ".join(patterns)
    for item in found:
        if any(fnmatchcase(name, pattern) for name in of(item) for pattern in patterns):
            return whole(True, "", _place(item, None))
    return whole(False, f"there is none of {wanted}", first.replace(expected=wanted, actual="none", text=None))


def _place(item: Expectation, flaw: str | None) -> Evidence:
    shown = f"{item.type} {', '.join(item.columns)}".strip()
    return Evidence(path=item.path, line=item.line, actual=shown, text=flaw)
