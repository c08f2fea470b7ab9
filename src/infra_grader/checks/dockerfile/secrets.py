"""The dockerfile.secrets check kind."""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.checks.dockerfile._files import DockerfileParams, find_dockerfile, point_at, require_work
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.dockerfile import Dockerfile, Stage
from infra_grader.reading.dockerfile_ignore import is_ignored, read_patterns
from infra_grader.reading.dockerfile_instruction import Instruction, declared_arguments
from infra_grader.reading.dockerfile_lines import DockerfileError
from infra_grader.reading.dockerfile_words import read_pairs
from infra_grader.reading.secret_names import BEARER, PASSWORD_IN_URL, is_secret_file, is_secret_name


class Secrets(DockerfileParams):
    """How many are still accepted."""

    max: Annotated[int, Meta(ge=0, description="Secrets with which it still passes.")] = 0


@check("dockerfile.secrets", measure="secrets")
def secrets(context: Context, params: Secrets) -> Outcome:
    """The image holds no secret: none in ENV, ARG or RUN, and no file with secrets copied.

    Looked at are all stages that the built one needs. Values are never shown. A build that needs a secret takes it by
    `RUN --mount=type=secret`.
    """
    dockerfile, stage = find_dockerfile(context, params)
    require_work(dockerfile, stage)
    reached = dockerfile.reached(stage)
    found = [item for each in reached for item in _find(context, dockerfile, each)]
    measure = Measure(value=len(found), unit="secrets", threshold=params.max)
    first = f"; the first is {found[0].actual} on line {found[0].line}" if found else ""
    looked = Evidence(path=dockerfile.path, expected="no secret", actual=f"none in {len(reached)} stages")
    return Outcome.passed_if(
        len(found) <= params.max,
        f"{dockerfile.path} brings {len(found) or 'no'} secret{'s' * (len(found) != 1)} into the image{first}.",
        *(found or [looked]),
        measure=measure,
    )


def _find(context: Context, dockerfile: Dockerfile, stage: Stage) -> Iterator[Evidence]:
    for item in stage.instructions:
        for name in _secret_names(dockerfile, item):
            yield _point(dockerfile, item, f"{name} in {item.keyword}")
        if item.keyword == "RUN" and (PASSWORD_IN_URL.search(item.text) or BEARER.search(item.text)):
            yield _point(dockerfile, item, "a password or token in RUN")
    own = {item.line for item in stage.instructions}
    for copy in stage.image.copies:
        if copy.origin or copy.instruction.line not in own:
            continue
        for source in copy.sources:
            if path := _secret_file(context, dockerfile, source):
                yield _point(dockerfile, copy.instruction, f"the file {path}")


def _point(dockerfile: Dockerfile, item: Instruction, actual: str) -> Evidence:
    return point_at(dockerfile, item, "no secret", actual, item.keyword)


def _secret_names(dockerfile: Dockerfile, item: Instruction) -> list[str]:
    if item.keyword == "ENV":
        pairs: list[tuple[str, str | None]] = [*_pairs(dockerfile, item)]
    elif item.keyword == "ARG":
        pairs = [(name, value or "given at the build") for name, value in declared_arguments(item, dockerfile.escape)]
    else:
        return []
    return [name for name, value in pairs if is_secret_name(name) and (value or "").strip("\"'")]


def _pairs(dockerfile: Dockerfile, item: Instruction) -> list[tuple[str, str]]:
    try:
        return read_pairs("ENV", item.text, dockerfile.escape, item.line)
    except DockerfileError:  # it was refused before this
        return []


def _secret_file(context: Context, dockerfile: Dockerfile, source: str) -> str:
    """Return the file with secrets that a source of COPY brings along, or nothing."""
    plain = source.removeprefix("./").strip("/")
    name = plain.rpartition("/")[2]
    if is_secret_file(name):
        return plain
    if plain not in ("", "."):
        return ""
    folder = dockerfile.path.rpartition("/")[0]
    for root in dict.fromkeys(("", f"{folder}/" if folder else "")):
        here = [
            path for path in context.workspace.all_files() if path.startswith(root) and "/" not in path[len(root) :]
        ]
        there = [path for path in here if is_secret_file(path[len(root) :])]
        if there and not _is_kept_out(context, dockerfile, root, there[0][len(root) :]):
            return there[0]
    return ""


def _is_kept_out(context: Context, dockerfile: Dockerfile, root: str, name: str) -> bool:
    places = [f"{dockerfile.path}.dockerignore", f"{root}.dockerignore"]
    found = context.workspace.find(*places)
    return any(is_ignored(read_patterns(context.workspace.read_text(path)), name) for path in found)
