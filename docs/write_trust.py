"""Writes the table of docs/trust.md anew from tests/integrity/trust.yaml: `python docs/write_trust.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

HOME = Path(__file__).parent.parent
INTEGRITY = HOME / "tests" / "integrity"
PAGE = HOME / "docs" / "trust.md"
BEGIN = "<!-- written by docs/write_trust.py -->\n"
END = "<!-- until here -->\n"


def main() -> None:
    """Write the table."""
    before, after = parts(PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(before + table() + after, encoding="utf-8")


def parts(page: str) -> tuple[str, str]:
    """Return what stands before and after the table."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN, END + rest.partition(END)[2]


def rows() -> dict[str, list[dict[str, Any]]]:
    """Return what is tried, by what it is aimed at."""
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load((INTEGRITY / "trust.yaml").read_text(encoding="utf-8"))
    return found


def tricks() -> list[str]:
    """Return every trick as family/name."""
    return sorted(f"{folder.parts[-3]}/{folder.name}" for folder in INTEGRITY.glob("*/tricks/*"))


def cases() -> list[str]:
    """Return every case of a check kind that is not passed, as family/verb/fail/name."""
    folder = HOME / "tests" / "checks"
    return sorted(place.relative_to(folder).as_posix() for place in folder.glob("*/*/fail/*"))


def matching(patterns: list[str], names: list[str]) -> list[str]:
    """Return the names that one of the patterns means."""
    return [name for name in names if any(fnmatch(name, pattern) for pattern in patterns)]


def table() -> str:
    """Return the table."""
    lines = ["\n"]
    for aim, tried in rows().items():
        lines.append(f"| {aim}: what is tried | what holds | where it is tested |\n|---|---|---|\n")
        lines += [f"| {row['tried']} | {row['holds']} | {'; '.join(places(row))} |\n" for row in tried]
        lines.append("\n")
    return "".join(lines)


def places(row: dict[str, Any]) -> Iterator[str]:
    """Yield where a row is tested, in few words."""
    found = Counter(name.partition("/")[0] for name in matching(row.get("tricks", []), tricks()))
    for family, count in sorted(found.items()):
        yield f"`{family}` {count}"
    for kind, count in sorted(Counter(case_kinds(row)).items()):
        yield f"cases of `{kind}` {count}"
    for file in dict.fromkeys(name.partition("::")[0] for name in row.get("tests", [])):
        yield f"`{file}`"


def case_kinds(row: dict[str, Any]) -> list[str]:
    """Return the kind of each case of a row."""
    return [".".join(name.split("/")[:2]) for name in matching(row.get("cases", []), cases())]


if __name__ == "__main__":
    main()
