def median(values):
    return 0.0
