import pytest
from command_line import SIMPLE, write_rubric

from infra_grader.api import load_rubric
from infra_grader.cli import lint
from infra_grader.engine.registry import Registry


@pytest.fixture
def exercise(tmp_path, monkeypatch):
    folder = tmp_path / "exercise"
    for place, files in {
        "solution": {"README.md": "Hello\n", "notes.md": "Notes\n"},
        "starter": {"other.txt": "x"},
        "flawed/no-readme": {"expect.yaml": "loses: [readme]\nremoved: [README.md]\n"},
        "flawed/no-notes": {"expect.yaml": "loses: [notes]\nremoved: [notes.md]\n"},
    }.items():
        (folder / place).mkdir(parents=True)
        for name, text in files.items():
            (folder / place / name).write_text(text)
    monkeypatch.setattr(lint, "find_exercise", lambda _id: folder)
    return folder


def messages(tmp_path):
    registry = Registry()
    return [problem.message for problem in lint.findings(load_rubric(write_rubric(tmp_path), registry), registry)]


def about_the_proof(tmp_path):
    return [message for message in messages(tmp_path) if "flaw" in message or "starter" in message]


def test_a_whole_proof_gives_nothing_to_look_at(tmp_path, exercise):
    assert about_the_proof(tmp_path) == []


def test_a_check_that_the_starter_already_passes_is_named(tmp_path, exercise, monkeypatch):
    (exercise / "starter/README.md").write_text("Handed out\n")
    assert about_the_proof(tmp_path) == ["the untouched starter already earns 1 of readme"]


def test_a_check_that_no_flaw_loses_is_named(tmp_path, exercise):
    (exercise / "flawed/no-notes/expect.yaml").write_text("loses: [readme]\nremoved: [README.md]\n")
    assert about_the_proof(tmp_path) == ["no flaw loses notes: nobody knows whether it can fail"]


@pytest.mark.parametrize("expectation", ["loses: []\n", "loses: [notes]\n", "loses: [nothing]\n"])
def test_a_flaw_that_no_check_catches_is_named(tmp_path, exercise, expectation):
    (exercise / "flawed/too-mild").mkdir()
    (exercise / "flawed/too-mild/expect.yaml").write_text(expectation)
    assert about_the_proof(tmp_path) == ["no check catches the flaw too-mild"]


def test_a_flaw_that_only_shows_in_what_cannot_be_looked_at_here_is_not_named(tmp_path, exercise, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    given = "with: {path: compose.yaml, services: {api: [api]}}"
    rubric = write_rubric(tmp_path, f"{SIMPLE}      - {{id: up, title: It runs, uses: compose.up, {given}}}\n")
    (exercise / "solution/compose.yaml").write_text("services: {api: {image: 'api:1'}}\n")
    (exercise / "flawed/never-up").mkdir()
    (exercise / "flawed/never-up/compose.yaml").write_text("services: {api: {image: 'api:1', command: 'false'}}\n")
    (exercise / "flawed/never-up/expect.yaml").write_text("loses: [up]\n")
    registry = Registry()
    found = [problem.message for problem in lint.findings(load_rubric(rubric, registry), registry)]
    assert not any("never-up" in message for message in found)
    assert not any("flaw loses up" in message for message in found)
