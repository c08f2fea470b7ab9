"""The submitted files: read with limits, never through a link that leads out, never the starter's as work."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from infra_grader.capabilities.ignored import IgnoreRules, read_ignore_rules
from infra_grader.capabilities.plain_text import decode_bytes, is_blank
from infra_grader.capabilities.starter import NO_STARTER, Starter
from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_FILES = 50_000
BLANK_LIMIT = 65_536
"""Bytes up to which a file is read to see whether it shows anything."""
MAX_DEPTH = 60
MAX_COMPARED = 3000
"""Files among which a name that is nearly right is looked for; each costs a comparison."""
NEAR = 0.85
"""How like the right name such a name is."""

NOT_WORK = frozenset(
    {".git", ".hg", ".svn", "__pycache__", ".venv", "venv", "node_modules", ".tox", ".nox",
     ".mypy_cache", ".ruff_cache", ".pytest_cache", ".terraform"}
)  # fmt: skip
"""Folders that globs never enter: installed or generated, not written by the learner."""


class TextFile(NamedTuple):
    """A text file of the submission."""

    path: str
    """Relative to the submission's root, with forward slashes."""
    text: str
    """Decoded, line ends normalised to `\n`."""

    @property
    def lines(self) -> list[str]:
        """The lines, without their ends; line n of the file is `lines[n - 1]`."""
        return self.text.split("\n")


class Workspace:
    """A submission's folder as one check may see it.

    Paths are relative to the root that holds the work, with forward slashes. Unless the check allows it, a file
    that the course handed out and the learner did not change is not work: it is not found, and reading it raises
    `CheckFailed`. Files that git ignores are seen only when named, never by a glob.

    Methods raise `CheckFailed` for what the learner can mend (absent, not text, too large, a link that leads
    out) and `NotAssessed` for what the machine refuses (no permission).
    """

    def __init__(self, folder: Path, starter: Starter = NO_STARTER, *, allow_starter: bool = False) -> None:
        self.folder = folder
        self.starter = starter
        self.allow_starter = allow_starter
        self._real = os.path.realpath(folder)
        self._walk: _Walk | None = None

    def view(self, *, allow_starter: bool) -> Workspace:
        """Return the same workspace as another check sees it; what was found by walking is shared."""
        self._walked()
        other = copy(self)
        other.allow_starter = allow_starter
        return other

    # What is there

    def all_files(self) -> tuple[str, ...]:
        """Return every file, sorted, the starter's and git's ignored ones too; `.git` and its like left out."""
        return self._walked().files

    def files(self, wanted: Callable[[str], bool] | None = None) -> tuple[str, ...]:
        """Return every file that is work, sorted: not ignored by git, and not the starter's unless allowed.

        To tell the starter's, each must be read: of many, only those whose paths are `wanted`.
        """
        seen = filter(wanted, self._walked().seen)  # `None` wants every path, since none is empty
        return tuple(path for path in seen if not self.is_starter_work(path))

    def holds_work(self) -> bool:
        """Whether there is any file that is work; see `files`."""
        return any(not self.is_starter_work(path) for path in self._walked().seen)

    def find(self, *patterns: str) -> tuple[str, ...]:
        """Return the files that match any of the patterns, sorted; see `files` for what is seen.

        A pattern is a path or a glob: `*` and `?` stay within a folder, `**/` spans any number of them. A plain path
        is found even if git ignores it.
        """
        found: set[str] = set()
        for pattern in patterns:
            clean = pattern.removeprefix("./")
            if not is_glob(clean):
                if self._is_file(clean) and not self.is_starter_work(clean):
                    found.add(clean)
                continue
            found.update(path for path in self._walked().matching(clean) if not self.is_starter_work(path))
        return tuple(sorted(found))

    def find_in(self, places: Iterable[str], suffix: str) -> tuple[str, ...]:
        """Return the files with this suffix at or below the places: files, folders or globs."""
        patterns: list[str] = []
        for place in places:
            clean = place.removeprefix("./").rstrip("/") or "."
            if clean == ".":
                patterns.append(f"**/*{suffix}")
            elif is_glob(clean):
                patterns.append(clean)
            else:
                patterns += [clean, f"{clean}/**/*{suffix}"]
        return tuple(path for path in self.find(*patterns) if path.endswith(suffix))

    def first(self, places: Sequence[str]) -> str:
        """Return the first file that one of the places names. Raises `CheckFailed` that lists them if none does."""
        return self.find_first(places)[0]

    def find_first(self, places: Sequence[str]) -> tuple[str, ...]:
        """Return all files of the first place that names any: one, or several where it is a glob.

        Raises `CheckFailed` that lists the places if none does.
        """
        for place in places:
            if found := self.find(place):
                return found
        raise self._absent(places)

    def is_starter_work(self, path: str) -> bool:
        """Whether the file is exactly what was handed out, and this check does not accept that as work."""
        if self.allow_starter or not self.starter.blobs:
            return False
        return self.is_starter(path)

    def is_starter(self, path: str) -> bool:
        """Whether the file is exactly what was handed out, under this or another name."""
        known = self._walked().starter
        if path not in known:
            try:
                self._remember_starter(path, self._read(path))
            except (CheckFailed, NotAssessed):
                known[path] = False
        return known[path]

    # What is in it

    def read_bytes(self, path: str, limit: int = MAX_FILE_BYTES) -> bytes:
        """Return the content of a file of at most `limit` bytes."""
        content = self._read(path, limit)
        if not self.allow_starter and self._remember_starter(path, content):
            raise CheckFailed(
                f"{path} is the file that was handed out, unchanged.",
                Evidence(path=path, expected="your own work", actual="the starter's file"),
            )
        return content

    def read_text(self, path: str, limit: int = MAX_FILE_BYTES) -> str:
        r"""Return the text of a file: by its byte order mark, else UTF-8; line ends become `\\n`."""
        return decode_text(path, self.read_bytes(path, limit))

    def read_first(self, places: Sequence[str]) -> TextFile:
        """Return the text of the first file that one of the places names."""
        path = self.first(places)
        return TextFile(path, self.read_text(path))

    def size(self, path: str) -> int:
        """Return the size of a file in bytes, without reading it."""
        return self._look(path).size

    def is_blank(self, path: str) -> bool:
        """Whether a file shows nothing: no bytes, or a short text of white space and invisible characters."""
        size = self.size(path)
        return not size or (size <= BLANK_LIMIT and is_blank(self._read(path)))

    # How it is done

    def _walked(self) -> _Walk:
        if self._walk is None:
            self._walk = _Walk(self.folder)
        return self._walk

    def _remember_starter(self, path: str, content: bytes) -> bool:
        """Return whether this content of a file is the starter's, found out once a submission."""
        known = self._walked().starter
        if path not in known:
            known[path] = self.starter.holds(content)
        return known[path]

    def _exists(self, path: str) -> bool:
        try:
            os.lstat(self._place(path))
        except OSError as error:  # what else keeps a path from being looked at is for `_look` to say
            return not isinstance(error, (FileNotFoundError, NotADirectoryError))
        return True

    def _is_file(self, path: str) -> bool:
        try:
            if path not in self._walked().looked and not self._exists(path):
                return False  # before it is worded what is there instead, which takes longer
            self._look(path)
        except CheckFailed:
            return False
        return True

    def _place(self, path: str) -> str:
        if "\0" in path or path.startswith(("/", "\\")) or ".." in path.split("/"):
            raise CheckFailed(f"{path!r} is no path inside the submission.")
        return os.path.join(self._real, *path.split("/"))

    def _look(self, path: str) -> _File:
        """Return where a regular file below the root really is; a link is followed only if it stays inside."""
        known = self._walked().looked
        if path not in known:
            known[path] = self._look_up(path)
        return known[path]

    def _look_up(self, path: str) -> _File:
        place = self._place(path)
        try:
            real = self._real_place(place)
            if real != self._real and not real.startswith(self._real.rstrip(os.sep) + os.sep):
                raise CheckFailed(f"{path} is a link that leads out of the submission.", Evidence(path=path))
            facts = os.stat(real, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError) as error:
            if self._exists(path):
                raise CheckFailed(f"{path} is a link that leads nowhere.", Evidence(path=path)) from error
            raise self._absent([path]) from error
        except PermissionError as error:
            raise _refused(path, error) from error
        except OSError as error:  # too many levels of links, a name that is too long
            raise CheckFailed(f"{path} cannot be opened: {error.strerror}.", Evidence(path=path)) from error
        if not stat.S_ISREG(facts.st_mode):
            kind = "a folder" if stat.S_ISDIR(facts.st_mode) else "no regular file"
            raise CheckFailed(f"{path} is {kind}.", Evidence(path=path, expected="a file", actual=kind))
        return _File(real, facts.st_size)

    def _real_place(self, place: str) -> str:
        """Return a path with its links followed, for many files of a folder in little more than a look at each."""
        folder, name = os.path.split(place)
        if name in ("", "."):
            return os.path.realpath(place, strict=True)
        known = self._walked().folders
        if folder not in known:
            known[folder] = os.path.realpath(folder, strict=True)
        real = os.path.join(known[folder], name)
        return os.path.realpath(real, strict=True) if os.path.islink(real) else real

    def _read(self, path: str, limit: int = MAX_FILE_BYTES) -> bytes:
        file = self._look(path)
        if file.size > limit:
            raise CheckFailed(
                f"{path} is too large to be read: {file.size} bytes.",
                Evidence.number(file.size, f"at most {limit}", "bytes"),
            )
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            with open(os.open(file.real, flags), "rb") as stream:
                return stream.read(file.size)  # a buffer for the limit itself takes longer to get than a file to read
        except OSError as error:
            raise _refused(path, error) from error

    def _absent(self, places: Sequence[str]) -> CheckFailed:
        """Word what is missing, and what is there instead: the starter's file, or a name that is nearly right."""
        for place in places:
            if not is_glob(place) and self._exists(place):
                try:
                    self._look(place)
                except CheckFailed as verdict:
                    return verdict
                return CheckFailed(
                    f"{place} is the file that was handed out, unchanged.",
                    Evidence(path=place, expected="your own work", actual="the starter's file"),
                )
        wanted = " or ".join(places)
        near = _nearest(places, self._walked().seen)
        there = f"; {near} is there" if near else ""
        return CheckFailed(
            f"{wanted} is missing{there}.",
            Evidence(path=places[0], expected="a file", actual=f"only {near}" if near else "not there"),
        )


class _File(NamedTuple):
    """A regular file, after its links were followed."""

    real: str
    size: int


class _Walk:
    """One walk over a submission, shared by every view of it."""

    def __init__(self, folder: Path) -> None:
        self.files = tuple(sorted(_walk_files(folder)))
        rules: IgnoreRules = read_ignore_rules(folder, self.files)
        self.seen = tuple(path for path in self.files if not rules.ignores(path))
        self.starter: dict[str, bool] = {}
        self.looked: dict[str, _File] = {}
        self.folders: dict[str, str] = {}
        self._matching: dict[str, tuple[str, ...]] = {}

    def matching(self, pattern: str) -> tuple[str, ...]:
        """Return the files that a glob names; many checks ask for the same ones."""
        if pattern not in self._matching:
            matches, ending = compile_glob(pattern).fullmatch, re.split(r"[*?\]]/?", pattern)[-1]  # faster to ask first
            self._matching[pattern] = tuple(path for path in self.seen if path.endswith(ending) and matches(path))
        return self._matching[pattern]


def _walk_files(folder: Path) -> Iterable[str]:
    """Yield the files below a folder without entering links, up to a count and a depth."""
    stack: list[tuple[str, str, int]] = [(os.fspath(folder), "", 0)]
    count = 0
    while stack:
        place, prefix, depth = stack.pop()
        try:
            with os.scandir(place) as listed:
                entries = list(listed)
        except OSError:  # not readable or gone: nothing in it can be found
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in NOT_WORK and depth < MAX_DEPTH:
                    stack.append((entry.path, f"{prefix}{entry.name}/", depth + 1))
            elif entry.is_file(follow_symlinks=False) or entry.is_symlink():
                count += 1
                if count > MAX_FILES:
                    return
                yield prefix + entry.name


def is_glob(pattern: str) -> bool:
    """Whether a path names more than one file by `*`, `?` or `[`."""
    return any(sign in pattern for sign in "*?[")


@lru_cache(maxsize=512)
def compile_glob(pattern: str) -> re.Pattern[str]:
    """Return the expression for a glob: `*` and `?` stay within a folder, `**/` spans any number of them."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^]/]+])", pattern)
    meaning = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meaning.get(part) or _literal(part) for part in parts), re.DOTALL)


def _literal(part: str) -> str:
    if part.startswith("[") and part.endswith("]") and len(part) > 2:
        body = part[1:-1].replace("\\", r"\\")
        return f"[^{body[1:]}]" if body[0] == "!" else f"[{body}]"
    return re.escape(part)


def decode_text(path: str, content: bytes) -> str:
    """Return a file's text: by its byte order mark, else as UTF-8. Raises `CheckFailed` where it is no text."""
    try:
        text = decode_bytes(content)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CheckFailed(
            f"{path} is not text in UTF-8: byte 0x{content[error.start]:02x} on line {line}.",
            Evidence(path=path, line=line, expected="UTF-8 text", actual=f"byte {error.start} cannot be decoded"),
        ) from error
    if "\0" in text:
        raise CheckFailed(f"{path} is not text: it contains NUL bytes.", Evidence(path=path))
    return text


def _refused(path: str, error: OSError) -> NotAssessed:
    return NotAssessed(
        f"{path} cannot be read: {error.strerror}.", f"Make {path} readable, then grade again.", Evidence(path=path)
    )


def _nearest(places: Sequence[str], files: Sequence[str]) -> str:
    """Return the file whose name is nearly one of the places, or nothing."""
    import difflib  # only where something is missing

    plain = [place for place in places if not is_glob(place)]
    by_lower = {path.lower(): path for path in files}
    for place in plain:
        if match := by_lower.get(place.lower()):
            return match
    for place in plain if len(files) <= MAX_COMPARED else ():
        # Those of another length cannot be as near as that, and need not be compared.
        shortest, longest = len(place) * NEAR / (2 - NEAR), len(place) * (2 - NEAR) / NEAR
        alike = [path for path in files if shortest <= len(path) <= longest]
        for path in difflib.get_close_matches(place, alike, n=1, cutoff=NEAR):
            return path
    return ""
