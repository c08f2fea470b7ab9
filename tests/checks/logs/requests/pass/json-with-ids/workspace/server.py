import http.server
import json
import sys
import uuid


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"{}"
        self.send_response(200 if self.path in ("/health", "/predict") else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *rest):
        facts = {"request_id": str(uuid.uuid4()), "status_code": int(rest[1])}
        print(json.dumps({"level": "info", "message": form % rest, "context": facts}), flush=True)
        print("GET", self.path, file=sys.stderr)


print("a server is there", flush=True)
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
