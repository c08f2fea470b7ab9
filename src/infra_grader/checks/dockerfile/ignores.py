"""The dockerfile.ignores check kind."""

from __future__ import annotations

from infra_grader.checks.dockerfile._files import asked, either
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, Params, Places, check, places
from infra_grader.reading.dockerfile_ignore import Pattern, deciding_pattern, read_patterns
from infra_grader.reading.pieces import Piece, judge


class Ignores(Params):
    """Which .dockerignore, what it must leave out, and what it must not."""

    path: Annotated[
        Places,
        Meta(description="The .dockerignore; Docker reads that of the build context, or Dockerfile.dockerignore."),
    ] = ".dockerignore"
    leaves_out: Annotated[
        tuple[str | Annotated[list[str], Meta(min_length=1)], ...],
        Meta(min_length=1, description="Files and folders that must not be sent; a list names alternatives."),
    ] = (".git", [".venv", "venv", "env"], "__pycache__", ".env")
    keeps: Annotated[
        tuple[str, ...], Meta(description="Files that the build needs, which must be sent, such as `requirements.txt`.")
    ] = ()


@check("dockerfile.ignores")
def ignores(context: Context, params: Ignores) -> Outcome:
    """A .dockerignore keeps out of the build what does not belong there, and nothing that does.

    Patterns are evaluated as Docker does: from the root of the context, the last one that matches wins, `!` keeps.
    """
    file = context.workspace.read_first(places(params.path))
    patterns = read_patterns(file.text)
    if not patterns:
        raise CheckFailed(
            f"{file.path} holds no pattern.", Evidence(path=file.path, expected="patterns", actual="none")
        )
    pieces = [_left_out(file.path, patterns, [item] if isinstance(item, str) else item) for item in params.leaves_out]
    pieces += [_kept(file.path, patterns, path) for path in params.keeps]
    return judge(file.path, pieces)


def _left_out(file: str, patterns: list[Pattern], paths: list[str]) -> Piece:
    expected = f"{either(paths)} left out"
    last: Pattern | None = None
    for path in paths:
        for tried in (path, f"{path}/any"):
            found = deciding_pattern(patterns, tried)
            if found is not None and not found.is_exception:
                return asked(True, _point(file, found, expected, f"left out by {found.text}"))
            last = found or last
    actual = f"kept by {last.text}" if last else "no pattern matches it"
    return asked(False, _point(file, last, expected, actual))


def _kept(file: str, patterns: list[Pattern], path: str) -> Piece:
    found = deciding_pattern(patterns, path)
    holds = found is None or found.is_exception
    actual = "kept" if found is None or holds else f"left out by {found.text}"
    return asked(holds, _point(file, found, f"{path} kept", actual))


def _point(file: str, pattern: Pattern | None, expected: str, actual: str) -> Evidence:
    return Evidence(path=file, line=pattern.line if pattern else None, expected=expected, actual=actual)
