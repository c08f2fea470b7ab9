"""A package index on the loopback, with packages made on the spot, so that tests need no other."""

from __future__ import annotations

import io
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def wheel(
    name: str,
    version: str,
    *,
    needs: tuple[str, ...] = (),
    files: Mapping[str, str] | None = None,
    scripts: Mapping[str, str] | None = None,
    tag: str = "py3-none-any",
) -> tuple[str, bytes]:
    """Return the file name and content of a wheel with these files, and a module of its name if there are none."""
    stem = f"{name.replace('-', '_')}-{version}"
    content = dict(files or {f"{name.replace('-', '_')}.py": f"VERSION = {version!r}\n"})
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"] + [
        f"Requires-Dist: {need}" for need in needs
    ]
    content[f"{stem}.dist-info/METADATA"] = "\n".join(metadata) + "\n"
    content[f"{stem}.dist-info/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: {tag}\n"
    if scripts:
        lines = [f"{script} = {target}" for script, target in scripts.items()]
        content[f"{stem}.dist-info/entry_points.txt"] = "[console_scripts]\n" + "\n".join(lines) + "\n"
    content[f"{stem}.dist-info/RECORD"] = "".join(f"{path},,\n" for path in (*content, f"{stem}.dist-info/RECORD"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in content.items():
            archive.writestr(path, text)
    return f"{stem}-{tag}.whl", packed.getvalue()


def source(name: str, version: str, setup: str = "from setuptools import setup; setup()") -> tuple[str, bytes]:
    """Return the file name and content of a source archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        facts = {"setup.py": setup, "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"}
        for path, text in facts.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return f"{name}-{version}.tar.gz", packed.getvalue()


class PackageIndex:
    """What the index has, what it was asked, and how it misbehaves."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.status = 200
        self.wait_s = 0.0
        self.url = ""

    def add(self, *files: tuple[str, bytes]) -> None:
        """Put files on the index."""
        self.files.update(files)

    def answer(self, path: str) -> tuple[int, bytes]:
        """Return the status and content for a path."""
        self.asked.append(path)
        time.sleep(self.wait_s)
        if self.status != 200:
            return self.status, b"no"
        kind, _, rest = path.strip("/").partition("/")
        if kind == "files":
            return (200, self.files[rest]) if rest in self.files else (404, b"")
        names = [name for name in self.files if name.split("-")[0].lower().replace("_", "-") == rest]
        links = "".join(f'<a href="/files/{name}">{name}</a>\n' for name in names)
        return (200, f"<!DOCTYPE html><html><body>{links}</body></html>".encode()) if names else (404, b"")


@contextmanager
def serve() -> Iterator[PackageIndex]:
    """Yield an index that answers on the loopback."""
    index = PackageIndex()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = index.answer(self.path)
            try:
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if self.path.startswith("/simple") else "binary/octet")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except ConnectionError:  # whoever asked has been ended
                return

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    index.url = f"http://127.0.0.1:{server.server_address[1]}/simple"
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
