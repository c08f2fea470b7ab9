from __future__ import annotations

from pathlib import Path

import pytest

import infra_grader
from infra_grader.loading import bundled


@pytest.fixture(params=["installed", "checkout"])
def course(request, tmp_path, monkeypatch):
    """A course of two tracks, beside the package or in the checkout around it."""
    package = tmp_path / "src" / "infra_grader"
    root = package / "data" if request.param == "installed" else tmp_path
    for file in (
        "rubrics/junior/exercise-01.yaml",
        "rubrics/junior/exercise-01/hidden.txt",
        "rubrics/junior/notes.md",
        "rubrics/senior/project-1.yaml",
        "exercises/exercise-01/starter/a.md",
        "exercises/.cache/x",
    ):
        place = root / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("")
    monkeypatch.setattr(infra_grader, "__file__", str(package / "__init__.py"))
    return root


def test_rubrics_are_listed_by_id_in_the_order_of_tracks(course):
    assert bundled.data_root() == course
    assert bundled.bundled_rubrics() == {
        "exercise-01": course / "rubrics/junior/exercise-01.yaml",
        "project-1": course / "rubrics/senior/project-1.yaml",
    }


def test_rubric_is_found_in_whatever_track_it_is(course):
    assert bundled.find_rubric("project-1") == course / "rubrics/senior/project-1.yaml"
    assert bundled.find_rubric("project-2") is None


@pytest.mark.parametrize("name", ["", ".", "..", "../junior/exercise-01", "a/b", "a\\b", "a\0b", "a\n", "~", "-x"])
def test_names_that_are_no_ids_are_never_looked_up(course, name):
    assert bundled.find_rubric(name) is None
    assert bundled.find_exercise(name) is None


def test_exercises_are_the_folders_with_an_id(course):
    assert bundled.exercise_ids() == ["exercise-01"]
    assert bundled.find_exercise("exercise-01") == course / "exercises/exercise-01"
    assert bundled.find_exercise("exercise-02") is None


def test_a_package_without_course_files_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr(infra_grader, "__file__", str(tmp_path / "a" / "b" / "infra_grader" / "__init__.py"))
    assert bundled.bundled_rubrics() == {}
    assert bundled.exercise_ids() == []
    assert bundled.find_rubric("exercise-01") is None
    assert bundled.find_exercise("exercise-01") is None


def test_this_checkout_is_found():
    assert bundled.data_root() == Path(__file__).parents[2]
