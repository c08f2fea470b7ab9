"""An API of a cluster that answers as a test says: for faults which a sound cluster does not show."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

Answers = Callable[[str, str], tuple[int, Any] | list[str]]
"""Asked with method and path; gives a status with an object, or the lines of a stream."""


@contextmanager
def api(answers: Answers, folder: Path) -> Iterator[tuple[Path, list[tuple[str, str]]]]:
    """Yield a kubeconfig of a server on the loopback, with the context `lab`, and the requests that it was sent."""
    asked: list[tuple[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append((self.command, self.path))
            said = answers(self.command, self.path)
            if isinstance(said, list):
                self._stream(said)
                return
            status, body = said
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if status == 429:
                self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(content)

        def _stream(self, lines: list[str]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Connection", "close")
            self.end_headers()
            for line in lines:
                self.wfile.write(f"{line}\n".encode())
            self.close_connection = True

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that the server looks for

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    try:
        yield kubeconfig(folder, f"http://127.0.0.1:{server.server_port}"), asked
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def kubeconfig(folder: Path, address: str, user: dict[str, Any] | None = None) -> Path:
    """Write a kubeconfig whose only context is `lab`, and return it."""
    file = folder / "kubeconfig"
    file.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "lab",
                "clusters": [{"name": "c", "cluster": {"server": address}}],
                "users": [{"name": "u", "user": user or {"token": "t"}}],
                "contexts": [{"name": "lab", "context": {"cluster": "c", "user": "u"}}],
            }
        ),
        encoding="utf-8",
    )
    return file


def failure(code: int, reason: str, message: str, **details: Any) -> tuple[int, dict[str, Any]]:
    """Return how the API answers that it does not do something."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message}
    return code, {**status, "code": code, "details": details}


def listed(*names: str, version: str = "10") -> tuple[int, dict[str, Any]]:
    """Return the list of objects of these names."""
    return 200, {"kind": "List", "metadata": {"resourceVersion": version}, "items": [thing(name) for name in names]}


def thing(name: str, version: str = "11") -> dict[str, Any]:
    """Return an object of a name, which is its uid too."""
    return {"metadata": {"name": name, "uid": name, "resourceVersion": version}}


def event(kind: str, name: str, version: str) -> str:
    """Return the line of a watch that tells of an object."""
    return json.dumps({"type": kind, "object": thing(name, version)})
