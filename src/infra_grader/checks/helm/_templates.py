"""What a chart's templates say: the values that they name, the named templates that they define and include."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from infra_grader.plugin import CheckFailed, Context, NotAssessed
from infra_grader.reading.manifest_chart import Chart, is_library
from infra_grader.reading.manifest_files import joined

ACTION = re.compile(r"\{\{-?(?P<comment>\s*/\*)?(?P<body>(?:(?!\}\}).){0,4000})\}\}", re.DOTALL)
VALUE = re.compile(r"(?<![\w)\]])\$?\.Values(?P<path>(?:\.[A-Za-z_]\w*)*)")
INDEXED = re.compile(r"index\s+\$?\.Values((?:\.[A-Za-z_]\w*)*)((?:\s+\"[^\"\s]{1,100}\")+)")
LENIENT = re.compile(r"\b(?:default|if|with|and|or|not|hasKey|coalesce|dig|get|required|empty|ternary|range|kindIs)\b")
DEFINED = re.compile(r"\s*-?\s*(?:define|block)\s+\"([^\"]{1,200})\"")
INCLUDED = re.compile(r"\b(?:include|template)\s+\"([^\"]{1,200})\"")


class Use(NamedTuple):
    """A value that a template names."""

    keys: tuple[str, ...]
    path: str
    line: int
    may_lack: bool
    """Whether the template knows what to do where the value is not there."""


class Templates(NamedTuple):
    """What all templates of a chart say."""

    uses: list[Use]
    defined: dict[str, tuple[str, int]]
    """Named templates, and where they are defined."""
    included: dict[str, tuple[str, int]]


def read_templates(context: Context, chart: Chart) -> Templates:
    """Return what a chart's templates say; comments say nothing."""
    uses: list[Use] = []
    defined: dict[str, tuple[str, int]] = {}
    included: dict[str, tuple[str, int]] = {}
    for path, is_lent in _sources(context, chart):
        try:
            text = context.workspace.view(allow_starter=True).read_text(path)
        except (CheckFailed, NotAssessed):
            continue
        for line, body in _actions(text):
            uses += [use._replace(may_lack=use.may_lack or is_lent) for use in _uses(path, line, body)]
            for name in DEFINED.findall(body):
                defined.setdefault(name, (path, line))
            for name in [] if is_lent else INCLUDED.findall(body):
                included.setdefault(name, (path, line))
    return Templates(uses, defined, included)


def _sources(context: Context, chart: Chart) -> Iterator[tuple[str, bool]]:
    """Yield a chart's templates, and what has a say in them from elsewhere: libraries, and values for `tpl`."""
    folders = [(f"{chart.folder}/templates/".lstrip("/"), False)]
    inside = [path.rpartition("/")[0] for path in chart.files if path.endswith("/Chart.yaml")]
    libraries = [
        folder
        for folder in (*inside, *chart.lent.values())
        if folder != chart.folder and is_library(context, f"{folder}/Chart.yaml")
    ]
    folders += [(f"{folder}/templates/", True) for folder in libraries]
    for path in context.workspace.all_files():
        for folder, is_lent in folders:
            if path.startswith(folder) and path.endswith((".yaml", ".yml", ".tpl", ".txt")):
                yield path, is_lent
    yield joined(chart.folder, "values.yaml"), True


def _actions(text: str) -> Iterator[tuple[int, str]]:
    line, end = 1, 0
    for action in ACTION.finditer(text):
        line += text.count("\n", end, action.start())
        end = action.start()
        if not action["comment"]:
            yield line, action["body"]


def _uses(path: str, line: int, body: str) -> Iterator[Use]:
    may_lack = LENIENT.search(body) is not None
    for found in INDEXED.finditer(body):
        keys = (*filter(None, found[1].split(".")), *re.findall(r"\"([^\"]+)\"", found[2]))
        yield Use(keys, path, line, may_lack)
    for found in VALUE.finditer(INDEXED.sub("", body)):
        yield Use(tuple(filter(None, found["path"].split("."))), path, line, may_lack)
