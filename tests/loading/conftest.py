"""Check kinds that rubrics of these tests use, and a rubric to break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from infra_grader.errors import PluginError, Problem, RubricError
from infra_grader.loading.rubric_file import load_rubric
from infra_grader.model.rubric import Rubric
from infra_grader.plugin import (
    Annotated,
    CheckKind,
    Context,
    Handle,
    Meta,
    Outcome,
    Params,
    Places,
    Regex,
    check,
    check_kinds,
)


class Exists(Params):
    paths: Annotated[Places, Meta(description="Files to look for.")]
    least: Annotated[int, Meta(ge=1, le=9, description="How many must be there.")] = 1


class Row(Params):
    column: Annotated[str, Meta(description="Name of the column.")]
    pattern: Annotated[Regex, Meta(description="What its cells look like.")]


class Matches(Params):
    pattern: Annotated[Regex, Meta(description="What to look for.")]
    also: Annotated[dict[str, list[Regex]], Meta(description="More to look for.")] = msgspec.field(default_factory=dict)
    rows: Annotated[list[Row], Meta(description="Rows to look for.")] = msgspec.field(default_factory=list)
    mode: Annotated[str, Meta(pattern="^(all|any)$", description="all or any")] = "all"

    def __post_init__(self):
        if self.pattern == "refused by the model":
            raise ValueError("the pattern is refused")


class Image(Params):
    image: Annotated[Handle | None, Meta(description="Check that builds the image.")] = None


class Nothing(Params):
    pass


@check("file.exists")
def exists(context: Context, params: Exists) -> Outcome:
    """A file is there."""
    return Outcome.passed("It is there.")


@check("text.matches")
def matches(context: Context, params: Matches) -> Outcome:
    """A text matches."""
    return Outcome.passed("It matches.")


@check("python.lint", measure="findings")
def lint(context: Context, params: Nothing) -> Outcome:
    """The linter finds nothing."""
    return Outcome.passed("It is clean.")


@check("docker.user")
def user(context: Context, params: Image) -> Outcome:
    """The image runs as a user."""
    return Outcome.passed("It does.")


@check("manual.levels")
def levels(context: Context, params: Nothing) -> Outcome:
    """A person grades it."""
    return Outcome.awaiting("A person grades it.")


KINDS = {
    kind.name: kind
    for kind in check_kinds(SimpleNamespace(exists=exists, matches=matches, lint=lint, user=user, levels=levels))
}


def find_kind(name: str) -> CheckKind:
    if name not in KINDS:
        raise PluginError(name, "no such check kind")
    return KINDS[name]


SAMPLE = """\
schema: infra-grader/rubric/v1
id: project-01
version: 1
title: Simple Model API
track: junior
points: 100
pass_mark: 70
criteria:
  - id: code
    title: Code Quality
    points: 60
    checks:
      - {id: source, title: Source is there, uses: file.exists, with: {paths: [src]}}
      - id: lint
        title: The code follows PEP 8
        uses: python.lint
        weight: 2
        award: {"<= 0": 1, "<= 5": 0.8}
        needs: [source]
  - id: docs
    title: Documentation
    points: 40
    checks:
      - {id: readme, title: A README, uses: text.matches, with: {pattern: "^# "}}
bonus:
  max_points: 10
  checks:
      - {id: extra, title: Extra, uses: file.exists, with: {paths: extra}}
penalties:
  - {id: secret, title: No secret, uses: file.exists, with: {paths: x}, points: 5}
grades: {A: 90, B: 80, F: 0}
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test of `old`, `new` and `expected` the cases of the text file named like its module."""
    if not {"old", "new", "expected"} <= set(metafunc.fixturenames):
        return
    file = Path(str(metafunc.module.__file__)).with_suffix(".txt")
    _, *blocks = file.read_text(encoding="utf-8").strip().split("\n\n")
    cases = []
    for block in blocks:
        *edits, expected = block.split("\n")
        old, new = ("\n".join(line[2:] for line in edits if line.startswith(sign)) for sign in "-+")
        cases.append((old, new, expected))
    metafunc.parametrize(("old", "new", "expected"), cases, ids=[f"{case[0]}->{case[1]}"[:60] for case in cases])


@pytest.fixture
def kinds() -> dict[str, CheckKind]:
    return KINDS


@pytest.fixture
def sample() -> str:
    return SAMPLE


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Rubric]:
    """Load the sample with replacements, or another text."""

    def load_text(*replacements: tuple[str, str], text: str | bytes = SAMPLE, cache: Path | None = None) -> Rubric:
        file = tmp_path / "project-01.yaml"
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new, 1)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_rubric(file, find_kind, KINDS.keys, cache)

    return load_text


@pytest.fixture
def refuse(load: Callable[..., Rubric]) -> Callable[..., tuple[Problem, ...]]:
    """Return the problems of the sample with replacements, or of another text."""

    def problems(*replacements: tuple[str, str], **options) -> tuple[Problem, ...]:
        with pytest.raises(RubricError) as caught:
            load(*replacements, **options)
        return caught.value.problems

    return problems
