from __future__ import annotations

import textwrap

import pytest

from infra_grader.capabilities.workspace import TextFile
from infra_grader.reading.prometheus_metrics import Instrumentation, read_instrumentation
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_source import parse_source


def read(*texts: str) -> Instrumentation:
    sources = [parse_source(TextFile(f"f{index}.py", textwrap.dedent(text))) for index, text in enumerate(texts)]
    assert not any(source.fault for source in sources)
    return read_instrumentation([Names(source) for source in sources])


@pytest.mark.parametrize(
    ("made", "name", "series"),
    [
        ('Counter("hits", "d")', "hits_total", ("hits_total", "hits_created")),
        ('Counter("hits_total", "d")', "hits_total", ("hits_total", "hits_created")),
        ('Gauge("x", "d", namespace="a", subsystem="b", unit="bytes")', "a_b_x_bytes", ("a_b_x_bytes",)),
        ('Histogram(name="t_seconds", documentation="d")', "t_seconds",
         ("t_seconds_bucket", "t_seconds_sum", "t_seconds_count", "t_seconds_created")),
        ('Info("app", "d")', "app", ("app_info",)),
        ('Gauge(f"{PREFIX}_up", "d")', "ml_up", ("ml_up",)),
    ],
)  # fmt: skip
def test_names_are_those_that_the_client_exports(made, name, series):
    [metric] = read(
        f'from prometheus_client import Counter, Gauge, Histogram, Info\nPREFIX = "ml"\nM = {made}\n'
    ).metrics
    assert (metric.name, metric.series, metric.is_used) == (name, series, False)


def test_classes_of_the_same_name_from_elsewhere_are_no_metrics():
    assert read('from collections import Counter\nC = Counter("hits")\nC.inc()\n').metrics == ()


@pytest.mark.parametrize(
    "use",
    [
        "M.inc()",
        'M.labels("a").inc()',
        "child = M.labels('a')\nchild.inc()",
        "import f0\nf0.M.inc()",
        "def handler():\n    M.inc()\nhandler()",
        "@app.get('/')\ndef handler():\n    M.inc()",
        "class Middleware:\n    def __call__(self):\n        M.inc()\napp.add_middleware(Middleware)",
        "@M.time()\ndef f(): ...",
        "with M.time():\n    pass",
    ],
)
def test_uses_in_code_that_is_reached(use):
    [metric] = read(f'import prometheus_client as p\nM = p.Summary("m", "d", ["a"])\n{use}\n').metrics
    assert metric.is_used


@pytest.mark.parametrize(
    "use",
    [
        "# M.inc()",
        '"M.inc()"',
        "def handler():\n    M.inc()",
        "def handler():\n    M.inc()\n    handler()",
        "if False:\n    M.inc()",
        "class Unused:\n    def hit(self):\n        M.inc()",
        "print(M)",
        "M.labels('a')",
    ],
)
def test_uses_that_never_happen(use):
    [metric] = read(f'import prometheus_client as p\nM = p.Counter("m", "d", ["a"])\n{use}\n').metrics
    assert not metric.is_used


def test_metrics_in_a_dictionary_and_behind_an_attribute():
    found = read(
        """
        from prometheus_client import Counter, Gauge
        METRICS = {"hits": Counter("hits", "d"), "load": Gauge("load", "d")}
        class Collector:
            def __init__(self):
                self.memory = Gauge("memory_bytes", "d")
            def collect(self):
                self.memory.set(1)
                METRICS["hits"].inc()
        Collector().collect()
        """
    )
    assert {metric.name: metric.is_used for metric in found.metrics}["memory_bytes"]
    assert {metric.name: metric.is_used for metric in found.metrics}["hits_total"]


def test_the_registry_that_is_handed_out_must_hold_the_metric():
    found = read(
        """
        from prometheus_client import CollectorRegistry, Counter, generate_latest
        registry = CollectorRegistry()
        A = Counter("a", "d", registry=registry)
        B = Counter("b", "d")
        @app.get("/metrics")
        def metrics():
            return generate_latest(registry)
        """
    )
    assert [found.exposes(metric) for metric in found.metrics] == [True, False]


def test_libraries_that_export_by_themselves():
    found = read(
        "from prometheus_fastapi_instrumentator import Instrumentator\nInstrumentator().instrument(app).expose(app)\n"
    )
    assert "http_requests_total" in found.ready_made
    assert found.exposures


BY_FUNCTIONS = [
    """
    def counter(name, text, labels=None):
        return Counter(name, text, labels or [], registry=registry)
    HITS = counter("hits_total", "d", ["method", "path"])
    """,
    """
    counter = functools.partial(Counter, registry=registry)
    HITS = counter("hits_total", "d", ["method", "path"])
    """,
    """
    def _make(kind, name, text, *args, **kwargs):
        try:
            return kind(name, text, *args, registry=registry, **kwargs)
        except ValueError:
            return registry._names_to_collectors[name]
    HITS = _make(Counter, "hits_total", "d", labelnames=("method", "path"))
    """,
    """
    class Factory:
        def __init__(self, prefix):
            self.prefix = prefix
        def counter(self, name, *, labels=()):
            return self._make(Counter, f"hits_{name}", labels)
        def _make(self, kind, name, labels):
            return kind(name, "d", list(labels), registry=registry)
    HITS = Factory("x").counter("total", labels=["method", "path"])
    """,
]


@pytest.mark.parametrize("text", BY_FUNCTIONS)
@pytest.mark.parametrize("is_used", [True, False])
def test_functions_that_make_metrics(text, is_used):
    use = '\nHITS.labels("GET", "/").inc()\n' if is_used else ""
    head = (
        "import functools\nfrom prometheus_client import Counter, CollectorRegistry\nregistry = CollectorRegistry()\n"
    )
    [metric] = read(head + textwrap.dedent(text) + use).metrics
    assert (metric.name, metric.type, metric.labels, metric.registry, metric.is_used) == (
        "hits_total", "Counter", ("method", "path"), "registry", is_used,
    )  # fmt: skip


def test_functions_of_another_file_that_make_metrics():
    found = read(
        "from prometheus_client import Gauge\ndef gauge(name):\n    return Gauge(name, 'd', registry=R)\n",
        "import f0\nPREFIX = 'ml'\nUP = f0.gauge(PREFIX + '_up')\nUP.set(1)\n",
    )
    [metric] = found.metrics
    assert (metric.name, metric.path, metric.line, metric.is_used) == ("ml_up", "f1.py", 3, True)


def test_decorator_that_makes_its_own_metric_gives_it_values():
    [metric] = read(
        """
        from prometheus_client import Histogram
        def timed(name):
            histogram = Histogram(name, "d")
            def decorate(function):
                def call():
                    with histogram.time():
                        return function()
                return call
            return decorate
        @timed("batch_seconds")
        def batch(): ...
        """
    ).metrics
    assert (metric.name, metric.is_used) == ("batch_seconds", True)


def test_functions_that_call_each_other_end():
    text = "from prometheus_client import Gauge\ndef a(n):\n    b([n, n]); c([n])\ndef b(n):\n    a([n, n]); c([n])\n"
    assert read(f"{text}def c(n):\n    a(n); b(n); Gauge(n, 'd', [n])\na('x')\nc('y')\n").metrics[0].name == "y"


@pytest.mark.parametrize("is_used", [True, False])
def test_metrics_in_fields_of_a_dataclass(is_used):
    found = read(
        f"""
        from dataclasses import dataclass, field
        from prometheus_client import Counter
        @dataclass
        class Metrics:
            hits: Counter = field(default_factory=lambda: Counter("hits", "d"))
        metrics = Metrics()
        metrics.{"hits" if is_used else "misses"}.inc()
        """
    )
    assert [(metric.name, metric.is_used) for metric in found.metrics] == [("hits_total", is_used)]


def test_what_a_program_exports_that_does_not_run_is_apart():
    api = "import prometheus_client as p\nA = p.Counter('hits', '')\nA.inc()\nB = p.Gauge('load', '')\nB.set(1)"
    drift = "import prometheus_client as p\nC = p.Gauge('drift', '')\nC.set(1)\nD = p.Gauge('unused', '')"
    found = read(api, drift)
    assert found.apart(lambda name: name == "hits_total") == {"drift"}
    assert found.apart(lambda name: name in ("load", "drift")) == frozenset()
