"""A submission's Git history, read by a library that runs no program: commits, refs, and the files of each commit.

Only the part of it that concerns the work counts: in a fork of the course, that is the project's folder.
"""

from __future__ import annotations

import heapq
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from infra_grader.capabilities.deadline import Deadline
from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed
from infra_grader.model.record import Record
from infra_grader.plugin import Context
from infra_grader.reading.git_folder import GitFolder, open_git_folder
from infra_grader.reading.git_objects import COMMIT, TAG, TREE, GitObjects, guarded

MAX_COMMITS = 20_000
MAX_ENTRIES = 500_000
"""Entries of trees that one walk looks at."""
MAX_TREES = 10_000
"""Trees that are kept in memory."""
MAX_DEPTH = 60
MAX_COMMIT_BYTES = 1024 * 1024
FOLDER, SUBMODULE = 0o040000, 0o160000
REMEDY = "pip install 'infra-grader[git]'"


class Commit(Record):
    """One commit."""

    id: str
    tree: str
    parents: tuple[str, ...]
    """Ids of its parents; those that a shallow clone lacks are left out."""
    message: str
    author: str
    day: date | None
    """The author's own day; `None` where the date is none."""
    time: int
    """When it was committed, in seconds; as its author says."""

    @property
    def subject(self) -> str:
        """The first line of its message."""
        return self.message.strip().partition("\n")[0].strip()

    @property
    def is_merge(self) -> bool:
        """Whether it joins two lines of history."""
        return len(self.parents) > 1


class Entry(NamedTuple):
    """A file in a tree."""

    path: str
    """Relative to the work, with forward slashes; bytes that are no text are surrogates."""
    mode: int
    id: str


class AnnotatedTag(NamedTuple):
    """A tag with a message of its own, and the commit that it names."""

    target: str
    message: str


def open_repository(context: Context) -> Repository:
    """Return the repository that holds the submission, opened once for all its checks.

    Raises `CheckFailed` if there is none or it is broken, `NotAssessed` if its history lies elsewhere or dulwich is
    missing.
    """

    def make() -> Repository:
        repository = Repository(open_git_folder(Path(context.workspace.folder)))
        context.on_close(repository.close)
        return repository

    return context.shared("git repository", make)


class Repository:
    """A Git repository, read only. Its methods raise `CheckFailed` where it is broken."""

    def __init__(self, folder: GitFolder) -> None:
        try:
            # Only checks of Git history pay for the library, and only those need it.
            import dulwich  # noqa: F401
        except ImportError as error:
            raise NotAssessed("dulwich is not installed.", REMEDY, Evidence(path=".git")) from error
        self.folder = folder
        self._objects = GitObjects(folder.path, is_partial=folder.is_partial)
        self._commits: dict[str, Commit] = {}
        self._trees: dict[str, tuple[tuple[bytes, int, str], ...]] = {}
        self.is_cut = False
        """Whether some walk ended at the cap on commits."""

    def close(self) -> None:
        """Close its files."""
        self._objects.close()

    @property
    def head(self) -> str:
        """Id of the commit that is checked out. Raises `CheckFailed` before the first commit."""
        if self.folder.head is None:
            raise CheckFailed(
                "The Git repository has no commits.", Evidence(path=".git", expected="commits", actual="none")
            )
        return self.folder.head

    def require_whole(self) -> None:
        """Raise `NotAssessed` if a shallow clone hides part of the history, or it is too long to be walked."""
        if self.folder.shallow:
            raise NotAssessed(
                "The repository is a shallow clone: part of its history was not fetched.",
                "Run `git fetch --unshallow`, then grade again.",
                Evidence(path=".git/shallow", expected="the whole history", actual="the last commits"),
            )
        if self.is_cut:
            raise NotAssessed(
                f"The history has more than {MAX_COMMITS} commits.",
                "Grade a repository with less history.",
                Evidence.number(MAX_COMMITS, f"at most {MAX_COMMITS}", "commits"),
            )

    def tips(self) -> tuple[str, ...]:
        """Return the commits that anything points at: the checked out one, branches, tags."""
        refs = self.folder.refs
        kinds = ("refs/heads/", "refs/remotes/", "refs/tags/")
        named = [self.peel(refs[name]).target for name in refs if name.startswith(kinds)]
        return tuple(dict.fromkeys([*([self.folder.head] if self.folder.head else []), *named]))

    def peel(self, object_id: str) -> AnnotatedTag:
        """Return what an id of a ref names in the end, with the message of an annotated tag on the way."""
        message = ""
        for _ in range(10):  # tags of tags are rare; rings are impossible, long chains hostile
            kind, content = self._objects.read(object_id, MAX_COMMIT_BYTES)
            if kind != TAG:
                return AnnotatedTag(object_id, message)
            head, _, body = content.decode("utf-8", "replace").partition("\n\n")
            message = message or body.strip() or "(no message)"
            object_id = head.partition("\n")[0].removeprefix("object ").strip()
        raise CheckFailed("A tag names a tag of a tag without end.", Evidence(path=".git"))

    def commit(self, object_id: str) -> Commit:
        """Return a commit."""
        if object_id not in self._commits:
            self._commits[object_id] = self._read_commit(object_id)
        return self._commits[object_id]

    def _read_commit(self, object_id: str) -> Commit:
        kind, content = self._objects.read(object_id, MAX_COMMIT_BYTES)

        def parse() -> Commit:
            from dulwich.objects import ShaFile

            if kind != COMMIT:
                raise ValueError("it is no commit")
            parsed: Any = ShaFile.from_raw_string(kind, content)
            parents = () if object_id in self.folder.shallow else tuple(i.decode("ascii") for i in parsed.parents)
            return Commit(
                id=object_id,
                tree=parsed.tree.decode("ascii"),
                parents=parents,
                message=parsed.message.decode("utf-8", "replace"),
                author=parsed.author.decode("utf-8", "replace"),
                day=_day(parsed.author_time, parsed.author_timezone),
                time=parsed.commit_time,
            )

        return guarded(f"commit {object_id[:10]}", parse)

    def history(self, deadline: Deadline, *tips: str) -> tuple[Commit, ...]:
        """Return the commits that the tips reach, each before its parents, else newest first, up to a cap."""
        found = {commit.id: commit for commit in map(self.commit, tips)}
        heap = [(-commit.time, commit.id) for commit in found.values()]
        heapq.heapify(heap)
        while heap:
            deadline.check()
            for parent in found[heapq.heappop(heap)[1]].parents:
                if parent in found:
                    continue
                if len(found) >= MAX_COMMITS:
                    self.is_cut = True
                    break
                found[parent] = self.commit(parent)
                heapq.heappush(heap, (-found[parent].time, parent))
        return tuple(_in_order(found))

    def work_tree(self, commit: Commit) -> str | None:
        """Return the id of the tree that holds the work in a commit, or `None` if it has none."""
        tree: str | None = commit.tree
        for name in self.folder.prefix.split("/")[:-1]:
            steps = {} if tree is None else {key: (mode, object_id) for key, mode, object_id in self._tree(tree)}
            mode, tree = steps.get(os.fsencode(name), (0, None))
            tree = tree if mode == FOLDER else None
        return tree

    def outer_files(self, commit: Commit, name: str) -> Iterator[Entry]:
        """Yield the files of this name in the folders above the work, outermost first, with their whole paths."""
        tree, prefix = commit.tree, ""
        for step in self.folder.prefix.split("/")[:-1]:
            entries = {key: (mode, object_id) for key, mode, object_id in self._tree(tree)}
            mode, object_id = entries.get(os.fsencode(name), (FOLDER, ""))
            if mode not in (FOLDER, SUBMODULE):
                yield Entry(prefix + name, mode, object_id)
            mode, tree = entries.get(os.fsencode(step), (0, ""))
            prefix += f"{step}/"
            if mode != FOLDER:
                return

    def files(self, commit: Commit) -> Iterator[Entry]:
        """Yield the files of the work in a commit; links count as files, submodules do not."""
        tree = self.work_tree(commit)
        return iter(()) if tree is None else self._differences(None, tree)

    def new_files(self, commits: Iterable[Commit], deadline: Deadline) -> Iterator[tuple[Commit, Entry]]:
        """Yield every version of every file in the work of these commits once, with the first that has it."""
        seen: set[str] = set()
        for commit in commits:
            deadline.check()
            tree = self.work_tree(commit)
            if tree is not None and tree not in seen:
                for entry in self._differences(None, tree, seen):
                    if entry.id not in seen:
                        seen.add(entry.id)
                        yield commit, entry

    def changes(self, commit: Commit) -> tuple[Entry, ...] | None:
        """Return the files that a commit added or changed, against its first parent, in the work.

        `None` means that it left the work as it was; nothing, that it only removed files.
        """
        before = self.work_tree(self.commit(commit.parents[0])) if commit.parents else None
        after = self.work_tree(commit)
        if before == after:
            return None
        return () if after is None else tuple(self._differences(before, after))

    def size(self, object_id: str) -> int:
        """Return the size of a file."""
        return self._objects.size(object_id)

    def read(self, object_id: str, limit: int) -> bytes:
        """Return the content of a file of at most `limit` bytes."""
        return self._objects.read(object_id, limit)[1]

    def _differences(self, before: str | None, after: str, seen: set[str] | None = None) -> Iterator[Entry]:
        """Yield the files that one tree holds and the other does not, or not like that.

        Folders that are in `seen` are not entered again; those that are entered are put there.
        """
        stack = [(before, after, "", 0)]
        count = 0
        while stack:
            old_tree, new_tree, prefix, depth = stack.pop()
            if seen is not None:
                seen.add(new_tree)
            old = {} if old_tree is None else {name: (mode, key) for name, mode, key in self._tree(old_tree)}
            for name, mode, object_id in self._tree(new_tree):
                count += 1
                if count > MAX_ENTRIES:
                    raise CheckFailed("The Git repository holds too many files.", Evidence(path=".git"))
                was, key = old.get(name, (0, None))
                path = prefix + name.decode("utf-8", "surrogateescape")
                if (was, key) == (mode, object_id) or (seen is not None and object_id in seen):
                    continue
                if mode == FOLDER and depth < MAX_DEPTH:
                    stack.append((key if was == FOLDER else None, object_id, f"{path}/", depth + 1))
                elif mode not in (FOLDER, SUBMODULE):
                    yield Entry(path, mode, object_id)

    def _tree(self, object_id: str) -> tuple[tuple[bytes, int, str], ...]:
        if object_id not in self._trees:
            kind, content = self._objects.read(object_id)

            def parse() -> tuple[tuple[bytes, int, str], ...]:
                from dulwich.objects import ShaFile

                if kind != TREE:
                    raise ValueError("it is no tree")
                tree: Any = ShaFile.from_raw_string(kind, content)
                return tuple((entry.path, entry.mode, entry.sha.decode("ascii")) for entry in tree.iteritems())

            if len(self._trees) >= MAX_TREES:
                self._trees.clear()
            self._trees[object_id] = guarded(f"tree {object_id[:10]}", parse)
        return self._trees[object_id]


def _in_order(commits: Mapping[str, Commit]) -> Iterator[Commit]:
    """Yield commits so that each stands before its parents: their times may be equal, or wrong."""
    children = Counter(parent for commit in commits.values() for parent in commit.parents)
    ready = [(-commit.time, commit.id) for commit in commits.values() if not children[commit.id]]
    heapq.heapify(ready)
    while ready:
        commit = commits[heapq.heappop(ready)[1]]
        yield commit
        for parent in commit.parents:
            children[parent] -= 1
            if not children[parent] and parent in commits:
                heapq.heappush(ready, (-commits[parent].time, parent))


def _day(seconds: int, offset: int) -> date | None:
    """Return the day of a moment where its author lives; `None` for a moment that no calendar has."""
    try:
        return (datetime.fromtimestamp(seconds, UTC)).astimezone(timezone(timedelta(seconds=offset))).date()
    except (ArithmeticError, OSError, ValueError):
        return None
