"""The text.lacks check kind."""

from __future__ import annotations

from infra_grader.checks.text._searched import Search, find_matches, read_searched
from infra_grader.plugin import CheckFailed, Context, Evidence, Measure, Outcome, check

MAX_MATCHES = 10_000


@check("text.lacks", measure="matches")
def lacks(context: Context, params: Search) -> Outcome:
    """A file that is there, and not empty, contains no text that matches a regular expression."""
    files = read_searched(context, params)
    if not any(file.text.strip() for file in files):
        raise CheckFailed(
            f"{files[0].path} is empty.", Evidence(path=files[0].path, expected="text to search", actual="empty")
        )
    found = [place for file in files for place in find_matches(file, params.expression, MAX_MATCHES)]
    measure = Measure(value=len(found), unit="matches", threshold=0)
    wanted = f"no {params.described}" if not params.what else f"nothing like this: {params.what}"
    if not found:
        where = f"{files[0].path} contains" if len(files) == 1 else f"{len(files)} files contain"
        return Outcome.passed(
            f"{where} {wanted}.",
            *(Evidence(path=file.path, expected=wanted, actual="no match") for file in files),
            measure=measure,
        )
    others = f" and at {len(found) - 1} more places" if len(found) > 1 else ""
    return Outcome.failed(
        f"{found[0].path} contains {params.described} on line {found[0].line}{others}.",
        *(
            Evidence(path=place.path, line=place.line, end_line=place.end_line, expected=wanted, actual=place.text)
            for place in found
        ),
        measure=measure,
    )
