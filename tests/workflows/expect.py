"""Compares what the action gave for a sample repository with what it should: the last step of try-action.yml.

Takes the case, how the step of the action ended, and its outputs as JSON from the variables CASE, ENDED and OUTPUTS.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

EXPECTED: dict[str, tuple[str, dict[str, str]]] = {
    "passing": ("success", {"exit-code": "0", "passed": "true", "score": "100", "possible": "100", "grade": ""}),
    "failing": ("failure", {"exit-code": "1", "passed": "false"}),
    "undecided": (
        "success",
        {"exit-code": "3", "passed": "undecided", "score": "6", "possible": "10", "percent": "60", "grade": ""},
    ),
    "demanding": ("failure", {"exit-code": "3", "passed": "undecided", "score": "6", "percent": "60"}),
    "hostile": ("failure", {"exit-code": "1", "passed": "false", "score": "15", "possible": "15", "percent": "15"}),
    "refused": ("failure", {"exit-code": "2", "score": "", "passed": "", "result-file": "", "reports": ""}),
}
"""By case: how the step ends, and its outputs."""
REPORTS = {"report.html", "junit.xml", "score.json", "result.json"}


def main() -> int:
    """Print each difference, and return 1 if there is one."""
    case = os.environ["CASE"]
    faults = differences(case, os.environ["ENDED"], json.loads(os.environ["OUTPUTS"]))
    for fault in faults:
        sys.stdout.write(f"{case}: {fault}\n")
    sys.stdout.write(f"{case}: {len(faults)} differences\n")
    return int(bool(faults))


def differences(case: str, ended: str, outputs: dict[str, Any]) -> list[str]:
    """Return in words what is not as it should be."""
    end, expected = EXPECTED[case]
    found = [f"the step ended with {ended}, not {end}"] if ended != end else []
    found += [
        f"{name} is {outputs.get(name)!r}, not {value!r}"
        for name, value in expected.items()
        if outputs.get(name, "") != value
    ]
    if bool(outputs.get("classroom-result")) != (case == "passing"):
        found.append(f"classroom-result is {outputs.get('classroom-result')!r}")
    if case != "refused":
        found += wrong_files(outputs)
    found += [f"{file} was made by something that the learner wrote" for file in Path().rglob("pwned*")]
    return found


def wrong_files(outputs: dict[str, Any]) -> list[str]:
    """Return in words what is wrong with the reports and the record."""
    folder, record = Path(outputs.get("reports", "")), Path(outputs.get("result-file", ""))
    if {file.name for file in folder.iterdir()} != REPORTS:
        return [f"the reports are {sorted(folder.iterdir())}"]
    score = json.loads(record.read_bytes())["score"]
    if str(score["earned"]) != outputs["score"]:
        return [f"the record says {score['earned']}, the output {outputs['score']}"]
    return []


if __name__ == "__main__":
    sys.exit(main())
