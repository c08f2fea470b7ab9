"""Repositories that are packed, nested, shallow, broken or hostile, and what is said of them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import zlib

import pytest

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.reading import git_history, git_objects
from infra_grader.reading.git_folder import open_git_folder
from infra_grader.reading.git_history import Repository
from infra_grader.testing import run_check

NO_CONFIG = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
IDENTITY = {f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(folder, *arguments, **variables):
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **NO_CONFIG, **IDENTITY, **variables}
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder, message, **files):
    for name, text in files.items():
        place = folder / name.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    return folder


@pytest.fixture
def open_repository():
    with contextlib.ExitStack() as stack:

        def make(work):
            repository = Repository(open_git_folder(work))
            stack.callback(repository.close)
            return repository

        yield make


@pytest.fixture
def subjects(open_repository):
    def read(work):
        repository = open_repository(work)
        return [found.subject for found in repository.history(Deadline(10), *repository.tips())]

    return read


def test_packed_history_is_the_same_as_a_loose_one(folder, open_repository, subjects):
    text = "".join(f"line {number}\n" for number in range(500))
    commit(folder, "one", app=text)
    git(folder, "tag", "-a", "-m", "first version", "v1")
    commit(folder, "two", app=text + "more\n")
    commit(folder, "three", app=text + "more\nand more\n")
    loose = subjects(folder)
    before = open_repository(folder)
    sizes = {entry.path: before.size(entry.id) for entry in before.files(before.commit(before.head))}
    git(folder, "gc", "--quiet", "--aggressive")
    assert (folder / ".git" / "packed-refs").is_file()
    assert not list((folder / ".git" / "objects").glob("[0-9a-f][0-9a-f]"))
    assert subjects(folder) == loose == ["three", "two", "one"]
    after = open_repository(folder)
    versions = list(after.new_files(after.history(Deadline(10), after.head), Deadline(10)))
    assert {entry.path: after.size(entry.id) for entry in after.files(after.commit(after.head))} == sizes
    assert sorted(after.size(entry.id) for _, entry in versions) == [len(text), len(text) + 5, len(text) + 14]
    for _, entry in versions:
        assert len(after.read(entry.id, 100_000)) == after.size(entry.id)
    [tag] = [after.peel(target) for name, target in after.folder.refs.items() if name == "refs/tags/v1"]
    assert tag.message == "first version"


def test_only_the_part_of_a_larger_repository_that_holds_the_work_counts(folder, open_repository):
    commit(folder, "course", README="course\n", projects__one__a="1\n")
    commit(folder, "other project", projects__two__b="1\n")
    commit(folder, "mine", projects__one__a="2\n")
    work = folder / "projects" / "one"
    repository = open_repository(work)
    assert repository.folder.prefix == "projects/one/"
    head, other, root = repository.history(Deadline(10), repository.head)
    assert [entry.path for entry in repository.changes(head)] == ["a"]
    assert repository.changes(other) is None
    assert [entry.path for entry in repository.changes(root)] == ["a"]
    assert [entry.path for entry in repository.files(head)] == ["a"]
    outcome = run_check("git.history", {"min": 3}, work)
    assert outcome.measure.value == 2


def test_rules_above_the_work_count(folder):
    commit(folder, "course", **{".gitignore": ".env\n", "projects__.gitignore": "*.pth\n", "projects__one__a": "1\n"})
    outcome = run_check("git.ignores", {"paths": [".env", "x.pth", "y.log"]}, folder / "projects" / "one")
    assert str(outcome.fraction) == "2/3"


def test_removal_of_files_is_a_change(folder, open_repository):
    commit(folder, "one", a="1\n", b="1\n")
    (folder / "a").unlink()
    commit(folder, "two")
    repository = open_repository(folder)
    assert repository.changes(repository.commit(repository.head)) == ()


def test_commits_of_the_course_and_of_bots_are_not_the_learners(folder):
    base = commit(folder, "course", a="1\n")
    commit(folder, "mine", a="2\n")
    (folder / "b").write_text("3\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "bump", GIT_AUTHOR_NAME="dependabot[bot]")
    assert run_check("git.history", {"min": 3}, folder).measure.value == 2
    outcome = run_check("git.history", {"min": 1, "base": [base[:8]]}, folder)
    assert outcome.measure.value == 1
    assert outcome.evidence[-1].actual == "mine"


def test_tree_of_two_equal_folders_lists_both(folder, open_repository):
    commit(folder, "one", a__x="1\n", b__x="1\n")
    repository = open_repository(folder)
    assert [entry.path for entry in repository.files(repository.commit(repository.head))] == ["b/x", "a/x"]


def test_shallow_clone_cannot_show_what_it_lacks(folder, tmp_path):
    for number in range(4):
        commit(folder, f"feat: add part {number}", a=f"{number}\n")
    git(tmp_path, "clone", "--quiet", "--depth", "2", f"file://{folder}", "clone")
    clone = tmp_path / "clone"
    assert run_check("git.history", {"min": 2}, clone).status == "passed"
    for kind, parameters in {
        "git.history": {"min": 3},
        "git.messages": {},
        "git.merges": {"min": 1},
        "git.tags": {},
        "git.branches": {"names": ["feature/*"]},
        "git.large_files": {},
    }.items():
        outcome = run_check(kind, parameters, clone)
        assert (kind, outcome.status) == (kind, "not_assessed")
        assert "--unshallow" in outcome.remedy
    assert run_check("git.large_files", {"max": 1}, clone).status == "failed"


def test_shallow_clone_with_a_tag_may_lack_others(folder, tmp_path):
    for number in range(3):
        commit(folder, f"data: version {number}", a=f"{number}\n")
        git(folder, "tag", f"data-v1.{number}")
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--branch", "data-v1.2", f"file://{folder}", "clone")
    assert run_check("git.tags", {"min": 1}, tmp_path / "clone").status == "passed"
    assert run_check("git.tags", {"min": 3}, tmp_path / "clone").status == "not_assessed"


def test_tag_of_a_single_file_names_no_version(folder):
    commit(folder, "data: first", a="1\n")
    git(folder, "tag", "data-v1.0")
    git(folder, "tag", "data-v0.9", "HEAD:a")
    outcome = run_check("git.tags", {"min": 2, "versions_of": ["a"]}, folder)
    assert (outcome.status, outcome.measure.value) == ("partial", 1)
    assert outcome.evidence[1].expected == "a commit with any of a"


def test_tags_of_the_course_name_no_version_of_the_work(folder):
    commit(folder, "course", a__raw_dvc="1\n")
    git(folder, "tag", "v1.0")
    commit(folder, "mine", work__raw_dvc="1\n")
    git(folder, "tag", "data-v1.0")
    outcome = run_check("git.tags", {"min": 2, "versions_of": ["*dvc"]}, folder / "work")
    assert (outcome.status, outcome.measure.value) == ("partial", 1)


def test_partial_clone_cannot_show_what_it_lacks(folder, tmp_path):
    commit(folder, "one", a="1\n")
    commit(folder, "two", a="22\n")
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{folder}", "clone")
    outcome = run_check("git.large_files", {}, tmp_path / "clone")
    assert outcome.status == "not_assessed"
    assert "partial clone" in outcome.message


def test_worktree_says_where_to_grade(folder, tmp_path):
    commit(folder, "one", a="1\n")
    git(folder, "worktree", "add", "--quiet", str(tmp_path / "tree"))
    with pytest.raises(NotAssessed, match="worktree or a submodule"):
        open_git_folder(tmp_path / "tree")


def test_other_storage_formats_are_not_assessed(tmp_path):
    git(tmp_path, "init", "--quiet", "--object-format=sha256")
    commit(tmp_path, "one", a="1\n")
    with pytest.raises(NotAssessed, match="SHA-256"):
        open_git_folder(tmp_path)


def test_alternates_are_not_entered(folder):
    commit(folder, "one", a="1\n")
    (folder / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "objects" / "info" / "alternates").write_text("/\n")
    with pytest.raises(NotAssessed, match="lie in another one"):
        open_git_folder(folder)


def test_configuration_is_not_read(folder, tmp_path, subjects):
    commit(folder, "one", a="1\n")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # reading it would wait forever
    (folder / ".git" / "config").write_text(f"[include]\n\tpath = {pipe}\n[core]\n\tfsmonitor = touch {tmp_path}/ran\n")
    assert subjects(folder) == ["one"]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["HEAD", "packed-refs", "objects/aa", "objects/pack/x.pack", "refs/heads/x"])
@pytest.mark.parametrize("make", ["link", "pipe"])
def test_special_files_are_refused(folder, name, make, subjects):
    commit(folder, "one", a="1\n")
    place = folder / ".git" / name
    place.unlink(missing_ok=True)
    place.parent.mkdir(exist_ok=True)
    place.symlink_to("/etc/passwd") if make == "link" else os.mkfifo(place)
    if (name, make) == ("packed-refs", "pipe"):
        assert subjects(folder) == ["one"]  # not read at all
        return
    with pytest.raises(CheckFailed, match="cannot be read"):
        open_git_folder(folder)


def test_odd_refs_do_no_harm(folder):
    head = commit(folder, "one", a="1\n")
    heads = folder / ".git" / "refs" / "heads"
    (heads / "a\nb").write_text(head + "\n")
    (heads / "..weird~^:").write_text(head)
    os.mkdir(os.fsencode(heads) + b"/\xff")
    with open(os.fsencode(heads) + b"/\xff/\xfe", "w") as file:
        file.write(head)
    (heads / "broken").write_text("nonsense")
    (heads / "long").write_text("a" * 100_000)
    (folder / ".git" / "packed-refs").write_bytes(b"# pack-refs\n\xff\xfe refs/heads/x\n" + b"0" * 40 + b" refs/x\n")
    (folder / ".git" / "refs" / "remotes" / "origin").mkdir(parents=True)
    (folder / ".git" / "refs" / "remotes" / "origin" / "HEAD").write_text("ref: refs/remotes/origin/main\n")
    outcome = run_check("git.branches", {}, folder)
    assert outcome.status == "passed"
    assert outcome.measure.value == 4


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"not zlib", "incorrect header"),
        (zlib.compress(b"commit 5\0hello"), ""),
        (zlib.compress(b"commit 500\0hello"), "it holds 5 bytes"),
        (zlib.compress(b"nonsense 5\0hello"), ""),
        (zlib.compress(b"tree 5\0hello"), "it is no commit"),
        (zlib.compress(b"blob 5\0hello"), "it is no commit"),
        (b"", ""),
        (zlib.compress(b"commit " + b"9" * 5000 + b"\0"), ""),
        (zlib.compress(b"commit 60\0tree " + b"0" * 40 + b"\nauthor x\n\n"), ""),
    ],
)
def test_broken_object_is_said_to_be_broken(folder, content, problem):
    commit(folder, "one", a="1\n")
    head = git(folder, "rev-parse", "HEAD")
    place = folder / ".git" / "objects" / head[:2] / head[2:]
    place.chmod(0o644)
    place.write_bytes(content)
    outcome = run_check("git.history", {"min": 1}, folder)
    assert outcome.status == "failed"
    assert "The Git repository is broken" in outcome.message or "too large" in outcome.message
    assert problem in str(outcome.evidence)


@pytest.mark.parametrize("cut", ["pack", "idx"])
@pytest.mark.parametrize("harm", ["half", "empty", "noise"])
def test_broken_pack_is_said_to_be_broken(folder, cut, harm):
    for number in range(5):
        commit(folder, f"feat: {number}", a=f"{number}\n" * 100)
    git(folder, "gc", "--quiet")
    [place] = (folder / ".git" / "objects" / "pack").glob(f"*.{cut}")
    content = place.read_bytes()
    place.chmod(0o644)
    harmed = bytes(b ^ 0x5A if number > 40 else b for number, b in enumerate(content))
    place.write_bytes({"half": content[: len(content) // 2], "empty": b"", "noise": harmed}[harm])
    outcome = run_check("git.history", {"min": 1}, folder)
    assert outcome.status == "failed", outcome


def test_object_is_not_inflated_beyond_its_cap(folder, monkeypatch, open_repository):
    commit(folder, "one", a="1\n")
    content = b"blob 100000000\0" + bytes(100_000_000)
    name = "ab" + "0" * 38
    place = folder / ".git" / "objects" / "ab" / name[2:]
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(zlib.compress(content, 1))
    repository = open_repository(folder)
    assert repository.size(name) == 100_000_000
    with pytest.raises(CheckFailed, match="too large to be read: 100000000 bytes"):
        repository.read(name, 1000)
    place.write_bytes(zlib.compress(b"blob 10\0" + bytes(100_000_000), 1))  # it lies about its size
    with pytest.raises(CheckFailed, match="broken"):
        repository.read(name, 1000)


def test_ring_of_tags_ends(folder):
    commit(folder, "one", a="1\n")
    target = git(folder, "rev-parse", "HEAD")
    for number in range(12):
        git(folder, "tag", "-a", "-m", "x", f"t{number}", target)
        target = git(folder, "rev-parse", f"t{number}")
    outcome = run_check("git.tags", {"annotated": True}, folder)
    assert outcome.message == "A tag names a tag of a tag without end."
    assert run_check("git.large_files", {}, folder).status == "failed"


def test_long_history_ends_at_a_cap(folder, monkeypatch, open_repository):
    for number in range(6):
        commit(folder, f"feat: add part {number}", a=f"{number}\n")
    monkeypatch.setattr(git_history, "MAX_COMMITS", 4)
    repository = open_repository(folder)
    assert len(repository.history(Deadline(10), repository.head)) == 4
    with pytest.raises(NotAssessed, match="more than 4 commits"):
        repository.require_whole()
    assert run_check("git.history", {"min": 4}, folder).status == "passed"
    assert run_check("git.history", {"min": 5}, folder).status == "not_assessed"


def test_tree_that_multiplies_itself_ends_at_a_cap(folder, monkeypatch, open_repository):
    commit(folder, "one", **{f"{a}__{b}__{c}": "1\n" for a in "abcd" for b in "abcd" for c in "abcd"})
    monkeypatch.setattr(git_history, "MAX_ENTRIES", 50)
    repository = open_repository(folder)
    with pytest.raises(CheckFailed, match="too many files"):
        list(repository.files(repository.commit(repository.head)))
    # Equal folders are looked at once where every version counts once.
    assert len(list(repository.new_files([repository.commit(repository.head)], Deadline(10)))) == 1


def test_deadline_ends_a_walk(folder, open_repository):
    commit(folder, "one", a="1\n")
    repository = open_repository(folder)
    with pytest.raises(Overrun):
        repository.history(Deadline(0), repository.head)


def test_moment_without_a_calendar_has_no_day(folder, open_repository):
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "one", GIT_AUTHOR_DATE="@4102444800 +0000")
    head = open_repository(folder)
    assert head.commit(head.head).day.year == 2100
    assert git_history._day(10**18, 0) is None
    assert git_history._day(0, 10**9) is None


def test_missing_library_is_not_assessed(folder, monkeypatch):
    commit(folder, "one", a="1\n")
    monkeypatch.setitem(__import__("sys").modules, "dulwich", None)
    outcome = run_check("git.history", {"min": 1}, folder)
    assert outcome.status == "not_assessed"
    assert outcome.remedy == "pip install 'infra-grader[git]'"


def test_chain_of_deltas_that_does_not_end_is_refused():
    assert git_objects._offset(bytes([0x81, 0x00]), 0) == (256, 2)
    assert git_objects._packed_head(bytes([0xB5, 0x02])) == (3, 37, 2)
    assert git_objects._delta_target(bytes([0x90, 0x01, 0x05])) == 5
