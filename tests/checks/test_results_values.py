"""What cases cannot express: assurance, and every way to a value."""

from __future__ import annotations

import pytest

from infra_grader.checks.results._values import as_number, find_values, listed
from infra_grader.checks.results.recomputed import _aggregate
from infra_grader.testing import run_check

DATA = {
    "runs": [{"Name": "a-b", "p 95": 1, "n": 2.0}, {"name": "c", "p95": 2, "n": 3}, "noise"],
    "Total_Time": {"s": 4},
    "total-time": {"s": 5},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("runs[0].p95", [1]),
        ("runs[*].P95", [1, 2]),
        ("runs[name=a_b].p_95", [1]),
        ("runs[n=2].p95", [1]),
        ("runs[7].p95", []),
        ("runs.p95", []),
        ("total-time.s", [5]),
        ("totaltime.s", [4]),
        ("total-time[0]", []),
    ],
)
def test_path_leads_to_values(path, found):
    assert [value.found for value in find_values(DATA, [path])] == found


def test_first_path_that_leads_anywhere_counts():
    assert [value.path for value in find_values(DATA, ["none", "runs[1].p95", "runs[0].n"])] == ["runs[1].p95"]


@pytest.mark.parametrize("found", [True, "1", None, [], {}, float("nan"), float("inf"), 10**400])
def test_what_is_no_number(found):
    assert as_number(found) is None


@pytest.mark.parametrize("number", range(1, 60))
@pytest.mark.parametrize("percent", [50, 90, 95, 99])
def test_usual_definitions_of_a_percentile_are_accepted(number, percent):
    ordered = [float(sample) for sample in range(number)]
    least, most = _aggregate(ordered, f"p{percent}")
    linear = percent / 100 * (number - 1)
    nearest_rank = -(-percent * number // 100) - 1
    assert least <= linear <= most
    assert least <= nearest_rank <= most
    assert most - least <= 2


@pytest.mark.parametrize("path", ["a[", "a]", "a[x]", "a[]", "a[=]", "[0"])
def test_path_that_is_none_is_refused(path):
    with pytest.raises(ValueError, match="is no path to a value"):
        listed(path)


def test_results_are_claims(tmp_path):
    (tmp_path / "r.json").write_text('{"a": 1, "samples": [1]}')
    targets = {"path": "r.json", "targets": [{"title": "a", "at": "a", "at_least": 1}]}
    assert run_check("results.targets", targets, tmp_path).claimed
    again = {"path": "r.json", "at": "a", "samples": "r.json", "samples_at": "samples", "aggregate": "max"}
    assert run_check("results.recomputed", again, tmp_path).claimed


@pytest.mark.parametrize("text", ['a\n"b', "a,b\n" + "x" * 200_000 + ",1\n"])
def test_broken_csv_names_its_line(tmp_path, text):
    (tmp_path / "r.csv").write_text(text)
    outcome = run_check(
        "results.targets", {"path": "r.csv", "targets": [{"title": "a", "at": "a", "at_most": 1}]}, tmp_path
    )
    assert outcome.status == "failed"
    assert "is not valid CSV" in outcome.message
    assert outcome.evidence[0].line == 2
