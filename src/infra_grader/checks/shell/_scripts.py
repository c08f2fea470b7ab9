"""The learner's shell scripts, and the copy of them that ShellCheck sees."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra_grader.model.record import Record
from infra_grader.plugin import CheckFailed, Context, Evidence

ENDINGS = (".sh", ".bash", ".ksh")
SHEBANG = re.compile(r"#!\s*\S*/(?:env\s+(?:-\S+\s+)*)?(sh|bash|dash|ksh)\b")
DIRECTIVE = re.compile(r"^([ \t]*)#[ \t]*shellcheck[ \t]+[a-z-]+=.*$", re.MULTILINE)
SHELL_DIRECTIVE = re.compile(r"#[ \t]*shellcheck[ \t]+shell=(sh|bash|dash|ksh)[ \t]*$")
READ_FOR_SHEBANG = 256
NOT_SCRIPTS = (".py", ".md", ".txt", ".json", ".yaml", ".yml", ".toml", ".html", ".csv")
"""Endings of files that are not opened to look for a shebang."""


class Directive(Record):
    """A comment that tells ShellCheck to look away."""

    line: int
    text: str


class Script(Record):
    """A shell script of the learner's own."""

    path: str
    text: str
    shell: str
    """Its dialect: `sh`, `bash`, `dash` or `ksh`."""

    @property
    def has_work(self) -> bool:
        """Whether it does anything: a line that is neither blank nor a comment."""
        return any(line.strip() and not line.lstrip().startswith("#") for line in self.text.split("\n"))

    @property
    def directives(self) -> list[Directive]:
        """The comments by which ShellCheck is told to look away; one that only names the dialect is none."""
        return [
            Directive(line=self.text.count("\n", 0, found.start()) + 1, text=found[0].strip())
            for found in DIRECTIVE.finditer(self.text)
            if not SHELL_DIRECTIVE.search(found[0])
        ]

    @property
    def undirected(self) -> str:
        """Its text with every such comment blanked, line for line."""
        return DIRECTIVE.sub(r"\1#", self.text)


def find_scripts(context: Context, wanted: Sequence[str]) -> list[Script]:
    """Return the scripts found by paths, folders and globs: by their ending, or by their first line.

    Raises `CheckFailed` if none of them is the learner's own work.
    """
    paths = _paths(context, wanted)
    scripts = [script for path in paths if (script := _script(context, path)) is not None]
    if not any(script.has_work for script in scripts):
        found = "none, or only what was handed out" if not scripts else "nothing but comments"
        raise CheckFailed(
            f"There is no shell script of your own in {' or '.join(wanted)}.",
            Evidence(path=wanted[0], expected="a shell script that does something", actual=found),
        )
    return scripts


def _paths(context: Context, wanted: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(path for place in wanted for path in context.workspace.find_in([place], "")))


def _script(context: Context, path: str) -> Script | None:
    is_named = path.endswith(ENDINGS)
    if not is_named and (path.endswith(NOT_SCRIPTS) or not _starts_as_script(context, path)):
        return None
    text = context.workspace.read_text(path)
    shebang = SHEBANG.match(text)
    said = next(_said_shells(text), "")
    return Script(
        path=path, text=text, shell=shebang[1] if shebang else said or ("ksh" if path.endswith(".ksh") else "bash")
    )


def _said_shells(text: str) -> Iterator[str]:
    for line in text.split("\n", 20)[:20]:
        if found := SHELL_DIRECTIVE.search(line):
            yield found[1]


def _starts_as_script(context: Context, path: str) -> bool:
    try:
        start = context.workspace.read_bytes(path)[:READ_FOR_SHEBANG]
    except CheckFailed:  # too large or a link that leads out: no script that anyone wrote
        return False
    return SHEBANG.match(start.decode("utf-8", "replace")) is not None


def copy_scripts(context: Context, scripts: Sequence[Script]) -> dict[str, Script]:
    """Return the scripts by the plain paths of their copies, in which suppressions are void."""
    folder = Path(tempfile.mkdtemp(prefix="shell-", dir=context.command.scratch))
    placed = {}
    for number, script in enumerate(scripts):
        place = folder / f"{number}.sh"
        place.write_text(script.undirected, encoding="utf-8", newline="\n")
        placed[str(place)] = script
    return placed
