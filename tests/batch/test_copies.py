"""A class compared: copies are found, independent solutions are not, and nothing is left out in silence."""

import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from infra_grader.batch.copies import CopiesOptions, find_copies
from infra_grader.batch.copies_work import HANDED_OUT, IGNORED, LARGE, MADE, OTHER, UNREADABLE, read_texts
from infra_grader.capabilities.starter import NO_STARTER, read_starter
from infra_grader.errors import UsageError
from infra_grader.executors.local_executor import Local
from infra_grader.loading.roster_file import read_roster
from infra_grader.model.roster import Learner, Roster

EXERCISE = Path(__file__).parents[2] / "exercises" / "project-01-simple-model-api"
HERE = Path(__file__).parent / "independent"
RENAMED = ("settings", "model", "image", "request", "response", "config", "result")


def compare(folder, **options):
    seen = []
    with closing(Local(1)) as executor:
        found = find_copies(read_roster(folder), executor, CopiesOptions(**options), seen.append)
    assert sorted(seen) == sorted(learner.id for learner in read_roster(folder).learners)
    return found


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A class of a solution, a disguised copy of it, a flaw of it, and two works of others."""
    place = tmp_path_factory.mktemp("class")
    for name, source in (("ada", "solution"), ("bob", "solution"), ("cyd", "solution")):
        shutil.copytree(EXERCISE / source, place / name, ignore=shutil.ignore_patterns(".mypy_cache"))
    shutil.copytree(EXERCISE / "flawed" / "careless-code", place / "cyd", dirs_exist_ok=True)
    for name, other in (("dan", "flask-functions"), ("eve", "fastapi-weights")):
        shutil.copytree(EXERCISE / "alternatives" / other, place / name)
    disguise(place / "bob")
    return compare(place, starter=read_starter(EXERCISE))


def disguise(folder):
    for number, file in enumerate(sorted((folder / "src").glob("*.py"))):
        text = file.read_text()
        for name in RENAMED:
            text = re.sub(rf"\b{name}\b", f"my_{name}", text)
        lines = [line + "  # so it is" if line.endswith(":") else line for line in text.split("\n")]
        file.with_name(f"part_{number}.py").write_text("\n".join(lines))
        file.unlink()


def test_copies_are_on_top_disguised_or_changed(compared):
    top = [(pair.left, pair.right) for pair in compared.pairs[:3]]
    assert set(top) == {("ada", "bob"), ("ada", "cyd"), ("bob", "cyd")}
    assert all(pair.share > 0.8 for pair in compared.pairs[:3])
    [group] = compared.groups
    assert group.learners == ("ada", "bob", "cyd")


def test_independent_works_are_far_below(compared):
    assert all(pair.share < 0.25 for pair in compared.pairs[3:])


def test_places_show_the_lines_of_both(compared):
    pair = next(pair for pair in compared.pairs if (pair.left, pair.right) == ("ada", "bob"))
    place = next(place for place in pair.places if place.kind == "Python" and place.left.path.startswith("src/"))
    assert re.fullmatch(r"src/part_\d\.py", place.right.path)
    written = (EXERCISE / "solution" / place.left.path).read_text().split("\n")
    assert all(written[line.number - 1] == line.text for line in place.left.lines)
    assert any("my_" in line.text for each in pair.places for line in each.right.lines if line.is_alike)


def test_independent_short_solutions_are_not_alike(tmp_path):
    for file in sorted(HERE.glob("*.py.txt")):
        folder = tmp_path / file.name.partition(".")[0]
        folder.mkdir()
        (folder / "report.py").write_text(file.read_text())
    found = compare(tmp_path)
    assert len(found.compared) == 4
    assert all(learner.size > 10 for learner in found.compared)
    assert found.pairs == ()


def test_what_was_handed_out_is_left_out_in_parts_too(tmp_path):
    given = (EXERCISE / "solution" / "src" / "app.py").read_text()
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "app.py").write_text(given)
    for name, text in (("ada", "x = 1\n"), ("bob", "y = [2]\n")):
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "main.py").write_text(given + text)
    assert compare(tmp_path / "class").pairs[0].share > 0.9
    found = compare(tmp_path / "class", folders=(tmp_path / "given",))
    assert (found.pairs, found.terms.starter_files) == ((), 1)


def test_a_class_of_one_cannot_be_compared(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "a.py").write_text("x = 1\n")
    with pytest.raises(UsageError, match="comparing takes two"):
        compare(tmp_path)


def test_a_work_that_is_not_there_is_named_and_one_work_of_two_is_not_compared(tmp_path):
    text = (EXERCISE / "solution" / "src" / "app.py").read_text()
    for name in ("team", "eve"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text(text)
    learners = tuple(
        Learner(id=learner, source=str(tmp_path / work))
        for learner, work in (("ada", "team"), ("bob", "team"), ("eve", "eve"), ("zoe", "gone"))
    )
    with closing(Local(1)) as executor:
        found = find_copies(Roster(source="r", learners=learners), executor, CopiesOptions(), str)
    assert found.together == (("ada", "bob"),)
    assert [(pair.left, pair.right) for pair in found.pairs] == [("ada", "eve"), ("bob", "eve")]
    [missing] = found.uncompared
    assert (missing.learner, missing.is_ours) == ("zoe", True)
    assert "nothing" in missing.reason


def test_every_file_that_is_left_out_is_counted_by_its_reason(tmp_path):
    for path, text in {
        "src/app.py": "x = 1\n",
        "package-lock.json": "{}",
        "model.bin": "0",
        "big.py": "x = 1\n" * 200_000,
        ".gitignore": "hidden.py\n",
        "hidden.py": "x = 1\n",
        "odd.py": "\0",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    texts, left_out = read_texts(tmp_path, NO_STARTER)
    assert list(texts) == ["src/app.py"]
    assert left_out == {IGNORED: 1, MADE: 1, OTHER: 2, LARGE: 1, UNREADABLE: 1}
    committed, _ = read_texts(tmp_path, NO_STARTER, is_committed=True)
    assert "hidden.py" in committed


def test_an_unchanged_file_of_the_starter_is_left_out(tmp_path):
    (tmp_path / "README.md").write_text((EXERCISE / "starter" / "README.md").read_text())
    texts, left_out = read_texts(tmp_path, read_starter(EXERCISE))
    assert texts == {}
    assert left_out[HANDED_OUT] == 1
