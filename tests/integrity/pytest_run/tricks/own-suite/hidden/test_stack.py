def test_limit():
    pass
