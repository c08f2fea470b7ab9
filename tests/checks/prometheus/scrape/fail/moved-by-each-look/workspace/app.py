import time
from http.server import BaseHTTPRequestHandler, HTTPServer

COUNTS = {("GET", "/metrics", 200): 7, ("GET", "/predict", 200): 900}
SECONDS = []


def exposition():
    yield "# HELP model_api_requests_total Requests by route"
    yield "# TYPE model_api_requests_total counter"
    for (method, path, status), count in COUNTS.items():
        labels = f'method="{method}",endpoint="{path}",status_code="{status}"'
        yield f"model_api_requests_total{{{labels}}} {count}"
    yield "# HELP model_api_request_duration_seconds Time for an answer"
    yield "# TYPE model_api_request_duration_seconds histogram"
    for bound in (0.01, 0.1, 1):
        below = sum(seconds <= bound for seconds in SECONDS)
        yield f'model_api_request_duration_seconds_bucket{{le="{bound}"}} {below}'
    yield f'model_api_request_duration_seconds_bucket{{le="+Inf"}} {len(SECONDS)}'
    yield f"model_api_request_duration_seconds_sum {sum(SECONDS)}"
    yield f"model_api_request_duration_seconds_count {len(SECONDS)}"
    yield "# TYPE model_info gauge"
    yield 'model_info{name="sum"} 1'


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        began = time.perf_counter()
        if self.path == "/metrics":
            COUNTS["GET", "/metrics", 200] += 5
            SECONDS.extend([0.01] * 5)
        body = "\n".join(exposition()) + "\n" if self.path == "/metrics" else "{}"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4" if self.path == "/metrics" else "application/json")
        self.end_headers()
        self.wfile.write(body.encode())
        key = ("GET", self.path, 200)
        COUNTS.get(key)



HTTPServer(("0.0.0.0", 5000), Handler).serve_forever()
