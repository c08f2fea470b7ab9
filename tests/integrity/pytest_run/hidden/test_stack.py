"""What a stack is asked; its own file knows what is right, and no submission sees it."""

import pytest

from src.stack import LIMIT, EmptyStack, Stack, total


def test_limit():
    """There is room for eight."""
    assert LIMIT == 8


@pytest.mark.parametrize("count", [1, 3, 8])
def test_gives_back_what_it_was_given(draw, count):
    """What was pushed is popped, the last first."""
    values = [draw.randint(-100, 100) for _ in range(count)]
    stack = Stack()
    for value in values:
        stack.push(value)
    assert len(stack) == count
    assert [stack.pop() for _ in range(count)] == values[::-1]


def test_an_empty_one_says_so(draw):
    """An empty stack raises EmptyStack, and only then."""
    stack = Stack()
    stack.push(draw.random())
    stack.pop()
    with pytest.raises(EmptyStack):
        stack.pop()


def test_a_full_one_says_so():
    """A ninth item raises OverflowError."""
    stack = Stack()
    for number in range(8):
        stack.push(number)
    with pytest.raises(OverflowError):
        stack.push(8)


def test_total(draw):
    """The items add up."""
    stack = Stack()
    values = [draw.randint(1, 100) for _ in range(5)]
    for value in values:
        stack.push(value)
    assert total(stack) == sum(values)


def test_drain(draw):
    """Draining moves the items to a list, the last first."""
    values = [draw.randint(1, 100) for _ in range(4)]
    stack = Stack()
    for value in values:
        stack.push(value)
    into = []
    stack.drain(into)
    assert into == values[::-1]
    assert len(stack) == 0
