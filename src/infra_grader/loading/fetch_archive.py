"""A learner's archive, unpacked into a folder of ours: nothing leads out of it, and nothing grows beyond its limits."""

from __future__ import annotations

import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.loading.fetch_outcome import OURS, FetchFailed, FetchLimits, our_fault
from infra_grader.loading.fetch_tar_header import REMEDY, guarded_headers
from infra_grader.model.record import Record

BLOCK = 1024 * 1024
MAX_DEPTH = 64
MAX_NAME_BYTES = 255
NOISE = ("__MACOSX", ".DS_Store", "Thumbs.db")
"""What desktops add to archives that is no work of anybody's."""
ENCRYPTED = 0x1
BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError,
          RuntimeError, ValueError, UnicodeError, OverflowError)  # fmt: skip
"""What the readers of archives raise for one that is damaged, or made to harm."""


Opener = Callable[[], IO[bytes]]
"""Opens the content of an entry."""


class _Entry(Record):
    """One entry of an archive."""

    name: str
    is_folder: bool = False
    is_executable: bool = False
    link: str = ""
    """What a symbolic link points to; nothing for what is none."""
    problem: str = ""
    """Why it is refused, whatever its name."""
    size: int = 0
    """Of its content, as the archive says."""


def unpack(archive: Path, folder: Path, limits: FetchLimits | None = None) -> Path:
    """Unpack a zip or tar into a new folder and return where the work is: there, or in its only folder.

    Links are kept where they stay inside. Raises `FetchFailed`, with what the learner must do, for an archive that is
    damaged, too large, or holds what is neither file, folder nor such a link, and one of ours for a full disk and such;
    the folder is not to be used then.
    """
    limits = limits or FetchLimits()
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise our_fault(error, folder) from error
    with _told(archive.name, folder, limits):
        links = _unpack(archive, folder, _Budget(limits))
        # Last, so that nothing was written through one.
        for target, link in links:
            _link(folder, target, link)
        return _top(folder)


def _unpack(archive: Path, folder: Path, budget: _Budget) -> list[tuple[Path, str]]:
    """Write the files and folders of an archive and return its links, each with what it points to."""
    links: list[tuple[Path, str]] = []
    for entry, open_content in _entries(archive, budget):
        budget.count()
        parts = _parts(entry)
        if not parts or parts[0] in NOISE or parts[-1] in NOISE:
            budget.spend(entry.size)  # which is unpacked to be passed over
            continue
        target = folder.joinpath(*parts)
        if entry.is_folder:
            target.mkdir(parents=True, exist_ok=True)
        elif entry.link:
            links.append((target, entry.link))
        else:
            with open_content() as content:
                _write(content, target, budget, is_executable=entry.is_executable)
    return links


@contextmanager
def _told(name: str, folder: Path, limits: FetchLimits) -> Iterator[None]:
    """Turn what goes wrong into a `FetchFailed`: ours where this machine is at fault or slow, else the learner's."""
    try:
        yield
    except Overrun as overrun:
        reason = f"Unpacking the archive {name} took more than {limits.seconds:g} s."
        remedy = "Grade again when the machine is less busy; else look at the archive by hand."
        raise FetchFailed(reason, remedy, is_ours=True) from overrun
    except BROKEN as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, OSError) and cause.errno in OURS:
                raise our_fault(cause, folder) from error
            cause = cause.__cause__
        raise FetchFailed(f"The archive {name} cannot be unpacked: {error}.", REMEDY) from error


class _Budget:
    """What may still be unpacked, and until when: both methods raise `Overrun` when the time is up."""

    def __init__(self, limits: FetchLimits) -> None:
        self._limits = limits
        self._deadline = Deadline(limits.seconds)
        self._files = 0
        self._bytes = 0

    def count(self) -> None:
        """Count an entry."""
        self._deadline.check()
        self._files += 1
        if self._files > self._limits.files:
            raise FetchFailed(f"It holds more than {self._limits.files} files.", "Pack only what is yours.")

    def spend(self, size: int) -> None:
        """Count bytes that were unpacked, whatever the archive says of their number."""
        self._deadline.check()
        self._bytes += size
        if self._bytes > self._limits.tree_bytes:
            most = self._limits.tree_bytes // 1024 // 1024
            raise FetchFailed(f"Its files hold more than {most} MiB.", "Leave data and models out of it.")


def _entries(archive: Path, budget: _Budget) -> Iterator[tuple[_Entry, Opener]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                yield _zip_entry(packed, info), partial(packed.open, info)
        return
    with tarfile.open(archive, "r:*", tarinfo=guarded_headers(budget.spend)) as tape:
        while (member := tape.next()) is not None:
            yield _tar_entry(member), partial(_tar_content, tape, member)
            tape.members.clear()  # type: ignore[attr-defined]  # else all that was said of each stays in memory


def _zip_entry(packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Entry:
    mode = info.external_attr >> 16
    problem = "it is encrypted" if info.flag_bits & ENCRYPTED else ""
    link = ""
    if stat.S_ISLNK(mode) and not problem:
        with packed.open(info) as content:
            link = content.read(4096).decode("utf-8", "surrogateescape") or "."
    elif mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        problem = "it is no file"
    return _Entry(
        name=info.filename,
        is_folder=info.is_dir(),
        is_executable=bool(mode & stat.S_IXUSR),
        link=link,
        problem=problem,
        size=info.file_size,
    )


def _tar_entry(member: tarfile.TarInfo) -> _Entry:
    is_plain = member.isfile() or member.isdir() or member.issym()
    problem = "" if is_plain else ("it is a hard link" if member.islnk() else "it is no file")
    return _Entry(
        name=member.name,
        is_folder=member.isdir(),
        is_executable=bool(member.mode & stat.S_IXUSR),
        link=(member.linkname or ".") if member.issym() else "",
        problem=problem or ("its size is below 0" if member.size < 0 else ""),
        size=member.size,
    )


def _tar_content(tape: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tape.extractfile(member)
    assert content is not None  # it is a file
    return content


def _parts(entry: _Entry) -> tuple[str, ...]:
    """Return the names of the folders that lead to an entry, and its own. Raises `FetchFailed` for a name of harm."""
    name = entry.name.replace("\\", "/")  # as some programs for Windows write them
    path = PurePosixPath(name)
    shown = name[:120]
    if entry.problem:
        raise FetchFailed(f"The archive holds {shown!r}, and {entry.problem}.", REMEDY)
    if path.is_absolute() or ".." in path.parts or "\0" in name or (path.parts and path.parts[0].endswith(":")):
        raise FetchFailed(f"The archive holds {shown!r}, which leads out of it.", REMEDY)
    if len(path.parts) > MAX_DEPTH:
        raise FetchFailed(f"The archive holds {shown!r}, which is more than {MAX_DEPTH} folders deep.", REMEDY)
    if any(len(os.fsencode(part)) > MAX_NAME_BYTES for part in path.parts):
        raise FetchFailed(f"The archive holds {shown!r}, a name that is too long.", REMEDY)
    return path.parts


def _write(content: IO[bytes], target: Path, budget: _Budget, *, is_executable: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        while block := content.read(BLOCK):
            budget.spend(len(block))
            file.write(block)
    if is_executable:
        target.chmod(0o755)


def _link(folder: Path, target: Path, link: str) -> None:
    """Make a symbolic link, or nothing where it leads out, would hide a file, or its folder is none."""
    inside = os.path.normpath(os.path.join(target.parent, link))
    leads_out = os.path.isabs(link) or not Path(inside).is_relative_to(folder)
    if leads_out or os.path.lexists(target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.parent.resolve().is_relative_to(folder.resolve()):
        target.symlink_to(link)


def _top(folder: Path) -> Path:
    """Return where the work is: in the only folder, where the archive was made of one."""
    entries = list(folder.iterdir())
    if not entries:
        raise FetchFailed("The archive is empty.", REMEDY)
    only = entries[0]
    return only if len(entries) == 1 and only.is_dir() and not only.is_symlink() else folder
