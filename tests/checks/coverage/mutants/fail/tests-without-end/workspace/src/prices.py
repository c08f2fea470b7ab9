"""Prices of machines by the hour."""

from __future__ import annotations

RATES = {"small": 2, "large": 8}


def price(size: str, hours: int, discount: bool = False) -> float:
    """Return what a machine costs. Raises ValueError for a size that is not offered."""
    if size not in RATES:
        raise ValueError(f"no machine of size {size}")
    total = RATES[size] * hours
    if discount and hours >= 100:
        total = total * 0.9
    return total
