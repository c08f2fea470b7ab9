"""A stack with room for eight."""

LIMIT = 8


class EmptyStack(LookupError):
    """There is nothing to pop."""


class Stack:
    """The last in is the first out."""

    def __init__(self):
        self._items = []

    def push(self, item):
        if len(self._items) == LIMIT:
            raise OverflowError("the stack is full")
        self._items.append(item)

    def pop(self):
        if not self._items:
            raise EmptyStack("the stack is empty")
        return self._items.pop()

    def drain(self, into):
        while self._items:
            into.append(self._items.pop())

    def __len__(self):
        return len(self._items)

    def __iter__(self):
        return iter(self._items)


def total(stack):
    return sum(stack)
