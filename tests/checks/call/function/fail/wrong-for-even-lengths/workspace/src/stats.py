"""Takes the upper one of two in the middle."""


def median(values):
    if not values:
        raise ValueError("no values")
    return float(sorted(values)[len(values) // 2])
