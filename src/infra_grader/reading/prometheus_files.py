"""Settings of Prometheus and its friends in YAML: files of their own, inside a ConfigMap, an object or Helm values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.model.record import Record
from infra_grader.reading.document import invalid
from infra_grader.reading.yaml import Document, Path, YamlError, read_documents

SECONDS = {"y": 31_536_000.0, "w": 604_800.0, "d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
DURATION = re.compile(r"(?:([0-9]{1,9})(y|w|d|h|ms|m|s))")
WHOLE_DURATION = re.compile(r"(?:[0-9]{1,9}(?:y|w|d|h|ms|m|s))+")


class Found(Record):
    """A mapping in a YAML file, and how to point into it."""

    path: str
    data: dict[str, object]
    document: Document
    at: Path
    """Where it stands in its document."""
    lines_before: int
    """Lines of the file above its document: more than none where it is a text inside another document."""
    text: str
    """The document as written: what a tool of the field reads."""

    @property
    def is_alone(self) -> bool:
        """Whether it is the whole document, and not a part of an object that wraps it."""
        return not self.at

    def line(self, *steps: str | int) -> int:
        """Return the line in the file of what stands at a path below this mapping."""
        return self.lines_before + self.document.key_place((*self.at, *steps)).line

    def evidence(self, *steps: str | int, expected: str | None = None, actual: str | None = None) -> Evidence:
        """Point at what stands at a path below this mapping."""
        return Evidence(path=self.path, line=self.line(*steps), expected=expected, actual=actual)


def find_mappings(file: TextFile, accepts: Callable[[dict[str, object]], bool]) -> list[Found]:
    """Return the outermost mappings that are accepted, in any document of a file, texts inside it read too.

    Raises `CheckFailed` with the line where the file is not YAML; a text inside that is no YAML is only a text.
    """
    try:
        documents = read_documents(file.text)
    except YamlError as error:
        raise invalid(file, "YAML", error.message, error.line) from error
    return [found for document in documents for found in _search(file.path, document, 0, file.text, accepts)]


def _search(
    path: str, document: Document, lines_before: int, text: str, accepts: Callable[[dict[str, object]], bool]
) -> Iterator[Found]:
    stack: list[tuple[Path, object]] = [((), document.data)]
    while stack:
        at, value = stack.pop()
        if isinstance(value, dict):
            if accepts(value):
                yield Found(path=path, data=value, document=document, at=at, lines_before=lines_before, text=text)
                continue
            stack += [((*at, key), inner) for key, inner in reversed(value.items())]
        elif isinstance(value, list):
            stack += [((*at, index), inner) for index, inner in reversed(list(enumerate(value)))]
        elif isinstance(value, str) and "\n" in value and ":" in value and not lines_before:
            # the text of a ConfigMap's key begins on the line below its `|`
            yield from _search_inside(path, value, document.place(at).line, accepts)


def _search_inside(
    path: str, text: str, lines_before: int, accepts: Callable[[dict[str, object]], bool]
) -> Iterator[Found]:
    try:
        inner = read_documents(text)
    except YamlError:
        return
    for document in inner:
        if isinstance(document.data, dict):
            yield from _search(path, document, lines_before, text, accepts)


def seconds(value: object) -> float | None:
    """Return a span of time as Prometheus writes it (`1h30m`, `15s`, `0`) in seconds, or `None`."""
    text = str(value)
    if text == "0":
        return 0.0
    if not WHOLE_DURATION.fullmatch(text):
        return None
    return sum(int(number) * SECONDS[unit] for number, unit in DURATION.findall(text))


def as_mapping(value: object) -> dict[str, object]:
    """Return a value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """Return a value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """Return the texts of a list, or one text as a list of it."""
    if isinstance(value, str):
        return [value]
    return [item for item in as_list(value) if isinstance(item, str)]


def absent(file: TextFile, what: str) -> CheckFailed:
    """Return the verdict on a file that holds nothing of what is looked for."""
    return CheckFailed(
        f"{file.path} holds no {what}.", Evidence(path=file.path, line=1, expected=what, actual="none, comments aside")
    )
