import json
from http.server import BaseHTTPRequestHandler, HTTPServer

NUMBERS = {"type": "array", "items": {"type": "number"}, "maxItems": 5}
INPUT = {"type": "object", "required": ["features"], "properties": {"features": NUMBERS}}
OUTPUT = {"type": "object", "required": ["prediction"], "properties": {"prediction": {"type": "number"}}}
CONTRACT = {
    "openapi": "3.0.3",
    "info": {"title": "Sums", "version": "1.0"},
    "pathes": {
        "/health": {"get": {"responses": {"200": {"description": "well"}}}},
        "/predict": {
            "post": {
                "requestBody": {"required": True, "content": {"application/json": {"schema": INPUT}}},
                "responses": {
                    "200": {"description": "a sum", "content": {"application/json": {"schema": OUTPUT}}},
                    "422": {"description": "bad input"},
                },
            }
        },
    },
}


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        self.answer(200, CONTRACT if self.path == "/openapi.json" else {"status": "ok"})

    def do_POST(self):
        features = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["features"]
        self.answer(200, {"prediction": sum(features)})


HTTPServer(("0.0.0.0", 5000), Handler).serve_forever()
