"""A server of Git LFS, asked for the objects of one repository, by https://github.com/git-lfs/git-lfs/tree/main/docs/api.

No program of git-lfs runs, so that no `.lfsconfig` of a learner can name another server, or a program to fetch with.
"""

from __future__ import annotations

import contextlib
import hashlib
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.loading.fetch_outcome import FetchFailed
from infra_grader.loading.lfs_place import PeerCheck, check_place, is_elsewhere, joined, later, origin
from infra_grader.model.outcome import NotAssessed

if TYPE_CHECKING:
    import httpx

INSTALL = "pip install 'infra-grader[http]'"
KIND = "application/vnd.git-lfs+json"
MOST_ANSWER = 4 * 1024 * 1024
AT_ONCE = 100
"""Objects that a server is asked for at a time."""
MOST_HOPS = 3
WAIT_S = 20.0
"""For one answer of the network to come."""
NOT_LOGGED_IN = frozenset({401, 403, 404})
"""What servers say of a repository to those who may not read it."""
NOT_THERE = frozenset({404, 410, 422})
"""What servers say of an object that they were never given, or not as the pointer has it."""
OF_CONNECTION = frozenset({"host", "content-length", "transfer-encoding", "connection"})
PUSH = "Run `git lfs push --all origin`."
AGAIN = "Commit the file again, with git-lfs installed."
LOG_IN = "Log in by git's own helpers, or grade without LFS files."


class Object(NamedTuple):
    """What a pointer names."""

    oid: str
    """SHA-256, in lower case."""
    size: int


class Login(NamedTuple):
    """What logs in at the server of the repository, and nowhere else."""

    user: str = ""
    password: str = ""
    header: tuple[str, str] | None = None


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Action(msgspec.Struct):
    href: str
    header: dict[str, str] = {}


class _Found(msgspec.Struct):
    oid: str
    actions: dict[str, _Action] = {}
    size: int | None = None
    error: _Error | None = None


class _Batch(msgspec.Struct):
    objects: list[_Found]


class LfsServer:
    """The LFS server of one repository. Use it in a `with` block."""

    def __init__(
        self, address: str, deadline: Deadline, authority: str = "", login: Callable[[str], Login | None] | None = None
    ) -> None:
        """`address` is that of the repository, `authority` a file with certificates to trust in place of the system's.

        `login` gives what logs in at an address, and is asked only if the server wants that. Raises `NotAssessed` where
        the library that asks is not installed, and `FetchFailed` for such a file that cannot be read.
        """
        try:
            import httpx  # an extra, and slow to import
        except ImportError as error:
            raise NotAssessed("httpx, which fetches LFS files, is not installed.", INSTALL) from error
        self._address = address.rstrip("/") + ("" if address.rstrip("/").endswith(".git") else ".git") + "/info/lfs"
        self._deadline = deadline
        self._login = login
        self._given: Login | None = None
        try:
            trusted = ssl.create_default_context(cafile=authority or None)  # what git trusts, too
        except OSError as error:
            raise FetchFailed(f"{authority} cannot be read.", "Look at git's http.sslCAInfo.", is_ours=True) from error
        self._client = httpx.Client(verify=trusted, follow_redirects=False, timeout=WAIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def find(self, objects: Sequence[Object]) -> Mapping[Object, _Action | str]:
        """Return where each object is, or why the server does not have it and what the learner can do.

        Raises `FetchFailed` and `Overrun`.
        """
        found: dict[Object, _Action | str] = {}
        for start in range(0, len(objects), AT_ONCE):
            asked = objects[start : start + AT_ONCE]
            answered = {one.oid: one for one in self._batch(asked).objects}
            found |= {one: _place(one, answered.get(one.oid)) for one in asked}
        return found

    def download(self, wanted: Object, action: _Action, target: Path) -> None:
        """Write an object to a file, which holds exactly what the pointer said.

        Raises `FetchFailed`, whose fault is the server's, and `Overrun`.
        """
        address = joined(self._address, action.href)
        headers = {name: value for name, value in action.header.items() if name.lower() not in OF_CONNECTION}
        for _ in range(MOST_HOPS):
            check_place(address, self._address)
            with self._answer("GET", address, headers) as answer:
                if answer.is_redirect:
                    there = joined(address, answer.headers.get("location", ""))
                    headers = headers if origin(there) == origin(address) else {}
                    address = there
                    continue
                if answer.status_code != 200:
                    raise later(f"The server answered with {answer.status_code}.")
                _write(answer, self._deadline, wanted, target)
                return
        raise later("The server leads from one address to the next.")

    def _batch(self, asked: Sequence[Object]) -> _Batch:
        question = {
            "operation": "download",
            "transfers": ["basic"],
            "hash_algo": "sha256",
            "objects": [one._asdict() for one in asked],
        }
        address = f"{self._address}/objects/batch"
        content = msgspec.json.encode(question)
        for _ in range(MOST_HOPS):
            with self._answer("POST", address, {"Accept": KIND, "Content-Type": KIND}, content) as answer:
                status = answer.status_code
                if status in NOT_LOGGED_IN and self._given is None and self._login is not None:
                    self._given = self._login(self._address) or Login()
                    continue
                if answer.is_redirect and origin(there := joined(address, answer.headers.get("location", ""))) == (
                    origin(address)
                ):
                    address = there
                    continue
                if status == 200:
                    return _read_batch(_body(answer, self._deadline))
                raise self._refused(status)
        raise later("The server does not let us in, or leads from one address to the next.")

    def _refused(self, status: int) -> FetchFailed:
        """Return why the server says nothing of the objects.

        To somebody who has not logged in, a server may say that there is nothing, and mean that they may not see it.
        """
        is_public, has_no_login = self._login is None, self._given == Login()
        if status == 501 or (status in NOT_LOGGED_IN and is_public) or (status == 404 and not has_no_login):
            return FetchFailed(f"The server has no LFS files of it for us ({status}).", PUSH)
        if status in NOT_LOGGED_IN:
            return FetchFailed(f"The server does not let us in ({status}).", LOG_IN, is_ours=True)
        return later(f"The LFS server answered with {status}.")

    @contextlib.contextmanager
    def _answer(
        self, method: str, address: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Iterator[httpx.Response]:
        """Ask for an address, with what logs in where it is the server's own; the whole of it within the deadline."""
        import httpx  # as above

        own = self._given if origin(address) == origin(self._address) and self._given is not None else Login()
        has_own_login = any(name.lower() == "authorization" for name in headers)
        auth = (own.user, own.password) if own.password and not has_own_login else None
        more = [own.header] if own.header and not has_own_login else []
        self._deadline.check()
        # A server that sends its answer byte by byte is never waited for long, but for ever.
        end = threading.Timer(self._deadline.remaining(), self._client.close)
        end.daemon = True
        end.start()
        try:
            all_headers = [*headers.items(), *more, ("Accept-Encoding", "identity")]
            host = httpx.URL(address).raw_host.decode("ascii")
            look = {"trace": PeerCheck(host)} if is_elsewhere(address, self._address) else None
            with self._client.stream(
                method, address, headers=all_headers, content=content, auth=auth, extensions=look
            ) as answer:
                yield answer
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, RuntimeError, ValueError) as error:
            self._deadline.check()
            raise later(f"The LFS server gave no answer that can be read ({type(error).__name__}).") from error
        finally:
            end.cancel()


def _place(wanted: Object, found: _Found | None) -> _Action | str:
    """Return where an object is, or why the learner must see to it that it gets there. Raises `FetchFailed`."""
    if found is not None and found.error is not None:
        if found.error.code in NOT_THERE:
            return f"The server does not have it (it says {found.error.code}). {PUSH}"
        raise later(f"The server answered with {found.error.code} for a file of it.")
    if found is not None and found.size not in (None, wanted.size):
        return f"Its pointer names {wanted.size} bytes, the server has {found.size}. {AGAIN}"
    if found is None or "download" not in found.actions:
        raise later("The server does not say where a file of it is.")
    return found.actions["download"]


def _read_batch(body: bytes) -> _Batch:
    try:
        return msgspec.json.decode(body, type=_Batch)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise later("The LFS server gave no answer that can be read.") from error


def _body(answer: httpx.Response, deadline: Deadline) -> bytes:
    kept = bytearray()
    for piece in answer.iter_raw():
        deadline.check()
        kept += piece
        if len(kept) > MOST_ANSWER:
            raise later("The LFS server gave an answer without end.")
    return bytes(kept)


def _write(answer: httpx.Response, deadline: Deadline, wanted: Object, target: Path) -> None:
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as stream:
        for piece in answer.iter_raw():
            deadline.check()
            size += len(piece)
            if size > wanted.size:
                raise later(f"The server sends more than the {wanted.size} bytes that the pointer names.")
            digest.update(piece)
            stream.write(piece)
    if size != wanted.size or digest.hexdigest() != wanted.oid:
        raise later("The server sends something else than the pointer names.")
