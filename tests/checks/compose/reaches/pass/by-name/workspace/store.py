"""Keeps one text in a file: PUT it, GET it."""

import http.server
import os
import pathlib

FILE = pathlib.Path(os.environ.get("FOLDER", "/data")) / "text"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(FILE.read_bytes() if FILE.exists() else b"nothing")

    def do_PUT(self):
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(b"stored")

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
