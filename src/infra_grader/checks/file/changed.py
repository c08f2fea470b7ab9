"""The file.changed check kind."""

from __future__ import annotations

from collections import Counter

from infra_grader.capabilities.plain_text import seen_text
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    TextFile,
    check,
    places,
)


class Changed(Params):
    """Which file, and how much of it must be the learner's own."""

    path: Annotated[Places, Meta(description="The file, or several places that may hold it.")]
    min: Annotated[
        float,
        Meta(ge=0, le=100, description="Percent of the lines, old and new, that must differ; 0 asks for any change."),
    ] = 0.0


@check("file.changed", measure="percent")
def changed(context: Context, params: Changed) -> Outcome:
    """A file differs from what was handed out by more than white space.

    The share of lines that were added or removed is measured where the course hands out the file's text.
    """
    file = context.workspace.read_first(places(params.path))
    # Even a check that accepts the starter's files as work cannot find them changed.
    if context.workspace.is_starter(file.path):
        raise CheckFailed(
            f"{file.path} is the file that was handed out, unchanged.",
            Evidence(path=file.path, expected="your own changes", actual="the starter's file"),
        )
    if not file.text.strip():
        raise CheckFailed(f"{file.path} is empty.", Evidence(path=file.path, expected="your own work", actual="empty"))
    before = context.workspace.starter.text(file.path)
    if before is None:
        return Outcome.passed(
            f"{file.path} is none of the files that were handed out.",
            Evidence(path=file.path, expected="your own work", actual="no file of the starter"),
        )
    return _judge(file, before, params.min)


def _judge(file: TextFile, before: str, least: float) -> Outcome:
    """Return the outcome for a file and the text that was handed out under its name.

    Lines are compared as a collection, whatever their order: that takes time in proportion to the file's length.
    """
    old, new = _lines(before), _lines(file.text)
    added, removed = (new - old).total(), (old - new).total()
    percent = round(100 * (added + removed) / (old.total() + new.total()), 1)
    first = next(
        (n for n, line in enumerate(file.lines, 1) if line.split() and " ".join(line.split()) not in old), None
    )
    wanted = f"at least {least:g}" if least else "more than 0"
    return Outcome.passed_if(
        percent > 0 and percent >= least,
        f"{file.path} differs from what was handed out in {percent:g} percent of its lines.",
        Evidence(path=file.path, line=first, text=f"{added} lines were added, {removed} were removed"),
        Evidence.number(percent, wanted, "percent"),
        measure=Measure(value=percent, unit="percent", threshold=least),
    )


def _lines(text: str) -> Counter[str]:
    """Return the lines of a text and how often each stands there; blank ones and changes of white space are nothing."""
    return Counter(" ".join(line.split()) for line in seen_text(text).split("\n") if line.strip())
