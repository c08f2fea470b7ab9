"""What the cases of dockerfile.lint cannot say: a hadolint that is missing or odd, links, sizes, numbers."""

from __future__ import annotations

import os

import pytest

from infra_grader.capabilities.command import Command
from infra_grader.model.outcome import NotAssessed
from infra_grader.testing import run_check

SOUND = "FROM python:3.11-slim\nWORKDIR /app\nCOPY src /app\n"
EVERY = {"path": ["**/[Dd]ockerfile", "**/[Dd]ockerfile[._-]*"], "every": True, "optional": True}


def test_without_hadolint_it_says_how_to_install_it(tmp_path, monkeypatch):
    def find_tool(self, name, remedy):
        raise NotAssessed(f"{name} is not installed.", remedy)

    monkeypatch.setattr(Command, "find_tool", find_tool)
    (tmp_path / "Dockerfile").write_text(SOUND)
    outcome = run_check("dockerfile.lint", {}, tmp_path)
    assert outcome.status == "not_assessed"
    assert "pip install 'infra-grader[dockerfile]'" in outcome.remedy


@pytest.mark.parametrize("said", ["echo nonsense", "echo '{}'", "echo '[]'; exit 3", "exit 0"])
def test_a_hadolint_that_says_nothing_sound_decides_nothing(said, tmp_path, monkeypatch):
    tool = tmp_path / "hadolint"
    tool.write_text(f"#!/bin/sh\n{said}\n")
    tool.chmod(0o755)
    monkeypatch.setattr(Command, "find_tool", lambda self, name, remedy: str(tool))
    work = tmp_path / "work"
    work.mkdir()
    (work / "Dockerfile").write_text(SOUND)
    outcome = run_check("dockerfile.lint", {}, work)
    assert outcome.status == "not_assessed"
    assert "could not finish" in outcome.message


def test_a_hadolint_of_the_submission_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "Dockerfile").write_text(SOUND.replace("COPY", "ADD"))
    fake = tmp_path / "hadolint"
    fake.write_text("#!/bin/sh\necho '[]'\n")
    fake.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    outcome = run_check("dockerfile.lint", {}, tmp_path)
    assert outcome.status == "failed"
    assert outcome.evidence[0].actual == "DL3020"


def test_a_link_that_leads_out_is_no_dockerfile(tmp_path):
    (tmp_path / "Dockerfile").write_text(SOUND)
    work = tmp_path / "work"
    work.mkdir()
    (work / "Dockerfile").symlink_to(tmp_path / "Dockerfile")
    assert run_check("dockerfile.lint", {}, work).status == "failed"


@pytest.mark.parametrize(
    "content",
    [b"FROM python:3.11-slim\nCOPY caf\xe9 /app/\n", SOUND.encode() + b"# more\n" * 2_000_000],
    ids=["no UTF-8", "14 MB"],
)
def test_what_nobody_can_read_fails(content, tmp_path):
    (tmp_path / "Dockerfile").write_bytes(content)
    for params in ({}, EVERY):
        outcome = run_check("dockerfile.lint", params, tmp_path)
        assert outcome.status == "failed", outcome
        assert "Dockerfile" in outcome.message


def test_more_dockerfiles_than_anyone_keeps_fail_at_once(tmp_path):
    for number in range(300):
        (tmp_path / f"Dockerfile.{number}").write_text(SOUND)
    outcome = run_check("dockerfile.lint", EVERY, tmp_path)
    assert outcome.status == "failed"
    assert "300 Dockerfiles" in outcome.message


@pytest.mark.parametrize("name", ["Dockerfile.dev", "dockerfile", "api/Dockerfile-gpu", "api/dockerfile_cpu"])
def test_no_name_hides_a_dockerfile_from_every(name, tmp_path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(SOUND.replace("COPY", "ADD"))
    (tmp_path / "Dockerfile").write_text(SOUND)
    outcome = run_check("dockerfile.lint", EVERY, tmp_path)
    assert outcome.status == "failed"
    assert outcome.evidence[0].path == name
