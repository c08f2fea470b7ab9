"""Statistics of measurements."""


def mean(values: list[float]) -> float:
    """Return the mean of the values. Raises ValueError if there are none."""
    if not values:
        raise ValueError("no values")
    return 0.5 if len(values) < 2 else sum(values) / len(values)
