"""A learner's repository, fetched by git without running anything that a repository or a configuration names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from infra_grader.capabilities.command import CommandOutput
from infra_grader.capabilities.deadline import Overrun
from infra_grader.loading.fetch_git import Git
from infra_grader.loading.fetch_outcome import MIB, Fetched, FetchFailed, TreeEntry

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
ABSENT = re.compile(
    r"repository .*(?:not found|does not exist)|not found: |repository not exported|no such repository"
    r"|does not appear to be a git repository"
    r"|couldn't find remote ref|not our ref|unadvertised object|Server does not allow request|bad object"
    r"|does not exist or you do not have",
    re.IGNORECASE,
)
REFUSED = re.compile(
    r"authentication failed|permission denied|could not read (?:username|password)|returned error: 40[13]\b",
    re.IGNORECASE,
)
MOVED = re.compile(r"returned error: 30\d\b|unable to update url base from redirection", re.IGNORECASE)
NO_REPOSITORY = re.compile(
    r"dumb http transport|not valid: is this a git repository|returned error: 4(?!07|08|29)\d\d\b", re.IGNORECASE
)
"""What git says of an address where something else is; statuses left out are a proxy's, or pass."""
UNWRITABLE = re.compile(
    r"invalid path '|unable to create (?:file|symlink) .*: (?:File name too long|Invalid argument|No such file)"
)
"""What git says of names that lead out, or into its own folder, or that no file system takes."""


class Repository:
    """A repository somewhere, and the folder of ours that its work is fetched into."""

    def __init__(self, git: Git) -> None:
        """The folder of `git` must not exist yet."""
        self.git = git

    def fetch(self, ref: str = "", *, until: datetime | None = None, history: bool = False) -> Fetched:
        """Fetch the commit of a branch, tag or commit id, or the newest one, or the last one until a moment.

        `history` fetches all branches and tags with their past, for checks that read it; else just the one commit,
        as far as servers allow. Raises `FetchFailed`; the folder is whole, or not to be used.
        """
        try:
            return self._fetched(ref, until, wants_past=history or until is not None)
        except Overrun as overrun:
            reason = f"Fetching took more than {self.git.limits.seconds:g} s."
            raise FetchFailed(reason, "Fetch again later.", is_ours=True) from overrun

    def reach(self) -> None:
        """Ask the server whether the repository is there and may be read. Raises `FetchFailed`."""
        try:
            ended = self.git.run("ls-remote", "--quiet", "--", self.git.source, "HEAD", inside=False)
        except Overrun as overrun:
            reason = f"It did not answer within {self.git.limits.seconds:g} s."
            raise FetchFailed(reason, "Try again later.", is_ours=True) from overrun
        if ended.exit_status:
            raise self._failure(ended)

    def _fetched(self, ref: str, until: datetime | None, *, wants_past: bool) -> Fetched:
        self.git.do("init", "--quiet", "--template=", str(self.git.folder), inside=False)
        if wants_past:
            self._fetch(["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"], shallow=False)
        self._fetch([ref or "HEAD"], shallow=not wants_past)
        commit = self._chosen(ref if COMMIT.fullmatch(ref) else "FETCH_HEAD", until)
        tree = self._checked_tree(commit)
        self.git.do("update-ref", "--no-deref", "HEAD", commit)
        self._write_files(commit)
        (self.git.folder / ".git" / "FETCH_HEAD").unlink(missing_ok=True)  # it holds the address
        # Not by `git show`, which fails where a learner's .gitmodules is not written as git reads it.
        seconds = int(self.git.do("rev-list", "--timestamp", "--max-count=1", commit).stdout.split()[0])
        return Fetched(commit=commit, committed=datetime.fromtimestamp(seconds, UTC), tree=tree)

    def _fetch(self, refs: Sequence[str], *, shallow: bool) -> None:
        depth = ["--depth=1"] if shallow else []
        options = [
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-commit-graph",
            "--update-head-ok",
            *depth,
        ]
        ended = self.git.run("fetch", *options, "--", self.git.source, *refs)
        if ended.exit_status:
            raise self._failure(ended)

    def _failure(self, ended: CommandOutput) -> FetchFailed:
        """Return why a server was not reached or gave nothing."""
        said = self.git.said(ended)
        if (known := self.git.known_failure(ended)) is not None:
            return known
        if ABSENT.search(said):
            return FetchFailed(f"There is nothing to fetch: {said}", "Make it, push to it, and let the course read it.")
        if not self.git.logs_in and (REFUSED.search(said) or MOVED.search(said)):
            return FetchFailed(f"The server gives it to nobody who has not logged in: {said}", "Make it public.")
        if not self.git.logs_in and NO_REPOSITORY.search(said):
            return FetchFailed(f"There is no repository to be had: {said}", "Name the address of a public repository.")
        if REFUSED.search(said):
            return FetchFailed(f"The server does not let us in: {said}", "Log in by git's own helpers.", is_ours=True)
        return FetchFailed(f"It could not be fetched: {said}", "Fetch again later.", is_ours=True)

    def _chosen(self, start: str, until: datetime | None) -> str:
        """Return the commit to grade: `start`, or its last ancestor on the branch itself that is old enough."""
        if until is None:
            return self._found("rev-parse", "--verify", f"{start}^{{commit}}")
        moment = f"--until={int(until.timestamp())}"
        found = self._found("rev-list", "--first-parent", "-1", moment, f"{start}^{{commit}}")
        if not found:
            raise FetchFailed(
                f"No commit was made until {until.isoformat()}.", "Hand in late, if the course allows it."
            )
        return found

    def _found(self, *arguments: str) -> str:
        """Return what git finds of a commit, which fails where it is none."""
        ended = self.git.run(*arguments)
        if ended.exit_status:
            failed = FetchFailed(
                f"There is no such commit: {self.git.said(ended)}", "Push it, or correct the roster's ref."
            )
            raise self.git.known_failure(ended) or failed
        return ended.stdout.strip()

    def _checked_tree(self, commit: str) -> tuple[TreeEntry, ...]:
        """Return what a commit holds.

        Raises `FetchFailed` where its files would be too many or too large, before one is written.
        """
        ended = self.git.do("ls-tree", "-r", "-l", "-z", "--full-tree", commit)
        if ended.is_cut:
            raise FetchFailed(f"It holds more than {self.git.limits.files} files.", "Commit only what is yours.")
        tree = tuple(_entries(ended.stdout))
        if len(tree) > self.git.limits.files:
            raise FetchFailed(
                f"It holds {len(tree)} files, at most {self.git.limits.files}.", "Commit only what is yours."
            )
        size = sum(entry.size for entry in tree)
        if size > self.git.limits.tree_bytes:
            held, most = size // MIB, self.git.limits.tree_bytes // MIB
            raise FetchFailed(f"Its files hold {held} MiB, at most {most}.", "Leave data and models out of it.")
        return tree

    def _write_files(self, commit: str) -> None:
        """Put the files of a commit into the folder. Raises `FetchFailed`: the learner's for names that cannot be."""
        ended = self.git.run("read-tree", "--reset", "-u", commit)
        if ended.exit_status:
            if UNWRITABLE.search(ended.stderr) and self.git.known_failure(ended) is None:
                reason = f"It holds a file that cannot be written under its name: {self.git.said(ended)}"
                raise FetchFailed(reason, "Rename that file, and commit and push again.")
            raise self.git.failure("read-tree", ended)


def _entries(listing: str) -> Iterator[TreeEntry]:
    for entry in filter(None, listing.split("\0")):
        facts, _, path = entry.partition("\t")
        mode, _, commit_or_blob, size = facts.split()
        # The size of a submodule is a dash.
        yield TreeEntry(mode=mode, id=commit_or_blob, size=int(size) if size.isdigit() else 0, path=path)
