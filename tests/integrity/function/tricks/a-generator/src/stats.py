def median(values):
    while True:
        yield 0.0
