"""doctor: what this machine can assess, and what to do about the rest."""

from __future__ import annotations

import argparse
import importlib.util
import platform
import shutil
import sysconfig
from decimal import Decimal
from typing import NamedTuple

from infra_grader import __version__
from infra_grader.api import bundled, load_rubric
from infra_grader.cli.main import PASSED
from infra_grader.cli.options import add_common
from infra_grader.cli.rubric_text import plain
from infra_grader.engine.openers import OPENERS
from infra_grader.engine.registry import Registry
from infra_grader.plugin import CAPABILITIES


class Need(NamedTuple):
    """Something that a family of check kinds needs beyond the core."""

    family: str
    name: str
    is_tool: bool
    """Whether it is a program, else a library."""
    remedy: str


NEEDS = (
    Need("git", "dulwich", is_tool=False, remedy="pip install 'infra-grader[git]'"),
    Need("python", "ruff", is_tool=True, remedy="pip install 'infra-grader[python]'"),
    Need("python", "mypy", is_tool=True, remedy="pip install 'infra-grader[python]'"),
    Need("secrets", "detect_secrets", is_tool=False, remedy="pip install 'infra-grader[secrets]'"),
)


def doctor_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `doctor` accepts."""
    add_common(parser)


def doctor(options: argparse.Namespace) -> int:
    """Say what is there, what is missing, and how to get it."""
    registry = Registry(options.plugin)
    names = registry.kind_names()
    print(f"infra-grader {__version__} on Python {platform.python_version()}, {platform.platform(terse=True)}")
    print(f"\nCheck kinds: {len(names)} in {len({name.split('.')[0] for name in names})} families")
    for need in NEEDS:
        state = "ready" if _is_there(need) else f"missing: its checks are not assessed; {need.remedy}"
        print(f"  {need.family:<12} {need.name:<16} {state}")
    print("\nCapabilities:")
    print(f"  {'workspace':<12} {'':<16} ready")
    for capability in sorted(CAPABILITIES):
        state = (
            "ready" if capability in OPENERS else "not part of this version: checks that ask for it are not assessed"
        )
        print(f"  {capability:<12} {'':<16} {state}")
    _print_plugins(registry)
    print("\nRubrics:")
    for rubric_id in sorted(bundled()):
        print(f"  {rubric_id:<36} {_assessable(rubric_id, registry)}")
    return PASSED


def _is_there(need: Need) -> bool:
    if need.is_tool:
        return bool(shutil.which(need.name, path=sysconfig.get_path("scripts")) or shutil.which(need.name))
    return importlib.util.find_spec(need.name) is not None


def _print_plugins(registry: Registry) -> None:
    """List what outside plugins add, by the same hooks that built-in features use."""
    hook = registry.manager.hook
    added = {
        "sandboxes": [item for given in hook.infra_grader_sandboxes() for item in given],
        "executors": [item for given in hook.infra_grader_executors() for item in given],
    }
    print(f"\nReport formats: {', '.join(registry.format_names())}")
    for what, items in added.items():
        print(f"{what.capitalize()}: {', '.join(str(getattr(item, 'name', item)) for item in items) or 'none'}")


def _assessable(rubric_id: str, registry: Registry) -> str:
    """Return how much of a rubric this machine can assess, in points."""
    rubric = load_rubric(rubric_id, registry)
    missing = {need.family for need in NEEDS if not _is_there(need)}
    by_hand = open_points = Decimal(0)
    for criterion in rubric.criteria:
        for check in criterion.checks:
            family = check.uses.split(".")[0]
            if family == "manual":
                by_hand += check.points
            elif family in missing or not registry.find_kind(check.uses).capabilities <= OPENERS.keys():
                open_points += check.points
    here = rubric.points - by_hand - open_points
    return (
        f"{plain(here)} of {plain(rubric.points)} points here, {plain(by_hand)} by a person, "
        f"{plain(open_points)} not assessed on this machine"
    )
