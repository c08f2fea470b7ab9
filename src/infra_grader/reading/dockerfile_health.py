"""Whether a container's health check asks its service anything, from the commands that it runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from infra_grader.reading.dockerfile_shell import ShellCommand

ASKS_NOTHING = frozenset(
    {"true", ":", "exit", "echo", "printf", "sleep", "test", "[", "[[", "ls", "cat", "pwd", "date", "whoami", "id",
     "ps", "pgrep", "pidof", "kill", "which", "type", "hostname", "uname", "set", "cd", "touch", "stat", "grep",
     "awk", "sed", "jq", "head", "tail", "wc", "cut", "tr", "tee", "break", "return", "export", "false", "env",
     "sh", "bash", "python", "node", "ping"}
)  # fmt: skip
"""Programs that say nothing about the service; interpreters among them only where nothing that they run asks."""
HTTP_CLIENTS = frozenset({"curl", "wget", "http", "https", "httpie", "xh"})
PYTHON_QUESTIONS = frozenset(
    {"urlopen", "urlretrieve", "get", "head", "post", "request", "connect", "connect_ex", "create_connection", "ping",
     "HTTPConnection", "HTTPSConnection", "channel_ready_future", "open", "execute", "check_call", "run"}
)  # fmt: skip
"""Functions and methods by whose call a script asks."""
JAVASCRIPT_CLIENTS = re.compile(r"\bhttps?\b|fetch\(|axios|net\.connect|\bnet\b")
SWALLOWED = frozenset({"true", ":", "echo", "printf", "exit"})

SPAN = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:us|ms|h|m|s))+")
SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}

ReadScript = Callable[[str], str | None]
"""Gives the text of a script in the image by its path there, or `None` where the submission holds none."""


class Probe(NamedTuple):
    """What a health check does."""

    asks: bool
    """Whether it asks the service something and a wrong answer makes it fail."""
    problem: str
    """Why it does not, else nothing."""
    question: str
    """The text in which the address that it asks stands: the command, and the script that it runs."""
    program: str
    """The program that asks."""
    notices_errors: bool
    """Whether an answer such as 500 makes it fail."""


def judge_probe(commands: Sequence[ShellCommand], read_script: ReadScript) -> Probe:
    """Return what the commands of a health check do."""
    for index, command in enumerate(commands):
        question = _question(command, read_script)
        if question is None:
            continue
        if _is_swallowed(commands[index + 1 :]):
            return Probe(False, "its failure is swallowed: it always ends well", question, command.program, False)
        return Probe(True, "", question, command.program, _notices_errors(command, commands[index + 1 :]))
    shown = commands[0].text[:80] if commands else "nothing"
    return Probe(False, f"it asks the service nothing: {shown}", shown, "", False)


def _question(command: ShellCommand, read_script: ReadScript) -> str | None:
    """Return the text that says what a command asks, or `None` where it asks nothing."""
    program = command.program
    if program in HTTP_CLIENTS:
        return command.text if _has_address(command) else None
    if program == "python":
        return _interpreted(command, ("-c",), asks_in_python, read_script)
    if program == "node":
        return _interpreted(command, ("-e", "--eval"), _asks_in_javascript, read_script)
    if program in ("nc", "ncat", "netcat"):
        return command.text if len(command.arguments) > 1 else None
    if program.endswith((".sh", ".py")) or program in ("sh", "bash", "dash", "ash"):
        return _scripted(command, read_script)
    return None if program in ASKS_NOTHING or not program else command.text


def _has_address(command: ShellCommand) -> bool:
    return any(not word.startswith("-") and ("." in word or ":" in word or "/" in word) for word in command.arguments)


def _interpreted(
    command: ShellCommand, flags: tuple[str, ...], asks: Callable[[str], bool], read_script: ReadScript
) -> str | None:
    arguments = list(command.arguments)
    for flag in flags:
        if flag in arguments[:-1]:
            script = arguments[arguments.index(flag) + 1]
            return script if asks(script) else None
    if "-m" in arguments[:-1]:
        module = arguments[arguments.index("-m") + 1]
        text = read_script(module.replace(".", "/") + ".py")
        return text if text is not None and asks(text) else None
    file = next((word for word in arguments if not word.startswith("-")), "")
    text = read_script(file) if file else None
    return f"{command.text}\n{text}" if text is not None and asks(text) else None


def _scripted(command: ShellCommand, read_script: ReadScript) -> str | None:
    from infra_grader.reading.dockerfile_shell import script_commands

    words = [word for word in command.words if not word.startswith("-")]
    file = words[0] if command.program.endswith((".sh", ".py")) else (words[1] if len(words) > 1 else "")
    text = read_script(file) if file else None
    if text is None:
        return None
    if file.endswith(".py"):
        return text if asks_in_python(text) else None
    inner = judge_probe(script_commands(text), lambda _: None)
    return f"{command.text}\n{inner.question}" if inner.asks else None


def _is_swallowed(after: Sequence[ShellCommand]) -> bool:
    """Whether what follows makes the whole end well, whatever the answer was."""
    for command in after:
        if command.joint in ("&&", "|"):
            continue
        return command.program in SWALLOWED and not _ends_badly(after)
    return False


def _ends_badly(after: Sequence[ShellCommand]) -> bool:
    """Whether something that follows can end with an error of its own, or hands on the one before."""
    return any(
        (item.program == "exit" and item.arguments[:1] != ("0",)) or item.program in ("false", "kill", "return")
        for item in after
    )


def asks_in_python(text: str) -> bool:
    """Whether Python code calls something by which it asks another program."""
    import ast  # only where a health check is written in Python

    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(
        (isinstance(name, ast.Attribute) and name.attr in PYTHON_QUESTIONS)
        or (isinstance(name, ast.Name) and name.id in PYTHON_QUESTIONS)
        for name in called
    )


def _asks_in_javascript(text: str) -> bool:
    return JAVASCRIPT_CLIENTS.search(text) is not None


def _notices_errors(command: ShellCommand, after: Sequence[ShellCommand]) -> bool:
    if command.program != "curl":
        return True
    short = (word for word in command.arguments if word.startswith("-") and not word.startswith("--"))
    if any("f" in word for word in short) or any(word.startswith("--fail") for word in command.arguments):
        return True
    return any(item.program in ("grep", "jq", "test", "[", "[[") for item in after)


def read_seconds(text: str) -> float | None:
    """Return a span as Docker writes it, such as `1m30s`, in seconds; `None` for what is none."""
    if not SPAN.fullmatch(text):
        return None
    return sum(float(number) * SECONDS[unit] for number, unit in re.findall(r"([0-9.]+)([a-z]+)", text))
