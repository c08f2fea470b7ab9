"""A record of a grading while it is written: a file for each check as soon as it is done, and in the end what they are.

`record.json` comes last and holds the digests of the others, so that a record without it was cut short, and one whose
files were changed is told from a whole one.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from infra_grader.capabilities.witness import Witness
from infra_grader.engine.log import logger
from infra_grader.errors import UsageError
from infra_grader.model.outcome import CheckFailed, NotAssessed, Outcome, Unavailable, status_of
from infra_grader.model.recording import CheckRecording, Raised, Recording, Sight
from infra_grader.model.rubric import CheckSpec, Rubric
from infra_grader.model.scorecard import SubmissionRef
from infra_grader.reading.folder_contents import contents, digest_of
from infra_grader.reading.secret_masking import masked

HEAD = "record.json"
CHECKS = "checks"
MAX_VALUE_BYTES = 8 * 1024 * 1024
MAX_SEEN_BYTES = 4 * MAX_VALUE_BYTES
"""Of one observation, and of all that a check makes: what is more is not kept, and the outcome stands alone."""
NOTHING = msgspec.Raw(b"null")
TOOLS = ("sandbox", "docker", "kubernetes")
"""Facts of the environment that tell what was really used."""
ROOM = "Make room or look at its permissions, and grade again."
Seen = TypeVar("Seen")


class Recorder:
    """Writes a record into a folder of its own."""

    def __init__(self, folder: Path, submission: Path) -> None:
        """Begin the record of a submission.

        Raises `UsageError` for a folder that holds anything but a record that was cut short.
        """
        self.folder = folder
        self._began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._watching: dict[str, _Recording] = {}
        self._digests: dict[str, str] = {}
        self._fault: OSError | None = None
        try:
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            if left := sorted(entry.name for entry in folder.iterdir() if entry.name != CHECKS):
                what = "a record already" if HEAD in left else f"{left[0]} already"
                raise UsageError(f"{folder} holds {what}", "Name a folder of its own for --record, or remove that one.")
            shutil.rmtree(folder / CHECKS, ignore_errors=True)
            (folder / CHECKS).mkdir()
            self._files = dict(contents(submission))
        except OSError as error:
            raise _not_written(folder, error) from error

    def witness(self, check: CheckSpec, providing: tuple[str, ...]) -> Witness:
        """Begin with a check, or begin it anew, and return who sees what it looks at."""
        self._watching[check.id] = watching = _Recording(check, providing)
        return watching

    def forget(self, check: CheckSpec) -> None:
        """Drop what a check has seen, since what it looked at was down."""
        self._watching[check.id] = _Recording(check, ())

    def settle(self, check: CheckSpec, outcome: Outcome) -> None:
        """Write what a check that was run has seen and found; one that was not run is not kept."""
        watching = self._watching.pop(check.id, None)
        if watching is None or self._fault is not None:
            return
        kept = CheckRecording(
            id=check.id,
            uses=check.uses,
            parameters=check.parameters,
            allow_starter=check.allow_starter,
            files=watching.files,
            seen=watching.seen if watching.is_whole else {},
            outcome=_found(outcome),
        )
        content = _encoded(kept)
        try:
            _write(self.folder / CHECKS / f"{check.id}.json", content)
        except OSError as error:  # said in the end, where nothing of the grading is lost by it
            self._fault = error
        self._digests[check.id] = hashlib.sha256(content).hexdigest()

    def finish(
        self, rubric: Rubric, submission: SubmissionRef, live: str, sandbox: str, environment: Mapping[str, str | int]
    ) -> None:
        """Write what makes it whole. Raises `UsageError` where that, or a check before, could not be written."""
        head = Recording(
            infra_grader=str(environment["infra_grader"]),
            recorded=self._began,
            rubric=rubric.id,
            rubric_version=rubric.version,
            rubric_sha256=rubric.sha256,
            submission=submission.id,
            commit=submission.commit,
            files=self._files,
            seed=int(environment["seed"]),
            live=live,
            sandbox=sandbox,
            tools={name: str(environment[name]) for name in TOOLS if name in environment},
            checks=dict(sorted(self._digests.items())),
        )
        try:
            if self._fault is not None:
                raise self._fault
            write_head(self.folder, head)
        except OSError as error:
            raise _not_written(self.folder, error) from error


def write_head(folder: Path, head: Recording) -> None:
    """Write what makes a record whole. Raises `OSError`."""
    _write(folder / HEAD, msgspec.json.format(msgspec.json.encode(head), indent=1))


class _Recording(Witness):
    """Keeps what one check sees."""

    def __init__(self, check: CheckSpec, providing: tuple[str, ...]) -> None:
        self.check = check
        self.providing = providing
        self.seen: dict[str, Sight] = {}
        self.files: dict[str, str] = {}
        self.is_whole = True
        """Whether everything that it saw is kept; else the check cannot be judged again from it."""
        self._bytes = 0

    def observe(self, name: str, type_: type[Seen], make: Callable[[], Seen], asked: object) -> Seen:
        is_told = False
        try:
            value = make()
            is_told = True
        except (CheckFailed, NotAssessed) as verdict:
            is_told = not isinstance(verdict, Unavailable)
            if is_told:
                self._keep(name, asked, lambda: NOTHING, _raised(verdict))
            raise
        finally:
            self.is_whole = self.is_whole and is_told
        self._keep(name, asked, lambda: _content(value, type_))
        return value

    def used(self, path: str, place: Path) -> None:
        self.files[path] = digest_of(place)

    def _keep(self, name: str, asked: object, content: Callable[[], msgspec.Raw], raised: Raised | None = None) -> None:
        """Keep what was seen. What cannot be kept changes nothing of the grading: the outcome stands alone then."""
        problem = "a second look needs a name of its own" if name in self.seen else ""
        try:
            sight = Sight(asked=question(self.check, asked, self.providing), value=content(), raised=raised)
            size = len(bytes(sight.value))
            self._bytes += size
            if size > MAX_VALUE_BYTES or self._bytes > MAX_SEEN_BYTES:
                problem = f"it has {size} bytes"
        except (TypeError, ValueError, msgspec.MsgspecError) as error:  # such as text that is no UTF-8
            problem = str(error)
        if problem:
            self.is_whole = False
            logger().info("check %s: what it saw as %r is not kept: %s", self.check.id, name, problem)
        else:
            self.seen[name] = sight


def _content(value: object, type_: type) -> msgspec.Raw:
    """Return a value as JSON without secrets. Raises `TypeError`, `ValueError` or `msgspec.MsgspecError`."""
    content = msgspec.json.encode(masked(msgspec.to_builtins(value, enc_hook=str)))
    msgspec.json.decode(content, type=type_, dec_hook=_made)  # what cannot be read again is of no use
    return msgspec.Raw(content)


def _raised(verdict: CheckFailed | NotAssessed) -> Raised:
    if isinstance(verdict, CheckFailed):
        return Raised(message=verdict.message, is_failure=True, evidence=verdict.evidence)
    return Raised(message=verdict.reason, is_failure=False, remedy=verdict.remedy, evidence=verdict.evidence)


def question(check: CheckSpec, asked: object, providing: tuple[str, ...]) -> str:
    """Return the digest of what an observation depends on: what was asked, of what the checks before provided."""
    told = check.parameters if asked is None else msgspec.to_builtins(asked, enc_hook=str)
    return hashlib.sha256(msgspec.json.encode([told, providing], order="sorted")).hexdigest()[:32]


def decoded(content: bytes) -> CheckRecording:
    """Return what a check's file records. Raises `msgspec.MsgspecError` or `ValueError` for what is none."""
    return msgspec.json.decode(content, type=CheckRecording, dec_hook=_made)


def value_of(sight: Sight, type_: type[Seen]) -> Seen:
    """Return what was seen, or raise what was raised then; raises `msgspec.MsgspecError` for another type."""
    if sight.raised is None:
        return msgspec.json.decode(sight.value, type=type_, dec_hook=_made)
    if sight.raised.is_failure:
        raise CheckFailed(sight.raised.message, *sight.raised.evidence)
    raise NotAssessed(sight.raised.message, sight.raised.remedy, *sight.raised.evidence)


def _made(wanted: type, value: Any) -> Any:
    return wanted(value)


def _found(outcome: Outcome) -> Outcome:
    """Return what the check itself found, without the award table."""
    if outcome.own_fraction is None:
        return outcome
    own = outcome.own_fraction
    return outcome.replace(status=status_of(own), fraction=own, own_fraction=None)


def _encoded(kept: CheckRecording) -> bytes:
    try:
        return msgspec.json.encode(kept, enc_hook=str)
    except UnicodeEncodeError:  # names of files that are no UTF-8, which reports show by escapes as well
        plain = msgspec.to_builtins(kept.replace(seen={}), enc_hook=str)
        return msgspec.json.encode(_escaped(plain))


def _escaped(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {_escaped(name): _escaped(value) for name, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [_escaped(member) for member in plain]
    if isinstance(plain, str):
        return plain.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return plain


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def _not_written(folder: Path, error: OSError) -> UsageError:
    return UsageError(f"the record {folder} cannot be written: {error.strerror or error}", ROOM)
