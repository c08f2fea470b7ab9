from prometheus_client import Counter, Histogram

REQUESTS = Counter("http_requests_total", "Requests", ["status"])
LATENCY = Histogram("http_request_duration_seconds", "Latency")


def answered(status, took):
    REQUESTS.labels(status=status).inc()
    LATENCY.observe(took)


answered("200", 0.1)
