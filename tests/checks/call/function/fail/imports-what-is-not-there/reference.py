"""What is right; in a rubric this file lies beside the rubric."""

import statistics


def median(values):
    if not values:
        raise ValueError("no values")
    return float(statistics.median(values))
