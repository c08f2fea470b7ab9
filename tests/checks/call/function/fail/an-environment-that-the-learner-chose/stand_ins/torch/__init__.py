def tensor(values):
    return [int(value) for value in values]
