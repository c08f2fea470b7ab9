import os
import sys
from wsgiref.simple_server import make_server

GREETING = os.environ["GREETING"]


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [GREETING.encode()]


make_server("127.0.0.1", int(sys.argv[-1]), app).serve_forever()
