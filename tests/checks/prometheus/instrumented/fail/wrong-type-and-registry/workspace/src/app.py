from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

registry = CollectorRegistry()
REQUESTS = Gauge("http_requests_total", "Requests", ["method", "endpoint", "status"], registry=registry)
DRIFT = Gauge("data_drift_score", "Drift", registry=registry)

REQUESTS.labels("GET", "/", "200").inc()
DRIFT.set(1)
start_http_server(8000)
