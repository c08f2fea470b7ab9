"""The package index: wheels fetched by our own pip, and what the index says of a package that cannot be had.

pip sees argument lists of ours and the machine's own settings of index, proxy and certificates. It never builds
anything, so nothing of a package runs here.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from infra_grader.capabilities.command import Command, CommandOutput
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.environment_store import size_of
from infra_grader.model.outcome import NotAssessed

MAX_BYTES = 4 * 1024**3
"""For the wheels of one environment, while they are fetched and as many again once they are unpacked."""
INSTALL = "pip install 'infra-grader[environment]'"
REACH = "Look at the network and at pip's settings of index and proxy, then grade again: `pip download six` must work."
KNOWN = "pip"
"""A package that every useful index has."""
PASSED_ON = frozenset(
    {"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CERT", "PIP_CLIENT_CERT",
     "PIP_PROXY", "PIP_TRUSTED_HOST", "PIP_CONFIG_FILE", "PIP_CACHE_DIR", "PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT",
     "PIP_KEYRING_PROVIDER", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
     "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "APPDATA",
     "LOCALAPPDATA", "USERPROFILE"}
)  # fmt: skip
"""Variables by which this machine tells pip how to reach its index."""
AS_ANOTHER = """\
import json, runpy, sys
from pip._vendor.packaging import markers
machine = json.loads(sys.argv[1])
markers.default_environment = lambda: dict(machine)
sys.argv[:2] = ["pip"]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
"""Runs pip as if on another machine: it takes tags by option, but reads markers by its own interpreter."""

ABSENT = re.compile(r"^ERROR: No matching distribution found for (\S.*)$", re.MULTILINE)
CONFLICT = re.compile(r"^The conflict is caused by:\n((?:    .*\n?)+)", re.MULTILINE)
PAGE = re.compile(r"^Fetching project page and analyzing links: (\S+)$", re.MULTILINE)
LINK = re.compile(r"^\s*(?:Found link|Skipping link: .*?:) (\S+)(?: \(from|$)", re.MULTILINE)


class Machine(NamedTuple):
    """Where an environment is to work: the values of its markers, and its C library."""

    markers: Mapping[str, str]
    libc: tuple[str, str] = ("", "")
    """Name and version, such as `("glibc", "2.36")`."""

    @property
    def python_version(self) -> str:
        """Version of its Python, such as `3.11`."""
        return self.markers["python_version"]

    @property
    def kind(self) -> Sequence[str]:
        """What decides which wheels it takes."""
        names = ("python_version", "implementation_name", "sys_platform", "platform_machine")
        return (*(self.markers[name] for name in names), *self.libc)


class Absent(Exception):
    """The index has nothing that will do for a requirement, as far as pip can use it."""

    def __init__(self, requirement: str) -> None:
        super().__init__(requirement)
        self.requirement = requirement
        """The requirement as pip words it: name and versions, and perhaps which package asked for it."""


class Conflict(Exception):
    """Requirements that cannot be met together."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons
        """What asks for what, in pip's words."""


class Index:
    """Our own pip, for one machine on which the wheels are to work."""

    def __init__(self, command: Command, machine: Machine) -> None:
        if importlib.util.find_spec("pip") is None:
            raise NotAssessed("pip is not installed beside infra-grader.", INSTALL)
        self._command = command
        self._machine = machine
        self._own = this_machine()

    def fetch(self, requirements: Sequence[str], constraints: Sequence[str], folder: Path, deadline: Deadline) -> None:
        """Fetch the wheels of requirements and of all that they need into an empty folder.

        Raises `Absent` or `Conflict` for what cannot be had together, `NotAssessed` if the index cannot be reached
        or answers too slowly, or if there is too much to fetch.
        """
        listed = folder.parent / "requirements.txt"
        listed.write_text("\n".join(requirements), encoding="utf-8")
        limits = folder.parent / "constraints.txt"
        limits.write_text("\n".join(constraints), encoding="utf-8")
        arguments = ["download", "--dest", str(folder), "--requirement", str(listed), "--constraint", str(limits)]
        said = self._twice([*arguments, "--progress-bar", "off", *self._tags()], folder.parent, deadline)
        if said.exit_status:
            raise _fault(said)

    def offers(self, name: str, folder: Path, deadline: Deadline) -> Sequence[str] | None:
        """Return the names of all files that the index has of a project, also those that cannot be used here.

        `None` if it has no such project. Raises `NotAssessed` if the index does not answer.
        """
        arguments = ["index", "versions", "-vv", name, *self._tags()]
        said = self._run(arguments, folder, deadline)
        return read_offers(said.stdout + said.stderr)

    def _twice(self, arguments: Sequence[str], folder: Path, deadline: Deadline) -> CommandOutput:
        """Run pip; once more where something else than the packages was in the way."""
        said = self._run(arguments, folder, deadline)
        if said.exit_status and not isinstance(_fault(said), (Absent, Conflict)):
            said = self._run(arguments, folder, deadline)
        return said

    def _run(self, arguments: Sequence[str], folder: Path, deadline: Deadline) -> CommandOutput:
        temporary = folder / "temporary"
        temporary.mkdir(exist_ok=True)
        start = [sys.executable, "-I"]
        start += ["-c", AS_ANOTHER, json.dumps(dict(self._machine.markers))] if self._is_other() else ["-m", "pip"]
        return self._command.run(
            [*start, "--no-input", "--disable-pip-version-check", "--retries", "1", *arguments],
            Watched(deadline, folder),
            folder=folder,
            variables=machine_settings() | {"TMPDIR": str(temporary)},
        )

    def _is_other(self) -> bool:
        return self._machine.kind != self._own.kind

    def _tags(self) -> Sequence[str]:
        """Return the options that tell pip which wheels will do."""
        options = ["--only-binary", ":all:"]
        if self._is_other():
            options += ["--python-version", self._machine.python_version]
            for platform in platforms(self._machine):
                options += ["--platform", platform]
        return options


class Watched(Deadline):
    """A deadline for pip that also holds how much it may write. It is the index that is slow, so nobody has failed."""

    def __init__(self, deadline: Deadline, folder: Path, most: int = MAX_BYTES) -> None:
        super().__init__(max(0.0, deadline.remaining() - 1))
        self._folder = folder
        self._most = most

    def check(self) -> None:
        """Raise `NotAssessed` if the time is up or too much was written."""
        try:
            super().check()
        except Overrun:
            raise NotAssessed("The package index was too slow.", REACH) from None
        if (size := size_of(self._folder)) > self._most:
            raise NotAssessed(
                f"The packages are too large to be fetched: {size // 1024**2} MiB and more.",
                "Name stand-ins for large packages in the rubric.",
            )


def find_problem(seconds: float) -> str:
    """Return why no packages can be fetched here, or nothing; asks the index and waits for it at most so long."""
    command = Command()
    try:
        index = Index(command, this_machine())
        found = index.offers(KNOWN, command.scratch, Deadline(seconds))
    except NotAssessed as verdict:
        return f"{verdict.reason} {verdict.remedy}"
    finally:
        command.close()
    return "" if found else f"The package index does not have {KNOWN}. {REACH}"


def machine_settings() -> dict[str, str]:
    """Return the variables by which this machine tells pip how to reach its index."""
    return {name: value for name, value in os.environ.items() if name.upper() in PASSED_ON}


def this_machine() -> Machine:
    """Return the machine that the grader itself runs on. Raises `NotAssessed` if packaging is not installed."""
    import platform  # takes a process on some systems

    try:
        from packaging.markers import default_environment  # of this family alone
    except ImportError as error:
        raise NotAssessed("packaging is not installed.", INSTALL) from error
    markers = {name: str(value) for name, value in default_environment().items()}
    return Machine(markers, platform.libc_ver())


def platforms(machine: Machine) -> Sequence[str]:
    """Return the platform tags that a Linux machine takes, the best first."""
    kind = machine.markers["platform_machine"]
    name, version = machine.libc
    major, _, minor = version.partition(".")
    if name != "glibc" or not (major.isdigit() and minor.isdigit()):
        return [*(f"musllinux_1_{number}_{kind}" for number in range(2, -1, -1)), f"linux_{kind}"]
    modern = [f"manylinux_{major}_{number}_{kind}" for number in range(int(minor), 4, -1)]
    return [*modern, *(f"manylinux{old}_{kind}" for old in ("2014", "2010", "1")), f"linux_{kind}"]


def read_offers(log: str) -> Sequence[str] | None:
    """Return the file names that pip saw on the index, by what it says with `-vv`; `None` if the project is not there.

    Raises `NotAssessed` unless each index that was asked has answered: by a page, or by saying that there is none.
    """
    pages = set(PAGE.findall(log))
    answered = {page for page in pages if f"Fetched page {page} as " in log}
    absent = {page for page in pages if f"Could not fetch URL {page}: 404 " in log}
    # A page of `--find-links` is asked as well; without any index at all nothing is known.
    if not pages or pages - answered - absent:
        raise NotAssessed("The package index does not answer.", REACH)
    if not answered:
        return None
    files = [link.partition("#")[0].rpartition("/")[2] for link in LINK.findall(log)]
    return [name for name in files if name.endswith((".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz"))]


def _fault(said: CommandOutput) -> Exception:
    """Return what kept pip from fetching, as what is to be raised."""
    text = said.stderr + said.stdout
    if (conflict := CONFLICT.search(text)) is not None:
        return Conflict([line.strip() for line in conflict[1].splitlines()])
    if (absent := ABSENT.search(text)) is not None:
        return Absent(absent[1].strip())
    errors = [line for line in text.splitlines() if line.startswith("ERROR: ")]
    last = errors[-1].removeprefix("ERROR: ")[:300] if errors else f"pip ended with exit status {said.exit_status}"
    return NotAssessed(f"Packages cannot be fetched: {last.rstrip('.')}.", REACH)
