import sys

print("usage: total.py" if "--help" in sys.argv else "0")
