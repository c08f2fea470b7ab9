import http.server
import os

assert os.environ["GREETING"] == "hello"
assert os.environ["API_KEY"]
http.server.test(http.server.SimpleHTTPRequestHandler, port=8000, bind="0.0.0.0")
