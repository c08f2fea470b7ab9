from calc import mean


def test_mean(capsys):
    mean([1, 2])
    assert capsys.readouterr().out == ""
