"""The env.valid check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, Params, Places, check, places
from infra_grader.reading.dotenv import Dotenv, read_dotenv
from infra_grader.reading.pieces import Piece, cut, judge, whole
from infra_grader.reading.stand_in import is_undone, secret_in


class Valid(Params):
    """Where the dotenv file is, and what it must set."""

    path: Annotated[Places, Meta(description="A dotenv file; the first place that is there is read.")]
    variables: Annotated[
        tuple[str, ...], Meta(description="Variables that are set, `A|B` for either; each earns a share.")
    ] = ()
    at_least: Annotated[int, Meta(ge=1, description="Different variables that are set.")] = 1
    filled: Annotated[
        bool, Meta(description="Whether the variables asked for need a value, and no `TODO` or `changeme`.")
    ] = False


@check("env.valid")
def valid(context: Context, params: Valid) -> Outcome:
    """A dotenv file can be read the same way by every program, and sets what is asked for.

    Faults are lines that are no NAME=value, names that are set twice, quotes that are never closed, spaces beside the
    equals sign, and real secrets. Lines in comments set nothing.
    """
    path = context.workspace.first(places(params.path))
    found = read_dotenv(context.workspace.read_text(path))
    if not found.variables:
        shown = Evidence(path=path, line=1, expected="NAME=value", actual="nothing is set, comments aside")
        raise CheckFailed(f"{path} sets no variable.", shown, *_faults(path, found))
    faults = _faults(path, found)
    good = Evidence(
        path=path, line=found.variables[0].line, expected="a valid file", actual=f"{len(found.names)} variables"
    )
    lacking = f"line {faults[0].line}: {faults[0].actual}" if faults else ""
    pieces = [whole(not faults, lacking, *(cut(faults) or (good,)))]
    if params.at_least > 1:
        number = Evidence.number(len(found.names), f"at least {params.at_least}", "variables")
        share = Fraction(min(len(found.names), params.at_least), params.at_least)
        pieces.append(Piece(share, f"{len(found.names)} of {params.at_least} variables are set", (number,)))
    pieces += [_variable(path, found, wanted, filled=params.filled) for wanted in params.variables]
    return judge(path, pieces)


def _faults(path: str, found: Dotenv) -> list[Evidence]:
    faults = [Evidence(path=path, line=line, expected="NAME=value", actual=fault) for line, fault in found.faults]
    return faults + [
        Evidence(path=path, line=item.line, expected="no real secret", actual=kind, text=item.name)
        for item in found.variables
        if (kind := secret_in(item.name, item.value))
    ]


def _variable(path: str, found: Dotenv, wanted: str, *, filled: bool) -> Piece:
    names = wanted.split("|")
    expected = " or ".join(names)
    for item in found.variables:
        if item.name in names:
            is_there = not filled or not is_undone(item.value)
            shown = Evidence(
                path=path, line=item.line, expected=expected, actual="set" if is_there else "without a value"
            )
            return whole(is_there, f"{item.name} has no value", shown)
    return whole(False, f"{expected} is not set", Evidence(path=path, expected=expected, actual="not set"))
