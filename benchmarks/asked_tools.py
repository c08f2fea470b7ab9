"""Which tools a grading from files asks, as command lines that can be run again: for `static_grade.py`.

What the grading runs is taken down as it is run. Of what it asks within Python, the tool's own command line on the same
files stands for it: kubernetes-validate, check-jsonschema, python-hcl2 and detect-secrets. No tool is counted that was
not asked, and none with a file that it was not asked about. promql-parser has no command line, and is left out.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import yaml

from infra_grader import api
from infra_grader.capabilities.command import Command, clean_environment
from infra_grader.reading.secret_formats import DETECTORS

BIN = Path(sys.executable).parent


class Asked(NamedTuple):
    """A tool, and how it was asked."""

    name: str
    arguments: list[str]
    folder: Path
    stdin: bytes
    variables: Mapping[str, str]
    exit_codes: tuple[int, ...] = (0,)


def asked_tools(solution: Path, rubric: str, folder: Path) -> list[Asked]:
    """Grade a solution from its files and return the tools that were asked; what they read stays in the folder."""
    ran: list[Asked] = []
    given: dict[str, list[Any]] = {name: [] for name in SEAMS}
    with ExitStack() as stack:
        for name, (module, function) in SEAMS.items():
            stack.enter_context(_listened(module, function, given[name].append))
        stack.enter_context(mock.patch.object(Command, "run", _taken_down(ran)))
        stack.enter_context(mock.patch.object(Command, "close"))  # which would remove what the tools read
        stack.enter_context(mock.patch("tempfile.tempdir", str(folder)))
        api.grade(solution, rubric, options=api.GradeOptions(only=("static",), sandbox="none", live="none"))
    return [*ran, *_as_commands(given, solution, folder)]


def _taken_down(ran: list[Asked]) -> Callable[..., Any]:
    run = Command.run

    def taken_down(self: Command, arguments: list[str], *rest: Any, **named: Any) -> Any:
        output = run(self, arguments, *rest, **named)
        if arguments[0] != sys.executable:  # which is a program of ours
            variables = clean_environment(self.scratch) | dict(named.get("variables") or {})
            place = named.get("folder") or self.scratch
            name, stdin, codes = Path(arguments[0]).name, named.get("stdin", b""), (output.exit_status,)
            ran.append(Asked(name, list(arguments), place, stdin, variables, codes))
        return output

    return taken_down


SEAMS = {
    "kubernetes-validate": ("infra_grader.checks.manifest.valid", "find_errors"),
    "compose": ("infra_grader.checks.compose.valid", "_problems"),
    "workflow": ("infra_grader.checks.workflow.valid", "_faults"),
    "hcl2tojson": ("hcl2.api", "parses_to_tree"),
    "detect-secrets": ("infra_grader.checks.secrets.absent", "find_secrets"),
}
"""The functions by which a library of a tool is asked."""


@contextmanager
def _listened(module: str, name: str, note: Callable[[Any], object]) -> Iterator[None]:
    """Note what a function is given, where it comes to an answer."""
    place = importlib.import_module(module)
    function = getattr(place, name)

    def noting(*given: Any) -> Any:
        found = function(*given)
        note(given)
        return found

    with mock.patch.object(place, name, noting):
        yield


def _as_commands(given: dict[str, list[Any]], solution: Path, folder: Path) -> Iterator[Asked]:
    """Yield what says the same on the command line, a line for each tool."""

    def command(name: str, *arguments: str) -> Asked:
        return Asked(name, [str(BIN / name), *arguments], solution, b"", clean_environment(folder))

    if objects := given["kubernetes-validate"]:
        version = objects[0][1]
        file = folder / "objects.yaml"
        file.write_text(yaml.safe_dump_all([manifest.data for manifest, asked in objects if asked == version]))
        yield command("kubernetes-validate", "--strict", "--kubernetes-version", version, str(file))
    for name, schema in (("compose", "vendor.compose-spec"), ("workflow", "vendor.github-workflows")):
        if paths := sorted({asked.path for (asked,) in given[name]}):
            yield command("check-jsonschema", "--builtin-schema", schema, *paths)
    for number, (text,) in enumerate(given["hcl2tojson"]):
        (folder / f"{number}.tf").write_text(text)
    if given["hcl2tojson"]:
        yield command("hcl2tojson", "-o", str(folder / "json"), *map(str, sorted(folder.glob("*.tf"))))
    if paths := sorted({path for path, _ in given["detect-secrets"]}):
        yield command("detect-secrets", "scan", "--no-verify", *_without_other_detectors(), *paths)


def _without_other_detectors() -> Iterator[str]:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    for detector in get_mapping_from_secret_type_to_class().values():
        if detector.__name__ not in DETECTORS.values():
            yield from ("--disable-plugin", detector.__name__)
