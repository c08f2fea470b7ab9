"""A record in place of what runs: checks are judged again by what was seen then, or have the outcome of then."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec

from infra_grader.capabilities.witness import Witness
from infra_grader.engine.recorder import CHECKS, HEAD, decoded, question, value_of
from infra_grader.errors import UsageError
from infra_grader.model.outcome import ZERO, NotAssessed, Outcome, Status
from infra_grader.model.recording import FORMAT, CheckRecording, Recording
from infra_grader.model.rubric import CheckSpec, Rubric
from infra_grader.plugin import CheckKind
from infra_grader.reading.folder_contents import contents, digest_of

MAX_BYTES = 64 * 1024 * 1024
"""The largest file of a record that is read."""
OPENED = frozenset({"command"})
"""The capabilities that a replay opens: our own tools, which read files."""
ANEW = "Grade the submission again with --record."
MOST_NAMED = 3
Seen = TypeVar("Seen")


class Replay:
    """A record that takes the place of everything that runs."""

    def __init__(self, head: Recording, checks: Mapping[str, CheckRecording]) -> None:
        self.head = head
        self._checks = checks
        self._witnesses: dict[str, _Replayed] = {}

    def witness(self, check: CheckSpec, providing: tuple[str, ...]) -> Witness:
        """Return who gives a check what was seen then."""
        self._witnesses[check.id] = watching = _Replayed(check, self._checks.get(check.id), providing)
        return watching

    def opens(self, name: str) -> bool:
        """Whether checks may use a capability."""
        return name in OPENED

    def in_place_of(self, check: CheckSpec, name: str) -> object:
        """Return what stands for a capability: it cannot be used."""
        return _Shut(self._witnesses[check.id], name)

    def answer(self, check: CheckSpec, kind: CheckKind, rubric_folder: Path, ask: Callable[[], Outcome]) -> Outcome:
        """Return the outcome of a check, which `ask` runs.

        It is run again where it reads files alone, and where what it saw is recorded. Where that cannot tell, the
        outcome of then stands, if the rubric asks the same still; else it is not assessed.
        """
        kept = self._checks.get(check.id)
        if kept is not None and kept.uses != check.uses:
            kept = None
        reads_only = kind.capabilities <= OPENED
        again = None
        if reads_only or (kept is not None and kept.seen):
            again = ask()
            if not again.status.is_open and (reads_only or not self._lacks(check)):
                return again
        if kept is not None and _asks_the_same(kept, check, rubric_folder):
            return kept.outcome
        if reads_only and again is not None:
            return again
        if kept is None:
            return _unanswered("The record does not hold this check.")
        return _unanswered("The record has no answer to what the rubric asks by now.")

    def _lacks(self, check: CheckSpec) -> bool:
        watching = self._witnesses.get(check.id)
        return watching is None or watching.lacks


class _Replayed(Witness):
    """Gives back what one check saw."""

    def __init__(self, check: CheckSpec, kept: CheckRecording | None, providing: tuple[str, ...]) -> None:
        self.check = check
        self.seen = kept.seen if kept is not None else {}
        self.providing = providing
        self.lacks = False
        """Whether the check asked for what the record does not hold, whatever it made of that."""

    def observe(self, name: str, type_: type[Seen], make: Callable[[], Seen], asked: object) -> Seen:  # noqa: ARG002
        sight = self.seen.get(name)
        if sight is None or sight.asked != question(self.check, asked, self.providing):
            self.refuse()
        try:
            return value_of(sight, type_)
        except msgspec.MsgspecError:  # another version's way to say it
            self.refuse()

    def refuse(self) -> NoReturn:
        self.lacks = True
        raise NotAssessed("The record does not hold this.", ANEW)


class _Shut:
    """Stands for a capability under replay: whoever uses it asks for what is not there."""

    def __init__(self, watching: _Replayed, name: str) -> None:
        self._watching = watching
        self._name = name

    def __getattr__(self, name: str) -> Any:
        self._watching.refuse()


def load_replay(folder: Path, rubric: Rubric) -> Replay:
    """Return the record in a folder.

    Raises `UsageError` if it is none, cut short, damaged, of another version, or of a submission under another rubric.
    """
    head = _head(folder)
    if head.rubric != rubric.id:
        raise UsageError(
            f"the record {folder} is of the rubric {head.rubric}, not of {rubric.id}",
            "Name the rubric that it was recorded with, in any version.",
        )
    return Replay(head, {check: _check(folder, check, digest) for check, digest in head.checks.items()})


def hold_against(head: Recording, submission: Path, commit: str | None) -> None:
    """Raise `UsageError` unless a submission is the one that was recorded, with every file as it was."""
    files = contents(submission)
    # In a folder of a larger repository, a commit may be about the others.
    is_repository = os.path.lexists(submission / ".git")
    if head.files == files and (not is_repository or head.commit in (None, commit)):
        return
    changed = sorted(path for path in head.files.keys() | files.keys() if head.files.get(path) != files.get(path))
    named = ", ".join(_change(path, head.files, files) for path in changed[:MOST_NAMED])
    more = f" and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
    what = f"{named}{more}" if changed else f"it is at commit {commit}, the record of {head.commit}"
    raise UsageError(
        f"the record is not of this submission as it is now: {what}",
        f"Replay it on the files of {head.submission} as they were graded, or grade again with --record.",
    )


def _change(path: str, then: Mapping[str, str], now: Mapping[str, str]) -> str:
    if path not in then:
        return f"{path} is new"
    return f"{path} is changed" if path in now else f"{path} is gone"


def _head(folder: Path) -> Recording:
    path = folder / HEAD
    if not path.is_file():
        if (folder / CHECKS).is_dir():
            raise UsageError(f"the record {folder} is not whole: its grading was ended before it was done", ANEW)
        raise UsageError(f"{folder} holds no record", "Name the folder that --record named.")
    content = _read(path)
    try:
        schema = msgspec.json.decode(content, type=_Schema).schema
        if schema == FORMAT:
            return msgspec.json.decode(content, type=Recording)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if schema.startswith(FORMAT.rpartition("/")[0]):
        problem = f"{path} is in the format {schema}; this version reads {FORMAT}"
        raise UsageError(problem, "Use the version of infra-grader that wrote it, or grade again with --record.")
    raise UsageError(f"{path} is no record: it says that it is {schema!r}", "Name the folder that --record named.")


class _Schema(msgspec.Struct):
    schema: str


def _check(folder: Path, check_id: str, digest: str) -> CheckRecording:
    path = folder / CHECKS / f"{check_id}.json"
    if path.parent != folder / CHECKS:
        raise _damaged(folder / HEAD, f"{check_id!r} is no id of a check")
    content = _read(path)
    if hashlib.sha256(content).hexdigest() != digest:
        raise _damaged(path, "it was changed after it was written")
    try:
        return decoded(content)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        raise _damaged(path, str(error)) from error


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error
    if len(content) > MAX_BYTES:
        raise _damaged(path, "it is too large")
    return content


def _damaged(path: Path, said: str) -> UsageError:
    return UsageError(f"the record is damaged: {path}: {said}", f"Restore it from a copy. {ANEW}")


def _asks_the_same(kept: CheckRecording, check: CheckSpec, rubric_folder: Path) -> bool:
    if (kept.parameters, kept.allow_starter) != (check.parameters, check.allow_starter):
        return False
    return all(digest_of((rubric_folder / path).resolve()) == digest for path, digest in kept.files.items())


def _unanswered(reason: str) -> Outcome:
    return Outcome(status=Status.NOT_ASSESSED, fraction=ZERO, message=reason, remedy=ANEW)
