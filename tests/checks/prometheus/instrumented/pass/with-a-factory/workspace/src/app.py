from flask import Flask, Response
from make import counter, gauge, histogram, registry
from prometheus_client import generate_latest

REQUESTS = counter("requests_total", ["method", "status"])
SECONDS = histogram("request_duration_seconds", labels=["method"])
ACCURACY = gauge("model_accuracy", "Accuracy.")
app = Flask(__name__)


@app.after_request
def record(response):
    REQUESTS.labels("GET", response.status_code).inc()
    SECONDS.labels("GET").observe(0.2)
    ACCURACY.set(0.9)
    return response


@app.get("/metrics")
def metrics():
    return Response(generate_latest(registry))
