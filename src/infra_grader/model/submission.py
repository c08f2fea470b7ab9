"""A learner's work, as a folder that is only read."""

from pathlib import Path

from infra_grader.model.record import Record


class Submission(Record):
    """A folder with a learner's work. Hostile input: read it through a `Workspace` only."""

    id: str
    """Name to show: the folder's own name, unless a roster gives another."""
    folder: Path
    """The folder as given, absolute."""
    root: str = "."
    """Folder inside it that holds the work, with forward slashes."""
    commit: str | None = None
    dirty: bool = False

    @property
    def work(self) -> Path:
        """The folder that holds the work."""
        return self.folder / self.root
