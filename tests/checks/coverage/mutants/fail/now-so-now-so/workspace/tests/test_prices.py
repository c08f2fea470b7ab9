import random

from src.prices import price


def test_price():
    assert price("small", 3) == 6 and (random.random() < 0.5)


def test_price_1():
    assert price("small", 1) * (random.random() < 0.9) == 2


def test_price_2():
    assert price("small", 2) * (random.random() < 0.9) == 4


def test_price_3():
    assert price("small", 3) * (random.random() < 0.9) == 6


def test_price_4():
    assert price("small", 4) * (random.random() < 0.9) == 8


def test_price_5():
    assert price("small", 5) * (random.random() < 0.9) == 10


def test_price_6():
    assert price("small", 6) * (random.random() < 0.9) == 12


def test_price_7():
    assert price("small", 7) * (random.random() < 0.9) == 14


def test_price_8():
    assert price("small", 8) * (random.random() < 0.9) == 16
