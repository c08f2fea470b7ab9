"""A learner's repository, fetched by git without running anything that a repository or a configuration names.

Of the user's configuration of git, only what tells how to log in and to reach servers counts: no hooks, filters,
aliases, templates or attributes. Credentials come from the user's own helpers or agent, and are written nowhere. git
itself uses no token of the environment: a helper may, as that of `gh` (`gh auth setup-git`) uses `GH_TOKEN`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra_grader.capabilities.command import Command, CommandOutput
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.loading.fetch_address import without_address
from infra_grader.loading.fetch_outcome import MIB, Fetched, FetchFailed, FetchLimits, our_fault_in

INSTALL = "Install git: apt-get install git"
LOGIN = re.compile(r"(?:credential|http|https|url)\..*|core\.(?:sshcommand|askpass)|ssh\.variant", re.IGNORECASE)
"""The settings, of the user and of the machine, that reaching a server takes."""
OF_CONFIGURATION = "GIT_CONFIG_"
"""What variables begin with that say where git's configuration is, or hold some of it; only its listing sees them."""
KEPT = (
    *("HOME", "USER", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),
    *("SSH_AUTH_SOCK", "SSH_ASKPASS", "GIT_ASKPASS", "GIT_SSH_COMMAND", "GIT_SSH"),
    *("GH_TOKEN", "GITHUB_TOKEN", "GH_CONFIG_DIR", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)
"""Variables that helpers of git and ssh need to log in; only git and these see them, never a check."""
SAFE: Mapping[str, str] = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.logAllRefUpdates": "false",  # a log would hold the address
    "core.autocrlf": "false",
    "core.symlinks": "true",
    "core.protectNTFS": "true",
    "core.protectHFS": "true",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "fetch.fsckObjects": "false",  # old tools wrote harmless faults into many repositories
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "init.defaultBranch": "main",
    "advice.detachedHead": "false",
    "protocol.ext.allow": "never",
    "filter.lfs.required": "false",
    "http.followRedirects": "initial",
    "safe.directory": "*",
}
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
TOO_LARGE = 128 + 25
"""Exit status of a shell whose program was ended by SIGXFSZ: a file grew beyond its limit."""
DIED_OF_SIZE = "signal 25"
"""What git says of a program of its own that met the same end."""
SHOWN = 300

ABSENT = re.compile(
    r"repository .*(?:not found|does not exist)|not found: |repository not exported|no such repository"
    r"|does not appear to be a git repository"
    r"|couldn't find remote ref|not our ref|unadvertised object|Server does not allow request|bad object"
    r"|does not exist or you do not have",
    re.IGNORECASE,
)
REFUSED = re.compile(
    r"authentication failed|permission denied|could not read (?:username|password)|403|401", re.IGNORECASE
)


UNWRITABLE = re.compile(
    r"invalid path '|unable to create (?:file|symlink) .*: (?:File name too long|Invalid argument|No such file)"
)
"""What git says of names that lead out, or into its own folder, or that no file system takes."""


class Repository:
    """A repository somewhere, and the folder of ours that its work is fetched into."""

    def __init__(self, source: str, folder: Path, command: Command, limits: FetchLimits | None = None) -> None:
        """`folder` must not exist yet. Raises `NotAssessed` where there is no git."""
        self._source = source
        self._folder = folder
        self._command = command
        self._limits = limits or FetchLimits()
        self._deadline = Deadline(self._limits.seconds)
        self._git_program = command.find_tool("git", INSTALL)
        self._shell = command.find_tool("sh", "Install a shell.")

    def fetch(self, ref: str = "", *, until: datetime | None = None, history: bool = False) -> Fetched:
        """Fetch the commit of a branch, tag or commit id, or the newest one, or the last one until a moment.

        `history` fetches all branches and tags with their past, for checks that read it; else just the one commit,
        as far as servers allow. Raises `FetchFailed`; the folder is whole, or not to be used.
        """
        try:
            return self._fetched(ref, until, wants_past=history or until is not None)
        except Overrun as overrun:
            reason = f"Fetching took more than {self._limits.seconds:g} s."
            raise FetchFailed(reason, "Fetch again later.", is_ours=True) from overrun

    def reach(self) -> None:
        """Ask the server whether the repository is there and may be read. Raises `FetchFailed`."""
        try:
            ended = self._run("ls-remote", "--quiet", "--", self._source, "HEAD", inside=False)
        except Overrun as overrun:
            reason = f"It did not answer within {self._limits.seconds:g} s."
            raise FetchFailed(reason, "Try again later.", is_ours=True) from overrun
        if ended.exit_status:
            raise self._failure(ended)

    def _fetched(self, ref: str, until: datetime | None, *, wants_past: bool) -> Fetched:
        self._git("init", "--quiet", "--template=", str(self._folder), inside=False)
        if COMMIT.fullmatch(ref):
            self._fetch([ref] if not wants_past else ["+refs/heads/*:refs/heads/*", ref], shallow=not wants_past)
        elif wants_past:
            self._fetch(["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"], shallow=False)
            self._fetch([ref or "HEAD"], shallow=False)
        else:
            self._fetch([ref or "HEAD"], shallow=True)
        commit = self._chosen(ref if COMMIT.fullmatch(ref) else "FETCH_HEAD", until)
        self._check_tree(commit)
        self._git("update-ref", "--no-deref", "HEAD", commit)
        self._write_files(commit)
        (self._folder / ".git" / "FETCH_HEAD").unlink(missing_ok=True)  # it holds the address
        seconds = int(self._git("show", "-s", "--format=%ct", commit).stdout.strip() or 0)
        return Fetched(commit=commit, committed=datetime.fromtimestamp(seconds, UTC))

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
        ended = self._run("fetch", *options, "--", self._source, *refs)
        if ended.exit_status:
            raise self._failure(ended)

    def _failure(self, ended: CommandOutput) -> FetchFailed:
        """Return why a server was not reached or gave nothing."""
        said = self._said(ended)
        if (known := self._known_failure(ended)) is not None:
            return known
        if ABSENT.search(said):
            return FetchFailed(f"There is nothing to fetch: {said}", "Make it, push to it, and let the course read it.")
        if REFUSED.search(said):
            return FetchFailed(f"The server does not let us in: {said}", "Log in by git's own helpers.", is_ours=True)
        return FetchFailed(f"It could not be fetched: {said}", "Fetch again later.", is_ours=True)

    def _known_failure(self, ended: CommandOutput) -> FetchFailed | None:
        """Return what ends any command of git: a pack beyond its limit, or a disk of ours that is full or broken."""
        if ended.exit_status in (TOO_LARGE, -25) or DIED_OF_SIZE in ended.stderr:
            size = self._limits.pack_bytes // MIB
            return FetchFailed(f"The repository is larger than {size} MiB.", "Remove large files from its history.")
        return our_fault_in(ended.stderr, self._folder.absolute())

    def _said(self, ended: CommandOutput) -> str:
        """Return the end of what git said, without credentials and the address, which often names an account."""
        return without_address(ended.stderr.strip(), self._source)[-SHOWN:]

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
        ended = self._run(*arguments)
        if ended.exit_status:
            failed = FetchFailed(
                f"There is no such commit: {self._said(ended)}", "Push it, or correct the roster's ref."
            )
            raise self._known_failure(ended) or failed
        return ended.stdout.strip()

    def _check_tree(self, commit: str) -> None:
        """Raise `FetchFailed` for a commit whose files would be too many or too large, before one is written."""
        ended = self._git("ls-tree", "-r", "-l", "-z", "--full-tree", commit)
        if ended.is_cut:
            raise FetchFailed(f"It holds more than {self._limits.files} files.", "Commit only what is yours.")
        sizes = list(_sizes(ended.stdout))
        if len(sizes) > self._limits.files:
            raise FetchFailed(
                f"It holds {len(sizes)} files, at most {self._limits.files}.", "Commit only what is yours."
            )
        if sum(sizes) > self._limits.tree_bytes:
            held, most = sum(sizes) // MIB, self._limits.tree_bytes // MIB
            raise FetchFailed(f"Its files hold {held} MiB, at most {most}.", "Leave data and models out of it.")

    def _write_files(self, commit: str) -> None:
        """Put the files of a commit into the folder. Raises `FetchFailed`: the learner's for names that cannot be."""
        ended = self._run("read-tree", "--reset", "-u", commit)
        if ended.exit_status:
            if UNWRITABLE.search(ended.stderr) and self._known_failure(ended) is None:
                reason = f"It holds a file that cannot be written under its name: {self._said(ended)}"
                raise FetchFailed(reason, "Rename that file, and commit and push again.")
            raise self._git_failure("read-tree", ended)

    def _git(self, *arguments: str, inside: bool = True) -> CommandOutput:
        ended = self._run(*arguments, inside=inside)
        if ended.exit_status:
            raise self._git_failure(arguments[0], ended)
        return ended

    def _git_failure(self, step: str, ended: CommandOutput) -> FetchFailed:
        reason = f"git {step} failed in {self._folder}: {self._said(ended)}"
        failed = FetchFailed(reason, "Look at that folder's disk and permissions, then at the work.", is_ours=True)
        return self._known_failure(ended) or failed

    def _run(self, *arguments: str, inside: bool = True) -> CommandOutput:
        place = ["-C", str(self._folder)] if inside else []
        blocks = self._limits.pack_bytes // 512
        program = [self._shell, "-c", f'ulimit -f {blocks}; exec "$@"', "sh", self._git_program, *place, *arguments]
        self._deadline.check()
        return self._command.run(program, self._deadline, variables=self._variables())

    def _variables(self) -> Mapping[str, str]:
        settings = [*self._login_settings(), *SAFE.items()]
        counted = {
            name: text
            for number, (key, value) in enumerate(settings)
            for name, text in ((f"GIT_CONFIG_KEY_{number}", key), (f"GIT_CONFIG_VALUE_{number}", value))
        }
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        kept.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
        return {
            **kept,
            **counted,
            "GIT_CONFIG_COUNT": str(len(settings)),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "LC_ALL": "C",
        }

    def _login_settings(self) -> Sequence[tuple[str, str]]:
        """Return what the user's and the machine's configuration say of logging in; the last of a key counts."""
        kept = {name: text for name, text in os.environ.items() if name in KEPT or name.startswith(OF_CONFIGURATION)}
        # All scopes, as some systems name their helper in the machine's; and none of a repository that we may stand in.
        variables = {**kept, "GIT_DIR": os.devnull}
        listing = [self._git_program, "config", "--includes", "--null", "--list"]
        listed = self._command.run(listing, self._deadline, variables=variables)
        pairs = (entry.partition("\n")[::2] for entry in listed.stdout.split("\0") if entry)
        return [(key, value) for key, value in pairs if LOGIN.fullmatch(key)]


def _sizes(listing: str) -> Iterator[int]:
    for entry in listing.split("\0"):
        fields = entry.partition("\t")[0].split()
        if len(fields) == 4:  # mode, type, object, size; that of a submodule is a dash
            yield int(fields[3]) if fields[3].isdigit() else 0
