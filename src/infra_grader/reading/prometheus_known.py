"""Names of the series that Prometheus makes itself and that well-known exporters export."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

from infra_grader.capabilities.workspace import is_glob

WORD = re.compile(r"[a-z0-9]+")
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

CALLED: dict[str, tuple[str, ...]] = {
    "container": ("cadvisor", "container"),
    "kubernetes": ("kube", "k8s", "apiserver", "coredns", "etcd"),
    "process": (),
    "python": (),
    "go": (),
    "postgres": ("postgres", "pg"),
    "mysql": ("mysql", "mariadb"),
    "mongodb": ("mongo",),
    "elasticsearch": ("elastic",),
    "loki": ("loki", "promtail"),
    "gpu": ("gpu", "dcgm", "nvidia"),
    "istio": ("istio", "envoy"),
}
"""What a word in the name of an exporter's job or service begins with, where that is not the exporter's own name;
nothing for what any program exports."""

USUAL = ("prometheus", "alertmanager", "node", "container", "kubernetes", "process", "python", "go", "blackbox")
"""The exporters that any stack may have; others are named by the rubric."""


def known_names(exporters: Iterable[str]) -> tuple[str, ...]:
    """Return the patterns of some exporters. Raises `KeyError` for one that is not known."""
    return tuple(pattern for name in exporters for pattern in EXPORTERS[name])


def exporter_of(name: str) -> str | None:
    """Return the exporter that makes a series of this name, if one is known."""
    return next((exporter for exporter, patterns in EXPORTERS.items() if is_named_by(name, patterns)), None)


def is_called(exporter: str, *names: str) -> bool:
    """Whether one of the names of a job or a service is such as an exporter's."""
    begins = CALLED.get(exporter, (exporter,))
    return any(word.startswith(begins) for word in WORD.findall(" ".join(names).lower()))


def is_named_by(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns, in which `*` stands for anything, fits a whole name."""
    return any(_fits(name, pattern) for pattern in patterns)


def _fits(name: str, pattern: str) -> bool:
    start = pattern.removesuffix("*")
    if is_glob(start):
        return fnmatch.fnmatchcase(name, pattern)
    return name == pattern if start == pattern else name.startswith(start)  # nearly all; no expression to compile
