"""How a submission's service is started, as its own files say: Dockerfile, Procfile, and what the code defines."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from infra_grader.capabilities.service import Launch
from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.dockerfile import read_dockerfile
from infra_grader.reading.dockerfile_image import Copied, Image
from infra_grader.reading.dockerfile_instruction import Instruction
from infra_grader.reading.start_code import launches_of_code
from infra_grader.reading.start_project import PROJECT, project_commands, source_folder

DOCKERFILES = ("Dockerfile", "**/Dockerfile", "**/Dockerfile.*", "**/*.Dockerfile", "**/*.dockerfile")
PROCFILES = ("Procfile", "**/Procfile")
MAX_LAUNCHES = 12
SERVERS = {
    "uvicorn": "uvicorn",
    "gunicorn": "gunicorn",
    "flask": "flask",
    "fastapi": "fastapi",
    "hypercorn": "hypercorn",
    "waitress-serve": "waitress",
    "daphne": "daphne",
}
"""Programs that serve an application, and the module that is the same program."""
PYTHON = re.compile(r"python(?:3(?:\.\d+)?)?")
KEEPERS = frozenset({"tini", "dumb-init", "exec"})
RUNNERS = frozenset({"poetry", "uv", "pipenv", "pdm", "rye"})
"""Programs that start another one in an environment: `uv run uvicorn ...`."""
NOT_OURS = frozenset({"PATH", "HOME", "USER", "VIRTUAL_ENV", "PYTHONHOME", "LD_PRELOAD", "LD_LIBRARY_PATH", "SHELL"})
"""Variables of an image that say where things are in the image, which is not here."""
PORT = re.compile(r"(?:--port[= ]|-p |--bind[= ]\S*:|-b \S*:|\bport\s*=\s*|(?<=\d):|localhost:)(\d{2,5})\b")
PORT_VARIABLE = re.compile(r"\$\{?PORT\b")
DEFAULT_PORT = 8000


def find_launches(workspace: Workspace) -> list[Launch]:
    """Return the ways to start the service that the learner's files say, the most telling first.

    A file that cannot be read says nothing. Nothing is run, and the folder of each launch lies in the submission.
    """
    found: list[Launch] = []
    source = source_folder(workspace)
    for said in _all(workspace):
        launch = _installed(said, source) if source else said
        if launch not in found and not any(_is_same(launch, other) for other in found):
            found.append(launch)
        if len(found) == MAX_LAUNCHES:
            break
    return found


def launch_of_text(text: str, origin: str) -> Launch:
    """Return the launch of a command line such as `python -m src.app`, from the root of the submission."""
    return Launch(arguments=plain_arguments(shlex.split(text)), origin=origin, ports=tuple(_ports(text)))


def program_names(python: str, workspace: Workspace) -> Mapping[str, tuple[str, ...]]:
    """Return the programs that commands call, for the interpreter that is to run them.

    They are Python, its servers, and what the submission would install as commands of its own.
    """
    minor = ("python", "python3", *(f"python3.{number}" for number in range(9, 16)))
    own = {name: (python, "-c", code) for name, code in project_commands(workspace).items()}
    servers = {name: (python, "-m", module) for name, module in SERVERS.items()}
    return own | dict.fromkeys(minor, (python,)) | servers


def plain_arguments(words: Sequence[str]) -> tuple[str, ...]:
    """Return a command without the programs around it that only start another, and without the place of Python."""
    left = list(words)
    while left:
        name = left[0].rpartition("/")[2]
        if name in KEEPERS:
            del left[0]
            while left and left[0].startswith("-"):
                if left.pop(0) == "--":
                    break
        elif name in RUNNERS and left[1:2] == ["run"]:
            del left[:2]
        else:
            if PYTHON.fullmatch(name) or name in SERVERS:
                left[0] = name
            break
    return tuple(left)


def _all(workspace: Workspace) -> Iterator[Launch]:
    for path in sorted(workspace.find(*DOCKERFILES), key=_depth):
        yield from _of_dockerfile(workspace, path)
    for path in sorted(workspace.find(*PROCFILES), key=_depth):
        yield from _of_procfile(workspace, path)
    yield from launches_of_code(workspace)
    for name in project_commands(workspace):
        yield Launch(arguments=(name,), origin=f"{PROJECT}, which makes it a command", ports=(DEFAULT_PORT,))


def _installed(launch: Launch, source: str) -> Launch:
    """Return a launch that finds the packages of a folder, wherever it starts."""
    path = ":".join(filter(None, [launch.variables.get("PYTHONPATH"), f"{{root}}/{source}"]))
    return launch.replace(variables={**launch.variables, "PYTHONPATH": path})


def _is_same(one: Launch, other: Launch) -> bool:
    return (one.arguments, one.folder, one.variables) == (other.arguments, other.folder, other.variables)


def _depth(path: str) -> tuple[int, str]:
    return path.count("/"), path


def _of_dockerfile(workspace: Workspace, path: str) -> Iterator[Launch]:
    try:
        stage = read_dockerfile(TextFile(path, workspace.read_text(path))).target()
    except CheckFailed:
        return
    image = stage.image
    command = image.command or image.entrypoint
    if command is None:
        return
    places = _places(workspace, path, image)
    variables = {name: _moved(setting.value, places) for name, setting in image.env.items() if name not in NOT_OURS}
    arguments = tuple(_moved(word, places) for word in _command(image.entrypoint, image.command))
    text = shlex.join(arguments)
    ports = [int(port.partition("/")[0]) for port in image.ports if port.endswith("/tcp")]
    named = [*ports, *_ports(f"port={variables.get('PORT', '')}"), *_ports(text)]
    if PORT_VARIABLE.search(text) and "PORT" not in variables:
        variables["PORT"] = str((named or [DEFAULT_PORT])[0])
    yield Launch(
        arguments=arguments,
        origin=f"{path}, line {command.line}",
        folder=_folder(image.workdir, places),
        variables=variables,
        ports=tuple(dict.fromkeys(named)),
    )


def _command(entrypoint: Instruction | None, command: Instruction | None) -> tuple[str, ...]:
    """Return what Docker runs: the entrypoint with the command as its arguments, each in a shell where so written."""
    first = _words(entrypoint) if entrypoint else ()
    if entrypoint and not entrypoint.is_exec:
        return first
    return plain_arguments([*first, *(_words(command) if command else ())])


def _words(instruction: Instruction) -> tuple[str, ...]:
    return instruction.words if instruction.is_exec else ("/bin/sh", "-c", instruction.text)


def _places(workspace: Workspace, path: str, image: Image) -> list[tuple[str, str]]:
    """Return which folders of the image hold which folders of the submission, by what is copied there."""
    context_folders = [".", path.rpartition("/")[0] or "."]
    found: list[tuple[str, str]] = []
    for copied in image.copies:
        if copied.origin:
            continue
        for context in context_folders:
            pairs = list(_copied(workspace, context, copied))
            if pairs:
                found += pairs
                break
    return found


def _copied(workspace: Workspace, context: str, copied: Copied) -> Iterator[tuple[str, str]]:
    for source in copied.sources:
        place = _join(context, source)
        target = copied.target.rstrip("/") or "/"
        if place is None or any(sign in source for sign in "*?["):
            continue
        if place == "." or any(file.startswith(f"{place}/") for file in workspace.all_files()):
            yield from _above(target, place)
        elif place in workspace.all_files():
            inside = copied.target.endswith("/") or len(copied.sources) > 1
            folder, _, name = (f"{target}/{place.rpartition('/')[2]}" if inside else target).rpartition("/")
            yield from _above(folder or "/", place.rpartition("/")[0] or ".") if name else ()


def _above(target: str, place: str) -> Iterator[tuple[str, str]]:
    """Yield a folder of the image and what it holds, and those above it as long as both have the same name."""
    while True:
        yield target, place
        (above, _, name), (over, _, own) = target.rpartition("/"), place.rpartition("/")
        if place == "." or name != own or not name:
            return
        target, place = above or "/", over or "."


def _folder(workdir: str, places: list[tuple[str, str]]) -> str:
    """Return the folder of the submission that a folder of the image holds, the root where nothing tells."""
    for target, place in places:
        if target == workdir:
            return place
    for target, place in places:
        if workdir.startswith(target.rstrip("/") + "/"):
            return _join(place, workdir[len(target.rstrip("/")) + 1 :]) or "."
    return "."


def _moved(text: str, places: list[tuple[str, str]]) -> str:
    """Return a text of the image's with its absolute paths led to the submission's copy."""
    for target, place in sorted(dict(reversed(places)).items(), key=lambda pair: -len(pair[0])):
        if target != "/":
            here = "{root}" if place == "." else f"{{root}}/{place}"
            text = re.sub(rf"(?<![\w./}}-]){re.escape(target)}(?=[/:\s'\"]|$)", here, text)
    return text


def _join(folder: str, path: str) -> str | None:
    """Return a path below a folder of the submission, or `None` for one that leads out."""
    made: list[str] = []
    for part in [*folder.split("/"), *path.split("/")]:
        if part == "..":
            if not made:
                return None
            made.pop()
        elif part not in ("", "."):
            made.append(part)
    return "/".join(made) or "."


def _of_procfile(workspace: Workspace, path: str) -> Iterator[Launch]:
    try:
        lines = workspace.read_text(path).split("\n")
    except CheckFailed:
        return
    for number, line in enumerate(lines, start=1):
        name, colon, command = line.partition(":")
        if colon and name.strip() == "web" and command.strip():
            ports = [*_ports(command), DEFAULT_PORT]
            yield Launch(
                arguments=("/bin/sh", "-c", command.strip()),
                origin=f"{path}, line {number}",
                folder=path.rpartition("/")[0] or ".",
                variables={"PORT": str(ports[0])} if PORT_VARIABLE.search(command) else {},
                ports=tuple(ports),
            )


def _ports(text: str) -> list[int]:
    return [port for found in PORT.findall(text) if 0 < (port := int(found)) <= 65_535]
