"""Counts words of standard input, or of a file into another one."""

import json
import sys

if sys.argv[1:2] == ["--json"]:
    print(json.dumps({"words": len(sys.stdin.read().split())}))
elif len(sys.argv) == 3:
    with open(sys.argv[1]) as source, open(sys.argv[2], "w") as target:
        target.write(f"{len(source.read().split())}\n")
else:
    print("usage: count.py [--json | FILE TARGET]", file=sys.stderr)
    sys.exit(2)
