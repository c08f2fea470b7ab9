"""The dockerfile.starts check kind."""

from __future__ import annotations

from fnmatch import fnmatchcase

from infra_grader.checks.dockerfile._files import (
    DockerfileParams,
    asked,
    either,
    filled,
    find_dockerfile,
    point_at,
    read_script,
)
from infra_grader.checks.dockerfile._needed import Lookout
from infra_grader.plugin import Annotated, CheckFailed, Context, Meta, Outcome, check
from infra_grader.reading.dockerfile import Dockerfile, Stage
from infra_grader.reading.dockerfile_instruction import Instruction
from infra_grader.reading.dockerfile_shell import (
    SHELLS,
    ShellCommand,
    program_name,
    run_commands,
    script_commands,
    unwrap,
)
from infra_grader.reading.pieces import judge

STARTS_NOTHING = frozenset({"echo", "printf", "sleep", "tail", "true", ":", "false", "cat", "ls", "exit", "set", "cd"})
RUNNERS = frozenset({"poetry", "uv", "pipenv", "pdm", "hatch", "conda", "micromamba", "npx"})
"""Programs that run another one: `poetry run gunicorn …`."""


class Starts(DockerfileParams):
    """What the container must start."""

    programs: Annotated[
        tuple[str, ...],
        Meta(description="Programs of which one must be started, such as gunicorn; any if none."),
    ] = ()
    runs: Annotated[
        tuple[str, ...],
        Meta(description="Globs of modules or files of which one must be among its arguments, such as `src.app*`."),
    ] = ()
    exec_form: Annotated[
        bool, Meta(description="CMD or ENTRYPOINT must be a list in JSON form, so that signals reach the program.")
    ] = False


@check("dockerfile.starts")
def starts(context: Context, params: Starts) -> Outcome:
    """The container starts a program of its own by `CMD` or `ENTRYPOINT`.

    Looked through are shells, `exec`, tini, `python -m`, `poetry run` and entrypoint scripts of the submission.
    A program starts nothing where the file or module that it is given is surely not in the image: nothing copies it
    there, and nothing else can have made, installed or mounted it.
    """
    dockerfile, stage = find_dockerfile(context, params)
    item = stage.image.command or stage.image.entrypoint
    if item is None or not item.text.strip() or (item.is_exec and not item.words):
        raise CheckFailed(
            f"{dockerfile.path} says not what its container starts.",
            point_at(dockerfile, item or stage.start, "CMD or ENTRYPOINT", "neither"),
        )
    lookout = Lookout(context, dockerfile, stage)
    commands, texts = _started(context, dockerfile, stage, lookout)
    missing = lookout.missing(commands, texts)
    started = [one for one in commands if one.program not in STARTS_NOTHING and one not in missing]
    shown = started[-1].text[:100] if started else "nothing that stays"
    for command, name in missing.items():
        shown = f"{command.text[:100]}, but nothing brings {name} into the image"
    pieces = [asked(bool(started), point_at(dockerfile, item, "a program that serves", shown))]
    if params.programs:
        names = {name for one in started for name in _names(one)}
        holds = any(program in names for program in params.programs)
        pieces = [asked(holds, point_at(dockerfile, item, f"starts {either(params.programs)}", shown))]
    if params.runs:
        words = [filled(stage, word).removeprefix("./") for one in started for word in one.arguments]
        holds = any(fnmatchcase(word, pattern) for word in words for pattern in params.runs)
        pieces.append(asked(holds, point_at(dockerfile, item, f"runs {either(params.runs)}", shown)))
    if params.exec_form:
        main = stage.image.entrypoint or item
        found = "a list" if main.is_exec else "the shell form"
        pieces.append(asked(main.is_exec, point_at(dockerfile, main, "a list in JSON form", found)))
    return judge(dockerfile.path, pieces)


def _started(
    context: Context, dockerfile: Dockerfile, stage: Stage, lookout: Lookout
) -> tuple[list[ShellCommand], list[str]]:
    """Return the commands of ENTRYPOINT and CMD together, own scripts looked into, and the texts they stand in."""
    entrypoint, command = stage.image.entrypoint, stage.image.command
    found = _together(entrypoint, command)
    made: list[ShellCommand] = []
    texts = [item.text for item in (entrypoint, command) if item is not None]
    for one in found:
        script = next((word for word in one.words if word.endswith(".sh")), one.words[0])
        text = None
        if _is_script(one):
            text = read_script(context, dockerfile, stage, script) or lookout.read_file(script)
        if text is None:
            made.append(one)
            continue
        texts.append(text)
        inner = script_commands(text)
        rest = one.words[one.words.index(script) + 1 :]
        if rest and any("$@" in word or "$*" in word for item in inner for word in item.words):
            inner = [item for item in inner if item.words[0] not in ("$@", "$*")] + unwrap([*rest], one.line)
        made += inner
    return made, texts


def _is_script(command: ShellCommand) -> bool:
    return command.program in SHELLS or command.program.endswith(".sh") or "." not in command.program


def _together(entrypoint: Instruction | None, command: Instruction | None) -> list[ShellCommand]:
    if entrypoint is None:
        return run_commands(command) if command else []
    if not entrypoint.is_exec or command is None:  # a shell form takes no arguments
        return run_commands(entrypoint)
    added = command.words if command.is_exec else ("/bin/sh", "-c", command.text)
    return unwrap([*entrypoint.words, *added], entrypoint.line)


def _names(command: ShellCommand) -> set[str]:
    """Return the names of what a command runs: the program, the module after `-m`, what a runner runs."""
    names = {command.program}
    arguments = command.arguments
    if "-m" in arguments[:-1]:
        names.add(arguments[arguments.index("-m") + 1])
    if command.program in RUNNERS:
        names |= {program_name(word) for word in arguments if not word.startswith("-")}
    return names
