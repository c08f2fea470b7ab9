"""Answer every request on the ports of the services that this stands in for; any arguments are theirs."""

import json
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORTS = (3000, 5000, 5044, 5601, 8080, 9200, 9600)
HEALTH = {
    "status": "green",  # Elasticsearch, Logstash
    "database": "ok",  # Grafana
    "acknowledged": True,
    "tagline": "You Know, for Search",
}


class Answer(BaseHTTPRequestHandler):
    """The same answer to everything."""

    def answer(self) -> None:
        """Take what is sent, and answer."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps(HEALTH).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 (the names are http.server's)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
for port in PORTS:
    threading.Thread(target=ThreadingHTTPServer(("", port), Answer).serve_forever, daemon=True).start()
signal.pause()
