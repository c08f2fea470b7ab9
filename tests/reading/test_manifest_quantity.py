from __future__ import annotations

from fractions import Fraction

import pytest

from infra_grader.reading.manifest_quantity import read_duration, read_quantity, read_share


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("500m", Fraction(1, 2)), ("1", 1), (1, 1), (0.5, Fraction(1, 2)), (".5", Fraction(1, 2)), ("2.", 2),
        ("1Gi", 2**30), ("1.5Gi", 3 * 2**29), ("1G", 10**9), ("128974848", 128974848), ("1e3", 1000), ("1E3", 1000),
        ("12E", 12 * 10**18), ("100n", Fraction(1, 10**7)), ("-1", -1), ("128Ki", 2**17), ("5k", 5000), ("1Ei", 2**60),
    ],
)  # fmt: skip
def test_a_quantity_is_an_exact_number(written, meant):
    assert read_quantity(written) == meant


@pytest.mark.parametrize(
    "written", ["", "1GB", "1 Gi", "1gi", "K", "500M i", "one", True, None, [], {}, "1" * 50, "1e999"]
)
def test_what_is_no_quantity_is_none(written):
    assert read_quantity(written) is None


@pytest.mark.parametrize(
    ("written", "whole", "up", "meant"),
    [(1, 3, True, 1), ("25%", 3, False, 0), ("25%", 3, True, 1), ("100%", 3, False, 3), ("0%", 9, True, 0),
     ("25", 3, True, None), (True, 3, True, None), (None, 3, True, None)],
)  # fmt: skip
def test_a_share_of_replicas_is_rounded_as_kubernetes_does(written, whole, up, meant):
    assert read_share(written, whole, round_up=up) == meant


def test_durations_are_seconds():
    assert read_duration("30s") == 30
    assert read_duration("1m30s") == 90
    assert read_duration("500ms") == Fraction(1, 2)
    assert read_duration("30") is None
    assert read_duration(30) is None
