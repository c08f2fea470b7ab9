"""Files that LFS keeps elsewhere, put in the place of the pointers to them that a repository holds."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from infra_grader.loading.fetch_git import Git
from infra_grader.loading.fetch_outcome import MIB, OURS, FetchFailed, TreeEntry
from infra_grader.loading.lfs_server import AGAIN, LfsServer, Login, Object
from infra_grader.loading.submodule_address import BadAddress, server_address

LONGEST = 1024
"""Bytes of a pointer, by git-lfs's own rule."""
POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (\d{1,15})\n?")
BEGIN = b"version https://git-lfs.github.com/spec/"
LOST = "\N{REPLACEMENT CHARACTER}"
"""What stands in a name for what is not UTF-8."""
WITHOUT_SERVER = "Work without a repository has no server to fetch it from. Hand in a repository, or all its files."
MOST = 1000
"""Pointers of a repository."""
PART = "infra-grader-lfs"
SHOWN = 100


def fetch_lfs(git: Git, tree: Sequence[TreeEntry], room: int) -> tuple[int, list[str]]:
    """Put the files of LFS into a repository that has been fetched, `room` bytes of them at most.

    Returns how many bytes they hold, and what could not be had and why. Raises `FetchFailed` for what is ours to mend
    or may be there later, `NotAssessed` for want of a library, and `Overrun`.
    """
    pointers, odd = _pointers(git, tree)
    told = list(_notices(odd))
    if not pointers:
        return 0, told
    if len(pointers) > MOST:
        return 0, [f"LFS: it has {len(pointers)} files there, at most {MOST} are fetched.", *told]
    size = sum(wanted.size for wanted in pointers.values())
    if size > room:
        said = f"LFS: its files hold {size // MIB} MiB, at most {room // MIB} are left. Leave data and models out."
        return 0, [said, *told]
    try:
        left = _fetched(git, pointers)
    except FetchFailed as failed:
        if failed.is_ours:
            raise FetchFailed(f"LFS: {failed.reason}", failed.remedy, is_ours=True) from failed
        left = dict.fromkeys(pointers, f"{failed.reason} {failed.remedy}".strip())
    return size, [*_notices(left), *told]


def unfetched_lfs(folder: Path) -> list[str]:
    """Return what is said of the pointers in a folder without a repository, which nobody can be asked for."""
    paths = [
        os.path.relpath(os.path.join(parent, name), folder) for parent, _, names in os.walk(folder) for name in names
    ]
    pointers = [path for path in sorted(paths) if _is_pointer(folder, path)]
    return list(_notices(dict.fromkeys(pointers, WITHOUT_SERVER)))


def read_small(folder: Path, path: str, most: int = LONGEST) -> bytes:
    """Return a file of the work, or nothing where another thing has its place, or one of more than `most` bytes.

    Raises `OSError` for what is wrong with this machine.
    """
    place = folder / path
    try:
        facts = place.lstat()
        within = os.path.join(os.path.realpath(folder), os.path.dirname(path)).rstrip("/")
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > most or os.path.realpath(place.parent) != within:
            return b""
        return place.read_bytes()
    except ValueError:
        return b""
    except OSError as error:
        if error.errno in OURS:
            raise
        return b""


def _pointers(git: Git, tree: Sequence[TreeEntry]) -> tuple[Mapping[str, Object], Mapping[str, str]]:
    """Return the files that are pointers, and that `.gitattributes` says are of LFS.

    The second are those that stay as they are, with the reason.
    """
    found: dict[str, Object] = {}
    odd: dict[str, str] = {}
    for entry in tree:
        content = read_small(git.folder, entry.path) if entry.is_file and entry.size <= LONGEST else b""
        if match := POINTER.fullmatch(content):
            found[entry.path] = Object(oid=match[1].decode(), size=int(match[2]))
        elif content.startswith(BEGIN):
            odd[entry.path] = f"Its pointer has extensions, or is of an old version, which is not read. {AGAIN}"
        elif entry.is_file and LOST in entry.path and not content and 0 < entry.size <= LONGEST:
            odd[entry.path] = "Its name is not written in UTF-8, so it is not looked at. Rename it."
    of_lfs = _of_lfs(git, [*found, *odd])
    return (
        {path: one for path, one in found.items() if path in of_lfs},
        {path: reason for path, reason in odd.items() if path in of_lfs},
    )


def _of_lfs(git: Git, paths: Sequence[str]) -> AbstractSet[str]:
    """Return those paths that the attributes of a repository give to LFS."""
    if not paths:
        return frozenset()
    # From the index, which is the commit's: what is in the folder might be a link.
    listing = "".join(f"{path}\0" for path in paths).encode()
    ended = git.do("check-attr", "--cached", "-z", "--stdin", "filter", stdin=listing)
    fields = ended.stdout.split("\0")
    return {path for path, value in zip(fields[::3], fields[2::3], strict=False) if value == "lfs"}


def _is_pointer(folder: Path, path: str) -> bool:
    try:
        return POINTER.fullmatch(read_small(folder, path)) is not None
    except PermissionError:  # no check reads it either
        return False


def _fetched(git: Git, pointers: Mapping[str, Object]) -> dict[str, str]:
    """Fetch the objects, and return why those are missing that are not there to be had, by path."""
    missing = dict.fromkeys(_of_two_sizes(pointers.values()), f"Its pointer and another differ in size. {AGAIN}")
    wanted = [one for one in dict.fromkeys(pointers.values()) if one not in missing]
    part = git.folder / ".git" / PART
    part.mkdir()
    try:
        missing |= _local(git, wanted, part) if git.source.startswith("file://") else _remote(git, wanted, part)
        for path, one in pointers.items():
            if one not in missing:
                _place(part / one.oid, git.folder / path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return {path: missing[one] for path, one in pointers.items() if one in missing}


def _of_two_sizes(named: Iterable[Object]) -> Iterator[Object]:
    """Yield what pointers name by one digest with several sizes, of which one at most is true."""
    by_digest = groupby(sorted(set(named)), key=lambda one: one.oid)
    for _, same in by_digest:
        if len(all_of_it := list(same)) > 1:
            yield from all_of_it


def _remote(git: Git, wanted: Sequence[Object], part: Path) -> Mapping[Object, str]:
    try:
        address = server_address(git.source)
    except BadAddress as bad:
        raise FetchFailed("Its source is none of which LFS files can be asked.", "Hand in by https or ssh.") from bad
    authority = os.environ.get("GIT_SSL_CAINFO") or git.setting("sslCAInfo", address)
    login = (lambda place: _login(git, place)) if git.logs_in else None
    with LfsServer(address, git.deadline, authority, login) as server:
        found = server.find(wanted)
        for one, place in found.items():
            if not isinstance(place, str):
                server.download(one, place, part / one.oid)
    return {one: place for one, place in found.items() if isinstance(place, str)}


def _login(git: Git, address: str) -> Login | None:
    """Return what the user's helpers and settings of git know to log in at an address, or nothing."""
    header = git.setting("extraHeader", address)
    if ":" in header:
        name, _, value = header.partition(":")
        return Login(header=(name.strip(), value.strip()))
    parts = urlsplit(address)
    question = f"protocol={parts.scheme}\nhost={parts.netloc}\npath={parts.path.lstrip('/')}\n\n"
    ended = git.run("credential", "fill", stdin=question.encode())
    answer = dict(line.partition("=")[::2] for line in ended.stdout.splitlines())
    if ended.exit_status or not answer.get("password"):
        return None
    return Login(user=answer.get("username", ""), password=answer["password"])


def _local(git: Git, wanted: Sequence[Object], part: Path) -> Mapping[Object, str]:
    """Copy objects from a repository on this machine, and return what is missing there; no link is followed."""
    objects = Path(url2pathname(urlsplit(git.source).path)) / ".git" / "lfs" / "objects"
    missing = {}
    for one in wanted:
        git.deadline.check()
        place = objects / one.oid[:2] / one.oid[2:4] / one.oid
        if not _copied(place, one, part / one.oid):
            missing[one] = "It is not among the repository's own objects. Run `git lfs fetch` there."
    return missing


def _copied(place: Path, one: Object, target: Path) -> bool:
    """Copy an object, and return whether it is what the pointer names. Raises `OSError` where it cannot be copied."""
    if not _is_file_within(place, one.size):
        return False
    shutil.copyfile(place, target, follow_symlinks=False)
    with target.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == one.oid


def _is_file_within(place: Path, size: int) -> bool:
    """Whether a file of this size is there, with no link on the way from the repository."""
    above = [place.parents[number] for number in range(5)]
    with suppress(FileNotFoundError, NotADirectoryError):
        facts = place.lstat()
        is_file = stat.S_ISREG(facts.st_mode) and facts.st_size == size
        return is_file and all(stat.S_ISDIR(folder.lstat().st_mode) for folder in above)
    return False


def _place(content: Path, pointer: Path) -> None:
    mode = pointer.lstat().st_mode
    made = content.with_name("placed")
    shutil.copyfile(content, made)
    made.chmod(stat.S_IMODE(mode))
    made.replace(pointer)


def _notices(left: Mapping[str, str]) -> Iterator[str]:
    """Yield why files are missing, those together which have one reason."""
    for reason in dict.fromkeys(left.values()):
        paths = [path[:SHOWN] for path, why in left.items() if why == reason]
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        yield f"LFS: {', '.join(paths[:3])}{more}: {reason}"
