import pytest

from infra_grader.engine.plan import plan
from infra_grader.errors import RubricError, UsageError
from rubrics import rubric, spec


def ids(checks):
    return [check.id for check in checks]


def test_checks_keep_the_order_of_the_rubric_where_needs_allow():
    order = plan(rubric(spec("a", needs=("c",)), spec("b"), spec("c"), spec("d")))
    assert ids(order.checks) == ["b", "c", "d", "a"]


def test_a_ring_of_needs_is_refused_and_named():
    with pytest.raises(RubricError) as caught:
        plan(rubric(spec("a", needs=("b",)), spec("b", needs=("a",))))
    assert "a -> b -> a" in caught.value.problems[0].message or "b -> a -> b" in caught.value.problems[0].message


def test_a_chosen_check_brings_what_it_needs():
    order = plan(rubric(spec("a"), spec("b", needs=("a",)), spec("c", needs=("b",)), spec("d")), only=["c"])
    assert order.chosen == {"a", "b", "c"}


def test_a_tag_chooses_every_check_that_carries_it():
    order = plan(rubric(spec("a", tags=("static",)), spec("b"), spec("c", tags=("static", "slow"))), only=["static"])
    assert order.chosen == {"a", "c"}


def test_an_unknown_choice_is_refused():
    with pytest.raises(UsageError, match="'nope'"):
        plan(rubric(spec("a")), only=["nope"])
