from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.model.rubric import LateBase, LatePolicy
from infra_grader.reading.late_policy import late_text, parse_late, read_span, span_text


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("per-day=10", LatePolicy(percent=Decimal(10))),
        ("grace=1h, per-day=10%, cap=50%", LatePolicy(percent=Decimal(10), grace_s=3600, cap=Decimal(50))),
        ("per-hour=0.5,of=points", LatePolicy(percent=Decimal("0.5"), period_s=3600, of=LateBase.POINTS)),
        ("none", None),
    ],
)
def test_a_policy_in_words(text, policy):
    assert parse_late(text) == policy
    assert parse_late(late_text(policy)) == policy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is none of grace=..., per-day=..., per-hour=..., cap=..., of=..."),
        ("10%", "'10%' is none of"),
        ("perday=10", "'perday=10' is none of"),
        ("cap=50%", "none of per-day and per-hour"),
        ("per-day=1,per-hour=1", "both of per-day and per-hour"),
        ("per-day=1,per-day=2", "per-day is said twice"),
        ("per-day=-1", "'-1' is no percentage"),
        ("per-day=101", "'101' is no percentage"),
        ("per-day=0.125", "'0.125' is no percentage"),
        ("per-day=nan", "'nan' is no percentage"),
        ("per-day=10,grace=1", "'1' is no span of time"),
        ("per-day=10,grace=-1h", "'-1h' is no span of time"),
        ("per-day=10,grace=30m1h", "'30m1h' is no span of time"),
        ("per-day=10,of=all", "of=all is neither of=earned nor of=points"),
    ],
)
def test_what_is_no_policy_is_refused_with_what_is_wrong(text, said):
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - its words are compared below
        parse_late(text)
    assert said in str(raised.value)


@given(st.integers(0, 999 * 86_400))
def test_spans_are_read_back(seconds):
    assert read_span(span_text(seconds)) == seconds


PERCENTS = st.decimals(0, 100, places=2)
POLICIES = st.builds(
    LatePolicy,
    percent=PERCENTS,
    cap=PERCENTS,
    period_s=st.sampled_from([3600, 86_400]),
    grace_s=st.integers(0, 999 * 86_400),
    of=st.sampled_from(LateBase),
)


@given(POLICIES)
def test_policies_are_read_back(policy):
    assert parse_late(late_text(policy)) == policy
