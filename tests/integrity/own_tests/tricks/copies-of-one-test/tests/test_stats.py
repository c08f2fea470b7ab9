import pytest

from src.stats import mean, median


def test_mean():
    assert mean([1, 3]) == 2


def test_0():
    assert mean([1, 3]) == 2


def test_1():
    assert mean([1, 3]) == 2


def test_2():
    assert mean([1, 3]) == 2


def test_3():
    assert mean([1, 3]) == 2


def test_4():
    assert mean([1, 3]) == 2


def test_5():
    assert mean([1, 3]) == 2


def test_6():
    assert mean([1, 3]) == 2


def test_7():
    assert mean([1, 3]) == 2


def test_8():
    assert mean([1, 3]) == 2


def test_9():
    assert mean([1, 3]) == 2


def test_10():
    assert mean([1, 3]) == 2


def test_11():
    assert mean([1, 3]) == 2


def test_12():
    assert mean([1, 3]) == 2


def test_13():
    assert mean([1, 3]) == 2


def test_14():
    assert mean([1, 3]) == 2


def test_15():
    assert mean([1, 3]) == 2


def test_16():
    assert mean([1, 3]) == 2


def test_17():
    assert mean([1, 3]) == 2


def test_18():
    assert mean([1, 3]) == 2


def test_19():
    assert mean([1, 3]) == 2
