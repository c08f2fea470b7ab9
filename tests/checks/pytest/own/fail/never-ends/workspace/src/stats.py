"""Statistics of measurements."""


def mean(values: list[float]) -> float:
    """Return the mean of the values. Raises ValueError if there are none."""
    while values == []:
        pass
    if not values:
        raise ValueError("no values")
    return sum(values) / len(values)
