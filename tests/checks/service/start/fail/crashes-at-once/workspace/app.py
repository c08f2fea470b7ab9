import os
from http.server import BaseHTTPRequestHandler, HTTPServer

DATABASE = os.environ["DATABASE_URL"]

HTTPServer(("0.0.0.0", 5000), BaseHTTPRequestHandler).serve_forever()
