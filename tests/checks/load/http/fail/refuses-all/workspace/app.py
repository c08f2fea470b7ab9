import itertools
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ALLOWED = 0
numbers = itertools.count(1)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        is_allowed = self.path == "/health" or next(numbers) <= ALLOWED
        if is_allowed:
            time.sleep(0)
        self.send_response(200 if is_allowed else 429)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 5000), Handler).serve_forever()
