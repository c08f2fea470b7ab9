"""The logs.structured check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.checks.logs._fields import logged_fields
from infra_grader.checks.logs._formatters import Setup, find_setups, logging_calls
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Meta,
    Outcome,
    Params,
    Places,
    RelativePath,
    check,
    places,
)
from infra_grader.reading.pieces import Piece, counted, cut, judge, whole
from infra_grader.reading.python_called import Calls
from infra_grader.reading.python_work import own_python


class Structured(Params):
    """Which Python files, and what they must log."""

    paths: Annotated[Places, Meta(description="Files, folders or globs of Python.")] = "**/*.py"
    exclude: Annotated[tuple[RelativePath, ...], Meta(description="What is left out, such as `tests`.")] = ()
    fields: Annotated[
        tuple[str, ...], Meta(description="Fields of a log entry, `a|b` for either name: `timestamp|time|asctime`.")
    ] = ()
    calls: Annotated[int, Meta(ge=1, description="Places that log something.")] = 1


@check("logs.structured")
def structured(context: Context, params: Structured) -> Outcome:
    """Python code logs in JSON: a formatter that makes JSON is really attached, and something is logged.

    Understood are python-json-logger, own formatters whose `format` dumps JSON, `dictConfig`, structlog's JSONRenderer
    and loguru's `serialize`. The formatter must be set on a handler, and the handler added to a logger, in code that is
    reached. A format string that only looks like JSON breaks at the first quote, and does not count.
    """
    files, faults = own_python(context, places(params.paths), params.exclude)
    where = places(params.paths)[0]
    reach = Calls(files)
    setups = list(find_setups(files, reach))
    if not any(setup.is_attached for setup in setups):
        missing = Evidence(
            path=where, expected="a JSON formatter on a handler of a logger", actual="none in code that runs"
        )
        shown = [_evidence(setup, "attached to a logger", "only made") for setup in setups] or [missing]
        raise CheckFailed("Nothing logs in JSON.", *cut(shown), *cut(faults, 3))
    attached = next(setup for setup in setups if setup.is_attached)
    made = [(file.path, line) for file in files for line in logging_calls(file, reach)]
    first = (
        Evidence(path=made[0][0], line=made[0][1], expected="something is logged", actual=f"{len(made)} calls")
        if made
        else None
    )
    lacking = f"{len(made)} of {params.calls} places log something"
    pieces = [
        whole(True, "", _evidence(attached, "logs in JSON", attached.what)),
        counted(
            len(made),
            params.calls,
            lacking,
            *((first,) if first else (Evidence(path=where, actual="nothing is logged"),)),
        ),
    ]
    if params.fields:
        pieces.append(_fields(params, {name for file in files for name in logged_fields(file, files, reach)}, attached))
    return judge("The code", pieces, cut(faults, 3))


def _evidence(setup: Setup, expected: str, actual: str) -> Evidence:
    return Evidence(path=setup.path, line=setup.line, expected=expected, actual=actual)


def _fields(params: Structured, found: set[str], setup: Setup) -> Piece:
    lost = [field for field in params.fields if not set(field.split("|")) & found]
    actual = "all of them" if not lost else f"without {', '.join(field.replace('|', ' or ') for field in lost)}"
    shown = Evidence(path=setup.path, line=setup.line, expected=", ".join(params.fields)[:300], actual=actual)
    share = Fraction(len(params.fields) - len(lost), len(params.fields))
    return Piece(share, f"no entry has the field {lost[0].replace('|', ' or ') if lost else ''}", (shown,))
