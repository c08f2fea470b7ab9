"""Our own pytest and coverage in a folder that sandboxes mount, so that a learner's interpreter runs them offline.

Whatever the submission or its environment brings under these names is not used.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from infra_grader.capabilities.sandbox import Mount, Sandbox
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record

PLACE = "/test-tools"
REMEDY = "Run `pip install 'infra-grader[pytest]'`, then grade again."
LAYOUT = 2
"""Counted up when what is put together changes in another way than by the versions."""

PACKAGES = {
    "pytest": ("pytest", "_pytest", "py.py"),
    "pluggy": ("pluggy",),
    "iniconfig": ("iniconfig",),
    "packaging": ("packaging",),
    "pygments": ("pygments",),
    "coverage": ("coverage",),
}
"""What is taken from each distribution. All of it is plain Python, and coverage's tracer written in C: an interpreter
that it was not made for does not see it, and coverage does without."""

COMPILED = ("pytest", "_pytest", "py.py", "pluggy", "iniconfig", "coverage", "pygments/*.py")
"""What every start imports; mounted read-only, it could not be compiled later."""


class TestTools(Record):
    """Our pytest and coverage. A job that uses them adds `mounts`, and puts `place(sandbox)` first on its path."""

    __test__ = False
    folder: Path

    @property
    def mounts(self) -> Mapping[str, Mount]:
        """What a job has to mount."""
        return {PLACE: Mount(folder=self.folder)}

    def place(self, sandbox: Sandbox) -> str:
        """Return the folder of packages, as a program inside names it."""
        return sandbox.place_inside(PLACE, Mount(folder=self.folder))


@cache
def test_tools() -> TestTools:
    """Return the tools, put together at most once for each set of versions.

    Raises `NotAssessed` with the command that installs them where they are not there.
    """
    from importlib import metadata  # slow to import, as below

    try:
        versions = [metadata.version(name) for name in PACKAGES]
    except metadata.PackageNotFoundError as error:
        raise NotAssessed(f"{error.name} is not installed beside infra-grader.", REMEDY) from error
    python = f"{sys.implementation.name}{sys.version_info.major}{sys.version_info.minor}"
    name = "-".join([python, str(LAYOUT), *versions])
    for home in _homes():
        folder = home / name
        try:
            if not _is_ours(folder):
                _put_together(home, folder)
        except OSError:  # a folder that cannot be written
            continue
        return TestTools(folder=folder)
    raise NotAssessed("There is no folder for pytest and coverage to be put together in.", "Make ~/.cache writable.")


test_tools.__test__ = False  # type: ignore[attr-defined]  # its name looks like a test to pytest


def _homes() -> Iterator[Path]:
    """Yield where the folder may be kept: for the next run, else until the end of this process."""
    cache_home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if os.path.isabs(cache_home):
        yield Path(cache_home, "infra-grader", "test-tools")
    import atexit  # only where nothing can be kept

    temporary = Path(tempfile.mkdtemp(prefix="infra-grader-test-tools-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    yield temporary


def _is_ours(folder: Path) -> bool:
    """Whether the folder is there whole, made by this user and written by nobody else."""
    try:
        facts = folder.lstat()
    except FileNotFoundError:
        return False
    is_mine = not hasattr(os, "getuid") or facts.st_uid == os.getuid()
    return is_mine and folder.is_dir() and not folder.is_symlink() and not facts.st_mode & 0o022


def _put_together(home: Path, folder: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=home, prefix="draft-"))
    try:
        for source, place in _files():
            target = draft / place
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        _compile(draft)
        _open_to_all(draft)
        try:
            os.rename(draft, folder)  # whole or not at all; another grader may have been faster
        except OSError:
            if not _is_ours(folder):
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _files() -> Iterator[tuple[Path, str]]:
    """Yield each file of the packages, and its place in the folder."""
    from importlib import metadata

    for name, packages in PACKAGES.items():
        for file in metadata.files(name) or ():
            is_wanted = file.parts[0] in packages and "__pycache__" not in file.parts and ".." not in file.parts
            if is_wanted and (source := Path(str(file.locate()))).is_file():
                yield source, file.as_posix()


def _compile(folder: Path) -> None:
    import py_compile  # only when the folder is made

    for pattern in COMPILED:
        for place in sorted(folder.glob(pattern)):
            for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
                py_compile.compile(
                    str(file),
                    dfile=f"{PLACE}/{file.relative_to(folder).as_posix()}",
                    doraise=False,
                    quiet=2,
                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                )


def _open_to_all(folder: Path) -> None:
    """Let every user read, and nobody write."""
    for place, _, names in os.walk(folder):
        os.chmod(place, 0o755)  # noqa: S103 - what everybody may read is no secret: released packages
        for name in names:
            os.chmod(os.path.join(place, name), 0o444)
