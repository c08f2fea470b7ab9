from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

registry = CollectorRegistry()
gauge = partial(Gauge, registry=registry)


def make(kind, name, labels=(), **more):
    """Make a metric once, however often the module is imported."""
    try:
        return kind(f"http_{name}", "A metric.", list(labels), registry=registry, **more)
    except ValueError:
        return registry._names_to_collectors[name]


def counter(name, labels):
    return make(Counter, name, labels)


def histogram(name, labels):
    return make(Histogram, name, labels, buckets=(0.1, 1, 10))
