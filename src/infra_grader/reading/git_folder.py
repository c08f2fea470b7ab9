"""Where a submission's Git repository is, and what its refs say; no configuration of it is read.

Everything in a `.git` folder may have been made to harm us: links, pipes and other special files are refused before
anything is opened, and object stores elsewhere (alternates) are never entered.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed
from infra_grader.model.record import Record

MAX_PARENTS = 3
"""How many folders above the work may hold the repository: a project inside a fork of the course."""
MAX_FILES = 500_000
MAX_REFS = 20_000
MAX_REF_BYTES = 1024
MAX_LIST_BYTES = 16 * 1024 * 1024

OBJECT_ID = re.compile(r"[0-9a-f]{40}")
LONG_ID = re.compile(r"[0-9a-f]{64}")
PACKED_REF = re.compile(r"^([0-9a-f]{40,64}) (refs/[^\n]+)$", re.MULTILINE)


class GitFolder(Record):
    """A repository's own folder, found safe to read."""

    path: Path
    prefix: str
    """Where the work lies in the repository: empty, or a path that ends in a slash."""
    head: str | None
    """Id of the commit that is checked out; `None` before the first commit."""
    branch: str | None
    """Name of the branch that is checked out; `None` for a single commit."""
    refs: Mapping[str, str]
    """Name, such as `refs/heads/main`, and id of what it points at."""
    shallow: frozenset[str]
    """Commits whose parents were not fetched."""
    is_partial: bool
    """Whether some files of the history were not fetched."""


def has_git_folder(work: Path) -> bool:
    """Whether there is anything that could be the repository of the work."""
    start = Path(os.path.realpath(work))
    return any(os.path.lexists(folder / ".git") for folder in (start, *start.parents[:MAX_PARENTS]))


def open_git_folder(work: Path) -> GitFolder:
    """Return the repository that holds the work: in its folder, or a few folders above.

    Raises `CheckFailed` if there is none or it cannot be read, `NotAssessed` if its history lies elsewhere.
    """
    path, prefix = _find(work)
    names = frozenset(_walk(path))
    if "HEAD" not in names or not any(name.startswith(("objects/", "refs/")) for name in names | _folders(path)):
        raise _broken("it has no HEAD, or no objects")
    if "objects/info/alternates" in names:
        raise NotAssessed(
            "The repository's objects lie in another one, which is not read.",
            "Run `git repack -a -d` and remove .git/objects/info/alternates, then grade again.",
            Evidence(path=".git/objects/info/alternates"),
        )
    refs = _read_refs(path, names)
    head = _text(path, "HEAD", MAX_REF_BYTES).strip()
    target = head.removeprefix("ref:").strip()
    if "reftable/tables.list" in names or LONG_ID.fullmatch(head) or any(map(LONG_ID.fullmatch, refs.values())):
        raise NotAssessed(
            "The repository uses a storage format (reftable or SHA-256) that is not read here.",
            "Clone it with Git's default formats, then grade again.",
            Evidence(path=".git"),
        )
    shallow = _text(path, "shallow", MAX_LIST_BYTES) if "shallow" in names else ""
    return GitFolder(
        path=path,
        prefix=prefix,
        head=target if OBJECT_ID.fullmatch(target) else refs.get(target),
        branch=target.removeprefix("refs/heads/") if target.startswith("refs/heads/") else None,
        refs=refs,
        shallow=frozenset(OBJECT_ID.findall(shallow)),
        is_partial=any(name.endswith(".promisor") for name in names),
    )


def _find(work: Path) -> tuple[Path, str]:
    """Return the `.git` folder and the prefix of the work below the folder that holds it."""
    start = Path(os.path.realpath(work))
    for folder in (start, *start.parents[:MAX_PARENTS]):
        path = folder / ".git"
        if path.is_symlink():
            raise _broken("it is a link")
        if path.is_file():
            raise _elsewhere(path)
        if path.is_dir():
            prefix = start.relative_to(folder).as_posix()
            return path, "" if prefix == "." else f"{prefix}/"
    raise CheckFailed(
        "There is no Git repository.", Evidence(path=".git", expected="a Git repository", actual="not there")
    )


def _elsewhere(path: Path) -> CheckFailed | NotAssessed:
    """Return the verdict on a `.git` that is a file, as worktrees and submodules have it."""
    pointer = _text(path.parent, ".git", MAX_REF_BYTES).strip()
    target = pointer.removeprefix("gitdir:").strip()
    if not pointer.startswith("gitdir:") or "\0" in target or not (path.parent / target).is_dir():
        return _broken("it is a file that leads nowhere")
    return NotAssessed(
        "The work is a worktree or a submodule: its history lies outside of it.",
        "Grade a plain clone of the repository.",
        Evidence(path=".git", expected="a folder", actual="a file that names another folder"),
    )


def _walk(folder: Path) -> Iterator[str]:
    """Yield the files that matter below a `.git` folder. Raises `CheckFailed` for anything that is no plain file."""
    for name in ("HEAD", "packed-refs", "shallow"):
        if _no_link(folder / name).is_file():
            yield name
    stack = [name for name in ("objects", "refs", "reftable") if _no_link(folder / name).is_dir()]
    count = 0
    while stack:
        name = stack.pop()
        try:
            with os.scandir(folder / name) as listed:
                entries = list(listed)
        except OSError as error:
            raise _unreadable(name, error) from error
        count += len(entries)
        if count > MAX_FILES:
            raise _broken(f"it holds more than {MAX_FILES} files")
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                stack.append(f"{name}/{entry.name}")
            elif entry.is_file(follow_symlinks=False):
                yield f"{name}/{entry.name}"
            else:
                raise _broken(f"{name}/{entry.name} in it is no plain file")


def _no_link(path: Path) -> Path:
    """Return a path below a `.git` folder. Raises `CheckFailed` if it is a link."""
    if path.is_symlink():
        raise _broken(f"{path.name} in it is a link")
    return path


def _folders(path: Path) -> frozenset[str]:
    return frozenset(f"{name}/" for name in ("objects", "refs") if (path / name).is_dir())


def _read_refs(path: Path, names: frozenset[str]) -> dict[str, str]:
    """Return every ref that names an object; a loose one counts before a packed one, symbolic ones are left out."""
    refs: dict[str, str] = {}
    if "packed-refs" in names:
        text = _text(path, "packed-refs", MAX_LIST_BYTES)
        refs.update((found[2], found[1]) for found in PACKED_REF.finditer(text))
    for name in names:
        if name.startswith("refs/") and not name.endswith(".lock"):
            target = _text(path, name, MAX_REF_BYTES).strip()
            if OBJECT_ID.fullmatch(target) or LONG_ID.fullmatch(target):
                refs[name] = target
    if len(refs) > MAX_REFS:
        raise _broken(f"it holds more than {MAX_REFS} refs")
    return dict(sorted(refs.items()))


def _text(path: Path, name: str, limit: int) -> str:
    """Return the text of a file that the walk found plain; bytes that are no text become visible escapes."""
    try:
        with (path / name).open("rb") as file:
            return file.read(limit).decode("utf-8", "backslashreplace")
    except OSError as error:
        raise _unreadable(name, error) from error


def _broken(problem: str) -> CheckFailed:
    return CheckFailed(
        f"The Git repository cannot be read: {problem}.",
        Evidence(path=".git", expected="a Git repository", actual=problem),
    )


def _unreadable(name: str, error: OSError) -> NotAssessed:
    return NotAssessed(
        f".git/{name} cannot be read: {error.strerror}.", "Make it readable, then grade again.", Evidence(path=".git")
    )
