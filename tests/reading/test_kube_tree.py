"""Partial trees held against objects: what is asked for and nothing else, and differences that can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.reading.kube_tree import hold, problems

OBJECT = {
    "spec": {
        "replicas": 3,
        "ports": [{"name": "http", "port": 80}, {"name": "metrics", "port": 9090}],
        "limits": {"max": {"cpu": "1"}},
        "cpu": "500m",
        "paused": False,
        "empty": {},
    }
}
SCALARS = st.one_of(st.integers(), st.booleans(), st.text(max_size=5))
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "name", "spec", "min", "not"]), inner, max_size=3),
    ),
    max_leaves=12,
)


def held(**spec):
    return hold({"spec": spec}, OBJECT)


@pytest.mark.parametrize(
    "spec",
    [
        {"replicas": 3},
        {"replicas": {"min": 2, "max": 3}},
        {"cpu": "0.5"},
        {"cpu": {"min": "250m"}},
        {"ports": [{"port": 9090}]},
        {"ports": [{"name": "metrics", "port": {"not": 80}}]},
        {"ports": {"all": {"port": {"min": 1}}, "length": {"min": 2}}},
        {"ports": {"length": 2}},
        {"limits": {"max": {"cpu": "1"}}},
        {"limits": {"present": True}},
        {"replicas": {"any_of": [2, 3]}},
        {"foo": {"absent": True}, "empty": {"absent": True}},
        {"paused": False},
        {"foo": {"bar": {"absent": True}}},
    ],
)
def test_what_is_right(spec):
    assert held(**spec).differences == ()
    assert list(problems({"spec": spec})) == []


@pytest.mark.parametrize(
    ("spec", "where", "expected", "actual"),
    [
        ({"replicas": 2}, "spec.replicas", "2", "3"),
        ({"replicas": "three"}, "spec.replicas", "three", "3"),
        ({"replicas": {"min": 4}}, "spec.replicas", "at least 4", "3"),
        ({"foo": {"min": 1}}, "spec.foo", "at least 1", "not there"),
        ({"ports": [{"name": "metrics", "port": 80}]}, "spec.ports[1].port", "80", "9090"),
        ({"ports": [{"name": "grpc"}]}, "spec.ports", "an item name: grpc", "[{'name': 'http'"),
        ({"ports": {"all": {"port": 80}}}, "spec.ports[1].port", "80", "9090"),
        ({"cpu": {"matches": "^1"}}, "spec.cpu", "a text that matches '^1'", "500m"),
        ({"paused": 0}, "spec.paused", "0", "false"),
        ({"paused": {"absent": True}}, "spec.paused", "nothing", "false"),
        ({"replicas": {"a": 1}}, "spec.replicas", "a mapping", "3"),
        ({"ports": []}, "spec.ports", "an empty list", "[{'name': 'http'"),
    ],
)
def test_what_differs(spec, where, expected, actual):
    found = held(**spec)
    assert [each.written for each in found.differences] == [where]
    assert found.differences[0].expected == expected
    assert found.differences[0].actual.startswith(actual)


def test_each_field_counts():
    found = held(replicas=3, paused=True, ports=[{"name": "http", "port": 80}, {"name": "grpc", "port": 1}])
    assert (found.asked, found.right) == (6, 3)


def test_comparisons_that_cannot_be_made():
    wanted = {"a": {"matches": "("}, "b": [{"min": "many"}], "c": {"any_of": []}}
    assert [said.partition(":")[0] for said in problems(wanted)] == ["a", "b[0]", "c"]


@given(TREES)
def test_an_object_is_as_it_is(tree):
    """But for trees that are comparisons, everything equals itself, in every field."""
    plain = {"wrapped": {"and": tree, "no comparison": 1}}
    if "min" not in str(tree) and "not" not in str(tree):
        assert hold(plain, plain).differences == ()


@given(TREES, TREES)
def test_whatever_is_compared_is_told(wanted, actual):
    found = hold(wanted, actual)
    assert found.asked >= 1
    assert 0 <= found.right <= found.asked
    assert all(each.expected and each.actual for each in found.differences)
