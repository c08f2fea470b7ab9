"""The dockerfile.healthcheck check kind."""

from __future__ import annotations

import re

from infra_grader.checks.dockerfile._files import (
    DockerfileParams,
    asked,
    either,
    filled,
    find_dockerfile,
    point_at,
    read_script,
)
from infra_grader.checks.dockerfile._installs import find_installs
from infra_grader.plugin import Annotated, CheckFailed, Context, Meta, Outcome, check
from infra_grader.reading.dockerfile import Dockerfile, Stage
from infra_grader.reading.dockerfile_health import Probe, judge_probe, read_seconds
from infra_grader.reading.dockerfile_instruction import Instruction
from infra_grader.reading.dockerfile_reference import lacks_program, read_reference
from infra_grader.reading.dockerfile_shell import run_commands
from infra_grader.reading.pieces import Piece, judge

DEFAULT_SECONDS = {"interval": 30.0, "timeout": 30.0, "start-period": 0.0}


class Healthcheck(DockerfileParams):
    """What the health check must ask, and how often."""

    endpoints: Annotated[
        tuple[str, ...], Meta(description="Paths of which the address that it asks must hold one, such as `/health`.")
    ] = ()
    port: Annotated[int | None, Meta(description="Port that it must ask.")] = None
    notices_errors: Annotated[
        bool, Meta(description="An answer such as 500 must make it fail: `curl` needs `--fail`.")
    ] = False
    max_interval: Annotated[float, Meta(gt=0, description="Longest time between two, in seconds.")] | None = None
    max_timeout: Annotated[float, Meta(gt=0, description="Longest time that one may take, in seconds.")] | None = None


@check("dockerfile.healthcheck")
def healthcheck(context: Context, params: Healthcheck) -> Outcome:
    """The image has a health check that asks its service something, and fails when the answer does.

    Understood are curl, wget, Python and Node one-liners, scripts of the submission, and programs such as pg_isready.
    A check that always ends well (`|| true`) or needs a program that the image lacks does not count.
    """
    dockerfile, stage = find_dockerfile(context, params)
    item = stage.image.healthcheck
    if item is None or item.words[0].upper() == "NONE":
        found = "HEALTHCHECK NONE" if item else "no HEALTHCHECK"
        raise CheckFailed(
            f"{dockerfile.path} has {found}.", point_at(dockerfile, item or stage.start, "HEALTHCHECK CMD …", found)
        )
    probe = judge_probe(run_commands(item), lambda path: read_script(context, dockerfile, stage, path))
    if problem := probe.problem or _missing_program(dockerfile, stage, probe):
        raise CheckFailed(
            f"The health check of {dockerfile.path} does not work: {problem}.",
            point_at(dockerfile, item, "a command that asks the service", problem),
        )
    pieces = [asked(True, point_at(dockerfile, item, "a command that asks the service", f"it asks by {probe.program}"))]
    pieces += _asked(dockerfile, stage, item, probe, params)
    pieces += _timed(dockerfile, item, params)
    return judge(dockerfile.path, pieces)


def _asked(dockerfile: Dockerfile, stage: Stage, item: Instruction, probe: Probe, params: Healthcheck) -> list[Piece]:
    question = filled(stage, probe.question)
    pieces = []
    if params.endpoints:
        found = next((path for path in params.endpoints if _holds_path(question, path)), "")
        actual = found or "another address"
        pieces.append(asked(bool(found), point_at(dockerfile, item, f"asks {either(params.endpoints)}", actual)))
    if params.port is not None:
        ports = re.findall(r"(?<![0-9.])(?<=:)[0-9]{1,5}(?![0-9])|(?<=[\s,(])[0-9]{2,5}(?=[\s,)]|\Z)", question)
        holds = str(params.port) in ports or _is_open(question)
        actual = f"port {', '.join(dict.fromkeys(ports))}" if ports else "no port"
        pieces.append(asked(holds, point_at(dockerfile, item, f"asks port {params.port}", actual)))
    if params.notices_errors:
        actual = "it fails" if probe.notices_errors else "curl without --fail ends well"
        pieces.append(asked(probe.notices_errors, point_at(dockerfile, item, "fails at an answer such as 500", actual)))
    return pieces


def _holds_path(question: str, path: str) -> bool:
    return re.search(rf"{re.escape(path.rstrip('/'))}(?![\w-])", question) is not None


def _is_open(question: str) -> bool:
    """Whether the port is a variable that the file does not set: it may be any."""
    return re.search(r":\$\{?\w|environ|getenv|process\.env", question) is not None


def _timed(dockerfile: Dockerfile, item: Instruction, params: Healthcheck) -> list[Piece]:
    pieces = []
    for name, limit in (("interval", params.max_interval), ("timeout", params.max_timeout)):
        if limit is None:
            continue
        written = item.flag(name)
        seconds = DEFAULT_SECONDS[name] if not written else read_seconds(written)
        holds = seconds is not None and 0 < seconds <= limit
        actual = written or f"{DEFAULT_SECONDS[name]:g}s, the default"
        pieces.append(asked(holds, point_at(dockerfile, item, f"{name} at most {limit:g}s", actual)))
    return pieces


def _missing_program(dockerfile: Dockerfile, stage: Stage, probe: Probe) -> str:
    """Say that the image lacks the program by which the check asks, or nothing."""
    program = probe.program
    if not lacks_program(read_reference(stage.image.base), program):
        return ""
    copied = any(program in path for copy in stage.image.copies for path in (copy.target, *copy.sources))
    added = any(program in install.packages for install in find_installs(dockerfile.chain(stage)))
    return "" if copied or added else f"{program} is neither in {stage.image.base} nor installed"
