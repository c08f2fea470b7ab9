"""Shell completion, made from the parsers themselves."""

from __future__ import annotations

import argparse

from infra_grader.cli.main import COMMANDS, command
from infra_grader.errors import UsageError


def completion(shell: str) -> str:
    """Return the completion script for a shell. Raises `UsageError` where the extra `completion` is missing."""
    try:
        import shtab
    except ImportError as error:
        raise UsageError("shell completion needs shtab", "pip install 'infra-grader[completion]'") from error
    script: str = shtab.complete(_whole_parser(), shell=shell)
    return script


def _whole_parser() -> argparse.ArgumentParser:
    """Return one parser with every command below it, as completion needs it."""
    parser = argparse.ArgumentParser(prog="infra-grader")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers()
    for name, (_, _, text) in COMMANDS.items():
        inner, _ = command(name)
        sub = commands.add_parser(name, help=text, parents=[inner], add_help=False)
        for option in sub._actions:  # noqa: SLF001 - argparse has no public list of a parser's arguments
            if option.metavar in ("FILE", "RESULT.json", "ID|FILE", "PATH", "DIR"):
                import shtab

                option.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab reads it
    return parser
