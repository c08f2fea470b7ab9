"""A learner's dependencies, installed in a folder that sandboxes mount read-only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from infra_grader.capabilities.sandbox import Mount, Sandbox
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record

PLACE = "/environment"
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


class Environment(Record):
    """A virtual environment of Python packages, made for one kind of sandbox.

    A job that uses it adds `mounts` and `variables(sandbox)`, and starts `python(sandbox)` or a program of the packages
    by its name alone.
    """

    folder: Path
    is_course: bool = False
    """Whether nothing in it was chosen by the learner."""

    @property
    def mounts(self) -> Mapping[str, Mount]:
        """What a job has to mount."""
        return {PLACE: Mount(folder=self.folder)}

    def python(self, sandbox: Sandbox) -> str:
        """Return the interpreter that finds the packages, as a program inside names it."""
        return f"{self._place(sandbox)}/bin/python"

    def variables(self, sandbox: Sandbox) -> Mapping[str, str]:
        """Return the variables that make the packages' programs be found."""
        place = self._place(sandbox)
        return {"PATH": f"{place}/bin:{SYSTEM_PATH}", "VIRTUAL_ENV": place}

    def to_handle(self) -> Mapping[str, str]:
        """Return what a check provides, for others to use."""
        return {"environment": str(self.folder), "chosen_by": "course" if self.is_course else "learner"}

    @classmethod
    def of_handle(cls, handle: Mapping[str, str]) -> Self:
        """Return the environment that a check provided. Raises `NotAssessed` if it provided something else."""
        if "environment" not in handle:
            raise NotAssessed("The check that `environment` names makes none.", "Tell the author of the rubric.")
        return cls(folder=Path(handle["environment"]), is_course=handle.get("chosen_by") == "course")

    def _place(self, sandbox: Sandbox) -> str:
        return sandbox.place_inside(PLACE, Mount(folder=self.folder))
