"""What hadolint finds fault with and Docker, the shell of the base or pip take as it was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.checks.dockerfile._caches import is_tidy_pip
from infra_grader.checks.dockerfile._installs import find_installs
from infra_grader.reading.dockerfile import Dockerfile, Stage
from infra_grader.reading.dockerfile_instruction import Instruction
from infra_grader.reading.dockerfile_reference import is_named, read_reference
from infra_grader.reading.dockerfile_shell import SHELLS, program_name, run_commands

HEALTH_TIME = re.compile(r"(--(?:interval|timeout|start-period|start-interval)=)[0-9][0-9a-zµ.]*")
HEREDOC_OF = re.compile(r"<<-?[\"']?\w+[\"']?[ \t]+(?P<program>[^\s<>|&;]+)")
SHEBANG = re.compile(r"\s*#![ \t]*(?:\S*/env[ \t]+(?:-S[ \t]+)?)?(?P<program>\S+)")
BUSYBOX = ("*alpine*", "busybox", "docker", "grafana/*", "prom/*")
BASH = ("*/ubi[0-9]*", "*fedora*", "*centos*", "*rockylinux*", "*almalinux*", "*amazonlinux*", "*/lambda/*")
"""Images whose `sh` is bash, and above, those whose `sh` is that of busybox."""
OF_BUSYBOX = frozenset({"SC3010", "SC3014", "SC3037", "SC3040", "SC3043", "SC3046"})
"""What the `sh` of busybox takes: `[[`, `==`, `echo -e`, `set -o pipefail`, `local` and `source`."""
NEVER_FAIL = frozenset({"echo", "printf", "yes"})
HIGH_ID = re.compile(r"\b[0-9]{6,}\b")


def is_misread(code: str, line: int, dockerfile: Dockerfile, built: Stage) -> bool:
    """Whether what a rule of hadolint finds on a line of the file is no fault of the image that is built."""
    for stage in dockerfile.stages:
        for item in stage.instructions:
            if item.line <= line <= item.end_line:
                return _is_false_alarm(code, item, dockerfile.chain(stage), dockerfile.chain(built))
    return False


def plain_times(line: str) -> str:
    """Return a line of HEALTHCHECK with times that hadolint can read: it takes `1m30s` and `500ms` for none."""
    return HEALTH_TIME.sub(r"\g<1>30s", line)


def _is_false_alarm(code: str, item: Instruction, chain: list[Stage], kept: list[Stage]) -> bool:
    """Whether a finding is one, in a stage with those that it builds on; what is kept in the image are those stages."""
    if code.startswith("SC"):
        return _is_of_another_shell(code, item, chain[0].base)
    if code == "DL4006":
        return _minds_its_pipes(item, chain)
    if code == "DL3042":
        return _leaves_no_cache(item, chain[-1], kept)
    # hadolint takes the name of a variable for a number of so many digits
    return code == "DL3046" and HIGH_ID.search(item.text) is None


def _is_of_another_shell(code: str, item: Instruction, base: str) -> bool:
    """Whether shellcheck read what another program than it thinks carries out."""
    if code in ("SC2239", "SC1008"):  # about the first line of the script, which is hadolint's own, made of SHELL
        return True
    program = _interpreter(item)
    if program and program not in SHELLS:
        return True
    if not code.startswith("SC3"):  # "In POSIX sh, … is undefined"
        return False
    image = read_reference(base)
    if program in ("bash", "zsh") or is_named(image, BASH):
        return True
    return code in OF_BUSYBOX and is_named(image, BUSYBOX)


def _interpreter(item: Instruction) -> str:
    """Return the program that a heredoc is fed to, or that its first line names; or nothing."""
    if not item.heredocs:
        return ""
    found = SHEBANG.match(item.heredocs[0].content) or HEREDOC_OF.match(item.text)
    return program_name(found["program"]) if found else ""


def _minds_its_pipes(item: Instruction, chain: list[Stage]) -> bool:
    """Whether a pipe fails with its parts: by an option set in the RUN or in an earlier SHELL, or as none can fail."""
    shells = [
        other for stage in chain for other in stage.instructions if other.keyword == "SHELL" and other.line < item.line
    ]
    scripts = [item.text, *(heredoc.content for heredoc in item.heredocs), *(other.text for other in shells[-1:])]
    return any("pipefail" in script for script in scripts) or set(_before_pipes(item)) <= NEVER_FAIL


def _before_pipes(item: Instruction) -> Iterator[str]:
    """Yield the programs whose output is piped into another one; nothing's own where that cannot be told."""
    commands = run_commands(item)
    piped = [index for index, command in enumerate(commands) if command.joint == "|"]
    yield from (commands[index - 1].program if index else "" for index in piped or [0])


def _leaves_no_cache(item: Instruction, stage: Stage, kept: list[Stage]) -> bool:
    """Whether pip's cache is not in the image: kept out, or left in a stage from which only some files are copied."""
    if stage not in kept:
        return True
    installs = [install for install in find_installs([stage]) if install.item is item]
    return bool(installs) and all(map(is_tidy_pip, installs))
