"""A late policy in words: `grace=1h,per-day=10%,cap=50%,of=earned`."""

from __future__ import annotations

import re
from decimal import Decimal

from infra_grader.model.rubric import LateBase, LatePolicy

SPAN = r"^(?=[0-9])(?:([0-9]{1,3})d)?(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?(?!\n)$"
"""A span of time such as `1h30m`: days, hours, minutes, seconds, each at most once and in this order."""
PERCENT = r"^(100|[0-9]{1,2}(?:\.[0-9]{1,2})?) ?%(?!\n)$"
UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
PERIODS = {"per-day": 86_400, "per-hour": 3_600}
KEYS = ("grace", *PERIODS, "cap", "of")
NONE = "none"
"""In place of a policy: late work costs nothing."""


def parse_late(text: str) -> LatePolicy | None:
    """Return the policy that a text states, and `None` for `none`. Raises `ValueError` that says what is wrong."""
    if text.strip() == NONE:
        return None
    said: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in KEYS:
            raise ValueError(f"{part.strip()!r} is none of {', '.join(f'{known}=...' for known in KEYS)}")
        if key in said:
            raise ValueError(f"{key} is said twice")
        said[key] = value
    return late_policy(said)


def late_policy(said: dict[str, str]) -> LatePolicy:
    """Return the policy of its parts, by `KEYS`. Raises `ValueError` that says what is wrong."""
    periods = [key for key in PERIODS if key in said]
    if len(periods) != 1:
        raise ValueError(f"it says {'both' if periods else 'none'} of per-day and per-hour; say one")
    of = said.get("of", LateBase.EARNED)
    if of not in tuple(LateBase):
        raise ValueError(f"of={of} is neither of={LateBase.EARNED} nor of={LateBase.POINTS}")
    return LatePolicy(
        percent=read_percent(said[periods[0]]),
        period_s=PERIODS[periods[0]],
        grace_s=read_span(said["grace"]) if "grace" in said else 0,
        cap=read_percent(said["cap"]) if "cap" in said else Decimal(100),
        of=LateBase(of),
    )


def late_text(policy: LatePolicy | None) -> str:
    """Return the text of a policy, which `parse_late` reads back."""
    if policy is None:
        return NONE
    period = next(key for key, seconds in PERIODS.items() if seconds == policy.period_s)
    parts = [f"{period}={policy.percent.normalize():f}%", f"cap={policy.cap.normalize():f}%", f"of={policy.of}"]
    if policy.grace_s:
        parts.insert(0, f"grace={span_text(policy.grace_s)}")
    return ",".join(parts)


def read_span(text: str) -> int:
    """Return the seconds of a span such as `1h30m`. Raises `ValueError` for what is none."""
    found = re.match(SPAN, text)
    if found is None:
        raise ValueError(f"{text!r} is no span of time such as 1h, 90m or 1d12h")
    return sum(int(count or 0) * seconds for count, (_, seconds) in zip(found.groups(), UNITS, strict=True))


def read_percent(text: str) -> Decimal:
    """Return a percentage from 0 to 100, whose sign may be left out. Raises `ValueError` for what is none."""
    found = re.match(PERCENT, text if text.endswith("%") else f"{text}%")
    if found is None:
        raise ValueError(f"{text!r} is no percentage from 0% to 100%")
    return Decimal(found[1])


def span_text(seconds: int) -> str:
    """Return a span of time as `read_span` reads it."""
    parts = []
    for unit, size in UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
