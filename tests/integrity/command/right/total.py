import json
import sys

arguments = sys.argv[1:]
if "--help" in arguments:
    print("usage: total.py [--json | --to FILE]")
    sys.exit()
total = sum(map(int, sys.stdin.read().split()))
if "--json" in arguments:
    print(json.dumps({"total": total}))
elif "--to" in arguments:
    with open(arguments[1], "w") as file:
        file.write(str(total))
else:
    print(total)
