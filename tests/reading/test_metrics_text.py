"""Metrics in the text formats of Prometheus."""

from __future__ import annotations

import pytest

from infra_grader.reading.metrics_text import read_metrics

OPEN = '# TYPE http_requests counter\n# HELP http_requests All\nhttp_requests_total{method="GET"} 3.0\n# EOF\n'
PLAIN = '# TYPE http_requests_total counter\nhttp_requests_total{method="GET"} 3\n'


@pytest.mark.parametrize("text", [OPEN, PLAIN, PLAIN + "# EOF\n", PLAIN.replace("\n", "\r\n")])
def test_a_counter_is_read_in_both_formats(text):
    (family,) = read_metrics(text)
    assert (family.title, family.type, family.labels, family.count) == (
        "http_requests_total",
        "counter",
        {"method"},
        3.0,
    )
    assert {"http_requests", "http_requests_total"} <= family.names


@pytest.mark.parametrize("text", ["<html>", "a{b=", OPEN.replace("3.0", "three")])
def test_what_is_in_neither_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read_metrics(text)
