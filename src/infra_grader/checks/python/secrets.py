"""The python.secrets check kind."""

from __future__ import annotations

from infra_grader.checks.python._files import MOST_SHOWN, PythonParams, looked_at, names_of, plural, sound_sources
from infra_grader.checks.python._secret import hard_coded
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, Outcome, check


class Secrets(PythonParams):
    """Which files must be free of secrets."""

    include_tests: Annotated[bool, Meta(description="Whether passwords made up for tests count too.")] = False


@check("python.secrets", measure="secrets")
def secrets(context: Context, params: Secrets) -> Outcome:
    """No password, token or key is written into the code; placeholders and environment variables are none.

    In tests only what looks like a real credential counts, since tests make passwords up.
    """
    sources, faults = sound_sources(context, params)
    found = [
        Evidence(path=source.path, line=line, expected="read from the environment", actual=f"{name} = {masked}")
        for source in sources
        for line, name, masked in sorted(hard_coded(names_of(context, source), is_test=not params.include_tests))
    ]
    first = f", the first in {found[0].path} on line {found[0].line}" if found else ""
    return Outcome.passed_if(
        not found,
        f"{plural(len(found), 'secret')} {'is' if len(found) == 1 else 'are'} written into the code{first}.",
        *(found[:MOST_SHOWN] or [looked_at(sources)]),
        *faults,
        measure=Measure(value=len(found), unit="secrets", threshold=0),
    )
