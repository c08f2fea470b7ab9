"""What our tests need beside the learner's code: folders, files, and an API that fails as it is told."""

import json
import os
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

asked = []
"""Paths that the API was asked for."""


def folder():
    """Return a new folder."""
    return tempfile.mkdtemp()


def files(place):
    """Return the paths of all files below a folder, relative to it."""
    return sorted(
        os.path.relpath(os.path.join(parent, name), place) for parent, _, names in os.walk(place) for name in names
    )


def is_folder(place):
    """Tell whether there is a folder."""
    return os.path.isdir(place)


def read_json(place):
    """Return what a JSON file holds."""
    with open(place, encoding="utf-8") as file:
        return json.load(file)


def serve(statuses, records):
    """Serve an API that answers with these statuses, then the last one again; return its address."""
    asked.clear()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status = statuses[min(len(asked), len(statuses) - 1)]
            asked.append(self.path)
            body = json.dumps(records if status == 200 else {"error": "no"}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/records"
