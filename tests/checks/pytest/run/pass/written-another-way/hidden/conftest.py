import pytest
from shapes.area import Square


@pytest.fixture
def square():
    return Square.of(3)
