"""Statistics of measurements."""


def mean(values: list[float]) -> float:
    """Return the mean of the values. Raises ValueError if there are none."""
    if not values:
        raise ValueError("no values")
    return sum(values) / len(values)
