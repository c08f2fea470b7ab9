from src import stats


def test_mean_of_two():
    assert stats.mean([1, 3]) == 2


def test_mean_is_asked_once(mocker):
    asked = mocker.patch.object(stats, "mean", return_value=7)
    assert stats.mean([1]) == 7
    asked.assert_called_once()
