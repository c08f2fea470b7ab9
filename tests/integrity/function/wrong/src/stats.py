def median(values):
    if not values:
        raise ValueError("no values")
    return float(sorted(values)[len(values) // 2])
