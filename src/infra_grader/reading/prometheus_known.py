"""Names of the series that Prometheus makes itself and that well-known exporters export."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from infra_grader.capabilities.workspace import is_glob

EXPORTERS: dict[str, tuple[str, ...]] = {
    "prometheus": ("up", "scrape_*", "ALERTS", "ALERTS_FOR_STATE", "prometheus_*", "promhttp_*", "net_conntrack_*"),
    "alertmanager": ("alertmanager_*",),
    "node": ("node_*",),
    "container": ("container_*", "machine_*", "cadvisor_*"),
    "kubernetes": ("kube_*", "kubelet_*", "apiserver_*", "workqueue_*", "rest_client_*", "kubernetes_*", "coredns_*",
                   "kubeproxy_*", "etcd_*", "scheduler_*"),
    "process": ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
                "process_virtual_memory_max_bytes", "process_start_time_seconds", "process_open_fds",
                "process_max_fds"),
    "python": ("python_info", "python_gc_*"),
    "go": ("go_*",),
    "blackbox": ("probe_*",),
    "grafana": ("grafana_*",),
    "postgres": ("pg_*", "postgres_*"),
    "redis": ("redis_*",),
    "mysql": ("mysql_*",),
    "mongodb": ("mongodb_*",),
    "elasticsearch": ("elasticsearch_*",),
    "logstash": ("logstash_*",),
    "loki": ("loki_*", "promtail_*"),
    "nginx": ("nginx_*",),
    "rabbitmq": ("rabbitmq_*",),
    "kafka": ("kafka_*",),
    "minio": ("minio_*",),
    "airflow": ("airflow_*",),
    "statsd": ("statsd_*",),
    "gpu": ("DCGM_*", "nvidia_*"),
    "istio": ("istio_*", "envoy_*"),
    "traefik": ("traefik_*",),
}  # fmt: skip
"""Patterns of names by the exporter that makes them."""

USUAL = ("prometheus", "alertmanager", "node", "container", "kubernetes", "process", "python", "go", "blackbox")
"""The exporters that any stack may have; others are named by the rubric."""


def known_names(exporters: Iterable[str]) -> tuple[str, ...]:
    """Return the patterns of some exporters. Raises `KeyError` for one that is not known."""
    return tuple(pattern for name in exporters for pattern in EXPORTERS[name])


def is_named_by(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns, in which `*` stands for anything, fits a whole name."""
    return any(_fits(name, pattern) for pattern in patterns)


def _fits(name: str, pattern: str) -> bool:
    start = pattern.removesuffix("*")
    if is_glob(start):
        return fnmatch.fnmatchcase(name, pattern)
    return name == pattern if start == pattern else name.startswith(start)  # nearly all; no expression to compile
