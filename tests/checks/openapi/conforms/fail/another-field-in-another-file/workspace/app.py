import json
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        self.answer(200, {"status": "ok"})

    def do_POST(self):
        features = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["features"]
        self.answer(200, {"prediction": sum(features)})


HTTPServer(("0.0.0.0", 5000), Handler).serve_forever()
