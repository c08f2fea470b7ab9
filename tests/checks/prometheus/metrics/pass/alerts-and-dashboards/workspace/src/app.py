import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

registry = CollectorRegistry()
LABELS = ["method", "endpoint", "status"]
REQUESTS = Counter("http_requests_total", "Requests", LABELS, registry=registry)
LATENCY = Histogram("duration_seconds", "Latency", ["method"], namespace="http", subsystem="request", registry=registry)


class Middleware:
    def __init__(self, app):
        self.app = app
        self.drift = Gauge("data_drift_score", "Drift", ["feature_name"], registry=registry)

    async def __call__(self, scope, receive, send):
        start = time.perf_counter()
        await self.app(scope, receive, send)
        LATENCY.labels(scope["method"]).observe(time.perf_counter() - start)
        counter = REQUESTS.labels(scope["method"], scope["path"], "200")
        counter.inc()

    def track(self, scores):
        for name, score in scores.items():
            self.drift.labels(feature_name=name).set(score)


app.add_middleware(Middleware)


@app.get("/metrics")
def metrics():
    return generate_latest(registry)
