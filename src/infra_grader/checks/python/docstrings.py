"""The python.docstrings check kind."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from infra_grader.checks.python._docstring import MOST_ALIKE, STILL_TO_WRITE, missing_sections, new_words
from infra_grader.checks.python._files import MOST_SHOWN, PythonParams, first_place, sound_sources
from infra_grader.model.record import Record
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.python_flow import live_nodes
from infra_grader.reading.python_source import Function, Source


class Docstrings(PythonParams):
    """Which files, and how their docstrings are written."""

    style: Annotated[
        Literal["any", "google"],
        Meta(
            description="`google` asks for Args and Returns sections where there are parameters and a value; their"
            " headings may be of any language."
        ),
    ] = "any"
    modules: Annotated[bool, Meta(description="Whether every file needs a docstring too.")] = True
    min_percent: Annotated[float, Meta(ge=0, le=100, description="Share with which it passes.")] = 100


class Described(Record):
    """Something that ought to have a docstring."""

    path: str
    line: int
    name: str
    docstring: str
    function: Function | None = None


@check("python.docstrings", measure="percent")
def docstrings(context: Context, params: Docstrings) -> Outcome:
    """Public modules, classes and functions with a body of their own have docstrings that say something.

    A docstring counts once, however often it is repeated, and has to say more than the name beside it.
    """
    sources, faults = sound_sources(context, params)
    found = [item for source in sources for item in _public(source, params)]
    if not found:
        raise CheckFailed(
            "No public function or class has a body of its own.",
            Evidence(path=first_place(params), expected="functions that do something", actual="stubs or none"),
            *faults,
        )
    flaws = [(item, flaw) for item, flaw in zip(found, _flaws(found, params.style), strict=True) if flaw]
    good = len(found) - len(flaws)
    percent = 100 * good / len(found)
    share = Fraction(good, len(found))
    lacking = f"; {flaws[0][0].name} in {flaws[0][0].path} {flaws[0][1]}" if flaws else ""
    return Outcome.partial(
        Fraction(1) if percent >= params.min_percent else share,
        f"{good} of {len(found)} public names with a body of their own are described{lacking}.",
        Evidence.number(round(percent, 1), f"at least {params.min_percent:g}", "percent"),
        *(
            Evidence(path=item.path, line=item.line, expected="a docstring", actual=f"{item.name} {flaw}")
            for item, flaw in flaws[:MOST_SHOWN]
        ),
        *faults,
        measure=Measure(value=round(percent, 1), unit="percent", threshold=params.min_percent),
    )


def _public(source: Source, params: Docstrings) -> list[Described]:
    found: list[Described] = []
    if params.modules and source.has_work and not source.path.endswith("__init__.py"):
        name = source.path.rpartition("/")[2].removesuffix(".py")
        found.append(Described(path=source.path, line=1, name=name, docstring=ast.get_docstring(source.tree) or ""))
    for item in source.definitions:
        if item.is_public and item.has_own_body:
            function = item if isinstance(item, Function) else None
            found.append(
                Described(path=source.path, line=item.line, name=item.name, docstring=item.docstring, function=function)
            )
    return found


def _flaws(found: Sequence[Described], style: str) -> list[str]:
    """Return what is wrong with each docstring, or nothing."""
    texts: set[str] = set()
    stencils = Counter(new_words(item.docstring, item.name) for item in found)
    used: set[frozenset[str]] = set()
    flaws: list[str] = []
    for item in found:
        words = new_words(item.docstring, item.name)
        text = " ".join(item.docstring.split()).casefold()
        if not text:
            flaw = "has no docstring"
        elif text in texts:
            flaw = "has the docstring of another one"
        elif STILL_TO_WRITE.search(item.docstring):
            flaw = "has a docstring that is still to be written"
        elif not words:
            flaw = "has a docstring that only repeats its name"
        elif stencils[words] > MOST_ALIKE and words in used:
            flaw = "has a docstring from a stencil: only the name in it differs"
        else:
            flaw = _style_flaw(item) if style == "google" else ""
        texts.add(text)
        used.add(words)
        flaws.append(flaw)
    return flaws


def _style_flaw(item: Described) -> str:
    if item.function is None:
        return ""
    missing = missing_sections(
        item.docstring,
        [parameter.arg for parameter in item.function.parameters],
        gives_value=_gives_value(item.function),
    )
    return f"has a docstring without {', '.join(missing)}" if missing else ""


def _gives_value(function: Function) -> bool:
    """Whether a function returns or yields something; a property is described by its first line."""
    if any(isinstance(item, ast.Name) and item.id.endswith("property") for item in function.node.decorator_list):
        return False
    returns = function.node.returns
    if returns is not None:
        return not (isinstance(returns, ast.Constant) and returns.value is None)
    inner = {
        node
        for nested in ast.walk(function.node)
        if isinstance(nested, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and nested is not function.node
        for node in ast.walk(nested)
    }
    return any(
        isinstance(node, ast.Return | ast.Yield) and node.value is not None and node not in inner
        for node in live_nodes(function.node)
    )
