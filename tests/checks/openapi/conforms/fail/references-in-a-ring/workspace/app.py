import json
from http.server import BaseHTTPRequestHandler, HTTPServer

PATHS = {"/sum": {"$ref": "#/paths/~1sum"}}
CONTRACT = {"openapi": "3.0.3", "info": {"title": "Sums", "version": "1.0"}, "paths": PATHS}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        content = json.dumps(CONTRACT).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    HTTPServer(("0.0.0.0", 5000), Handler).serve_forever()
