"""checks: the reference of check kinds, from the plugins themselves."""

from __future__ import annotations

import argparse

from infra_grader.cli.main import PASSED
from infra_grader.cli.options import add_common
from infra_grader.cli.output import tell_faults
from infra_grader.cli.reference import kind_page
from infra_grader.engine.registry import Registry


def checks_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `checks` accepts."""
    parser.add_argument("kind", metavar="KIND", nargs="?", help="a check kind, or a family")
    add_common(parser)


def checks(options: argparse.Namespace) -> int:
    """List the check kinds, or print the page of one."""
    registry = Registry(options.plugin)
    if options.kind and "." in options.kind:
        print(kind_page(registry.find_kind(options.kind)), end="")
        return PASSED
    kinds = [kind for kind in registry.all_kinds() if not options.kind or kind.name.startswith(f"{options.kind}.")]
    if not kinds:
        registry.find_kind(options.kind)  # words what is unknown
    width = max(len(kind.name) for kind in kinds)
    for kind in kinds:
        print(f"{kind.name:<{width}}  {kind.summary}")
    tell_faults(registry)
    return PASSED
