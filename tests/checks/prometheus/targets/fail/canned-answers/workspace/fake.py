import http.server
import json

UP = {"health": "up", "scrapeUrl": "http://api:8000/metrics", "labels": {"job": "api"}}
RULE = {"name": "r", "type": "recording", "health": "ok"}


class Canned(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        data = {"activeTargets": [UP], "groups": [{"rules": [RULE]}], "result": []}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"status": "success", "data": data}).encode())


http.server.ThreadingHTTPServer(("0.0.0.0", 9090), Canned).serve_forever()
