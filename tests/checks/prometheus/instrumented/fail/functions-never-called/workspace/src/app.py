from flask import Flask, Response
from make import counter, registry
from prometheus_client import generate_latest

# REQUESTS = counter("requests_total", ["method", "status"])
SECONDS = counter("seconds_total", ["method"])
app = Flask(__name__)


@app.get("/metrics")
def metrics():
    return Response(generate_latest(registry))
