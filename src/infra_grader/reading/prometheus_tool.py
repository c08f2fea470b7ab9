"""promtool and amtool, run on a private copy of one file, without network and without the files around it."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record
from infra_grader.plugin import Context

PACKAGES = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}
MOST_SAID = 300
UNKNOWN_FIELD = re.compile(r"line ([0-9]+): field (\S+) (?:not found in type|already set)")
LINE = re.compile(r"\bline ([0-9]+)\b|^(?:\S*:)?\s*([0-9]+):[0-9]+:", re.MULTILINE)


class Verdict(Record):
    """What a tool said about a text."""

    tool: str
    is_valid: bool
    problem: str = ""
    """Its own words, for a text that it refuses."""
    line: int | None = None
    """The line in the text that it names."""
    unknown: tuple[str, ...] = ()
    """Fields that it does not know: where these are all its trouble, the tool may be older than the text."""


def ask_tool(context: Context, tool: str, arguments: tuple[str, ...], text: str) -> Verdict | None:
    """Return what promtool or amtool says about a text, or `None` where it is not installed. Asked once."""
    return context.shared((tool, arguments, text), lambda: _ask(context, tool, arguments, text))


def _ask(context: Context, tool: str, arguments: tuple[str, ...], text: str) -> Verdict | None:
    try:
        program = context.command.find_tool(tool, f"apt-get install {PACKAGES[tool]}")
    except NotAssessed:
        return None
    folder = Path(tempfile.mkdtemp(prefix=f"{tool}-", dir=context.command.scratch))
    file = folder / "checked.yml"
    file.write_text(text, encoding="utf-8", newline="\n")
    output = context.command.run([program, *arguments, str(file)], context.deadline, folder=folder)
    if output.exit_status == 0:
        return Verdict(tool=tool, is_valid=True)
    said = f"{output.stdout}\n{output.stderr}".replace(str(file), "").replace(str(folder), "")
    shown = " ".join(said.replace("FAILED:", " ").replace("Checking", " ").split())[:MOST_SAID]
    line = LINE.search(said)
    return Verdict(
        tool=tool,
        is_valid=False,
        problem=shown or f"exit status {output.exit_status}",
        line=int(line[1] or line[2]) if line else None,
        unknown=_unknown_fields(said),
    )


def _unknown_fields(said: str) -> tuple[str, ...]:
    """Return the fields that a tool refuses, if it has no other complaint about single lines."""
    complaints = [line for line in said.splitlines() if re.search(r"\bline [0-9]+: ", line)]
    found = [UNKNOWN_FIELD.search(line) for line in complaints]
    return tuple(item[2] for item in found if item) if all(found) else ()
