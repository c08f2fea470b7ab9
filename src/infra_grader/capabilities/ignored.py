"""Which files of a submission git ignores, read from its `.gitignore` files without running git."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

MAX_IGNORE_BYTES = 100_000
MAX_PATTERNS = 2000
MAX_WILDCARDS = 3
"""Wildcards in a pattern: with each more, the library takes up to a hundred times longer to see that nothing fits."""
MAX_STEEP = 30
"""Patterns with that many wildcards."""
MAX_SECONDS = 10.0


class IgnoreRules:
    """The ignore rules of a folder: each `.gitignore` speaks for its own folder and what is below.

    Asking takes a bounded time: where it is used up, nothing more counts as ignored.
    """

    def __init__(self, specs: Sequence[tuple[str, GitIgnoreSpec]]) -> None:
        self._specs = specs
        self._until = time.monotonic() + MAX_SECONDS

    def ignores(self, path: str) -> bool:
        """Whether a path is ignored; the deepest `.gitignore` that has an opinion decides."""
        if not self._specs or time.monotonic() > self._until:
            return False
        ignored = False
        for prefix, spec in self._specs:
            if path.startswith(prefix):
                verdict = spec.check_file(path[len(prefix) :]).include
                ignored = ignored if verdict is None else verdict
        return ignored


def read_ignore_rules(folder: Path, files: Sequence[str]) -> IgnoreRules:
    """Return the rules of every `.gitignore` among the files, outermost first; unreadable ones count for nothing."""
    places = sorted((path for path in files if path.split("/")[-1] == ".gitignore"), key=lambda path: path.count("/"))
    specs = []
    for path in places:
        file = folder / path
        try:
            if file.is_symlink() or not file.is_file() or file.stat().st_size > MAX_IGNORE_BYTES:
                continue
            specs.append((path.removesuffix(".gitignore"), read_patterns(file.read_bytes())))
        except OSError:
            continue
    return IgnoreRules(specs)


def read_patterns(content: bytes) -> GitIgnoreSpec:
    """Return the patterns of a `.gitignore`, without those that git would not accept, or that cost too much."""
    # Only a submission with a .gitignore pays for the library.
    from pathspec import GitIgnoreSpec

    patterns: list[Any] = []  # of a class that the library has under another name in each version
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of `re`, about `[[:alpha:]]`
        for line in _affordable(content.decode("utf-8", "replace").splitlines()):
            try:
                patterns += GitIgnoreSpec.from_lines([line]).patterns
            except (ValueError, re.error):  # what the library says for `!`, and for `[z-a]`
                continue
    return GitIgnoreSpec(patterns)


def _affordable(lines: Iterable[str]) -> Iterator[str]:
    count = steep = 0
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        wildcards = sum(1 if part == "**" else part.count("*") for part in line.split("/"))
        count += 1
        steep += wildcards == MAX_WILDCARDS
        if count > MAX_PATTERNS:
            return
        if wildcards < MAX_WILDCARDS or (wildcards == MAX_WILDCARDS and steep <= MAX_STEEP):
            yield line
