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
from infra_grader.reading.shell_tokens import shell_tokens, substitution_end

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
PARAMETERS = re.compile(r"\(\s*\)")
"""What makes a name before it the name of a function."""
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
    function: str = ""
    """The function in whose body it stands, or nothing."""

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
                function=command.function or simple.function,
            )
            for number, command in enumerate(unwrap(words, line, depth))
        ]
    return list(_alive(made, has_branches=BRANCH.search(script) is not None))


def _substituted(words: list[str], line: int, depth: int) -> Iterator[ShellCommand]:
    """Yield the commands in `$(…)` and backticks."""
    for word in words if depth < MAX_NESTING else ():
        if (start := word.find("$(")) >= 0:
            inner = word[start + 2 : substitution_end(word, start + 1) - 1]
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
        certain = _settled(command.words)
        if command.words[0] == "exit" and command.joint not in ("||", "&&", "|") and not has_branches:
            return


def _settled(words: Sequence[str]) -> bool | None:
    """Return how a command ends, where that can be told: `true`, `false`, a comparison of constants."""
    if words[0] in ("true", ":", "false"):
        return words[0] != "false"
    if words[0] not in ("[", "[[", "test") or any(sign in word for word in words for sign in "$`*?"):
        return None
    holds: bool | None = None
    match list(words[1:-1] if words[0] in ("[", "[[") else words[1:]):
        case [one, "=" | "==" | "-eq", other]:
            holds = one == other
        case [one, "!=" | "-ne", other]:
            holds = one != other
        case ["-n", text] | [text]:
            holds = text != ""
        case ["-z", text]:
            holds = text == ""
    return holds


class _Around(Record):
    """What stands around a simple command."""

    joint: str
    depth: int
    is_tested: bool
    function: str


class _Groups:
    """How deep a place in a script lies in groups, and in which function."""

    def __init__(self) -> None:
        self._declared = ""
        self._open: list[tuple[str, str]] = []  # each with the function whose body it is, if it is one

    @property
    def depth(self) -> int:
        """How many groups are open."""
        return len(self._open)

    @property
    def function(self) -> str:
        """The innermost function, or nothing."""
        return next((name for _, name in reversed(self._open) if name), "")

    def declare(self, name: str) -> None:
        """Note that the next group is the body of a function."""
        self._declared = name

    def open(self, sign: str) -> None:
        """Go into a group."""
        self._open.append((sign, self._declared))
        self._declared = ""

    def close(self, sign: str) -> None:
        """Leave a group; a bracket that none has opened ends a pattern of `case`."""
        if self._open and self._open[-1][0] == sign:
            self._open.pop()


class _Walk:
    """Goes through a script token by token, and hands out its simple commands."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._words: list[str] = []
        self._openings: list[str] = []
        self._groups = _Groups()
        self._start = self._dead = 0
        self._joint = ""
        self._in_header = False  # between the brackets of `name()`

    def word(self, text: str, offset: int) -> None:
        """Take a word."""
        if text == "{" and (name := _declared(self._words)):  # `function name {`
            self._groups.declare(name)
            self._words = []
        if not self._words:
            self._start = offset
            self._dead = _depth(text, self._dead) if self._dead else 0
        if self._words or text not in OPENING:
            self._words.append(text)
            return
        self._openings.append(text)
        if text == "{":
            self._groups.open("{")

    def operator(self, text: str, offset: int) -> Iterator[tuple[list[str], int, _Around]]:
        """Take an operator, and yield the command that it ends."""
        words = self._words
        parameters = PARAMETERS.match(self._script, offset)
        if name := _declared(words) or (words[0] if len(words) == 1 and parameters else ""):
            self._groups.declare(name)
        else:
            yield from self.rest()
        self._regroup(text, words, is_header=parameters is not None)
        self._words, self._openings = [], []
        self._joint = _joint(text, self._joint)

    def rest(self) -> Iterator[tuple[list[str], int, _Around]]:
        """Yield the command that is not ended yet, if there is one."""
        words = self._words
        if words and words[0] not in CLOSING | HEADS and not self._dead:
            is_tested = bool({"if", "elif", "!"} & set(self._openings))
            groups = self._groups
            around = _Around(joint=self._joint, depth=groups.depth, is_tested=is_tested, function=groups.function)
            yield words, self._start, around
            self._dead = int(self._openings[-1:] in (["if"], ["elif"], ["while"]) and _settled(words) is False)

    def _regroup(self, operator: str, words: list[str], *, is_header: bool) -> None:
        if words[:1] == ["}"]:
            self._groups.close("{")
        if operator == ")" and not self._in_header:
            self._groups.close("(")
        elif operator == "(" and not is_header:
            self._groups.open("(")
        self._in_header = is_header


def _simple(script: str) -> Iterator[tuple[list[str], int, _Around]]:
    """Yield words and offset of each simple command, and what stands around it."""
    walk = _Walk(script)
    skips_word = False
    for kind, text, offset in shell_tokens(script):
        if kind == "operator":
            yield from walk.operator(text, offset)
        elif kind == "word" and not skips_word:
            walk.word(text, offset)
        skips_word = kind == "redirection"
    yield from walk.rest()


def _declared(words: list[str]) -> str:
    """Return the name in `function name`."""
    return words[1] if len(words) == 2 and words[0] == "function" else ""


def _depth(word: str, depth: int) -> int:
    """Return how deep a command's first word leads within a branch that never runs (`if false`); 0 is out of it."""
    if word in ("else", "elif") and depth == 1:
        return 0
    return depth + (word in BLOCKS) - (word in ("fi", "done", "esac"))


def _joint(operator: str, before: str) -> str:
    if operator == "(":
        return before
    return {"\n": ";", ")": ";", ";;": ";", "|&": "|"}.get(operator, operator)
