def median(values):
    return float("inf")
