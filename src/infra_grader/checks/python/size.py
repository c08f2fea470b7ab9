"""The python.size check kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra_grader.checks.python._files import MOST_SHOWN, PythonParams, looked_at, plural, sound_sources
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.python_source import Source


class Size(PythonParams):
    """Which files, and how long they and their functions may be."""

    function_lines: Annotated[int, Meta(ge=1, description="Most lines of a function, without its docstring.")] = 50
    file_lines: Annotated[int, Meta(ge=1, description="Most lines of a file.")] = 500


@check("python.size", measure="places")
def size(context: Context, params: Size) -> Outcome:
    """Functions and files are short; measured is the number of places that are too long."""
    sources, faults = sound_sources(context, params)
    found = sorted(_too_long(sources, params), key=lambda item: -int(item.actual or 0))
    worst = f"; {found[0].text} has {found[0].actual}" if found else ""
    return Outcome.passed_if(
        not found,
        f"{plural(len(found), 'place')} in {plural(len(sources), 'file')} "
        f"{'is' if len(found) == 1 else 'are'} too long{worst}.",
        *(found[:MOST_SHOWN] or [looked_at(sources, f"functions of at most {params.function_lines} lines")]),
        *faults,
        measure=Measure(value=len(found), unit="places", threshold=0),
    )


def _too_long(sources: Sequence[Source], params: Size) -> Iterator[Evidence]:
    for source in sources:
        lines = source.text.count("\n") + (not source.text.endswith("\n"))
        if lines > params.file_lines:
            yield Evidence(
                path=source.path, expected=f"at most {params.file_lines}", actual=lines, unit="lines", text=source.path
            )
        for item in source.functions:
            if item.length > params.function_lines:
                yield Evidence(
                    path=source.path,
                    line=item.line,
                    end_line=item.end_line,
                    expected=f"at most {params.function_lines}",
                    actual=item.length,
                    unit="lines",
                    text=f"{item.name} in {source.path}",
                )
