"""A roster, read from any of its forms, with every problem listed at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from infra_grader.errors import Problem, RosterError, UsageError
from infra_grader.loading.learner_id import alike
from infra_grader.loading.roster_folder import read_folder
from infra_grader.loading.roster_repositories import read_repositories
from infra_grader.loading.roster_row import Reading, Row, check_learner, read_row
from infra_grader.loading.roster_table import read_table
from infra_grader.model.roster import Learner, Roster

AskPlugins = Callable[[Path], Sequence[Learner] | None]
"""Returns the learners of a file that a plugin reads, or `None` if none does."""


def read_roster(
    path: Path, *, source: str = "", timezone: str = "", ask_plugins: AskPlugins = lambda _path: None
) -> Roster:
    """Return the roster in a file or folder.

    It is a CSV with the columns `id,name,email,source,ref,due,extension_hours,submitted` and any others, an export of
    Canvas' gradebook or Moodle's grading worksheet, a folder of folders or archives, a list of repositories as JSON,
    or what a plugin reads. `source` says where the work is of those for whom the roster does not, with columns in
    braces; `timezone` is the zone of dates that name none. Raises `RosterError` with every problem, by row and column,
    and `UsageError` for a zone that there is not.
    """
    if not path.exists():
        raise UsageError(f"there is no roster {path}", "Name a CSV or JSON file, or a folder of submissions.")
    reading = Reading(folder=_folder(path), zone=_zone(timezone), source=source)
    given = ask_plugins(path)
    roster, problems = _read(path, reading) if given is None else _checked(path, given, reading)
    if problems:
        raise RosterError(str(path), *sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
    if not roster.learners:
        raise RosterError(str(path), Problem("it names no learners", allowed="a row for each learner"))
    return roster


def _read(path: Path, reading: Reading) -> tuple[Roster, list[Problem]]:
    rows, columns, problems = _rows(path)
    if problems and not rows:
        return Roster(source=str(path), learners=()), problems
    learners = []
    for row in rows:
        learner, faults = read_row(row, reading)
        learners.append(learner)
        problems += faults
    return Roster(source=str(path), learners=tuple(learners), columns=tuple(columns)), [*problems, *_alike(learners)]


def _checked(path: Path, given: Sequence[Learner], reading: Reading) -> tuple[Roster, list[Problem]]:
    """Return the roster of what a plugin gave, which is believed no more than a file is."""
    foreign = [
        Problem(f"the plugin gave {each!r:.80}, no Learner", path=f"[{place}]")
        for place, each in enumerate(given)
        if not isinstance(each, Learner)
    ]
    if foreign:
        return Roster(source=str(path), learners=()), foreign
    checked = [check_learner(learner, place, reading) for place, learner in enumerate(given)]
    learners = tuple(learner for learner, _ in checked)
    problems = [problem for _, faults in checked for problem in faults]
    if all(isinstance(learner.id, str) for learner in learners):
        problems += _alike(learners)
    return Roster(source=str(path), learners=learners, columns=_columns(learners)), problems


def _rows(path: Path) -> tuple[list[Row], list[str], list[Problem]]:
    if path.is_dir():
        return read_folder(path), [], []
    if path.suffix.lower() == ".json":
        return read_repositories(path), [], []
    return read_table(path)


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.absolute().parent


def _zone(name: str) -> tzinfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise UsageError(f"there is no time zone {name!r}", "Name one such as Europe/Berlin or UTC.") from error


def _alike(learners: Sequence[Learner]) -> Iterator[Problem]:
    for place, first in alike(learner.id for learner in learners):
        learner, other = learners[place], learners[first]
        if not learner.id:  # said already
            continue
        same = "is there twice" if learner.id == other.id else f"is taken for {other.id!r}"
        where = f", in line {other.line}" if other.line else ""
        yield Problem(f"the id {learner.id!r} {same}{where}", line=learner.line, path="id", allowed="another id")


def _columns(learners: Sequence[Learner]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for learner in learners for name in learner.columns))
