"""What tox, nox and poe run, the task runners of Python projects."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence

from infra_grader.reading.workflow import mapping_of, text_of, texts_of
from infra_grader.reading.workflow_recipes import (
    Read,
    Recipes,
    Script,
    chosen_recipes,
    first_file,
    line_of,
    options_in,
    plain_line,
)

MOST_ENVIRONMENTS = 20


def of_tox(read: Read, arguments: Sequence[str], folder: str) -> Iterator[Script]:
    """Yield the commands of tox's environments: those that are named, else those of its list."""
    options, _ = options_in(arguments, {"-e": "-e", "--env": "-e", "-c": "-c", "--conf": "-c"})
    for path, text in first_file(read, folder, options.get("-c") or "tox.ini"):
        parser = configparser.RawConfigParser(strict=False, interpolation=None, inline_comment_prefixes=("#",))
        try:
            parser.read_string(text)
        except configparser.Error:
            return
        listed = parser.get("tox", "env_list", fallback="") or parser.get("tox", "envlist", fallback="")
        named = [name for name in re.split(r"[,\s]+", options.get("-e") or listed) if name]
        for name in named[:MOST_ENVIRONMENTS] or [""]:
            section = f"testenv:{name}" if parser.has_option(f"testenv:{name}", "commands") else "testenv"
            commands = parser.get(section, "commands", fallback="").replace("{posargs}", "")
            if commands:
                lines = [plain_line(line.strip()) for line in commands.split("\n")]
                yield path, "\n".join(lines), line_of(text, f"[{section}]")


def of_nox(read: Read, arguments: Sequence[str], folder: str) -> Iterator[Script]:
    """Yield what `session.run` is given in the sessions that are named, else in all."""
    options, others = options_in(arguments, {"-f": "-f", "--noxfile": "-f"})
    for path, text in first_file(read, folder, options.get("-f") or "noxfile.py"):
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return
        functions = [item for item in tree.body if isinstance(item, ast.FunctionDef) and _is_session(item)]
        wanted = [function for function in functions if function.name in others]
        for function in wanted or ([] if others else functions):
            lines = [shlex.join(words) for node in ast.walk(function) if (words := _run_by(node))]
            yield path, "\n".join(lines), function.lineno


def _is_session(function: ast.FunctionDef) -> bool:
    return any("session" in ast.unparse(decorator) for decorator in function.decorator_list)


def _run_by(node: ast.AST) -> list[str]:
    """Return the words of `session.run("pytest", "--cov")`, variables left out."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "run":
        return []
    words = [item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    forgives = any(item.arg == "success_codes" for item in node.keywords)
    return [] if forgives else words


def of_poe(read: Read, arguments: Sequence[str], folder: str) -> Iterator[Script]:
    """Yield the commands of a task in pyproject.toml, those of its sequence or dependencies with it."""
    _, wanted = options_in(arguments, {})
    for path, text in first_file(read, folder, "pyproject.toml"):
        try:
            data = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            return
        listed = mapping_of(mapping_of(mapping_of(data.get("tool")).get("poe")).get("tasks"))
        rules: Recipes = {}
        for name, task in listed.items():
            steps = task if isinstance(task, list) else mapping_of(task).get("sequence", [])
            needs = [*texts_of(steps), *texts_of(mapping_of(task).get("deps"))]
            script = text_of(task) or text_of(mapping_of(task).get("cmd")) or text_of(mapping_of(task).get("shell"))
            rules[name] = (line_of(text, name), needs, script)
        yield from chosen_recipes(path, rules, wanted[:1])
