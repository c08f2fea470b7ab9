"""Submodules in a class: fetched if asked for, told where they cannot be, and the same for the whole class."""

import csv

import pytest
from classes import RUBRIC, results
from command_line import run, write_rubric

from tests.loading.test_fetch_extras import make, with_submodules
from tests.loading.test_fetch_repository import server  # noqa: F401 - a fixture


@pytest.fixture
def grade(tmp_path, server):  # noqa: F811
    """Runs `batch` over `ada` and `ben`, whose notes are in submodules; that of `ben` is private."""
    rubric = write_rubric(tmp_path, RUBRIC.format(version=1).replace("[notes.md]", "[notes/notes.md]"), "class.yaml")
    head = make(tmp_path / "notes", {"notes.md": "Notes\n"})
    for name, url in (("ada", "../../notes/.git"), ("ben", "../../status/401/notes.git")):
        make(tmp_path / name, {"README.md": "Hello\n"})
        with_submodules(tmp_path / name, {"notes": (url, head)})
    lines = [f"{name},{server[0]}/{name}/.git" for name in ("ada", "ben")]
    (tmp_path / "class.csv").write_text("\n".join(["id,source", *lines]) + "\n")
    base = ["batch", tmp_path / "class.csv", "--rubric", rubric, "--out", tmp_path / "out", "--sandbox", "none"]
    return lambda *more: run(*base, *more, folder=tmp_path)


def test_submodules_are_part_of_what_a_class_is_graded_by(tmp_path, grade):
    ended = grade("--submodules")
    assert ended.code == 0, ended.err
    said = "Not fetched: Submodule notes: The server gives it to nobody who has not logged in"
    assert f"ben  graded: {said}" in ended.err
    cards = results(tmp_path / "out")
    assert {name: card["score"]["earned"] for name, card in cards.items()} == {"ada": 6, "ben": 4}
    assert "not_fetched" not in cards["ada"]["environment"]
    assert cards["ben"]["environment"]["not_fetched"].startswith("Submodule notes: ")
    page = (tmp_path / "out/results/ben/feedback.html").read_text(encoding="utf-8")
    assert "It was graded without what could not be fetched: Submodule notes" in page
    with (tmp_path / "out/gradebook.csv").open(newline="", encoding="utf-8-sig") as stream:
        assert [row["message"].startswith(said) for row in csv.DictReader(stream)] == [False, True]
    other = grade()
    assert other.code == 2
    assert "--submodules has changed since" in other.err
    again = grade("--regrade", "all")
    assert again.code == 0, again.err
    assert {name: card["score"]["earned"] for name, card in results(tmp_path / "out").items()} == {"ada": 4, "ben": 4}
