"""Writes docs/checks/ anew: a page for each built-in check kind, from the kind and its first passing case.

`make docs` runs it; a test compares what is committed with what it would write. With names of families, only their
pages are written, and the index is left as it is.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from infra_grader.cli.reference import kind_page
from infra_grader.engine.registry import Registry, builtin_kind_names
from infra_grader.plugin import CheckKind

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "checks"
CASES = ROOT / "tests" / "checks"
MAX_FILES = 3
MAX_LINES = 40


def main(*families: str) -> None:
    """Replace docs/checks/, or the folders of some families in it."""
    written = pages() if not families else family_pages(families)
    for folder in [PAGES / family for family in families] or [PAGES]:
        shutil.rmtree(folder, ignore_errors=True)
    for name, text in written.items():
        page = PAGES / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8", newline="\n")


def family_pages(families: tuple[str, ...]) -> dict[str, str]:
    """Return the pages of some families under their names in docs/checks/."""
    names = [name for name in sorted(builtin_kind_names()) if name.partition(".")[0] in families]
    return {f"{name.replace('.', '/')}.md": page(Registry().find_kind(name)) for name in names}


def pages() -> dict[str, str]:
    """Return every page under its name in docs/checks/."""
    registry = Registry()
    kinds = [registry.find_kind(name) for name in sorted(builtin_kind_names())]
    written = {}
    index = [
        "# Check kinds",
        "Generated from the kinds themselves; `infra-grader checks KIND` prints the same page, without the example.",
    ]
    family = ""
    for kind in kinds:
        folder, verb = kind.name.split(".")
        written[f"{folder}/{verb}.md"] = page(kind)
        if folder != family:
            family = folder
            index.append(f"## {family}\n\n| kind | |\n|---|---|")
        index[-1] += f"\n| [{kind.name}]({folder}/{verb}.md) | {kind.summary.replace('|', chr(92) + '|')} |"
    return written | {"README.md": "\n\n".join(index) + "\n"}


def page(kind: CheckKind) -> str:
    """Return the kind's page, with its first passing case: what a rubric says, and the files that pass."""
    family, verb = kind.name.split(".")
    case = min((CASES / family / verb / "pass").glob("*/check.yaml"))
    facts = yaml.safe_load(case.read_text(encoding="utf-8"))
    asked: Any = {"uses": kind.name} | ({"with": facts["with"]} if facts.get("with") else {})
    if before := facts.get("before"):
        asked = [*({"id": check_id} | earlier for check_id, earlier in before.items()), asked]
    text = kind_page(kind, yaml.safe_dump(asked, sort_keys=False, allow_unicode=True, width=100))
    return "\n\n".join([text.rstrip(), *answer(case.parent, facts)]) + "\n"


def answer(folder: Path, facts: dict[str, Any]) -> Iterator[str]:
    """Yield what comes of the example, and the files that it is asked of."""
    shown = [*files(folder / "workspace"), *(facts.get("files") or {}).items()]
    commits = [step["message"].partition("\n")[0] for step in facts.get("history") or []]
    status = (facts.get("expect") or {}).get("status", "passed")
    if commits:
        yield f"is `{status}` with these commits:\n\n{fenced(chr(10).join(commits))}"
    else:
        yield f"is `{status}` with these files:" if shown else f"is `{status}` with an empty folder."
    for name, text in shown[:MAX_FILES]:
        lines = text.rstrip("\n").split("\n")
        left = len(lines) - MAX_LINES
        block = fenced("\n".join(lines[:MAX_LINES]), Path(name).suffix[1:])
        yield f"`{name}`:\n\n{block}" + (f"\n\nand {left} more lines" if left > 0 else "")
    if len(shown) > MAX_FILES:
        yield f"and {len(shown) - MAX_FILES} more"


def files(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each file that is text, by name."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink():
            try:
                yield file.relative_to(folder).as_posix(), file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def fenced(text: str, language: str = "") -> str:
    """Return a code block whose fence is longer than any run of backticks in the text."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


if __name__ == "__main__":
    main(*sys.argv[1:])
