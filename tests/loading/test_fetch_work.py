"""The work of a learner, from each kind of place that a roster names."""

import errno
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra_grader.capabilities.command import Command
from infra_grader.loading.fetch_outcome import FetchFailed
from infra_grader.loading.fetch_work import fetch_work
from infra_grader.model.roster import Learner
from tests.loading.test_fetch_repository import commit as commit_files
from tests.loading.test_fetch_repository import git

HANDED_IN = datetime(2026, 11, 9, 8, tzinfo=UTC)


@pytest.fixture
def command():
    opened = Command()
    yield opened
    opened.close()


@pytest.fixture
def repository(tmp_path):
    """A repository on this machine with three commits; gives its folder and their ids."""
    place = tmp_path / "ada"
    place.mkdir()
    git(place, "init", "--quiet", "--initial-branch=main")
    return place, [
        commit_files(place, {"day.txt": f"{day}\n"}, f"Day {day}", f"2026-11-{day:02d}T12:00:00Z") for day in (1, 2, 3)
    ]


def test_a_folder_is_read_where_it_lies(tmp_path, command):
    (tmp_path / "ada").mkdir()
    learner = Learner(id="ada", source=str(tmp_path / "ada"), submitted=HANDED_IN)
    work = fetch_work(learner, tmp_path / "new", command)
    assert (work.folder, work.commit, work.submitted) == (tmp_path / "ada", None, HANDED_IN)
    assert not (tmp_path / "new").exists()


def test_an_archive_is_unpacked(tmp_path, command):
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as packed:
        packed.writestr("work/app.py", "x = 1\n")
        packed.writestr("work/README.md", "# Work\n")
    work = fetch_work(Learner(id="ada", source=str(tmp_path / "ada.zip")), tmp_path / "new", command)
    assert work.folder == tmp_path / "new" / "work"
    assert (work.folder / "app.py").read_text() == "x = 1\n"


def test_a_folder_with_a_repository_is_read_at_its_commit(tmp_path, command, repository):
    place, commits = repository
    (place / "day.txt").write_text("not committed\n")
    work = fetch_work(Learner(id="ada", source=str(place)), tmp_path / "new", command)
    assert (work.commit, work.submitted) == (commits[2], datetime(2026, 11, 3, 12, tzinfo=UTC))
    assert (work.folder / "day.txt").read_text() == "3\n"
    assert (place / "day.txt").read_text() == "not committed\n"


@pytest.mark.parametrize(
    ("ref", "wanted", "until", "day"),
    [
        ("", "", datetime(2026, 11, 2, 13, tzinfo=UTC), 2),
        ("main", "", datetime(2026, 11, 2, 13, tzinfo=UTC), 3),
        ("main", 0, None, 1),
        ("", 1, datetime(2026, 11, 1, 13, tzinfo=UTC), 2),
    ],
    ids=["last-before", "ref-over-date", "commit-over-ref", "commit-over-date"],
)
def test_what_is_named_most_exactly_counts(tmp_path, command, repository, ref, wanted, until, day):
    place, commits = repository
    learner = Learner(id="ada", source=place.as_uri(), ref=ref)
    commit = commits[wanted] if wanted != "" else ""
    work = fetch_work(learner, tmp_path / "new", command, commit=commit, until=until)
    assert work.commit == commits[day - 1]


def test_what_has_gone_since_the_roster_was_read_stays_open(tmp_path, command):
    with pytest.raises(FetchFailed, match="There is nothing at") as raised:
        fetch_work(Learner(id="ada", source=str(tmp_path / "gone")), tmp_path / "new", command)
    assert raised.value.is_ours


def test_a_folder_or_an_archive_that_has_changed_has_another_stamp(tmp_path, command):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "app.py").write_text("x = 1\n")
    with zipfile.ZipFile(tmp_path / "ben.zip", "w") as packed:
        packed.writestr("app.py", "x = 1\n")

    def stamps(number):
        sources = [tmp_path / "ada", tmp_path / "ben.zip"]
        return [
            fetch_work(Learner(id="x", source=str(source)), tmp_path / f"{number}-{source.stem}", command).stamp
            for source in sources
        ]

    before = stamps(0)
    assert stamps(1) == before
    (tmp_path / "ada" / "app.py").write_text("x = 22\n")
    with zipfile.ZipFile(tmp_path / "ben.zip", "a") as packed:
        packed.writestr("more.py", "y = 1\n")
    after = stamps(2)
    assert after[0] != before[0]
    assert after[1] != before[1]


def link(place, target):
    place.symlink_to(target)


def write(place, text):
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"{text}\n")


def instead(work, name, victim):
    """Put a link in the place of something in a repository."""
    (work / name).rename(work.parent / "away")
    link(work / name, victim / name)


BORROWED = {
    "file": lambda work, victim: write(work / ".git", f"gitdir: {victim / '.git'}"),
    "link": lambda work, victim: link(work / ".git", victim / ".git"),
    "commondir": lambda work, victim: write(work / ".git/commondir", victim / ".git"),
    "alternates": lambda work, victim: write(work / ".git/objects/info/alternates", victim / ".git/objects"),
    "HEAD": lambda work, victim: instead(work, ".git/HEAD", victim),
    "objects": lambda work, victim: instead(work, ".git/objects", victim),
    "refs": lambda work, victim: instead(work, ".git/refs", victim),
    "branch": lambda work, victim: link(work / ".git/refs/heads/main", victim / ".git/refs/heads/main"),
    "pack": lambda work, victim: link(work / ".git/objects/ab", victim / ".git/objects"),
    "pipe": lambda work, victim: os.mkfifo(work / ".git/packed-refs"),
}


@pytest.mark.parametrize("as_address", [False, True])
@pytest.mark.parametrize("way", BORROWED)
def test_the_repository_of_another_is_not_handed_in(tmp_path, command, repository, way, as_address):
    victim, _ = repository
    work = tmp_path / "m a"
    work.mkdir()
    if way not in ("file", "link"):
        git(work, "init", "--quiet", "--initial-branch=main")
    BORROWED[way](work, victim)
    learner = Learner(id="mallory", source=work.as_uri() if as_address else str(work))
    with pytest.raises(FetchFailed, match=r"leads to a repository elsewhere|is a link, or else neither") as raised:
        fetch_work(learner, tmp_path / "new", command)
    assert not raised.value.is_ours
    assert "hand in" in raised.value.remedy.lower()
    assert not (tmp_path / "new").exists()


def test_a_worktree_is_told_that_it_is_none_to_grade(tmp_path, command, repository):
    place, _ = repository
    git(place, "worktree", "add", "--quiet", str(tmp_path / "tree"))
    with pytest.raises(FetchFailed) as raised:
        fetch_work(Learner(id="ada", source=str(tmp_path / "tree")), tmp_path / "new", command)
    assert "worktrees" in raised.value.remedy
    assert fetch_work(Learner(id="ada", source=str(place)), tmp_path / "new", command).commit is not None


@pytest.mark.parametrize("kind", ["folder", "repository", "archive"])
def test_what_this_machine_may_not_read_or_write_is_no_fault_of_the_learners(tmp_path, command, monkeypatch, kind):
    place = tmp_path / "ada"
    if kind == "archive":
        with zipfile.ZipFile(place, "w") as packed:
            packed.writestr("app.py", "x = 1\n")
    else:
        place.mkdir()
        write(place / "app.py", "x = 1")
    if kind == "repository":
        git(place, "init", "--quiet")

    def refuse(*_arguments, **_options):
        raise PermissionError(errno.EACCES, "Permission denied", str(place))

    monkeypatch.setattr(Path, "lstat", refuse)
    with pytest.raises(FetchFailed, match="/ada cannot be used: Permission denied") as raised:
        fetch_work(Learner(id="ada", source=str(place)), tmp_path / "new", command)
    assert raised.value.is_ours
