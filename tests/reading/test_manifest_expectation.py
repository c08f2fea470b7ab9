from __future__ import annotations

import pytest

from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_expectation import check_expectation, compare

DATA = {
    "spec": {
        "replicas": 3,
        "cpu": "500m",
        "on": True,
        "name": "api",
        "none": None,
        "list": [{"a": 1, "b": 2}, {"a": 3}],
    }
}


def holds(wanted):
    field = Manifest(data=DATA, locate=lambda path: ("a.yaml", 1)).field()
    return [answer.is_met for answer in compare(field, {"spec": wanted})]


@pytest.mark.parametrize(
    "wanted",
    [
        {"replicas": 3}, {"replicas": ">= 2"}, {"replicas": "< 4"}, {"replicas": "!= 2"}, {"replicas": "3"},
        {"cpu": "0.5"}, {"cpu": ">= 100m"}, {"cpu": "<= 1"}, {"on": True}, {"name": "/^a.i$/"}, {"name": "exists"},
        {"other": "absent"}, {"none": "absent"}, {"name": ["x", "api"]}, {"list": [{"a": 3}]},
        {"list": [{"b": ">= 2"}]}, {"other": ["absent", "x"]},
    ],
)  # fmt: skip
def test_an_expectation_that_holds(wanted):
    assert all(holds(wanted))


@pytest.mark.parametrize(
    "wanted",
    [
        {"replicas": 4}, {"replicas": "> 3"}, {"replicas": True}, {"on": 1}, {"on": "exists2"}, {"name": "/^b/"},
        {"name": "absent"}, {"other": "exists"}, {"other": ">= 0"}, {"list": [{"a": 2}]}, {"list": [{"a": 3, "b": 2}]},
        {"name": {"deeper": 1}}, {"list": "x"}, {"none": "exists"},
    ],
)  # fmt: skip
def test_an_expectation_that_does_not_hold(wanted):
    assert not all(holds(wanted))


def test_each_leaf_is_an_answer_of_its_own():
    assert holds({"replicas": 3, "name": "x", "list": [{"a": 3, "b": 2}]}) == [True, False, False, True]


@pytest.mark.parametrize("wanted", [{"a": "/(/"}, {"a": [{"b": ">= many"}]}])
def test_an_expectation_that_cannot_be_meant_is_refused(wanted):
    with pytest.raises(ValueError, match="no"):
        check_expectation(wanted)
