import collections
import http.server

ANSWERS = collections.Counter()
DECLARED = """\
# TYPE predictions_total counter
# TYPE errors_seconds histogram
# TYPE in_flight gauge
in_flight 0
# TYPE drift_score gauge
# TYPE http_requests_total counter
"""


class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        lines = [f'http_requests_total{{path="{path}",status="200"}} {count}\n' for path, count in ANSWERS.items()]
        body = (DECLARED + "".join(lines)).encode() if self.path == "/metrics" else b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        ANSWERS[self.path] += self.path != "/metrics"


http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Metrics).serve_forever()
