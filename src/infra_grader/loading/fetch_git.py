"""git in a folder of ours, which runs nothing that a repository or a configuration names.

Of the user's configuration of git, only what tells how to log in and to reach servers counts: no hooks, filters,
aliases, templates or attributes. Credentials come from the user's own helpers or agent, and are written nowhere. git
itself uses no token of the environment: a helper may, as that of `gh` (`gh auth setup-git`) uses `GH_TOKEN`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from infra_grader.capabilities.command import Command, CommandOutput
from infra_grader.capabilities.deadline import Deadline
from infra_grader.loading.fetch_address import without_address
from infra_grader.loading.fetch_outcome import MIB, FetchFailed, FetchLimits, our_fault_in

INSTALL = "Install git: apt-get install git"
LOGIN = re.compile(r"(?:credential|http|https|url)\..*|core\.(?:sshcommand|askpass)|ssh\.variant", re.IGNORECASE)
"""The settings, of the user and of the machine, that reaching a server takes."""
PUBLIC = re.compile(r"http\.(?:.*\.)?(?:proxy|sslcainfo|sslcapath|sslbackend|sslverify)", re.IGNORECASE)
"""Those of them that log nobody in."""
OF_CONFIGURATION = "GIT_CONFIG_"
"""What variables begin with that say where git's configuration is, or hold some of it; only its listing sees them."""
KEPT_PUBLIC = (
    *("GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)
KEPT = (
    *("HOME", "USER", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),
    *("SSH_AUTH_SOCK", "SSH_ASKPASS", "GIT_ASKPASS", "GIT_SSH_COMMAND", "GIT_SSH"),
    *("GH_TOKEN", "GITHUB_TOKEN", "GH_CONFIG_DIR"),
    *KEPT_PUBLIC,
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
    "fetch.unpackLimit": "1",  # one pack, whose size the limit of a file bounds
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
ANONYMOUS: Mapping[str, str] = {"http.followRedirects": "false", "credential.helper": "", "core.askPass": ""}
"""What holds beyond that where an address comes from a learner: no login, and no redirect to somewhere else."""
TOO_LARGE = 128 + 25
"""Exit status of a shell whose program was ended by SIGXFSZ: a file grew beyond its limit."""
DIED_OF_SIZE = "signal 25"
"""What git says of a program of its own that met the same end."""
BROKE_OFF = "index-pack"
SHOWN = 300


class Git:
    """Runs git on one repository, all of it within one deadline."""

    def __init__(
        self,
        source: str,
        folder: Path,
        command: Command,
        limits: FetchLimits,
        deadline: Deadline | None = None,
        *,
        logs_in: bool = True,
    ) -> None:
        """`source` is left out of what git says. Without `logs_in`, no credential is within git's reach.

        Raises `NotAssessed` where there is no git.
        """
        self.source = source
        self.folder = folder
        self.command = command
        self.limits = limits
        self.logs_in = logs_in
        self.deadline = deadline or Deadline(limits.seconds)
        self._program = command.find_tool("git", INSTALL)
        self._shell = command.find_tool("sh", "Install a shell.")

    def beside(self, source: str, folder: Path, limits: FetchLimits, *, logs_in: bool) -> Git:
        """Return git for another repository of the same submission, within the same deadline."""
        return Git(source, folder, self.command, limits, self.deadline, logs_in=logs_in)

    def run(self, *arguments: str, inside: bool = True, stdin: bytes = b"") -> CommandOutput:
        """Run git to its end, `inside` the folder. Raises `Overrun`."""
        place = ["-C", str(self.folder)] if inside else []
        blocks = self.limits.pack_bytes // 512
        program = [self._shell, "-c", f'ulimit -f {blocks}; exec "$@"', "sh", self._program, *place, *arguments]
        self.deadline.check()
        return self.command.run(program, self.deadline, stdin=stdin, variables=self._variables)

    def do(self, *arguments: str, inside: bool = True, stdin: bytes = b"") -> CommandOutput:
        """Run what only a fault of ours lets fail. Raises `FetchFailed`."""
        ended = self.run(*arguments, inside=inside, stdin=stdin)
        if ended.exit_status:
            raise self.failure(arguments[0], ended)
        return ended

    def setting(self, name: str, address: str) -> str:
        """Return what the user's configuration says of `http.<name>` for an address, or nothing."""
        return self.run("config", "--get-urlmatch", f"http.{name}", address).stdout.strip()

    def failure(self, step: str, ended: CommandOutput) -> FetchFailed:
        """Return that a step failed which the learner has no part in."""
        reason = f"git {step} failed in {self.folder}: {self.said(ended)}"
        failed = FetchFailed(reason, "Look at that folder's disk and permissions, then at the work.", is_ours=True)
        return self.known_failure(ended) or failed

    def known_failure(self, ended: CommandOutput) -> FetchFailed | None:
        """Return what ends any command of git: a pack beyond its limit, or a disk of ours that is full or broken."""
        died = ended.exit_status in (TOO_LARGE, -25) or DIED_OF_SIZE in ended.stderr
        if died or (BROKE_OFF in ended.stderr and self._has_full_pack()):
            size = self.limits.pack_bytes // MIB
            return FetchFailed(f"The repository is larger than {size} MiB.", "Remove large files from its history.")
        return our_fault_in(ended.stderr, self.folder.absolute())

    def _has_full_pack(self) -> bool:
        """Whether a pack was cut at the limit of a file; git does not always tell what its own program died of."""
        packs = (self.folder / ".git" / "objects" / "pack").glob("tmp_pack_*")
        return any(pack.stat().st_size >= self.limits.pack_bytes // 512 * 512 for pack in packs)

    def said(self, ended: CommandOutput) -> str:
        """Return the end of what git said, without credentials and the address, which often names an account."""
        return without_address(ended.stderr.strip(), self.source)[-SHOWN:]

    @cached_property
    def _variables(self) -> Mapping[str, str]:
        settings = [*self._server_settings(), *SAFE.items(), *(() if self.logs_in else ANONYMOUS.items())]
        counted = {
            name: text
            for number, (key, value) in enumerate(settings)
            for name, text in ((f"GIT_CONFIG_KEY_{number}", key), (f"GIT_CONFIG_VALUE_{number}", value))
        }
        kept = {name: os.environ[name] for name in (KEPT if self.logs_in else KEPT_PUBLIC) if name in os.environ}
        if self.logs_in:
            kept.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
        else:
            kept["GIT_ALLOW_PROTOCOL"] = "https:http:git"
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

    def _server_settings(self) -> Sequence[tuple[str, str]]:
        """Return what the user's and the machine's configuration say of servers; the last of a key counts."""
        kept = {name: text for name, text in os.environ.items() if name in KEPT or name.startswith(OF_CONFIGURATION)}
        # All scopes, as some systems name their helper in the machine's; and none of a repository that we may stand in.
        variables = {**kept, "GIT_DIR": os.devnull}
        listing = [self._program, "config", "--includes", "--null", "--list"]
        listed = self.command.run(listing, self.deadline, variables=variables)
        pairs = (entry.partition("\n")[::2] for entry in listed.stdout.split("\0") if entry)
        wanted = LOGIN if self.logs_in else PUBLIC
        return [(key, value) for key, value in pairs if wanted.fullmatch(key)]
