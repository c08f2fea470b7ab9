"""Values for the settings that a submission rightly leaves out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.capabilities.workspace import Workspace
from infra_grader.reading.compose import parse_settings, read_compose
from infra_grader.reading.compose_settings import STAND_IN, examples_of, filled, quoted, required
from infra_grader.reading.compose_settle import settle


@pytest.mark.parametrize(
    ("path", "example"),
    [(".env", ".env.example"), ("docker/.env", "docker/env.example"), ("a/app.env", "a/app.env.sample")],
)
def test_examples_are_looked_for_beside(path, example):
    assert example in examples_of(path)


def test_blanks_are_filled_and_all_else_stays():
    text = "# secrets\nA=\nB=''  # blank\nC=set\nexport D=\nDB_PORT=\nPATH=\n"
    made, names = filled(text)
    assert names == ("A", "B", "D", "DB_PORT")
    assert parse_settings(made)["C"] == "set"
    assert parse_settings(made)["A"] == STAND_IN
    assert parse_settings(made)["DB_PORT"].isdigit()
    assert made.startswith("# secrets\n")


def test_what_is_insisted_on_gets_a_value_and_nothing_that_steers_us():
    texts = ["${A:?a} ${B?b} ${C:?c} ${D:-d} ${LD_PRELOAD:?x} ${PATH:?} ${COMPOSE_FILE:?} ${DOCKER_HOST?}"]
    assert set(required(texts, {"B": "", "C": ""})) >= {"A", "C"}
    assert not {"B", "D", "PATH", "COMPOSE_FILE", "DOCKER_HOST"} & set(required(texts, {"B": "", "C": ""}))


@given(
    st.text(st.characters(codec="ascii", exclude_characters="\r\0'\"\\$\n#"), min_size=1).map(str.strip).filter(bool)
)
def test_a_value_is_read_back_as_it_was(value):
    assert parse_settings(f"A={quoted(value)}") == {"A": value}


def test_an_example_is_taken_where_the_file_is_missing(tmp_path):
    folder, copy = tmp_path / "submission", tmp_path / "copy"
    for each in (folder, copy):
        each.mkdir()
    files = {
        "compose.yaml": "services: {a: {image: x, env_file: [conf/app.env], environment: {P: '${P:?set it}'}}}\n",
        ".env.example": "KEY=\nMODE=test\n",
        "conf/app.env.example": "LEVEL=info\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    workspace = Workspace(folder)
    notes, settings = settle(workspace, read_compose(workspace, "compose.yaml"), copy, {"GIVEN": "it's $5"})
    assert settings == {"KEY": STAND_IN, "MODE": "test", "P": STAND_IN, "GIVEN": "it's $5"}
    assert (copy / "conf" / "app.env").read_text(encoding="utf-8") == "LEVEL=info\n"
    assert "KEY" in str(notes[0].actual)
    assert [note.path for note in notes] == [".env.example", "conf/app.env.example", "compose.yaml"]
    assert not (folder / ".env").exists()


def test_files_of_secrets_and_configs_are_taken_from_their_examples(tmp_path):
    folder, copy = tmp_path / "submission", tmp_path / "copy"
    text = """
services: {web: {image: x, secrets: [token, there], configs: [settings]}}
secrets: {token: {file: ./secrets/token.txt}, there: {file: there.txt}, gone: {file: gone.txt}, out: {file: ../out}}
configs: {settings: {file: app.toml}, inline: {content: x}}
"""
    files = {"compose.yaml": text, "secrets/token.txt.example": "a", "there.txt": "b", "there.txt.example": "c",
             "app.toml.sample": "d"}  # fmt: skip
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    copy.mkdir()
    workspace = Workspace(folder)
    notes, _ = settle(workspace, read_compose(workspace, "compose.yaml"), copy, {})
    assert [note.actual for note in notes] == ["taken as app.toml", "taken as secrets/token.txt"]
    assert (copy / "secrets" / "token.txt").read_text("utf-8") == "a"
    assert (copy / "app.toml").read_text("utf-8") == "d"
    assert not (copy / "gone.txt").exists()
    assert not (tmp_path / "out").exists()
