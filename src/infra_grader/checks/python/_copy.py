"""A copy of the Python files for our tools: no configuration beside it, suppressions void, plain names.

Ruff and mypy see only this copy, so that neither `ruff.toml`, `mypy.ini` or `pyproject.toml` nor `# noqa` and
`# type: ignore` of a submission steers them, and so that odd file names cannot confuse them.
"""

from __future__ import annotations

import ast
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from infra_grader.model.record import Record
from infra_grader.plugin import CheckFailed, Context, NotAssessed, TextFile
from infra_grader.reading.python_source import Source, parse_source
from infra_grader.reading.python_work import read_python

MOST_FILES = 2000

TAKEN = sys.stdlib_module_names | {"typing_extensions", "mypy_extensions", "_typeshed"}
"""Names at the top of the copy that would hide a module of the language from mypy."""


class Copy(Record):
    """The copy of a submission's Python files."""

    folder: Path
    places: Mapping[str, str]
    """Path in the submission, and where its copy is below the folder."""

    def arguments(self, sources: Iterable[Source]) -> list[str]:
        """Return the absolute paths of the copies of some files."""
        return [str(self.folder / self.places[source.path]) for source in sources]

    def original(self, path: str) -> str | None:
        """Return the path in the submission of a copy, given as a tool prints it."""
        place = path.removeprefix(str(self.folder)).lstrip("/\\").replace("\\", "/")
        return next((original for original, copied in self.places.items() if copied == place), None)


def copy_sources(context: Context, sources: Sequence[Source]) -> Copy:
    """Return the copy of the submission's Python files, these among them; made once a submission.

    Files that are not asked about are there too, since mypy follows imports to them.
    """
    if len(sources) > MOST_FILES:
        raise CheckFailed(f"There are {len(sources)} Python files, more than {MOST_FILES}.")
    wanted = tuple(source.path for source in sources)
    return context.shared(("python.copy", wanted), lambda: _copy(context, sources))


def _copy(context: Context, sources: Sequence[Source]) -> Copy:
    asked = {source.path for source in sources}
    everything = [*sources, *_neighbours(context, asked)]
    roots = _import_roots(everything)
    folder = Path(tempfile.mkdtemp(prefix="python-", dir=context.command.scratch))
    taken: set[str] = set()
    placed = {source.path: _place(source.path, roots, taken) for source in everything}
    if any(_climbs_out(source, placed[source.path]) for source in everything):
        # the submission is itself a package: without one around it, mypy stops at the first relative import
        placed = {path: f"submission/{place}" for path, place in placed.items()}
    for source in everything:
        file = folder / placed[source.path]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source.unsuppressed, encoding="utf-8", newline="\n")
    return Copy(folder=folder, places=placed)


def _neighbours(context: Context, asked: set[str]) -> list[Source]:
    """Return the other Python files that can be read, those that were handed out too."""
    everything = context.workspace.view(allow_starter=True)
    found: list[Source] = []
    for path in everything.files()[: MOST_FILES * 10]:
        if not path.endswith(".py") or path in asked or len(found) >= MOST_FILES:
            continue
        try:
            if context.workspace.is_starter_work(path):
                source = parse_source(TextFile(path, everything.read_text(path)))
            else:
                source = read_python(context, path)
        except (CheckFailed, NotAssessed):  # not asked about; what imports it sees a module of unknown content
            continue
        if not source.fault:
            found.append(source)
    return found


def _import_roots(sources: Sequence[Source]) -> list[str]:
    """Return the folders whose modules are imported by their bare names, as `src/` often is; deepest first.

    A folder with relative imports in it is a package, and stays one.
    """
    imported: set[str] = set()
    packages: set[str] = set()
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Import):
                imported.update(item.name.partition(".")[0] for item in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
            elif isinstance(node, ast.ImportFrom):
                packages.add(source.path.rpartition("/")[0])
    roots: set[str] = set()
    for source in sources:
        folder, _, name = source.path.rpartition("/")
        if folder and folder not in packages and name.removesuffix(".py") in imported - TAKEN:
            roots.add(f"{folder}/")
    return sorted(roots, key=len, reverse=True)


def _climbs_out(source: Source, place: str) -> bool:
    """Whether a relative import leads out of the folders in which the file's copy lies."""
    levels = (node.level for node in ast.walk(source.tree) if isinstance(node, ast.ImportFrom))
    return max(levels, default=0) > place.count("/")


def _place(path: str, roots: Iterable[str], taken: set[str]) -> str:
    """Return where a file is copied: below an import root, every part an identifier, no module name twice."""
    root = next((root for root in roots if path.startswith(root)), "")
    parts = [_identifier(part) for part in path[len(root) :].removesuffix(".py").split("/")]
    if parts[0] in TAKEN or parts == ["__init__"]:
        parts[0] = f"own_{parts[0]}"
    number = 1
    name = parts[-1]
    while (module := _module(parts)) in taken:
        number += 1
        parts = [*parts[:-1], f"own_init_{number}" if name == "__init__" else f"{name}_{number}"]
    taken.add(module)
    return "/".join(parts) + ".py"


def _module(parts: Sequence[str]) -> str:
    """Return a module's name in one case: some file systems have only one."""
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts).casefold()


def _identifier(part: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_]", "_", part)[:100]
    return f"_{plain}" if not plain or plain[0].isdigit() else plain
