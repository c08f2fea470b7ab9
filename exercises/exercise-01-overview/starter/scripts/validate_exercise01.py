# /// script
# requires-python = ">=3.11"
# dependencies = ["infra-grader"]
# ///
"""Check the four documents of Exercise 01: `python scripts/validate_exercise01.py`, from any folder."""

import os
import sys

SCRIPTS = os.path.dirname(os.path.abspath(__file__))
# A file of yours that is named like a library must not be taken for it.
sys.path[:] = [place for place in sys.path if place and os.path.abspath(place) not in (SCRIPTS, os.getcwd())]

try:
    from infra_grader.cli.main import console
except ModuleNotFoundError:
    print("infra-grader is not installed. Install it with: pip install infra-grader", file=sys.stderr)
    sys.exit(2)

console(["validate", "exercise-01-overview", os.path.dirname(SCRIPTS)])
