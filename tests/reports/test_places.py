from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.model.outcome import Evidence, EvidenceKind, Status
from infra_grader.reports._findings import losses
from infra_grader.reports._places import Level, level, places, repository_path


@pytest.mark.parametrize(
    ("path", "line", "folder", "found"),
    [
        ("src/app.py", 3, ".", "src/app.py"),
        ("src/app.py", None, "projects/one", "projects/one/src/app.py"),
        ("./a//b.py", 1, ".", "a/b.py"),
        ("a/../b.py", 1, "one", "one/b.py"),
        ("src/[x].py", 2, ".", "src/[x].py"),
        ("src/*.py", None, ".", None),
        (".", None, "one", None),
        ("../other/b.py", 1, "one", None),
        ("a/../..", 1, "one", None),
        ("/etc/passwd", 1, "one", None),
        ("", 1, ".", None),
        (None, None, ".", None),
    ],
)
def test_a_file_of_the_submission_has_a_path_in_the_repository(path, line, folder, found):
    assert repository_path(Evidence(path=path, line=line), folder) == found


@pytest.mark.parametrize("kind", [kind for kind in EvidenceKind if kind is not EvidenceKind.FILE])
def test_what_is_no_file_has_none(kind):
    assert repository_path(Evidence(kind=kind, path="src/app.py", line=1), ".") is None


@given(st.text(st.sampled_from("./a*\\ \n"), max_size=12), st.sampled_from([".", "one", "one/two"]))
def test_no_path_leads_out(path, folder):
    found = repository_path(Evidence(path=path, line=1), folder)

    if found is not None:
        assert not found.startswith(("/", "../"))
        assert posixpath.normpath(found) == found
        assert folder == "." or found.startswith(f"{folder}/")


def test_places_have_lines_from_one_that_go_down(scorecards):
    evidence = (
        Evidence(path="a", line=3, end_line=5),
        Evidence(path="b", line=3, end_line=3),
        Evidence(path="c", line=3, end_line=1),
        Evidence(path="d", line=0, end_line=4),
        Evidence(path="e"),
        Evidence.number(1, 2, "files"),
    )
    lost = scorecards.check("a", "A", Status.FAILED, evidence=evidence)
    card = scorecards.scorecard(scorecards.criterion("c", "C", lost), passed=False)
    (loss,) = losses(card)

    found = [(place.path, place.line, place.end_line) for place in places(loss, ".")]
    assert found == [("a", 3, 5), ("b", 3, None), ("c", 3, None), ("d", None, None), ("e", None, None)]


@pytest.mark.parametrize(
    ("status", "points", "expected"),
    [
        (Status.FAILED, "5", Level.ERROR),
        (Status.BLOCKED, "5", Level.ERROR),
        (Status.PARTIAL, "5", Level.WARNING),
        (Status.FAILED, "0", Level.NOTE),
        (Status.PARTIAL, "0", Level.NOTE),
    ],
)
def test_a_loss_is_as_grave_as_what_it_costs(scorecards, status, points, expected):
    assert level(scorecards.check("a", "A", status, points)) is expected
