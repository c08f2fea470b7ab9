"""The mlflow.project check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

import msgspec

from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, Params, Places, check, places
from infra_grader.reading.document import invalid
from infra_grader.reading.pieces import Piece, judge, scaled, whole
from infra_grader.reading.python_program import idle_because
from infra_grader.reading.yaml import Document, YamlError, read_document

ENVIRONMENTS = ("python_env", "conda_env", "docker_env")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
SCRIPT = re.compile(r"(?:^|\s)([\w./-]+\.(?:py|sh))\b")
MODULE = re.compile(r"python[0-9.]*\s+(?:-\S+\s+)*?-m\s+([\w.]+)")


class Project(Params):
    """What the project file has to say."""

    path: Annotated[Places, Meta(description="The MLproject file, or several places of which the first counts.")] = (
        msgspec.field(default_factory=lambda: ["MLproject", "mlflow/MLproject"])
    )
    entry_points: Annotated[list[str], Meta(description="Entry points that there are; `main` is the usual one.")] = (
        msgspec.field(default_factory=lambda: ["main"])
    )


@check("mlflow.project")
def project(context: Context, params: Project) -> Outcome:
    """An MLproject file can be loaded and run: one environment, and entry points that find what they call.

    Rules of https://mlflow.org/docs/latest/ml/projects: `docker_env` and another environment exclude each other; every
    `{parameter}` of a command is declared; scripts and modules that a command runs are in the submission, and do
    something when they are run. What else the file says is worth the share of the entry points that work.
    """
    path = context.workspace.first(places(params.path))
    file = context.workspace.read_first([path])
    try:
        document = read_document(file.text)
    except YamlError as error:
        raise invalid(file, "YAML", error.message, error.line) from error
    if not isinstance(document.data, dict):
        raise invalid(file, "as a project", "it is no mapping", 1)
    return judge(path, list(_pieces(context, path, document, params.entry_points)))


def _pieces(context: Context, path: str, document: Document, wanted: list[str]) -> Iterator[Piece]:
    data = document.data
    place = Evidence(path=path, line=1)
    points = data.get("entry_points")
    points = points if isinstance(points, dict) else {}
    entries = [_entry_point(context, path, document, name, points) for name in wanted]
    part = Fraction(sum(entry.share == 1 for entry in entries), len(entries)) if entries else Fraction(1)
    yield from (entry for entry in entries if entry.share < 1)
    has_name = isinstance(data.get("name"), str)
    said = "a name" if has_name else "none"
    yield scaled(has_name, part, "it has no name", place.replace(expected="name", actual=said))
    given = [name for name in ENVIRONMENTS if name in data]
    line = document.key_place([given[-1]]).line if given else 1
    seen = place.replace(line=line, expected="one environment at most", actual=" and ".join(given) or "none")
    yield scaled(len(given) <= 1, part, f"MLflow refuses {' and '.join(given)} together", seen)
    for name in given:
        if isinstance(data[name], str):
            folder = path.rpartition("/")[0]
            file = f"{folder}/{data[name]}".lstrip("/")
            is_there = bool(context.workspace.view(allow_starter=True).find(file))
            seen = place.replace(line=document.key_place([name]).line, expected=f"the file {file}", actual=name)
            yield scaled(is_there, part, f"{name} names {data[name]}, which is not there", seen)
    yield from (entry for entry in entries if entry.share == 1)


def _entry_point(context: Context, path: str, document: Document, name: str, points: dict[str, object]) -> Piece:
    place = Evidence(path=path, line=document.key_place(["entry_points", name]).line, expected=f"entry point {name}")
    point = points.get(name)
    command = point.get("command") if isinstance(point, dict) else None
    if not isinstance(point, dict) or not isinstance(command, str) or not command.strip():
        return whole(False, f"it has no entry point {name} with a command", place.replace(actual="none"))
    declared = point.get("parameters")
    unknown = [item for item in PLACEHOLDER.findall(command) if not isinstance(declared, dict) or item not in declared]
    if unknown:
        said = f"{name} uses the parameter {unknown[0]}, which is not declared"
        return whole(False, said, place.replace(actual=said))
    for item in _called(command):
        if fault := _fault(context, path, item):
            said = f"{name} runs {item}, which {fault}"
            return whole(False, said, place.replace(actual=said))
    return whole(True, "", place.replace(actual=command.strip()))


def _called(command: str) -> Iterator[str]:
    yield from SCRIPT.findall(command)
    for module in MODULE.findall(command):
        yield module.replace(".", "/")


def _fault(context: Context, path: str, called: str) -> str:
    """Say what is wrong with a script or module: it is none of the learner's own, or idle when it is run; or nothing.

    It may lie in the project's folder, or start from the root.
    """
    folder = path.rpartition("/")[0]
    names = [called] if called.endswith((".py", ".sh")) else [f"{called}.py", f"{called}/__main__.py"]
    candidates = [f"{start}{name}" for name in names for start in ("", f"{folder}/" if folder else "", "src/")]
    try:
        return idle_because(context, context.workspace.first(candidates))
    except CheckFailed:
        # A module of an installed package is not in the submission, and no fault.
        is_package = "/" not in called and not called.endswith((".py", ".sh")) and called not in ("src", "main")
        return "" if is_package else "is not there"
