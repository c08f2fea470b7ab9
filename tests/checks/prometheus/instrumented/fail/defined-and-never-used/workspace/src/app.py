from prometheus_client import Counter, Gauge, Histogram, generate_latest

REQUESTS = Counter("http_requests_total", "Requests", ["method", "endpoint", "status"])
LATENCY = Histogram("http_request_duration_seconds", "Latency")
DRIFT = Gauge("data_drift_score", "Drift", ["feature_name"])


def track():
    REQUESTS.labels("GET", "/", "200").inc()
    LATENCY.observe(1)


def metrics():
    if False:
        DRIFT.labels("a").set(1)
    return generate_latest()
