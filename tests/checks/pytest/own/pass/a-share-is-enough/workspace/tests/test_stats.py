import pytest

from src.stats import mean


def test_mean_of_one():
    assert mean([4]) == 4


def test_mean_of_two():
    assert mean([1, 3]) == 2


def test_nothing_is_refused():
    with pytest.raises(ValueError):
        mean([])


def test_service_answers():
    import urllib.request

    assert urllib.request.urlopen("http://127.0.0.1:9/" + str(mean([1]))).status == 200
