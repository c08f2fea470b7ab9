"""The simple commands of a shell script, as far as they can be told without running it.

Understood are quotes, `&&`, `||`, `;`, `|`, `&`, new lines, comments, subshells, redirections, assignments, `$(…)`, the
words of `if`, `for`, `while` and `case`, and programs that only start another one (`exec`, `env`, `sh -c`, `tini --`).
Variables stay as they are written. Commands that can never run (`true || …`, `false && …`, after `exit`) are left out.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from infra_grader.model.record import Record
from infra_grader.reading.dockerfile_instruction import Instruction

OPERATORS = ("&&", "||", ";;", ";", "|&", "|", "&", "\n", "(", ")")
REDIRECTION = re.compile(r"(?:[0-9]*|&)(?:>>|>\||<<<|<<-?|<>|>&|<&|>|<)")
ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
OPENING = frozenset({"if", "then", "else", "elif", "do", "while", "until", "!", "{", "time"})
CLOSING = frozenset({"fi", "done", "esac", "}"})
HEADS = frozenset({"for", "case", "select", "function"})
"""Words whose whole clause starts nothing."""
BLOCKS = frozenset({"if", "for", "while", "until", "case", "select"})
"""Words that begin what `fi`, `done` or `esac` ends."""
SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "busybox"})
STARTERS = frozenset(
    {
        *("exec", "sudo", "setpriv", "nohup", "command", "tini", "dumb-init", "catatonit", "time", "nice", "ionice"),
        *("stdbuf", "setsid"),
    }
)
WITH_ARGUMENT = {"gosu": 1, "su-exec": 1, "timeout": 1, "wait-for-it": 1, "chroot": 1}
"""Programs that start another one, with the number of words that come before it."""
BRANCH = re.compile(r"(?:^|[\s;])(?:if|case|while|for|until)\s")
MAX_NESTING = 5
MAX_COMMANDS = 500
"""Commands of one script that are looked at."""


class ShellCommand(Record):
    """A program and its arguments."""

    words: tuple[str, ...]
    """Without quotes; variables as written."""
    line: int
    joint: str = ""
    """The operator before it: `&&`, `||`, `;`, `|`, `&`, or nothing for the first one."""
    depth: int = 0
    """In how many groups and functions it stands: `(…)`, `{ …; }`."""
    is_tested: bool = False
    """Whether something only asks how it ended: `if command`, `! command`."""

    @property
    def program(self) -> str:
        """The program's plain name: `python` for `/usr/bin/python3.11`."""
        return program_name(self.words[0])

    @property
    def arguments(self) -> tuple[str, ...]:
        """What follows the program."""
        return self.words[1:]

    @property
    def text(self) -> str:
        """The words, one space between."""
        return " ".join(self.words)


def program_name(word: str) -> str:
    """Return a program's name without its folder and, for Python and pip, without its version."""
    name = word.rpartition("/")[2]
    return re.sub(r"\A(python|pip)[0-9.]+\Z", r"\1", name)


def run_commands(item: Instruction) -> list[ShellCommand]:
    """Return the commands of RUN, CMD, ENTRYPOINT or HEALTHCHECK CMD, in both forms and with heredocs."""
    text = item.text
    words = item.words
    offset = 0
    if item.keyword == "HEALTHCHECK":
        rest = text[len(words[0]) :] if words else ""
        offset = len(text) - len(rest.lstrip())
        return text_commands(text[offset:], lambda place: item.source.line_at(place + offset))
    if item.is_exec:
        return unwrap(words, item.line)
    commands = shell_commands(text, item.source.line_at)
    if not item.heredocs:
        return commands
    fed = [command for command in commands if command.words]
    if not fed or fed[0].program in SHELLS:  # the text itself is the script
        return [
            command
            for heredoc in item.heredocs
            for command in shell_commands(heredoc.content, _lines_from(heredoc.content, heredoc.line))
        ]
    return commands


def text_commands(text: str, line_at: Callable[[int], int]) -> list[ShellCommand]:
    """Return the commands of a text that is a list in JSON form or a script."""
    import json

    if text.startswith("["):
        try:
            words = json.loads(text)
        except (ValueError, RecursionError):
            words = None
        if isinstance(words, list) and words and all(isinstance(word, str) for word in words):
            return unwrap(words, line_at(0))
    return shell_commands(text, line_at)


def script_commands(text: str) -> list[ShellCommand]:
    """Return the commands of a script in a file; lines count from 1."""
    return shell_commands(text.replace("\\\n", "  "), _lines_from(text, 1))


def _lines_from(text: str, first: int) -> Callable[[int], int]:
    ends = [index for index, sign in enumerate(text) if sign == "\n"]
    return lambda offset: first + bisect_left(ends, offset)


def shell_commands(script: str, line_at: Callable[[int], int], depth: int = 0) -> list[ShellCommand]:
    """Return the simple commands of a script that can run, in its order."""
    made: list[ShellCommand] = []
    for words, offset, simple in islice(_simple(script), MAX_COMMANDS):
        line = line_at(offset)
        made += _substituted(words, line, depth)
        made += [
            command.replace(
                joint=command.joint if number else simple.joint,
                depth=command.depth + simple.depth,
                is_tested=command.is_tested or simple.is_tested,
            )
            for number, command in enumerate(unwrap(words, line, depth))
        ]
    return list(_alive(made, has_branches=BRANCH.search(script) is not None))


def _substituted(words: list[str], line: int, depth: int) -> Iterator[ShellCommand]:
    """Yield the commands in `$(…)` and backticks."""
    for word in words if depth < MAX_NESTING else ():
        if (start := word.find("$(")) >= 0:
            inner = word[start + 2 : _substitution(word, start + 1) - 1]
        elif (start := word.find("`")) >= 0:
            inner = word[start + 1 :].partition("`")[0]
        else:
            continue
        yield from shell_commands(inner, lambda _: line, depth + 1)


def unwrap(words: Sequence[str], line: int, depth: int = 0) -> list[ShellCommand]:
    """Return the commands that a list of words starts, programs that only start another one taken off."""
    rest = list(words)
    while rest and ASSIGNMENT.match(rest[0]):
        del rest[0]
    for _ in range(MAX_NESTING):
        name = program_name(rest[0]) if rest else ""
        if name in SHELLS and depth < MAX_NESTING and (script := _inline(rest)) is not None:
            return shell_commands(script, lambda _: line, depth + 1)
        if name == "command" and rest[1:2] in (["-v"], ["-V"]):  # only asks whether there is such a program
            break
        if name in STARTERS or name == "env" or name in WITH_ARGUMENT:
            del rest[0]
            while rest and (rest[0].startswith("-") or (name == "env" and ASSIGNMENT.match(rest[0]))):
                is_end = rest.pop(0) == "--"
                if is_end:
                    break
            del rest[: WITH_ARGUMENT.get(name, 0)]
            if rest and rest[0] == "--":
                del rest[0]
            continue
        break
    return [ShellCommand(words=tuple(rest), line=line)] if rest else []


def _inline(words: list[str]) -> str | None:
    """Return the script of `sh -c script`."""
    for index, word in enumerate(words[1:], 1):
        if not word.startswith("-"):
            return None if word not in SHELLS else _inline(words[index:])
        if not word.startswith("--") and "c" in word and index + 1 < len(words):
            return words[index + 1]
    return None


def _alive(commands: list[ShellCommand], *, has_branches: bool) -> Iterator[ShellCommand]:
    """Yield the commands that can run."""
    certain: bool | None = None
    for command in commands:
        if (certain is True and command.joint == "||") or (certain is False and command.joint == "&&"):
            continue
        yield command
        if command.words[0] in ("true", ":"):
            certain = True
        elif command.words[0] == "false":
            certain = False
        else:
            certain = None
        if command.words[0] == "exit" and command.joint not in ("||", "&&", "|") and not has_branches:
            return


class _Around(Record):
    """What stands around a simple command."""

    joint: str
    depth: int
    is_tested: bool


def _simple(script: str) -> Iterator[tuple[list[str], int, _Around]]:
    """Yield words and offset of each simple command, and what stands around it."""
    words: list[str] = []
    openings: list[str] = []
    start = depth = 0
    joint = opening = ""
    dead = 0
    skip_word = False

    def around() -> _Around:
        return _Around(joint=joint, depth=depth, is_tested=bool({"if", "elif", "!"} & set(openings)))

    for kind, text, offset in _tokens(script):
        if kind == "redirection":
            skip_word = True
        elif kind == "word":
            if skip_word:
                skip_word = False
                continue
            if not words:
                start = offset
                dead = _depth(text, dead) if dead else 0
                if text in OPENING:
                    opening = text
                    openings.append(text)
                    depth += text == "{"
                    continue
            words.append(text)
        else:
            skip_word = False
            if words and words[0] not in CLOSING | HEADS and text != "()" and not dead:
                yield words, start, around()
                dead = int(words == ["false"] and opening in ("if", "elif", "while"))
            depth = max(0, depth + (text == "(") - (text == ")") - (words[:1] == ["}"]))
            words, openings, opening = [], [], ""
            joint = _joint(text, joint)
    if words and words[0] not in CLOSING | HEADS and not dead:
        yield words, start, around()


def _depth(word: str, depth: int) -> int:
    """Return how deep a command's first word leads within a branch that never runs (`if false`); 0 is out of it."""
    if word in ("else", "elif") and depth == 1:
        return 0
    return depth + (word in BLOCKS) - (word in ("fi", "done", "esac"))


def _joint(operator: str, before: str) -> str:
    if operator == "(":
        return before
    return {"\n": ";", ")": ";", ";;": ";", "|&": "|"}.get(operator, operator)


def _tokens(script: str) -> Iterator[tuple[str, str, int]]:
    position = 0
    while position < len(script):
        sign = script[position]
        if sign in " \t\r":
            position += 1
        elif script.startswith("\\\n", position):
            position += 2
        elif sign == "#":
            end = script.find("\n", position)
            position = len(script) if end < 0 else end
        elif found := REDIRECTION.match(script, position):
            position = found.end()
            if script[position - 1] == "&" and (number := re.compile(r"[0-9]+|-").match(script, position)):
                position = number.end()
            else:
                yield "redirection", found[0], found.start()
        elif operator := next((item for item in OPERATORS if script.startswith(item, position)), ""):
            yield "operator", operator, position
            position += len(operator)
        else:
            word, end = _shell_word(script, position)
            yield "word", word, position
            position = end


def _shell_word(script: str, position: int) -> tuple[str, int]:
    """Return the word at a position without its quotes, and where it ends."""
    made: list[str] = []
    quote = ""
    while position < len(script):
        sign = script[position]
        if quote:
            if sign == quote:
                quote = ""
            elif sign == "\\" and quote == '"' and position + 1 < len(script):
                position += 1
                made.append(script[position] if script[position] in '"\\$`\n' else "\\" + script[position])
            elif script.startswith("$(", position) and quote == '"':
                end = _substitution(script, position + 1)
                made.append(script[position:end])
                position = end - 1
            else:
                made.append(sign)
        elif sign == "\\":
            position += 1
            made.append(script[position : position + 1].replace("\n", ""))
        elif sign in "\"'":
            quote = sign
        elif script.startswith(("$(", "${"), position):
            end = _substitution(script, position + 1)
            made.append(script[position:end])
            position = end - 1
        elif sign in " \t\r\n;|&()<>":
            break
        else:
            made.append(sign)
        position += 1
    return "".join(made), position


def _substitution(script: str, position: int) -> int:
    """Return where the bracket that opens at a position is closed."""
    opening = script[position]
    closing = ")" if opening == "(" else "}"
    depth = 0
    for index in range(position, len(script)):
        if script[index] == opening:
            depth += 1
        elif script[index] == closing:
            depth -= 1
            if not depth:
                return index + 1
    return len(script)
