"""Kubernetes quantities as exact numbers: `500m` of a CPU, `1Gi` of memory, `30s` of time, `25%` of replicas."""

from __future__ import annotations

import re
from fractions import Fraction

QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:(?P<suffix>[numkMGTPE]|[KMGTPE]i)|[eE](?P<power>[+-]?[0-9]{1,2}))?"
)
SUFFIXES = {
    "n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "k": Fraction(1000),
    **{sign: Fraction(1000 ** (power + 2)) for power, sign in enumerate("MGTPE")},
    **{f"{sign}i": Fraction(1024 ** (power + 1)) for power, sign in enumerate("KMGTPE")},
}  # fmt: skip
LONGEST = 40
"""Characters of a quantity; Kubernetes itself keeps 18 digits."""
PERCENT = re.compile(r"[0-9]{1,6}%")
DURATION = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|h|m|s|d|w))+")
DURATION_PART = re.compile(r"([0-9.]+)(ms|h|m|s|d|w)")
SECONDS = {
    "ms": Fraction(1, 1000), "s": Fraction(1), "m": Fraction(60), "h": Fraction(3600), "d": Fraction(86400),
    "w": Fraction(604800),
}  # fmt: skip


def read_quantity(value: object) -> Fraction | None:
    """Return a quantity (`500m`, `1Gi`, `0.5`, 2, `1e3`) as an exact number; `None` for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = repr(value) if isinstance(value, float) else str(value)
    found = QUANTITY.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        return None
    number = Fraction(found["number"].rstrip("."))
    if found["power"]:
        return number * Fraction(10) ** int(found["power"])
    return number * SUFFIXES.get(found["suffix"] or "", Fraction(1))


def read_share(value: object, whole: int, *, round_up: bool) -> int | None:
    """Return a number of pods that is written as a number or as a percentage of the replicas; `None` for neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not PERCENT.fullmatch(value):
        return None
    share = Fraction(int(value[:-1]) * whole, 100)
    return -int(-share // 1) if round_up else int(share // 1)


def read_duration(value: object) -> Fraction | None:
    """Return a span such as `30s`, `1m30s` or `500ms` in seconds; `None` for what is none."""
    if not isinstance(value, str) or not DURATION.fullmatch(value):
        return None
    return sum((Fraction(number) * SECONDS[unit] for number, unit in DURATION_PART.findall(value)), Fraction(0))
