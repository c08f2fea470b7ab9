"""Images with a small service in them, sound or broken in one way, for the tests that run them in Docker."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import tarfile
from contextlib import closing

import pytest

from infra_grader.capabilities import docker as daemons
from infra_grader.capabilities.docker import LABEL
from infra_grader.model.outcome import NotAssessed

BASE = "python:3.11-slim"
SERVER = """\
import http.server, json, os, signal, sys, threading, time

port, host = int(os.environ.get("PORT", 8000)), os.environ.get("HOST", "0.0.0.0")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/die":
            os._exit(3)
        if self.path == "/eat":
            self.server.eaten = bytearray(100_000_000)
        known = {"/health": {"status": "ok"}, "/": {"name": "service"}, "/eat": {}}
        body = json.dumps(known.get(self.path, {"error": "unknown"})).encode()
        self.send_response(200 if self.path in known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *rest):
        print(json.dumps({"level": "info", "message": form % rest}), flush=True)


time.sleep(float(os.environ.get("SLOW", 0)))
if not os.environ.get("DEAF"):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer((host, port), Handler).serve_forever()
"""
HEALTH = """\
import os, urllib.request
urllib.request.urlopen(f"http://127.0.0.1:{os.environ.get('PORT', 8000)}/health", timeout=2)
"""
SOUND = f"""\
FROM {BASE}
COPY server.py health.py /app/
EXPOSE 8000
"""
CMD = 'CMD ["python3", "/app/server.py"]\n'
CHECKED = 'HEALTHCHECK --interval=30s --timeout=5s CMD ["python3", "/app/health.py"]\n'


@functools.cache
def problem() -> str:
    """Return why containers cannot be run here, or nothing."""
    try:
        with closing(daemons.connect()) as api:
            if not api.images(BASE):
                return f"it lacks {BASE}: tests/docker/daemon makes it"
            if not any(network["Name"] == "bridge" for network in api.networks()):
                return "it has no bridge"
    except NotAssessed as verdict:
        return f"{verdict.reason} {verdict.remedy} Or start one with tests/docker/daemon"
    return ""


def require() -> None:
    """Skip a test where containers cannot be run; in CI that is a failure."""
    if reason := problem():
        if os.environ.get("CI"):
            pytest.fail(f"Docker must work in CI: {reason}")
        pytest.skip(f"Docker cannot be used: {reason}")


@functools.cache
def build(dockerfile: str = SOUND + CMD) -> str:
    """Build an image with the service in it, by the daemon's classic builder, and return its id."""
    # Of its own for each Dockerfile: other workers of the tests build beside us.
    name = f"infra-grader-test:{hashlib.sha256(dockerfile.encode()).hexdigest()[:12]}"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for file, text in {"Dockerfile": dockerfile, "server.py": SERVER, "health.py": HEALTH}.items():
            facts = tarfile.TarInfo(file)
            facts.size, facts.mode = len(text), 0o755
            tar.addfile(facts, io.BytesIO(text.encode()))
    packed.seek(0)
    with closing(daemons.connect()) as api:
        steps = list(
            api.build(fileobj=packed, custom_context=True, rm=True, decode=True, labels={LABEL: "test"}, tag=name)
        )
        assert not any("error" in step for step in steps), steps
        return str(api.inspect_image(name)["Id"])
