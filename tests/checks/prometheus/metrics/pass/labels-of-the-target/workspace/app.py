from flask import Flask, Response
from prometheus_client import Counter, Histogram, generate_latest

REQUESTS = Counter("http_requests_total", "d", ["method", "path", "status_code"])
SECONDS = Histogram("http_request_duration_seconds", "d", ["path"])
app = Flask(__name__)


@app.after_request
def record(response):
    REQUESTS.labels("GET", "/", response.status_code).inc()
    SECONDS.labels("/").observe(0.1)
    return response


@app.get("/metrics")
def metrics():
    return Response(generate_latest())
