"""The lines that evidence points at, quoted: of a YAML file the keys that lead to the place, of others what is around.

Reports know the scorecard alone, so what they are to show of a file is taken while the submission is at hand. Quoted
are only files that a check may read, and never what looks like a secret: reports are handed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.capabilities.workspace import Workspace
from infra_grader.engine.evidence import quoted
from infra_grader.model.outcome import CheckFailed, Evidence, EvidenceKind, ExcerptLine, NotAssessed, Outcome
from infra_grader.model.rubric import CheckSpec, Visibility

MAX_PLACES = 5
"""Pieces of evidence of an outcome that are quoted: as many as the reports show."""
MAX_MARKED = 4
"""Lines of the place itself."""
MAX_PARENTS = 5
AROUND = 2
"""Lines before and after the place, where the file has no keys that lead to it."""
MAX_BYTES = 1024 * 1024
MAX_LOOKED_AT = 300
"""Characters of a line in which secrets are looked for; fewer are shown."""
MAX_CLIMBED = 2000
"""Lines above the place among which its parents are looked for."""

UNQUOTED_FAMILIES = ("secrets", "env")
"""Families whose evidence points at what nobody should read twice."""
UNQUOTED_FILE = re.compile(r"(?:^|/)(?:\.env[^/]*|[^/]*\.(?:env|pem|key|tfvars|p12|pfx)|id_[a-z0-9]+)$")
YAML_FILE = re.compile(r"\.ya?ml$")
SECRET_MANIFEST = re.compile(r"kind:\s*[\"']?(?:Sealed)?Secret[\"']?\s*(?:#.*)?$")
SECRET = r"(?:password|passwd|pwd|secret|token|api_?key|private_?key|access_?key|credentials?)"  # noqa: S105 - names
SECRET_VALUE = re.compile(
    rf"(?P<name>[\w.-]*{SECRET}[\"']?\s*(?:=>|[:=])\s*(?P<quote>[\"'])?)"
    r"(?P<value>(?(quote)[^\"'${<][^\"']*|[^\s\"'${<]\S*))",
    re.IGNORECASE,
)
"""A value given to a name that ends like a secret's; a reference such as `${TOKEN}` is none."""
NAMED_SECRET = re.compile(rf"name:\s*[\"']?[\w.-]*{SECRET}[\"']?\s*$", re.IGNORECASE)
VALUE_OF_NAMED = re.compile(r"(?P<name>^\s*(?:- )?value:\s*[\"']?)(?P<value>[^\s\"'${].*)")
LOGIN = re.compile(r"(?P<name>://[^\s:/@]*:)(?P<value>[^\s@/${]+)(?=@)")
GIVEN = re.compile(
    r"(?P<name>(?:authorization[\"':\s]{1,5}(?:bearer|basic|token)\s|--(?:password|token|api-key)[\"',=\s]{1,5})\s*)"
    r"(?P<value>[^\s\"'${<]{8,})",
    re.IGNORECASE,
)
"""A token or password that a command is given."""
HIDDEN = "…"


def with_excerpts(outcome: Outcome, check: CheckSpec, workspace: Workspace) -> Outcome:
    """Return the outcome with the lines quoted that its first pieces of evidence point at, each place once."""
    if check.visibility is not Visibility.VISIBLE or check.uses.split(".")[0] in UNQUOTED_FAMILIES:
        return outcome
    files = workspace.view(allow_starter=True)
    pieces = list(outcome.evidence)
    places: set[tuple[str, int]] = set()
    for count, piece in enumerate(pieces[:MAX_PLACES]):
        if not _is_quotable(piece) or (place := (piece.path or "", piece.line or 0)) in places:
            continue
        places.add(place)
        pieces[count] = piece.replace(excerpt=_excerpt(piece, files))
    return outcome.replace(evidence=tuple(pieces))


def _is_quotable(piece: Evidence) -> bool:
    if piece.kind is not EvidenceKind.FILE or not piece.path or not piece.line or piece.excerpt:
        return False
    shows_lines = piece.text is not None and "\n" in piece.text.strip()
    return not shows_lines and not UNQUOTED_FILE.search(piece.path.lower())


def _excerpt(piece: Evidence, files: Workspace) -> tuple[ExcerptLine, ...]:
    path, line = piece.path or "", piece.line or 0
    try:
        lines = files.read_text(path, MAX_BYTES).split("\n")
    except (CheckFailed, NotAssessed, ValueError):  # no file, not text, or a name that no file can have
        return ()
    if line > len(lines):
        return ()
    end = min(max(line, piece.end_line or line), line + MAX_MARKED - 1, len(lines))
    if YAML_FILE.search(path):
        if _is_secret_manifest(lines, line):
            return ()
        numbers = [*_parents(lines, line), *range(line, end + 1), *_first_child(lines, end)]
    else:
        numbers = [*range(max(1, line - AROUND), min(end + AROUND, len(lines)) + 1)]
    while numbers and numbers[-1] > end and not lines[numbers[-1] - 1].strip():
        numbers.pop()
    return tuple(quoted(ExcerptLine(number=number, text=_unsecret(lines, number))) for number in numbers)


def _parents(lines: list[str], line: int) -> list[int]:
    """Return the lines whose keys lead to this one, by their indentation: the outermost, and the nearest ones."""
    found: list[int] = []
    below = lines[line - 1]
    for number in range(line - 1, max(0, line - 1 - MAX_CLIMBED), -1):
        text = lines[number - 1]
        if text.startswith(("---", "...")) or not below.startswith((" ", "-")):
            break
        if text.strip() and not text.lstrip().startswith("#") and _leads_to(text, below):
            found.append(number)
            below = text
    return sorted({*found[: MAX_PARENTS - 1], *found[-1:]})


def _leads_to(text: str, below: str) -> bool:
    """Whether a line is indented less than another, or is the key of a list whose items stand at its own column."""
    if _indent(text) != _indent(below):
        return _indent(text) < _indent(below)
    return below.lstrip().startswith("-") and not text.lstrip().startswith("-") and text.rstrip().endswith(":")


def _first_child(lines: list[str], line: int) -> Iterator[int]:
    """Yield the next line if it belongs to the value of this one."""
    if line < len(lines) and lines[line].strip() and _indent(lines[line]) > _indent(lines[line - 1]):
        yield line + 1


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _is_secret_manifest(lines: list[str], line: int) -> bool:
    """Whether the YAML document around a line is a Kubernetes Secret."""
    first = last = line - 1
    while first > 0 and not lines[first].startswith("---"):
        first -= 1
    while last < len(lines) and (last == line - 1 or not lines[last].startswith("---")):
        last += 1
    return any(SECRET_MANIFEST.match(text.lstrip("- ")) for text in lines[first:last])


def _unsecret(lines: list[str], number: int) -> str:
    """Return the part of a line that may be shown, without the values of secrets in it."""
    text = lines[number - 1][:MAX_LOOKED_AT]
    if number > 1 and NAMED_SECRET.search(lines[number - 2][:MAX_LOOKED_AT]):
        text = VALUE_OF_NAMED.sub(_hide, text)
    return GIVEN.sub(_hide, LOGIN.sub(_hide, SECRET_VALUE.sub(_hide, text)))


def _hide(match: re.Match[str]) -> str:
    return f"{match['name']}{HIDDEN}"
