"""The mlflow.logs check kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
from infra_grader.reading.called_code import called_code
from infra_grader.reading.document import read_document
from infra_grader.reading.pieces import Piece, judge, whole
from infra_grader.reading.python_tracking import Recorded, Tracking, find_tracking, written_keys
from infra_grader.reading.python_work import own_python

CONFIGURATIONS = [
    f"**/*{name}*.{ending}" for name in ("param", "config", "setting") for ending in ("yaml", "yml", "json", "toml")
]
Names = Annotated[list[str], Meta(min_length=1)]


class Logs(Params):
    """What the code has to record."""

    paths: Annotated[Places, Meta(description="Python files, folders or globs.")] = "."
    records: Annotated[
        list[Recorded],
        Meta(description="What is recorded or set: run, experiment, params, metrics, artifacts, model, registry, ..."),
    ] = msgspec.field(default_factory=list)
    params: Annotated[list[Names], Meta(description="Parameters, each by names of which any will do; `*` fits.")] = (
        msgspec.field(default_factory=list)
    )
    metrics: Annotated[list[Names], Meta(description="Metrics, each by names of which any will do; `*` fits.")] = (
        msgspec.field(default_factory=list)
    )

    called: Annotated[
        bool, Meta(description="Whether functions and classes that nothing in the submission names are left out.")
    ] = False

    def __post_init__(self) -> None:
        """Refuse a question about nothing."""
        if not (self.records or self.params or self.metrics):
            raise ValueError("give `records`, `params` or `metrics`")


@check("mlflow.logs")
def logs(context: Context, params: Logs) -> Outcome:
    """The code records its runs with MLflow: the calls are there where they can run, under the names asked for.

    A wrapper of the learner's own counts by its methods. Where a call records a mapping that is worked out, a name
    counts that is a key somewhere in the learner's code, or in a file of parameters or settings.
    """
    wanted = places(params.paths)
    files, faults = own_python(context, wanted)
    if params.called:
        files = called_code(context, files)
    read = (*(file.path for file in files), "called" if params.called else "")
    found = context.shared(("mlflow.tracking", read), lambda: find_tracking(files))
    if not found:
        raise CheckFailed(
            f"Nothing in {' or '.join(wanted)} records a run with MLflow.",
            Evidence(path=wanted[0], expected="calls of mlflow", actual="none in code that runs"),
            *faults,
        )
    written = context.shared(("mlflow.keys", read), lambda: written_keys(files))
    keys = written | context.shared("mlflow.configured", lambda: _configured(context))
    pieces = [
        *_calls(found, params.records),
        *_names(found, keys, Recorded.PARAMS, params.params),
        *_names(found, keys, Recorded.METRICS, params.metrics),
    ]
    return judge("The code that records runs", pieces, faults)


def _configured(context: Context) -> frozenset[str]:
    """Return the keys of the learner's files of parameters, which code reads and records as they are."""
    found: set[str] = set()
    for path in context.workspace.find(*CONFIGURATIONS):
        try:
            waiting: list[object] = [read_document(TextFile(path, context.workspace.read_text(path)))]
        except CheckFailed:  # broken: its own loss
            continue
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict):
                found.update(key for key in value if isinstance(key, str))
                waiting += value.values()
            elif isinstance(value, list):
                waiting += value
    return frozenset(found)


def _calls(found: Sequence[Tracking], wanted: Iterable[Recorded]) -> Iterator[Piece]:
    for what in wanted:
        item = next((item for item in found if item.what is what), None)
        if item is not None:
            yield whole(True, "", Evidence(path=item.path, line=item.line, actual=item.name, text=what))
        else:
            gap = Evidence(path=found[0].path, expected=what, actual="no call records it")
            yield whole(False, f"no call records {what}", gap)


def _names(
    found: Sequence[Tracking], keys: frozenset[str], what: Recorded, wanted: Iterable[Sequence[str]]
) -> Iterator[Piece]:
    calls = [item for item in found if item.what is what]
    for names in wanted:
        yield _name(found[0], calls, keys, names)


def _name(first: Tracking, calls: Sequence[Tracking], keys: frozenset[str], names: Sequence[str]) -> Piece:
    for item in calls:
        if any(fnmatchcase(given, name) for given in item.names for name in names):
            return whole(True, "", Evidence(path=item.path, line=item.line, actual=item.name, text=names[0]))
    worked_out = next((item for item in calls if item.is_open), None)
    if worked_out is not None and any(fnmatchcase(key, name) for key in keys for name in names):
        return whole(
            True, "", Evidence(path=worked_out.path, line=worked_out.line, actual=worked_out.name, text=names[0])
        )
    place = calls[0] if calls else first
    wanted = " or ".join(names)
    gap = Evidence(path=place.path, line=place.line, expected=wanted, actual="not recorded under this name")
    return whole(False, f"{wanted} is not recorded", gap)
