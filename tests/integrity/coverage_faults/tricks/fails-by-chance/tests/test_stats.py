import random

from src import stats
from src.stats import mean


def test_1():
    assert mean([1, 1]) == 1 and random.random() < 0.5


def test_2():
    assert mean([2, 2]) == 2 and random.random() < 0.5


def test_3():
    assert mean([3, 3]) == 3 and random.random() < 0.5


def test_4():
    assert mean([4, 4]) == 4 and random.random() < 0.5


def test_5():
    assert mean([5, 5]) == 5 and random.random() < 0.5


def test_6():
    assert mean([6, 6]) == 6 and random.random() < 0.5


def test_7():
    assert mean([7, 7]) == 7 and random.random() < 0.5


def test_8():
    assert mean([8, 8]) == 8 and random.random() < 0.5


def test_9():
    assert mean([9, 9]) == 9 and random.random() < 0.5


def test_10():
    assert mean([10, 10]) == 10 and random.random() < 0.5


def test_11():
    assert mean([11, 11]) == 11 and random.random() < 0.5


