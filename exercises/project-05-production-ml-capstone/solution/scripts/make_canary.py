"""Turn a Deployment on standard input into its canary: a share of its pods, with another tag and track."""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import Any


def canary_of(deployment: dict[str, Any], tag: str, share: int) -> dict[str, Any]:
    """Return the canary's Deployment; the Service selects its pods beside the others."""
    spec = deployment["spec"]
    template = spec["template"]
    container = template["spec"]["containers"][0]
    container["image"] = f"{container['image'].rpartition(':')[0]}:{tag}"
    labels = {**template["metadata"]["labels"], "track": "canary"}
    template["metadata"]["labels"] = labels
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "ml-api-canary",
            "namespace": deployment["metadata"]["namespace"],
            "labels": labels,
        },
        "spec": {
            "replicas": max(1, math.ceil(spec["replicas"] * share / 100)),
            "selector": {"matchLabels": labels},
            "template": template,
        },
    }


def main() -> None:
    """Read, change and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tag", required=True)
    parser.add_argument("--share", type=int, default=10)
    options = parser.parse_args()
    json.dump(canary_of(json.load(sys.stdin), options.tag, options.share), sys.stdout)


if __name__ == "__main__":
    main()
