from http.server import BaseHTTPRequestHandler, HTTPServer

from sums.health import HEALTHY


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(HEALTHY)


def main():
    HTTPServer(("0.0.0.0", 5000), Handler).serve_forever()
