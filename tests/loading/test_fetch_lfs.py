"""Files of LFS over loopback, from servers that are honest and from others; our login stays with the first server."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra_grader.loading.fetch_outcome import MIB, Extras, FetchFailed
from infra_grader.loading.fetch_work import fetch_work
from infra_grader.model.roster import Learner
from tests.loading.test_fetch_extras import make, with_submodules
from tests.loading.test_fetch_repository import Server, command, commit, git  # noqa: F401 - a fixture

MODEL = b"weights " * 50
LFS = Extras(lfs=True)
ATTRIBUTES = {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"}


def oid_of(content):
    return hashlib.sha256(content).hexdigest()


def pointer(content=MODEL, **other):
    oid, size = other.get("oid", oid_of(content)), other.get("size", len(content))
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"


class Lfs(Server):
    """A git server that keeps LFS files too; `behave` makes it lie."""

    objects: dict
    behave: dict
    told: list

    def do_POST(self):  # noqa: N802 - so the library calls it
        if not self.path.endswith("/info/lfs/objects/batch"):
            self.do_GET()
            return
        self.note()
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert (asked["operation"], asked["hash_algo"]) == ("download", "sha256")
        if "batch" in self.behave:
            self.behave["batch"](self)
            return
        if self.behave.get("private") and self.headers.get("Authorization") != self.behave["private"]:
            self.answer(401, b"{}")
            return
        found = []
        for one in asked["objects"]:
            if one["oid"] not in self.objects:
                found.append({**one, "error": {"code": 404, "message": "Object does not exist"}})
                continue
            action = {"href": self.behave.get("href") or f"http://{self.headers['Host']}/object/{one['oid']}"}
            action["header"] = {"X-Token": "of-the-api", "Host": "elsewhere"}
            found.append({**one, "actions": {"download": action}})
        self.answer(200, json.dumps({"transfer": "basic", "objects": found}).encode())

    def do_GET(self):  # noqa: N802 - so the library calls it
        if not self.path.startswith("/object/"):
            super().do_GET()
            return
        self.note()
        if "object" in self.behave:
            self.behave["object"](self)
        else:
            self.answer(200, self.objects[self.path.rpartition("/")[2]])

    def note(self):
        self.told.append((self.path, self.headers.get("Authorization", ""), self.headers.get("X-Token", "")))

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Elsewhere(BaseHTTPRequestHandler):
    """A server that keeps objects for another."""

    content = MODEL
    told: list

    def do_GET(self):
        type(self).told.append((self.headers.get("Authorization", ""), self.headers.get("X-Token", "")))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_arguments):
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    """Says nothing of clients that leave."""

    daemon_threads = True

    def handle_error(self, *_request):
        """Say nothing."""


@contextmanager
def serving(kind):
    server = Quiet(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def lfs(tmp_path):
    """The server's class, which tests steer, with its address."""
    Lfs.root, Lfs.seen, Lfs.asked = tmp_path, [], []
    Lfs.objects, Lfs.behave, Lfs.told = {oid_of(MODEL): MODEL}, {}, []
    with serving(Lfs) as Lfs.address:
        yield Lfs


@pytest.fixture
def fetch(tmp_path, command, lfs):  # noqa: F811
    """Fetches `ada` after files were committed to it."""

    def fetch(files, *, source="", extras=LFS, limits=None):
        make(tmp_path / "ada", {**ATTRIBUTES, **files})
        learner = Learner(id="ada", source=source or f"{lfs.address}/ada/.git")
        return fetch_work(learner, tmp_path / "fetched", command, extras=extras, limits=limits)

    return fetch


def test_files_take_the_place_of_their_pointers(tmp_path, fetch, lfs):
    files = {"model.bin": pointer(), "sub/again.bin": pointer(), "README.md": pointer(), "small.bin": "no pointer\n"}
    files[".lfsconfig"] = f"[lfs]\n url = http://evil.example.org\n standalonetransferagent = touch {tmp_path}/trap\n"
    work = fetch(files)
    assert work.notices == ()
    assert (work.folder / "model.bin").read_bytes() == (work.folder / "sub/again.bin").read_bytes() == MODEL
    assert (work.folder / "README.md").read_text() == files["README.md"], "its attributes say nothing of LFS"
    assert (work.folder / "small.bin").read_text() == "no pointer\n"
    assert [path for path, _, _ in lfs.told] == ["/ada/.git/info/lfs/objects/batch", f"/object/{oid_of(MODEL)}"]
    assert lfs.told[1][2] == "of-the-api"
    assert not (work.folder / ".git" / "infra-grader-lfs").exists()
    assert not (tmp_path / "trap").exists()


def test_pointers_stay_unless_files_are_asked_for(fetch, lfs):
    work = fetch({"model.bin": pointer()}, extras=Extras())
    assert (work.folder / "model.bin").read_text() == pointer()
    assert lfs.told == []


def test_our_login_goes_to_the_server_that_asks_for_it_and_to_no_other(tmp_path, fetch, lfs, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        '[credential]\n helper = "!f() { echo username=course; echo password=s3cret; }; f"\n'
    )
    monkeypatch.setenv("HOME", str(home))
    lfs.behave["private"] = "Basic Y291cnNlOnMzY3JldA=="
    Elsewhere.told = []
    with serving(Elsewhere) as elsewhere:
        lfs.behave["href"] = f"{elsewhere}/storage/x"
        work = fetch({"model.bin": pointer()})
    assert (work.folder / "model.bin").read_bytes() == MODEL
    assert [login for _, login, _ in lfs.told] == ["", lfs.behave["private"]]
    assert Elsewhere.told == [("", "of-the-api")]


def test_a_redirect_to_elsewhere_takes_no_header_along(fetch, lfs):
    Elsewhere.told = []
    with serving(Elsewhere) as elsewhere:
        lfs.behave["object"] = lambda server: server.answer(302, b"", Location=f"{elsewhere}/x")
        work = fetch({"model.bin": pointer()})
    assert (work.folder / "model.bin").read_bytes() == MODEL
    assert Elsewhere.told == [("", "")]


def test_a_server_that_wants_a_login_we_do_not_have_leaves_the_submission_open(fetch, lfs):
    lfs.behave["private"] = "Basic x"
    with pytest.raises(FetchFailed, match=r"LFS: The server does not let us in \(401\)") as raised:
        fetch({"model.bin": pointer()})
    assert raised.value.is_ours


def test_a_header_of_the_configuration_logs_in(tmp_path, fetch, lfs, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[http "{lfs.address}"]\n extraHeader = "Authorization: Basic of-a-job"\n')
    monkeypatch.setenv("HOME", str(home))
    lfs.behave["private"] = "Basic of-a-job"
    assert (fetch({"model.bin": pointer()}).folder / "model.bin").read_bytes() == MODEL


def test_a_file_that_was_never_pushed_is_told_and_the_others_are_there(fetch, lfs):
    work = fetch({"a.bin": pointer(b"never"), "b.bin": pointer(b"never"), "model.bin": pointer()})
    assert work.notices == (
        "LFS: a.bin, b.bin: The server does not have it (it says 404). Run `git lfs push --all origin`.",
    )
    assert (work.folder / "a.bin").read_text() == pointer(b"never")
    assert (work.folder / "model.bin").read_bytes() == MODEL


def test_pointers_that_contradict_each_other_are_told_and_the_others_are_there(fetch, lfs):
    lfs.objects[oid_of(b"twice")] = b"twice"
    work = fetch({"a.bin": pointer(b"twice"), "b.bin": pointer(b"twice", size=6), "model.bin": pointer()})
    assert work.notices == (
        "LFS: a.bin, b.bin: Its pointer and another differ in size. Commit the file again, with git-lfs installed.",
    )
    assert (work.folder / "a.bin").read_text() == pointer(b"twice")
    assert (work.folder / "model.bin").read_bytes() == MODEL


def test_pointers_that_are_not_read_are_told(tmp_path, fetch, lfs):
    extended = pointer().replace("oid", f"ext-0-case sha256:{oid_of(b'x')}\noid")
    eve = tmp_path / "eve"
    make(eve, {**ATTRIBUTES, "README.md": extended})
    for name in (b"caf\xe9.bin", b"caf\xe9.md"):
        (eve / os.fsdecode(name)).write_text(pointer())
    commit(eve, {"extended.bin": extended, "model.bin": pointer()}, "LFS", "2026-11-04T12:00:00Z")
    work = fetch({}, source=f"{lfs.address}/eve/.git")
    unnamed, extended_too = work.notices
    assert unnamed.startswith("LFS: caf\N{REPLACEMENT CHARACTER}.bin: Its name is not written in UTF-8")
    assert extended_too.startswith("LFS: extended.bin: Its pointer has extensions")
    assert (work.folder / "extended.bin").read_text() == extended
    assert (work.folder / "model.bin").read_bytes() == MODEL


def test_a_server_without_lfs_is_told(fetch, lfs):
    lfs.behave["batch"] = lambda server: server.answer(501, b"")
    work = fetch({"model.bin": pointer()})
    assert "The server has no LFS files of it for us (501)" in work.notices[0]


def test_too_much_is_told_before_anything_is_fetched(fetch, lfs):
    work = fetch({"model.bin": pointer(size=900 * MIB)})
    assert work.notices[0].startswith("LFS: its files hold 900 MiB, at most 511 are left.")
    assert lfs.told == []


def test_a_missing_library_is_named(fetch, monkeypatch):
    from infra_grader.model.outcome import NotAssessed

    monkeypatch.setitem(__import__("sys").modules, "httpx", None)
    with pytest.raises(NotAssessed) as raised:
        fetch({"model.bin": pointer()})
    assert raised.value.remedy == "pip install 'infra-grader[http]'"


def test_files_of_a_submodule_are_asked_for_without_a_login(tmp_path, fetch, lfs, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        '[credential]\n helper = "!f() { echo username=course; echo password=s3cret; }; f"\n'
    )
    monkeypatch.setenv("HOME", str(home))
    head = make(tmp_path / "lib", {**ATTRIBUTES, "model.bin": pointer()})
    make(tmp_path / "outer", {"x": "x"})
    with_submodules(tmp_path / "outer", {"lib": ("../../lib/.git", head)})
    source = f"{lfs.address}/outer/.git"
    work = fetch({}, source=source, extras=Extras(submodules=True, lfs=True))
    assert (work.folder / "lib/model.bin").read_bytes() == MODEL
    lfs.behave["private"] = "Basic Y291cnNlOnMzY3JldA=="
    (tmp_path / "fetched").rename(tmp_path / "before")
    (tmp_path / "ada").rename(tmp_path / "gone")
    work = fetch({}, source=source, extras=Extras(submodules=True, lfs=True))
    assert work.notices[0].startswith("Submodule lib: LFS: model.bin: The server has no LFS files of it for us (401)")
    assert {login for _, login, _ in lfs.told} == {""}


def test_a_repository_on_this_machine_gives_its_own_objects(tmp_path, fetch, lfs):
    store = tmp_path / "ada" / ".git" / "lfs" / "objects"

    def keep(content, oid=None):
        oid = oid or oid_of(content)
        place = store / oid[:2] / oid[2:4]
        place.mkdir(parents=True)
        (place / oid).write_bytes(content)
        return place / oid

    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "ada").mkdir()
    keep(MODEL)
    keep(b"another", oid_of(b"planted"))
    linked = keep(b"secret")
    linked.unlink()
    linked.symlink_to(tmp_path / "secret")
    subprocess.run(["mv", tmp_path / "ada", tmp_path / "kept"], check=True)
    make(tmp_path / "ada", {**ATTRIBUTES, "x": "x"})
    subprocess.run(["mv", tmp_path / "kept" / ".git" / "lfs", tmp_path / "ada" / ".git" / "lfs"], check=True)
    files = {"model.bin": MODEL, "planted.bin": b"planted", "secret.bin": b"secret", "none.bin": b"none"}
    commit(tmp_path / "ada", {name: pointer(content) for name, content in files.items()}, "LFS", "2026-11-04T12:00:00Z")
    (tmp_path / "ada").rename(tmp_path / "ben")
    work = fetch({}, source=str(tmp_path / "ben"))
    assert (work.folder / "model.bin").read_bytes() == MODEL
    assert all((work.folder / name).read_text() == pointer(files[name]) for name in list(files)[1:])
    assert work.notices[0].startswith("LFS: none.bin, planted.bin, secret.bin: It is not among")


@pytest.fixture
def kept(tmp_path):
    """A folder whose repository on this machine keeps the object of a pointer in it."""
    make(tmp_path / "ada", {**ATTRIBUTES, "model.bin": pointer()})
    place = tmp_path / "ada" / ".git" / "lfs" / "objects" / oid_of(MODEL)[:2] / oid_of(MODEL)[2:4]
    place.mkdir(parents=True)
    (place / oid_of(MODEL)).write_bytes(MODEL)
    return tmp_path / "ada"


@pytest.mark.parametrize(
    ("module", "name", "number"),
    [(shutil, "copyfile", errno.ENOSPC), (Path, "read_bytes", errno.EMFILE), (Path, "read_bytes", errno.EIO)],
)
def test_a_fault_of_this_machine_is_none_of_the_learners(tmp_path, command, kept, monkeypatch, module, name, number):  # noqa: F811
    def fail(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module, name, fail)
    with pytest.raises(FetchFailed, match=os.strerror(number)) as raised:
        fetch_work(Learner(id="ada", source=str(kept)), tmp_path / "fetched", command, extras=LFS)
    assert raised.value.is_ours
