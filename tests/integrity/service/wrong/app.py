import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def answer(path, body):
    if path == "/health":
        return 200, {"status": "ok"}
    try:
        text = json.loads(body)["text"]
    except ValueError:
        return 400, {"error": "no JSON"}
    return 200, {"text": text, "size": 0}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, found = answer(self.path, self.rfile.read(int(self.headers.get("Content-Length", 0))))
        content = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
