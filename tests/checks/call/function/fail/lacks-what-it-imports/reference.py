def double(values):
    return [value + value for value in values]
