"""Watch a canary: ends with 1 as soon as it fails more often, or answers more slowly, than it may."""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.parse
import urllib.request

ERRORS = (
    'sum(rate(http_requests_total{{track="{track}",status=~"5.."}}[2m]))'
    ' / sum(rate(http_requests_total{{track="{track}"}}[2m]))'
)
LATENCY = (
    "histogram_quantile(0.95, sum by (le) "
    '(rate(http_request_duration_seconds_bucket{{track="{track}"}}[2m])))'
)


def ask(prometheus: str, query: str) -> float:
    """Return the value of a query, 0 where nothing was measured yet."""
    address = f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(address, timeout=10) as answer:  # nosec B310 - the address is ours
        found = json.load(answer)["data"]["result"]
    value = float(found[0]["value"][1]) if found else 0.0
    return 0.0 if value != value else value


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prometheus", required=True)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--max-error-rate", type=float, default=0.01)
    parser.add_argument("--max-p95", type=float, default=0.5)
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        errors = ask(options.prometheus, ERRORS.format(track="canary"))
        p95 = ask(options.prometheus, LATENCY.format(track="canary"))
        print(f"error rate {errors:.4f}, p95 {p95:.3f} s")
        if errors > options.max_error_rate or p95 > options.max_p95:
            return 1
        time.sleep(15)
    return 0


if __name__ == "__main__":
    sys.exit(main())
