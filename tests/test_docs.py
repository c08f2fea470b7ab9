"""The documentation names commands, options, files and Python that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from infra_grader.cli.main import COMMANDS, command
from infra_grader.engine.registry import Registry, builtin_kind_names
from infra_grader.loading.rubric_file import load_rubric

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "examples").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#]+)\)")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def documented() -> Iterator[str]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for line in text.splitlines():
            start = line.strip().removeprefix("$ ")
            if line.startswith("    ") and start.startswith("infra-grader "):
                yield " ".join(start.partition(" > ")[0].split())


def test_there_are_documented_commands_for_every_command() -> None:
    named = {line.split()[1] for line in documented()}
    mentioned = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert {name for name in COMMANDS if name not in named and f"infra-grader {name}" not in mentioned} == set()


@pytest.mark.parametrize("line", sorted(set(documented())))
def test_documented_command_is_accepted(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    parser, _ = command(name)
    parser.parse_args(arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_compiles_and_yaml_parses(page: Path) -> None:
    for language, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            compile(text, str(page), "exec")
        elif language == "yaml":
            yaml.safe_load(text)


def test_rubric_of_the_page_for_authors_is_valid(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "writing-rubrics.md").read_text(encoding="utf-8")
    [text] = [text for language, text in BLOCK.findall(page) if language == "yaml" and "criteria:" in text]
    (tmp_path / "project-01-simple-model-api.yaml").write_text(text, encoding="utf-8")
    rubric = load_rubric(tmp_path / "project-01-simple-model-api.yaml", Registry().find_kind, builtin_kind_names)
    assert [check.id for check in rubric.all_checks()] == ["has-source", "lint"]


def test_check_kind_of_the_page_for_plugin_authors_works(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "writing-checks.md").read_text(encoding="utf-8")
    [text] = [text for language, text in BLOCK.findall(page) if language == "python" and "course.answers check" in text]
    (tmp_path / "course.py").write_text(text, encoding="utf-8")
    assert Registry([tmp_path / "course.py"]).find_kind("course.answers").summary == "A file holds the answer."
