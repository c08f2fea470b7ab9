"""Submodules by real git over loopback: what a learner names is fetched from one server, without a login, or told."""

import os
import shutil
import subprocess

import pytest

from infra_grader.capabilities.command import Command
from infra_grader.loading.fetch_extras import MOST, _empty_folder
from infra_grader.loading.fetch_outcome import MIB, Extras, FetchFailed, FetchLimits
from infra_grader.loading.fetch_work import fetch_work
from infra_grader.model.roster import Learner
from tests.loading.test_fetch_repository import command, commit, git, server  # noqa: F401 - fixtures

SUBMODULES = Extras(submodules=True)


@pytest.fixture
def lib(tmp_path):
    """A repository with two commits, at `lib` on the server; gives their ids."""
    return make(tmp_path / "lib", {"lib.py": "one\n"}), commit(
        tmp_path / "lib", {"lib.py": "two\n"}, "Two", "2026-11-02T12:00:00Z"
    )


def make(place, files):
    place.mkdir()
    git(place, "init", "--quiet", "--initial-branch=main")
    return commit(place, files, "One", "2026-11-01T12:00:00Z")


def with_submodules(place, named, modules=None):
    """Commit submodules by path, each with its address and commit; `modules` is a `.gitmodules` of another text."""
    text = "".join(f'[submodule "{path}"]\n path = {path}\n url = {url}\n' for path, (url, _) in named.items())
    (place / ".gitmodules").write_text(text if modules is None else modules)
    for path, (_, commit_id) in named.items():
        git(place, "update-index", "--add", "--cacheinfo", f"160000,{commit_id},{path}")
    git(place, "add", ".gitmodules")
    git(place, "commit", "--quiet", "-m", "Submodules", at="2026-11-05T12:00:00Z")
    return git(place, "rev-parse", "HEAD")


@pytest.fixture
def fetch(tmp_path, command, server):  # noqa: F811
    """Fetches `ada` from the server."""
    make(tmp_path / "ada", {"app.py": "x = 1\n"})

    def fetch(limits=None, extras=SUBMODULES, name="fetched"):
        learner = Learner(id="ada", source=f"{server[0]}/ada/.git")
        return fetch_work(learner, tmp_path / name, command, limits=limits, extras=extras)

    return fetch


def test_the_pinned_commit_is_put_in_its_place(tmp_path, fetch, lib):
    with_submodules(tmp_path / "ada", {"libs/a": ("../../lib/.git", lib[0]), "b": ("../../lib/.git", lib[1])})
    work = fetch()
    assert work.notices == ()
    assert (work.folder / "libs/a/lib.py").read_text() == "one\n"
    assert (work.folder / "b/lib.py").read_text() == "two\n"
    assert not (work.folder / "b/.git").exists()
    assert os.listdir(fetch(extras=Extras(), name="without").folder / "b") == []


def test_a_submodule_of_a_submodule_is_fetched_and_one_that_holds_itself_ends(tmp_path, fetch, lib):
    make(tmp_path / "outer", {"outer.py": "x\n"})
    head = with_submodules(tmp_path / "outer", {"in": ("../../lib/.git", lib[0])})
    again = with_submodules(tmp_path / "outer", {"in": ("../../outer/.git", head)})
    with_submodules(tmp_path / "ada", {"out": ("../../outer/.git", head), "self": ("../../outer/.git", again)})
    work = fetch()
    assert (work.folder / "out/in/lib.py").is_file()
    assert (work.folder / "self/in/outer.py").is_file()
    assert work.notices == (
        "Submodule self/in/in: It lies in a submodule of a submodule. Put it into your own repository.",
    )


def test_no_credential_is_sent_for_a_submodule(tmp_path, fetch, lib, server, monkeypatch):  # noqa: F811
    home = tmp_path / "home"
    home.mkdir()
    trap = tmp_path / "asked"
    (home / ".gitconfig").write_text(
        f'[credential]\n helper = "!f() {{ touch {trap}; echo username=course; echo password=s3cret; }}; f"\n'
        '[http]\n extraHeader = "Authorization: Basic s3cret"\n'
    )
    (home / ".netrc").write_text("machine 127.0.0.1 login course password s3cret\n")
    for name, value in (("HOME", str(home)), ("GIT_ASKPASS", f"touch {trap};"), ("GH_TOKEN", "s3cret")):
        monkeypatch.setenv(name, value)
    private = {"p": ("../../status/401/p.git", lib[0]), "q": ("../../status/403/q.git", lib[0])}
    with_submodules(tmp_path / "ada", {**private, "b": ("../../lib/.git", lib[1])})
    work = fetch()
    said = [text for text in server[1] if text]
    assert said, "the submission itself is fetched with a login"
    (first, second) = work.notices
    assert first.startswith("Submodule p: The server gives it to nobody who has not logged in")
    assert second.startswith("Submodule q: The server gives it to nobody who has not logged in")
    assert first.endswith("Make it public.")
    assert (work.folder / "b/lib.py").read_text() == "two\n"
    assert not trap.exists()
    assert not any(text for path, text in zip(server[2], server[1], strict=True) if not path.startswith("/ada/"))


def test_a_server_that_fails_leaves_the_submission_open(tmp_path, fetch, lib):
    with_submodules(tmp_path / "ada", {"p": ("../../status/503/p.git", lib[0])})
    with pytest.raises(FetchFailed, match="Submodule p: It could not be fetched") as raised:
        fetch()
    assert raised.value.is_ours


def test_what_cannot_be_fetched_is_told_and_the_rest_is_there(tmp_path, fetch, lib):
    trap = tmp_path / "trap"
    said = {
        "../../status/404/x.git": "There is nothing to fetch",
        "../../status/302/x.git": "nobody who has not logged in",
        "../../../x": "leads out of the server",
        "https://evil.example.org/x.git": "on another server",
        "-u./x": "no address",
        f"ext::sh -c touch% {trap}": "no address",
        f"file://{tmp_path}/lib": "no address",
        f"{tmp_path}/lib": "no address",
    }
    hostile = {f"p{number}": (url, lib[0]) for number, url in enumerate(said)}
    with_submodules(tmp_path / "ada", {**hostile, "z": ("../../lib/.git", lib[1])})
    work = fetch()
    assert len(work.notices) == len(said)
    for notice, words, path in zip(work.notices, said.values(), hostile, strict=True):
        assert notice.startswith(f"Submodule {path}: ")
        assert words in notice
        assert os.listdir(work.folder / path) == []
    assert (work.folder / "z/lib.py").is_file()
    assert (work.folder / "app.py").is_file()
    assert not trap.exists()


def test_a_commit_that_is_not_there_is_told(tmp_path, fetch, lib):
    tag = git(tmp_path / "lib", "mktree") and git(tmp_path / "lib", "tag", "-a", "-m", "x", "v1", lib[0])
    tag = git(tmp_path / "lib", "rev-parse", "v1")
    with_submodules(tmp_path / "ada", {"a": ("../../lib/.git", "1" * 40), "tag": ("../../lib/.git", tag)})
    first, second = fetch().notices
    assert "There is nothing to fetch" in first
    assert f"{tag} is no commit" in second


@pytest.mark.parametrize("modules", ["[submodule\n", '[submodule "p"]\n path = p\n[include]\n path = ../x\n'])
def test_a_submodule_without_an_address_is_told(tmp_path, fetch, lib, modules):
    with_submodules(tmp_path / "ada", {"p": ("", lib[0])}, modules)
    assert "names no address" in fetch().notices[0]


def test_commands_that_a_submodule_names_are_not_run(tmp_path, fetch, lib):
    trap = tmp_path / "trap"
    text = f'[submodule "p"]\n path = p\n url = ../../lib/.git\n update = !touch {trap}\n'
    text += f"[core]\n fsmonitor = touch {trap}\n sshCommand = touch {trap}\n"
    with_submodules(tmp_path / "ada", {"p": ("", lib[0])}, text)
    assert fetch().notices == ()
    assert not trap.exists()


@pytest.mark.parametrize("path", [".git/hooks", "../out"])
def test_a_submodule_has_no_place_outside(tmp_path, fetch, lib, path):
    place = tmp_path / "ada"
    tree, name = lib[0], path.split("/")[-1]
    made = subprocess.run(
        ["git", "-C", place, "mktree", "--missing"],
        input=f"160000 commit {tree}\t{name}\n", check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    if "/" in path:
        above = f"040000 tree {made}\t{path.split('/')[0]}\n"
        made = subprocess.run(
            ["git", "-C", place, "mktree"], input=above, check=True, capture_output=True, text=True
        ).stdout.strip()
    git(place, "update-ref", "refs/heads/main", git(place, "commit-tree", "-m", "Odd", made))
    with pytest.raises(FetchFailed, match="cannot be written under its name"):
        fetch()
    assert not (tmp_path / "out").exists()


def test_a_link_is_no_place_of_a_submodule(tmp_path, fetch, lib):
    place = tmp_path / "ada"
    (tmp_path / "elsewhere").mkdir()
    (place / "content").write_text(str(tmp_path / "elsewhere"))
    blob = git(place, "hash-object", "-w", "content")
    (place / ".gitmodules").write_text('[submodule "p"]\n path = link/p\n url = ../../lib/.git\n')
    modules = git(place, "hash-object", "-w", ".gitmodules")
    inner = f"160000 commit {lib[0]}\tp\n"
    inner = subprocess.run(
        ["git", "-C", place, "mktree", "--missing"], input=inner, check=True, capture_output=True, text=True
    ).stdout.strip()
    listing = f"100644 blob {modules}\t.gitmodules\n120000 blob {blob}\tlink\n040000 tree {inner}\tlink\n"
    made = subprocess.run(
        ["git", "-C", place, "mktree"], input=listing, check=True, capture_output=True, text=True
    ).stdout.strip()
    git(place, "update-ref", "refs/heads/main", git(place, "commit-tree", "-m", "Odd", made))
    assert not (fetch().folder / "link").is_symlink(), "git lets the folder win"
    assert os.listdir(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("path", ["link/p", "link", "file", "full", "none", "../x", "/etc", "a/.GIT", "", "x\0"])
def test_a_submodule_takes_an_empty_folder_alone(tmp_path, path):
    (tmp_path / "work" / "full").mkdir(parents=True)
    (tmp_path / "x" / "p").mkdir(parents=True)
    for file in ("file", "full/file"):
        (tmp_path / "work" / file).write_text("x")
    (tmp_path / "work" / "link").symlink_to(tmp_path / "x")
    with pytest.raises(FetchFailed):
        _empty_folder(tmp_path / "work", path)


def test_there_are_only_so_many(tmp_path, fetch, lib):
    place = tmp_path / "ada"
    with_submodules(place, {f"m{number:03}": ("ext::x", lib[0]) for number in range(100)})
    work = fetch()
    assert len(work.notices) == MOST + 1
    assert work.notices[-1] == f"{100 - MOST} more submodules: at most {MOST} of a submission are fetched."


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (FetchLimits(files=4), "holds 2 files, at most"),
        (FetchLimits(tree_bytes=2 * MIB), "Its files hold 1 MiB, at most"),
        (FetchLimits(pack_bytes=2 * MIB), "larger than"),
    ],
)
def test_all_of_a_submission_counts_together(tmp_path, fetch, limits, said):
    noise = {"data.bin": os.urandom(3 * MIB // 4).hex()}
    head = make(tmp_path / "large", {"x": "x", **noise})
    other = make(tmp_path / "other", {"y": "y", **noise})
    with_submodules(tmp_path / "ada", {"a": ("../../large/.git", head), "b": ("../../other/.git", other)})
    work = fetch(limits)
    assert any(said in notice for notice in work.notices), work.notices
    assert not (work.folder / "b" / "data.bin").exists()


def test_time_is_for_all_together(tmp_path, fetch, lib, monkeypatch):
    with_submodules(tmp_path / "ada", {"b": ("../../lib/.git", lib[1])})
    real = Command.run

    def run(given, arguments, deadline, **options):
        if any("infra-grader-part" in str(argument) for argument in arguments) and "fetch" in arguments:
            deadline._end = 0.0
        return real(given, arguments, deadline, **options)

    monkeypatch.setattr(Command, "run", run)
    with pytest.raises(FetchFailed, match="took more than") as raised:
        fetch()
    assert raised.value.is_ours


def test_what_work_without_a_repository_lacks_is_told(tmp_path, command):  # noqa: F811
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1\n"
    work = tmp_path / "work"
    texts = {
        ".gitmodules": "".join(
            f'[submodule "{path}"]\n path = {path}\n' for path in ("lib", "own", "../other", "/etc")
        ),
        "own/lib.py": "x = 1\n",
        "models/b.bin": pointer,
        "a.bin": pointer,
        "README.md": "Hello\n",
    }
    for name, text in texts.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
    for empty in (work / "lib", tmp_path / "other"):
        empty.mkdir()
    (work / "link.bin").symlink_to("a.bin")
    shutil.make_archive(str(tmp_path / "work"), "zip", work)
    for place in (work, tmp_path / "work.zip"):
        learner = Learner(id="ada", source=str(place))
        assert fetch_work(learner, tmp_path / "none", command).notices == ()
        shutil.rmtree(tmp_path / "none", ignore_errors=True)
        fetched = fetch_work(learner, tmp_path / "fetched", command, extras=Extras(submodules=True, lfs=True))
        assert fetched.notices[-1].startswith("Submodule lib: Work without a repository has no server")
        assert fetched.notices[0].startswith("LFS: a.bin, ")
        assert "models/b.bin" in fetched.notices[0]
        assert len(fetched.notices) == 2
