"""A server of LFS on loopback that lies: nothing but what a pointer names is kept, and nobody waits for ever."""

import json
import threading
from http.server import BaseHTTPRequestHandler

import pytest

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.loading.fetch_outcome import FetchFailed
from infra_grader.loading.lfs_server import AT_ONCE, LfsServer, Login, Object
from tests.loading.test_fetch_lfs import MODEL, oid_of, serving

WANTED = Object(oid_of(MODEL), len(MODEL))


class Liar(BaseHTTPRequestHandler):
    """Answers as it should, unless `behave` has it lie."""

    protocol_version = "HTTP/1.1"
    behave: dict
    asked: list

    def do_POST(self):
        objects = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["objects"]
        self.asked.append((len(objects), self.path, self.headers.get("Authorization")))
        action = {"href": "../../../../object"}
        found = [{**one, "actions": {"download": action}} for one in objects]
        self.act("batch", lambda: self.answer(200, json.dumps({"objects": found}).encode()))

    def do_GET(self):
        self.act("object", lambda: self.answer(200, MODEL))

    def act(self, what, honestly):
        self.behave[what](self) if what in self.behave else honestly()

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Say nothing."""


@pytest.fixture(scope="module")
def address():
    with serving(Liar) as place:
        yield f"{place}/course/ada"


@pytest.fixture
def ask(address, tmp_path):
    """Asks for the object, and writes it to a file; `behave` says how the server lies."""

    def ask(seconds=30.0, login=lambda _address: None, **behave):
        Liar.behave, Liar.asked = behave, []
        with LfsServer(address, Deadline(seconds), "", login) as server:
            found = server.find([WANTED])
            server.download(WANTED, found[WANTED], tmp_path / "file")
        return (tmp_path / "file").read_bytes()

    return ask


def test_an_honest_server_gives_what_the_pointer_names(ask):
    assert ask() == MODEL
    assert Liar.asked == [(1, "/course/ada.git/info/lfs/objects/batch", None)]


def test_a_server_is_asked_for_many_objects_in_parts(address):
    Liar.behave, Liar.asked = {}, []
    many = [Object(f"{number:064x}", 1) for number in range(AT_ONCE + 1)]
    with LfsServer(address, Deadline(30.0)) as server:
        assert list(server.find(many)) == many
    assert [count for count, _, _ in Liar.asked] == [AT_ONCE, 1]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_login_is_sent_once_it_is_asked_for(ask, status):
    def private(server):
        if server.headers.get("Authorization") == "Bearer x":
            Liar.behave.clear()
            server.act("batch", lambda: server.answer(503, b""))
        else:
            server.answer(status, b"")

    with pytest.raises(FetchFailed, match="503"):
        ask(login=lambda _address: Login(header=("Authorization", "Bearer x")), batch=private)
    assert [login for _, _, login in Liar.asked] == [None, "Bearer x"]


@pytest.mark.parametrize(
    ("login", "status", "is_ours"),
    [
        (lambda _address: None, 404, True),
        (lambda _address: Login(user="course", password="s3cret"), 404, False),
        (lambda _address: Login(user="course", password="s3cret"), 403, True),
        (None, 404, False),
        (None, 401, False),
    ],
)
def test_nothing_is_said_to_be_there_only_of_what_we_may_see(ask, login, status, is_ours):
    with pytest.raises(FetchFailed, match=str(status)) as raised:
        ask(login=login, batch=lambda server: server.answer(status, b""))
    assert raised.value.is_ours == is_ours
    assert raised.value.remedy.startswith("Log in by git's own helpers" if is_ours else "Run `git lfs push")


def of_the_object(**said):
    """Return an answer of the batch that says this of the object."""
    body = json.dumps({"objects": [{"oid": WANTED.oid, "size": WANTED.size, **said}]}).encode()
    return lambda server: server.answer(200, body)


@pytest.mark.parametrize("code", [404, 410, 422])
def test_an_object_that_was_never_pushed_is_the_learners_to_push(address, code):
    Liar.behave, Liar.asked = {"batch": of_the_object(error={"code": code})}, []
    with LfsServer(address, Deadline(30.0)) as server:
        said = server.find([WANTED])[WANTED]
    assert said == f"The server does not have it (it says {code}). Run `git lfs push --all origin`."


def test_a_pointer_with_another_size_than_the_file_is_the_learners_to_mend(address):
    Liar.behave, Liar.asked = {"batch": of_the_object(size=399)}, []
    with LfsServer(address, Deadline(30.0)) as server:
        said = server.find([WANTED])[WANTED]
    assert said == "Its pointer names 400 bytes, the server has 399. Commit the file again, with git-lfs installed."


def endless(server):
    server.send_response(200)
    server.end_headers()
    piece = b"x" * 65536
    try:
        while True:
            server.wfile.write(piece)
    except OSError:
        server.close_connection = True


@pytest.mark.parametrize(
    ("what", "lie", "said"),
    [
        ("object", lambda server: server.answer(200, MODEL[::-1]), "something else than the pointer names"),
        ("object", lambda server: server.answer(200, MODEL[:9]), "something else than the pointer names"),
        ("object", lambda server: server.answer(200, MODEL + b"x"), "more than the 400 bytes"),
        ("object", endless, "more than the 400 bytes"),
        ("object", lambda server: server.answer(503, b""), "answered with 503"),
        ("object", lambda server: server.answer(302, b"", Location="/object/x"), "from one address to the next"),
        ("object", lambda server: server.answer(302, b"", Location="file:///etc/passwd"), "nothing is fetched from"),
        ("object", lambda server: server.answer(302, b"", Location="http://localhost:1/x"), "not public"),
        ("object", lambda server: server.answer(302, b"", Location="http://169.254.169.254/"), "not public"),
        ("object", lambda server: server.answer(302, b"", Location="http://[::ffff:7f00:1]:1/"), "not public"),
        ("object", lambda server: server.answer(200, b"", **{"Content-Length": "x"}), "no answer that can be read"),
        ("batch", lambda server: server.answer(200, b"["), "no answer that can be read"),
        ("batch", lambda server: server.answer(200, b'{"objects": [{"oid": 1}]}'), "no answer that can be read"),
        *(
            ("batch", of_the_object(actions={"download": {"href": where}}), said)
            for where, said in {
                "https://x:99999/": "an address that is none",
                "http://[": "an address that is none",
                "https://2002:7f00:1::/x": "an address that is none",
                "https://a\0b/x": "no answer that can be read",
            }.items()
        ),
        ("object", lambda server: server.answer(302, b"", Location="https://x:99999/"), "an address that is none"),
        ("batch", lambda server: server.answer(302, b"", Location="https://x:99999/"), "an address that is none"),
        *(
            ("batch", of_the_object(error={"code": code}), f"answered with {code}")
            for code in (0, 403, 408, 429, 500, 503)
        ),
        ("batch", of_the_object(), "does not say where"),
        ("batch", lambda server: server.answer(200, b'{"objects": []}'), "does not say where"),
        ("batch", endless, "an answer without end"),
        ("batch", lambda server: server.answer(429, b""), "answered with 429"),
        ("batch", lambda server: server.answer(302, b"", Location="http://localhost:1/x"), "answered with 302"),
        ("batch", lambda server: server.answer(302, b"", Location=server.path), "from one address to the next"),
    ],
)
def test_a_server_that_lies_is_not_believed(ask, what, lie, said):
    with pytest.raises(FetchFailed, match=said) as raised:
        ask(**{what: lie})
    assert raised.value.is_ours


@pytest.mark.parametrize("what", ["batch", "object"])
def test_a_server_that_never_ends_its_answer_is_left(ask, what):
    gone = threading.Event()

    def drip(server):
        server.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not gone.wait(0.02):
            try:
                server.wfile.write(b"X: y\r\n")
            except OSError:
                server.close_connection = True
                return

    try:
        with pytest.raises(Overrun):
            ask(seconds=0.3, **{what: drip})
    finally:
        gone.set()


def test_certificates_that_cannot_be_read_are_named(address):
    with pytest.raises(FetchFailed, match="/none cannot be read"):
        LfsServer(address, Deadline(1.0), "/none")
