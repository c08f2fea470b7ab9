import pytest

from src.stats import mean


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\x1b[2J", "::error::x"])
def test_name(name):
    assert name == str(mean([1])), name
