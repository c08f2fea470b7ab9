"""Which files of a submission git ignores, read from its `.gitignore` files without running git."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pathspec import GitIgnoreSpec

MAX_IGNORE_BYTES = 100_000


class IgnoreRules:
    """The ignore rules of a folder: each `.gitignore` speaks for its own folder and what is below."""

    def __init__(self, specs: Sequence[tuple[str, GitIgnoreSpec]]) -> None:
        self._specs = specs

    def ignores(self, path: str) -> bool:
        """Whether a path is ignored; the deepest `.gitignore` that has an opinion decides."""
        ignored = False
        for prefix, spec in self._specs:
            if path.startswith(prefix):
                verdict = spec.check_file(path[len(prefix) :]).include
                ignored = ignored if verdict is None else verdict
        return ignored


def read_ignore_rules(folder: Path, files: Sequence[str]) -> IgnoreRules:
    """Return the rules of every `.gitignore` among the files, outermost first; unreadable ones count for nothing."""
    places = sorted((path for path in files if path.split("/")[-1] == ".gitignore"), key=lambda path: path.count("/"))
    if not places:
        return IgnoreRules(())
    # Only a submission with a .gitignore pays for the library.
    from pathspec import GitIgnoreSpec

    specs = []
    for path in places:
        file = folder / path
        if file.is_symlink() or file.stat().st_size > MAX_IGNORE_BYTES:
            continue
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            specs.append((path.removesuffix(".gitignore"), GitIgnoreSpec.from_lines(lines)))
        except (OSError, ValueError):  # a pattern that git would not accept either
            continue
    return IgnoreRules(specs)
