"""Repositories fetched by real git, from disk and over HTTP on loopback; nothing that they name is run."""

import os
import subprocess
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra_grader.capabilities.command import Command, CommandOutput
from infra_grader.loading.fetch_git import Git
from infra_grader.loading.fetch_outcome import MIB, FetchFailed, FetchLimits
from infra_grader.loading.fetch_repository import Repository


def git(folder, *arguments, at="2026-11-01T12:00:00Z"):
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": "ada@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        "GIT_AUTHOR_DATE": at,
        "GIT_COMMITTER_DATE": at,
    }
    ended = subprocess.run(["git", "-C", folder, *arguments], env=variables, check=True, capture_output=True, text=True)
    return ended.stdout.strip()


def commit(work, files, message, at):
    for name, text in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
    git(work, "add", "--all", "--force")
    git(work, "commit", "--quiet", "--allow-empty", "-m", message, at=at)
    return git(work, "rev-parse", "HEAD")


@pytest.fixture
def command():
    opened = Command()
    yield opened
    opened.close()


@pytest.fixture
def work(tmp_path):
    """A learner's repository with three commits, a branch and a tag; gives its folder and the commits."""
    place = tmp_path / "learner"
    place.mkdir()
    git(place, "init", "--quiet", "--initial-branch=main")
    commits = [
        commit(place, {"README.md": f"{day}\n", "src/app.py": "x = 1\n"}, f"Day {day}", f"2026-11-{day:02d}T12:00:00Z")
        for day in (1, 2, 3)
    ]
    git(place, "tag", "v1", commits[0])
    git(place, "branch", "side", commits[1])
    return place, commits


@pytest.fixture
def fetch(tmp_path, command):
    def fetch(source, *arguments, limits=None, name="fetched", **options):
        target = tmp_path / name
        return target, Repository(Git(str(source), target, command, limits or FetchLimits())).fetch(
            *arguments, **options
        )

    return fetch


def test_the_newest_commit_is_fetched_alone(work, fetch):
    place, commits = work
    target, fetched = fetch(f"file://{place}")
    assert fetched.commit == commits[2]
    assert fetched.committed == datetime(2026, 11, 3, 12, tzinfo=UTC)
    assert (target / "README.md").read_text() == "3\n"
    assert git(target, "rev-list", "--count", "HEAD") == "1"
    assert git(target, "status", "--porcelain") == ""


@pytest.mark.parametrize(("ref", "day"), [("v1", 1), ("side", 2), ("main", 3), ("refs/tags/v1", 1)])
def test_a_branch_or_tag_is_fetched(work, fetch, ref, day):
    place, commits = work
    target, fetched = fetch(place, ref)
    assert fetched.commit == commits[day - 1]
    assert (target / "README.md").read_text() == f"{day}\n"


def test_a_commit_is_fetched_by_its_id(work, fetch):
    place, commits = work
    git(place, "config", "uploadpack.allowAnySHA1InWant", "true")
    assert fetch(f"file://{place}", commits[0])[1].commit == commits[0]


def test_the_last_commit_before_the_due_date_is_fetched(work, fetch):
    place, commits = work
    _, fetched = fetch(place, until=datetime(2026, 11, 2, 20, tzinfo=UTC))
    assert fetched.commit == commits[1]
    with pytest.raises(FetchFailed, match="No commit was made until") as raised:
        fetch(place, until=datetime(2026, 10, 1, tzinfo=UTC), name="early")
    assert not raised.value.is_ours


@pytest.mark.parametrize("number", [None, 2])
def test_the_past_is_fetched_where_checks_read_it(work, fetch, number):
    place, commits = work
    ref = "" if number is None else commits[number]
    target, _ = fetch(place, ref, history=True)
    assert git(target, "rev-list", "--count", "HEAD") == "3"
    assert git(target, "tag") == "v1"
    assert "side" in git(target, "branch", "--list")


def test_nothing_that_a_repository_or_the_user_configures_is_run(work, fetch, tmp_path, monkeypatch):
    place, _ = work
    trap = tmp_path / "trapped"
    home = tmp_path / "home"
    home.mkdir()
    hooks = home / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {trap}\n")
        (hooks / name).chmod(0o755)
    (home / ".gitconfig").write_text(
        f'[filter "trap"]\n smudge = touch {trap}; cat\n required = true\n[core]\n hooksPath = {hooks}\n'
        f" fsmonitor = touch {trap}\n[alias]\n fetch = !touch {trap}\n"
    )
    monkeypatch.setenv("HOME", str(home))
    commit(place, {".gitattributes": "* filter=trap\n", ".gitmodules": "[submodule]\n"}, "Trap", "2026-11-04T12:00:00Z")
    git(place, "config", "uploadpack.packObjectsHook", f"touch {trap}")
    target, _ = fetch(place)
    assert (target / "src/app.py").read_text() == "x = 1\n"
    assert not trap.exists()


def test_links_stay_links_and_a_git_folder_is_not_let_in(work, fetch):
    place, _ = work
    (place / "out").symlink_to("/etc/passwd")
    commit(place, {}, "Link", "2026-11-05T12:00:00Z")
    target, _ = fetch(place)
    assert (target / "out").is_symlink()


def test_submodules_are_left_out(work, fetch, tmp_path):
    place, commits = work
    git(place, "update-index", "--add", "--cacheinfo", f"160000,{commits[0]},lib")
    git(place, "commit", "--quiet", "-m", "A submodule", at="2026-11-05T12:00:00Z")
    target, _ = fetch(place)
    assert list((target / "lib").iterdir()) == []


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (FetchLimits(files=1), "It holds 2 files, at most 1"),
        (FetchLimits(tree_bytes=MIB), "Its files hold 3 MiB, at most 1"),
        (FetchLimits(pack_bytes=MIB), "The repository is larger than 1 MiB"),
    ],
)
def test_what_is_too_large_is_the_learners_to_mend(work, fetch, limits, said):
    place, _ = work
    if limits.files > 1:
        (place / "data.bin").write_bytes(os.urandom(3 * MIB) if limits.pack_bytes == MIB else bytes(3 * MIB))
        commit(place, {}, "Data", "2026-11-05T12:00:00Z")
    with pytest.raises(FetchFailed, match=said) as raised:
        fetch(f"file://{place}", limits=limits)
    assert not raised.value.is_ours


@pytest.mark.parametrize("case", ["no repository", "no commit", "no such branch"])
def test_what_is_not_there_is_the_learners_to_mend(work, fetch, tmp_path, case):
    place, _ = work
    empty = tmp_path / "empty"
    empty.mkdir()
    if case == "no commit":
        git(empty, "init", "--quiet")
    source, ref = (place, "nothing") if case == "no such branch" else (empty, "")
    with pytest.raises(FetchFailed, match="There is nothing to fetch") as raised:
        fetch(source, ref)
    assert not raised.value.is_ours
    assert raised.value.remedy


class Server(BaseHTTPRequestHandler):
    """Answers every request with the status that the path names, or by `git http-backend`."""

    root = Path()
    seen: list[str]
    asked: list[str]

    def do_GET(self):
        type(self).seen.append(self.headers.get("Authorization", ""))
        type(self).asked.append(self.path)
        if self.path.startswith("/status/"):
            self.send_response(int(self.path.split("/")[2]))
            self.send_header("WWW-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        variables = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        ended = subprocess.run(
            ["git", "http-backend"], input=self.rfile.read(length), env=variables, capture_output=True, check=False
        )
        head, _, body = ended.stdout.partition(b"\r\n\r\n")
        status = 200
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        for name, value in fields:
            status = int(value.split()[0]) if name == "Status" else status
        self.send_response(status)
        for name, value in fields:
            if name != "Status":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - so the library calls it

    def log_message(self, *_arguments):
        """Say nothing."""


@pytest.fixture
def server(tmp_path):
    """A git server on loopback; gives its address, and the credentials and the paths that it saw."""
    Server.root, Server.seen, Server.asked = tmp_path, [], []
    serving = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_port}", Server.seen, Server.asked
    serving.shutdown()
    serving.server_close()


def test_a_repository_is_fetched_over_http(work, fetch, server):
    place, commits = work
    target, fetched = fetch(f"{server[0]}/{place.name}/.git", history=True)
    assert fetched.commit == commits[2]
    assert server[0] not in "".join(path.read_text(errors="replace") for path in target.rglob("*") if path.is_file())


@pytest.mark.parametrize(("status", "is_ours"), [(404, False), (401, True), (403, True), (500, True), (503, True)])
def test_a_server_that_refuses_tells_whose_it_is_to_mend(fetch, server, status, is_ours):
    with pytest.raises(FetchFailed) as raised:
        fetch(f"{server[0]}/status/{status}/ada.git")
    assert raised.value.is_ours == is_ours
    assert "ada.git" not in raised.value.reason
    assert server[0] + "/" not in raised.value.reason


def test_a_server_that_is_not_there_is_no_fault_of_the_learners(fetch):
    with pytest.raises(FetchFailed, match="could not be fetched") as raised:
        fetch("http://127.0.0.1:9/x.git")
    assert raised.value.is_ours


def test_a_number_in_an_address_is_no_answer_of_the_server(fetch, server):
    with pytest.raises(FetchFailed, match="could not be fetched"):
        fetch(f"{server[0]}/status/500/course-403/x.git")


@pytest.fixture
def ask(command, tmp_path, monkeypatch):
    """Asks for a repository without a login where git fails with these words; gives the failure."""

    def ask(host, said):
        said = f"fatal: unable to access 'https://{host}/a/b.git/': {said}\n"
        monkeypatch.setattr(Command, "run", lambda *_, **__: CommandOutput((), 128, "", said, is_cut=False))
        asked = Git(f"https://{host}/a/b.git", tmp_path / "none", command, FetchLimits(), logs_in=False)
        with pytest.raises(FetchFailed) as raised:
            Repository(asked).reach()
        return raised.value

    return ask


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("git.cs401.edu", "Could not resolve host: git.cs401.edu"),
        (
            "git.example.org",
            "Failed to connect to git.example.org port 443 after 134013 ms: Couldn't connect to server",
        ),
        ("git.example.org:40312", "Failed to connect to git.example.org port 40312 after 0 ms"),
        ("redirect.example.org", "Could not resolve host: redirect.example.org"),
        ("git.example.org", "CONNECT tunnel failed, response 403"),
    ],
)
def test_a_number_or_a_name_in_what_git_says_is_no_answer_of_the_server(ask, host, said):
    failed = ask(host, said)
    assert failed.is_ours
    assert failed.reason.startswith("It could not be fetched")


@pytest.mark.parametrize(
    ("said", "is_ours"),
    [
        ("dumb http transport does not support shallow capabilities", False),
        ("https://git.example.org/a/b.git/info/refs not valid: is this a git repository?", False),
        *((f"The requested URL returned error: {status}", False) for status in (400, 410, 451)),
        *((f"The requested URL returned error: {status}", True) for status in (407, 408, 429, 500)),
    ],
)
def test_an_address_that_holds_no_repository_is_the_learners_to_mend(ask, said, is_ours):
    assert ask("git.example.org", said).is_ours == is_ours


@pytest.mark.parametrize("status", [302, 401, 403])
def test_what_is_not_given_without_a_login_is_the_learners_to_mend(ask, status):
    failed = ask("git.example.org", f"The requested URL returned error: {status}")
    assert not failed.is_ours
    assert failed.remedy == "Make it public."


@pytest.mark.parametrize("scope", ["SYSTEM", "GLOBAL", "COUNT"])
def test_credentials_may_come_from_the_helper_of_each_scope(fetch, server, tmp_path, monkeypatch, scope):
    helper = "!f() { echo username=course; echo password=s3cret; }; f"
    for name in ("GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT"):
        monkeypatch.delenv(name, raising=False)
    if scope == "COUNT":
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv("GIT_CONFIG_KEY_0", "credential.helper")
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", helper)
    else:
        (tmp_path / "configuration").write_text(f'[credential]\n helper = "{helper}"\n')
        monkeypatch.setenv(f"GIT_CONFIG_{scope}", str(tmp_path / "configuration"))
    with pytest.raises(FetchFailed):
        fetch(f"{server[0]}/status/401/x.git")
    assert any(text.startswith("Basic ") for text in server[1])


def test_the_repository_that_we_stand_in_names_no_helper(work, fetch, server, tmp_path, monkeypatch):
    place, _ = work
    git(place, "config", "credential.helper", f"!touch {tmp_path / 'trapped'}; false")
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(FetchFailed):
        fetch(f"{server[0]}/status/401/x.git")
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("step", ["init", "fetch", "rev-parse", "ls-tree", "update-ref", "read-tree"])
@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("fatal: write error: No space left on device", "/fetched is full: No space left on device"),
        ("error: unable to create file: Too many open files", "Too many files are open"),
        ("fatal: cannot open index: Input/output error", "/fetched cannot be used: Input/output error"),
    ],
)
def test_a_disk_of_ours_is_no_fault_of_the_learners(work, fetch, monkeypatch, step, said, told):
    real = Command.run

    def run(command, arguments, *rest, **options):
        if step in arguments:
            return CommandOutput(tuple(arguments), 128, "", f"warning: first\n{said}\n", is_cut=False)
        return real(command, arguments, *rest, **options)

    monkeypatch.setattr(Command, "run", run)
    with pytest.raises(FetchFailed, match=told) as raised:
        fetch(work[0])
    assert raised.value.is_ours


@pytest.mark.parametrize(
    ("mode", "name", "content"),
    [
        *(("100644", name, "x") for name in (".git", ".GIT", "git~1", "..", "x" * 300)),
        ("120000", "link", "y" * 5000),
    ],
    ids=lambda value: value[:9],
)
def test_a_file_whose_name_cannot_be_is_the_learners_to_mend(work, fetch, mode, name, content):
    place, _ = work
    (place / "content").write_text(content)
    blob = git(place, "hash-object", "-w", "content")
    listing = place / "listing"
    listing.write_text(f"{mode} blob {blob}\t{name}\n")
    with listing.open() as stream:
        made = subprocess.run(["git", "-C", place, "mktree"], stdin=stream, check=True, capture_output=True, text=True)
    git(place, "update-ref", "refs/heads/main", git(place, "commit-tree", "-m", "Odd", made.stdout.strip()))
    with pytest.raises(FetchFailed, match="a file that cannot be written under its name: ") as raised:
        fetch(f"file://{place}")
    assert not raised.value.is_ours


def test_a_disk_of_the_servers_is_not_told_as_ours(work, fetch, monkeypatch):
    said = "remote: fatal: write error: No space left on device\nfatal: early EOF\n"
    real = Command.run

    def run(command, arguments, *rest, **options):
        if "fetch" in arguments:
            return CommandOutput(tuple(arguments), 128, "", said, is_cut=False)
        return real(command, arguments, *rest, **options)

    monkeypatch.setattr(Command, "run", run)
    with pytest.raises(FetchFailed, match="could not be fetched: remote: ") as raised:
        fetch(work[0])
    assert raised.value.is_ours


def test_a_folder_that_cannot_be_made_is_no_fault_of_the_learners(work, fetch, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FetchFailed, match=r"git init failed in .*/file/fetched") as raised:
        fetch(work[0], name="file/fetched")
    assert raised.value.is_ours


@pytest.mark.parametrize("text", ["[submodule\n", '[submodule "x"]\n path = x\n update = !touch x\n'])
def test_a_gitmodules_that_git_refuses_keeps_nobody_from_a_grade(work, fetch, text):
    place, _ = work
    commit(place, {".gitmodules": text}, "Odd", "2026-11-05T12:00:00Z")
    target, fetched = fetch(f"file://{place}", history=True)
    assert fetched.committed == datetime(2026, 11, 5, 12, tzinfo=UTC)
    assert (target / ".gitmodules").read_text() == text


@pytest.mark.parametrize("until", [None, datetime(2026, 11, 9, tzinfo=UTC)])
def test_a_ref_that_is_no_commit_is_not_ours(work, fetch, until):
    place, _ = work
    git(place, "tag", "text", "HEAD:README.md")
    with pytest.raises(FetchFailed, match="There is no such commit") as raised:
        fetch(place, "text", until=until)
    assert not raised.value.is_ours
    assert str(place) not in raised.value.reason


def test_credentials_come_from_the_users_helper_and_stay_with_git(work, fetch, server, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    helper = "!f() { echo username=course; echo password=s3cret; }; f"
    (home / ".gitconfig").write_text(f'[credential]\n helper = "{helper}"\n')
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(FetchFailed) as raised:
        fetch(f"{server[0]}/status/401/x.git")
    assert any(text.startswith("Basic ") for text in server[1])
    assert "s3cret" not in raised.value.reason
    written = (path.read_bytes() for path in (tmp_path / "fetched").rglob("*") if path.is_file())
    assert b"s3cret" not in b"".join(written)


def test_a_fetch_that_takes_too_long_is_ended(fetch, tmp_path):
    with pytest.raises(FetchFailed, match=r"took more than 0\.01 s") as raised:
        fetch(tmp_path, limits=FetchLimits(seconds=0.01))
    assert raised.value.is_ours
