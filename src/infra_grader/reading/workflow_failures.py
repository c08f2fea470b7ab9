"""Whose failure a script passes over, as far as that can be told without running it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from infra_grader.model.record import Record
from infra_grader.reading.dockerfile_shell import BRANCH, ShellCommand

HARMLESS = frozenset({"true", ":", "echo", "printf", "logger"})
"""Programs after `||` that go well whatever came before."""
HANDING_ON = frozenset({"tee", "cat", "head", "tail", "column", "ts"})
"""Programs at the end of a pipe that go well whatever comes out of it."""
SHEBANG = re.compile(r"#!.*(?:sh|bash)(?:\s.*)?\s-[a-z]*e")


class ShellOptions(Record):
    """How a shell takes failures."""

    stops: bool = True
    """Whether it ends at the first command that fails: `set -e`."""
    minds_pipes: bool = False
    """Whether a pipe fails where one of its commands does: `set -o pipefail`."""

    def after(self, command: ShellCommand) -> ShellOptions:
        """Return what holds after a command, which may be `set`."""
        if command.words[0] != "set":
            return self
        made = self
        for word, following in zip(command.words[1:], (*command.words[2:], ""), strict=True):
            is_on = word[:1] == "-"
            if word[:1] not in ("-", "+") or word.startswith("--"):
                continue
            if "e" in word or (word.endswith("o") and following == "errexit"):
                made = made.replace(stops=is_on)
            if word.endswith("o") and following == "pipefail":
                made = made.replace(minds_pipes=is_on)
        return made


def options_of_shell(shell: str) -> ShellOptions:
    """Return how a step's `shell` takes failures; only one that is named as `bash` minds those within pipes."""
    if "{0}" not in shell:
        return ShellOptions(minds_pipes=shell == "bash")
    stops = re.search(r"\s-[a-z]*e|errexit", shell) is not None
    return ShellOptions(stops=stops, minds_pipes="pipefail" in shell)


def options_of_script(text: str, started_by: ShellCommand) -> ShellOptions:
    """Return how a script in a file takes failures, before its own `set`: by its first line, or by who starts it."""
    if started_by.words[0] in (".", "source"):
        return ShellOptions()
    by_flag = any(re.fullmatch(r"-[a-z]*e[a-z]*", word) for word in started_by.words[1:3])
    return ShellOptions(stops=by_flag or SHEBANG.match(text) is not None)


def passed_over(script: str, commands: Sequence[ShellCommand], options: ShellOptions) -> list[bool]:
    """Return for each command of a script whether the script goes well where that one fails.

    A script with branches of its own that does not stop by itself is given the benefit of the doubt.
    """
    made: list[bool] = []
    has_branches = BRANCH.search(script) is not None or any(command.program == "trap" for command in commands)
    for index, command in enumerate(commands):
        rest = commands[index + 1 :]
        options = options.after(command)
        is_forgiven = _by_other_way(command, rest) or (command.is_tested and not _is_minded(rest))
        is_forgiven = is_forgiven or (not options.minds_pipes and _by_pipe(rest))
        if not options.stops and not has_branches and not command.depth:
            is_forgiven = is_forgiven or _by_what_follows(rest)
        made.append(is_forgiven)
    return made


def _by_other_way(command: ShellCommand, rest: Sequence[ShellCommand]) -> bool:
    """Whether what stands after `||` always goes well: `|| true`, `|| exit 0`, `|| { echo failed; }`."""
    if not rest or rest[0].joint != "||":
        return False
    group = [rest[0]]
    if rest[0].depth > command.depth:
        for other in rest[1:]:
            if other.depth <= command.depth:
                break
            group.append(other)
    return all(other.program in HARMLESS or other.words[:2] in (("exit", "0"), ("return", "0")) for other in group)


def _by_pipe(rest: Sequence[ShellCommand]) -> bool:
    """Whether the last program of a pipe goes well whatever the first one does."""
    last = None
    for other in rest:
        if other.joint != "|":
            break
        last = other
    return last is not None and last.program in HANDING_ON


def _by_what_follows(rest: Sequence[ShellCommand]) -> bool:
    """Whether a shell that does not stop goes on, and nobody asks how it went."""
    goes_on = any(other.joint not in ("&&", "||", "|") for other in rest)
    return goes_on and not _is_minded(rest)


def _is_minded(rest: Sequence[ShellCommand]) -> bool:
    """Whether what follows may end the script as failed, or asks how a command ended."""
    return any(
        other.program == "false"
        or (other.words[0] in ("exit", "return") and other.words[1:] != ("0",))
        or any("$?" in word for word in other.words)
        for other in rest
    )
