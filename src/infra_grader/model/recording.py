"""What `--record` keeps of a grading: what its checks saw and found, and of which files."""

import msgspec

from infra_grader.model.outcome import Evidence, Outcome
from infra_grader.model.record import Record

FORMAT = "infra-grader/record/v1"


class Raised(Record):
    """A verdict that was raised in place of a value."""

    message: str
    is_failure: bool
    """Whether the submission lacks something; else nobody could tell, and `remedy` says what would help."""
    remedy: str = ""
    evidence: tuple[Evidence, ...] = ()


class Sight(Record):
    """One thing that a check saw of something that runs."""

    asked: str
    """Digest of what it depends on of the rubric; see `Context.observe`."""
    value: msgspec.Raw
    """As JSON; `null` where a verdict was raised."""
    raised: Raised | None = None


class CheckRecording(Record, kw_only=True):
    """A check that was run: the question, what it saw, and what it found."""

    id: str
    uses: str
    parameters: str
    """Digest of its parameters."""
    allow_starter: bool
    files: dict[str, str] = {}  # noqa: RUF012 - a Struct copies it
    """Digests of the rubric's own files and folders that it used, by the names that the rubric gives them."""
    seen: dict[str, Sight] = {}  # noqa: RUF012
    """What it observed, by name; nothing where it does not say what it observes."""
    outcome: Outcome
    """What the check itself found, before an award table."""


class Recording(Record, kw_only=True):
    """A whole record: what was graded, by what, and the digest of each check's file."""

    schema: str = FORMAT
    infra_grader: str
    """Version that wrote it."""
    recorded: str
    """When it was begun; UTC, ISO 8601."""
    rubric: str
    """Id of the rubric."""
    rubric_version: int
    rubric_sha256: str
    submission: str
    """Name of the submission."""
    commit: str | None
    files: dict[str, str]
    """Digests of the submission's files by path, those of git left out."""
    seed: int
    live: str
    """What live checks might look at, as `--live` said it."""
    sandbox: str
    """Where learner code ran, as `--sandbox` said it."""
    tools: dict[str, str]
    """What was really used, such as the version of the Docker daemon, by name."""
    checks: dict[str, str]
    """Digest of the file of each check that was run, by id."""
