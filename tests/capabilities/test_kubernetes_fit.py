"""How large pods of ours say they are within a learner's ranges, and what quotas of theirs are raised by."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.capabilities.kubernetes_fit import Size, fitting, raised

ZERO = {"cpu": "0", "memory": "0"}


def limit_range(type_="Container", **limits):
    return {"spec": {"limits": [{"type": type_, **limits}]}}


def quota(hard, used=None, **spec):
    return {"spec": {"hard": hard, **spec}, "status": {"used": used or {}}}


def test_without_a_range_nothing_is_asked_for_and_that_is_said():
    assert fitting([]).manifest == {"requests": ZERO, "limits": ZERO}
    assert fitting([]).is_best_effort


def test_a_default_is_not_taken():
    assert fitting([limit_range(default={"memory": "64Mi"}, defaultRequest={"cpu": "1"})]).manifest["limits"] == ZERO


def test_a_minimum_is_asked_for_and_a_maximum_is_the_limit():
    size = fitting([limit_range(min={"memory": "64Mi"}, max={"memory": "96Mi"})])
    assert size.requests == {"cpu": 0, "memory": 64 * 2**20}
    assert size.limits == {"cpu": 0, "memory": 96 * 2**20}
    assert not size.is_best_effort


def test_the_tightest_of_several_holds_whether_of_a_pod_or_a_container():
    ranges = [limit_range(max={"cpu": "2"}, min={"cpu": "10m"}), limit_range("Pod", max={"cpu": "200m"})]
    size = fitting(ranges)
    assert (size.requests["cpu"], size.limits["cpu"]) == (Decimal("0.010"), Decimal("0.2"))


@pytest.mark.parametrize(
    "limits",
    [
        {"min": {"memory": "8Gi"}},
        {"max": {"memory": "4Mi"}},
        {"min": {"nvidia.com/gpu": "1"}},
    ],
    ids=["more than a node may have left", "less than a probe needs", "what a probe has not"],
)
def test_nothing_modest_fits(limits):
    assert fitting([limit_range(**limits)]) is None


def test_ranges_of_claims_bind_no_pod():
    assert fitting([limit_range("PersistentVolumeClaim", min={"storage": "1Gi"})]) == fitting([])


AMOUNTS = st.integers(1, 4000)


@given(st.none() | AMOUNTS, st.none() | AMOUNTS, st.none() | st.integers(1, 20))
def test_what_fits_is_within_all_bounds(least, most, ratio):
    given_ = {"min": least, "max": most}
    limits = {key: {"cpu": f"{amount}m"} for key, amount in given_.items() if amount}
    limits |= {"maxLimitRequestRatio": {"cpu": str(ratio)}} if ratio else {}
    size = fitting([limit_range(**limits)])
    if size is None:
        assert (least or 0) > 100 or (most or 4000) < max(50, least or 0)
        return
    request, limit = size.requests["cpu"] * 1000, size.limits["cpu"] * 1000
    assert request >= (least or 0)
    assert limit <= (most or 4000)
    assert not limit or request <= limit
    assert not ratio or (request and limit / request <= ratio)
    assert request == int(request)


SIZE = Size(
    requests={"cpu": Decimal("0.1"), "memory": Decimal(0)}, limits={"cpu": Decimal("0.2"), "memory": Decimal(0)}
)


def test_a_quota_is_raised_by_what_our_pods_take_and_nothing_else():
    hard = {"pods": "2", "requests.cpu": "500m", "limits.cpu": "1", "limits.memory": "1Gi", "services": "3"}
    found = raised(quota(hard, {"pods": "1", "services": "3"}), SIZE, 2)
    assert {key: Decimal(each) for key, each in found.items()} == {
        "pods": 4,
        "requests.cpu": Decimal("0.7"),
        "limits.cpu": Decimal("1.4"),
    }


def test_one_that_is_exceeded_already_makes_room_all_the_same():
    found = raised(quota({"count/pods": "1", "memory": "1"}, {"count/pods": "3", "memory": "5"}), SIZE, 1)
    assert {key: Decimal(each) for key, each in found.items()} == {"count/pods": 4, "memory": 5}


@pytest.mark.parametrize(
    ("spec", "counts"),
    [
        ({"scopes": ["Terminating"]}, True),
        ({"scopes": ["NotTerminating"]}, False),
        ({"scopes": ["BestEffort"]}, False),
        ({"scopes": ["Terminating", "NotBestEffort"]}, True),
        ({"scopes": ["PriorityClass"]}, False),
        ({"scopes": ["CrossNamespacePodAffinity"]}, False),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "Terminating", "operator": "Exists"}]}}, True),
        (
            {
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["x"]}]
                }
            },
            False,
        ),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}]}}, True),
    ],
)
def test_only_a_quota_that_counts_our_pods_is_raised(spec, counts):
    assert raised(quota({"pods": "1"}, **spec), SIZE, 1) == ({"pods": "2"} if counts else {})
