"""The text.matches check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.checks.text._searched import Search, find_matches, read_searched
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, Outcome, check

MAX_MATCHES = 10_000


class Matches(Search):
    """Where to look for what, and how often it must be there."""

    count: Annotated[int, Meta(ge=1, le=MAX_MATCHES, description="Fewest matches; fewer earn their share.")] = 1


@check("text.matches", measure="matches")
def matches(context: Context, params: Matches) -> Outcome:
    """A file contains text that matches a regular expression."""
    files = read_searched(context, params)
    found = [place for file in files for place in find_matches(file, params.expression, MAX_MATCHES)]
    number = len(found)
    wanted = params.what or params.pattern
    where = files[0].path if len(files) == 1 else f"{len(files)} files"
    return Outcome.partial(
        min(Fraction(number, params.count), Fraction(1)),
        f"{where} {'contains' if len(files) == 1 else 'contain'} {_say(params, number)}.",
        *(
            Evidence(
                path=place.path,
                line=place.line,
                end_line=place.end_line,
                expected=wanted,
                actual=place.text,
            )
            for place in found
        ),
        *(Evidence(path=file.path, expected=wanted, actual="no match") for file in files if not found),
        measure=Measure(value=number, unit="matches", threshold=params.count),
    )


def _say(params: Matches, number: int) -> str:
    """Say what was found, and where it is too little, how much is asked for."""
    if not params.what:
        times = "no text" if not number else "text" if number == 1 else f"{number} pieces of text"
        return f"{times} matching {params.pattern!r}"
    if params.count == 1:
        return params.what if number else f"nothing like this: {params.what}"
    return f"{number} of {params.count}: {params.what}" if number < params.count else f"{params.what}: {number}"
