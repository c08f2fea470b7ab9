"""The options that several commands share, each declared once."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

Run = Callable[[argparse.Namespace], int]


def add_path(parser: argparse.ArgumentParser, text: str) -> None:
    """Add PATH, the submission: the current folder where it is left out."""
    parser.add_argument("path", metavar="PATH", nargs="?", type=named_path, default=Path(), help=text)


def named_path(text: str) -> Path:
    """Return a path; an empty one is a variable that was not set, and not the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what every command accepts."""
    parser.add_argument(
        "--plugin", metavar="FILE", type=Path, action="append", default=[], help="use a plugin of your own"
    )
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")
    parser.add_argument("-v", "--verbose", action="store_true", help="log what is done, with tracebacks of our faults")


def add_reports(parser: argparse.ArgumentParser) -> None:
    """Add `--report`."""
    parser.add_argument(
        "--report",
        metavar="FORMAT[=FILE]",
        action="append",
        default=[],
        help="terminal (default), json, junit, markdown, html, sarif, github, badge, classroom50, classroom or "
        "gradescope; to standard output, or to a file; may be repeated",
    )


def add_rubric(parser: argparse.ArgumentParser) -> None:
    """Add `--rubric`."""
    parser.add_argument(
        "--rubric",
        metavar="ID|FILE",
        required=True,
        help="id of a bundled rubric, or a file (with a slash or .yaml in its name)",
    )


def add_live(parser: argparse.ArgumentParser) -> None:
    """Add `--live` and `--kube-context`: what live checks look at."""
    parser.add_argument(
        "--live",
        metavar="WHAT",
        default="auto",
        help="what live checks look at: docker, kubernetes, both with a comma, none, or auto (default): docker, where "
        "a daemon answers, and kubernetes, where --kube-context names a cluster",
    )
    add_kube_context(parser)


def add_kube_context(parser: argparse.ArgumentParser) -> None:
    """Add `--kube-context`."""
    parser.add_argument(
        "--kube-context",
        metavar="NAME",
        default="",
        help="context of the kubeconfig whose cluster live checks use (default: the current one, if that cluster is "
        "marked as a lab)",
    )


def add_roster(parser: argparse.ArgumentParser) -> None:
    """Add ROSTER, `--source` and `--timezone`: the class, as `read_roster` takes it."""
    parser.add_argument(
        "roster",
        metavar="ROSTER",
        type=named_path,
        help="the class: a CSV, an export of Canvas or Moodle, a list of repositories as JSON, or a folder of "
        "submissions",
    )
    parser.add_argument(
        "--source",
        metavar="PATTERN",
        default="",
        help="where the work is of those for whom the roster does not say it, with columns in braces",
    )
    parser.add_argument(
        "--timezone", metavar="ZONE", default="", help="the zone of dates that name none, such as Europe/Berlin"
    )


def actions_of(parser: argparse.ArgumentParser) -> Callable[[str, Run, str], argparse.ArgumentParser]:
    """Let a command have actions, such as `rubric list`; return the function that adds one: name, function, help."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    def action(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        inner = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False)
        inner.set_defaults(run=run)
        add_common(inner)
        return inner

    return action


def run_action(options: argparse.Namespace) -> int:
    """Run the action that the arguments chose, and return its exit code."""
    run: Run = options.run
    return run(options)
