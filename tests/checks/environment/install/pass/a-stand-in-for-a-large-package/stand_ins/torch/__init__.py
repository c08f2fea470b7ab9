"""A fake that the exercise can do with."""


def tensor(values):
    return list(values)
