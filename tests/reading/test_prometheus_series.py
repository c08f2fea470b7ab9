"""What a running Prometheus has, and what it does not answer."""

from __future__ import annotations

import json

import pytest

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.http import Answer
from infra_grader.reading.prometheus_live import PrometheusApi
from infra_grader.reading.prometheus_series import RefusedQuery, Series


class Monitor:
    """Answers as a Prometheus does that has the series `up`."""

    name = "prometheus"

    def hear(self, path, deadline, **asked):
        text = asked.get("query") or asked.get("match[]") or ""
        if "==" in text and path != "/api/v1/query":
            said = {"status": "error", "errorType": "bad_data", "error": 'invalid parameter "match[]"'}
        elif path == "/api/v1/query":
            said = {"status": "success", "data": {"resultType": "vector", "result": [{}]}}
        else:
            said = {"status": "success", "data": ["instance", "job"]}
        status = 200 if said["status"] == "success" else 400
        return Answer(status=status, headers=(), body=json.dumps(said).encode(), is_cut=False, seconds=0.0)


def test_what_it_has_is_told():
    series = Series(PrometheusApi(Monitor()), Deadline(9))
    assert (series.number("up == 1"), series.values("job", "up")) == (1, ["instance", "job"])
    assert series.labels("up") == {"instance", "job"}


@pytest.mark.parametrize(
    "ask", [lambda series: series.values("job", "up == 1"), lambda series: series.labels("up == 1")]
)
def test_what_is_no_selector_is_refused_alone(ask):
    with pytest.raises(RefusedQuery, match="invalid parameter"):
        ask(Series(PrometheusApi(Monitor()), Deadline(9)))
