"""Expectations on data as Great Expectations has them: in suites as JSON or YAML, and in Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed
from infra_grader.model.record import Record
from infra_grader.reading.document import read_document
from infra_grader.reading.python_flow import UNKNOWN, literal
from infra_grader.reading.python_loops import loop_texts
from infra_grader.reading.python_names import Names

CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
BOUNDS = ("min_value", "max_value")
NEEDED: Mapping[str, tuple[str, ...]] = {
    "in_set": ("value_set",),
    "match_regex": ("regex",),
    "of_type": ("type_",),
    "in_type_list": ("type_list",),
    "kl_divergence": ("partition_object",),
}
"""Arguments without which an expectation of such a name says nothing."""


class Expectation(Record):
    """One expectation."""

    type: str
    """As GX names it in suites: `expect_column_values_to_not_be_null`."""
    path: str
    line: int | None
    columns: tuple[str, ...]
    arguments: Mapping[str, Any]
    """What can be told of them; `UNKNOWN` for others."""
    suite: str = ""
    is_looped: bool = False
    """Whether a loop sets it on several columns, each of which is named once for the whole loop."""

    @property
    def flaw(self) -> str:
        """Why it says nothing, or nothing."""
        given = self.arguments
        if "_to_be_between" in self.type and all(given.get(name) is None for name in BOUNDS):
            return "it has no bounds"
        if given.get("mostly") == 0:
            return "it holds for any data: mostly is 0"
        for part, names in NEEDED.items():
            if part in self.type and all(given.get(name) in (None, "", [], {}) for name in names):
                return f"it has no {names[0]}"
        if "expect_column_" in self.type and not self.columns and UNKNOWN not in given.values():
            return "it names no column"
        return ""


def in_documents(files: Iterable[TextFile]) -> tuple[list[Expectation], list[CheckFailed]]:
    """Return the expectations of suites in JSON and YAML files, and what is wrong with files that cannot be read."""
    found: list[Expectation] = []
    faults: list[CheckFailed] = []
    for file in files:
        try:
            data = read_document(file)
        except CheckFailed as verdict:
            faults.append(verdict)
            continue
        listed = data.get("expectations") if isinstance(data, dict) else None
        name = str(data.get("expectation_suite_name") or data.get("name") or "") if isinstance(data, dict) else ""
        items = listed if isinstance(listed, list) else []
        found += [_of_suite(file, name, item) for item in items if isinstance(item, dict)]
    return found, faults


def in_code(files: Sequence[Names]) -> list[Expectation]:
    """Return the expectations that code sets: methods of a validator, classes of GX, and configurations."""
    found: list[Expectation] = []
    for names in files:
        loops = loop_texts(names)
        for node in names.live:
            if isinstance(node, ast.Call) and (made := _of_call(names, node)) is not None:
                found += _in_turns(made, node, loops)
    return found


def _in_turns(made: Expectation, call: ast.Call, loops: Mapping[str, tuple[str, ...]]) -> list[Expectation]:
    """Return an expectation once for each column that a loop sets it on."""
    inside = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)} & set(loops)
    if made.columns or made.arguments.get("column") is not UNKNOWN or len(inside) != 1:
        return [made]
    return [
        made.replace(columns=(column,), arguments={**made.arguments, "column": column}, is_looped=True)
        for column in loops[inside.pop()]
    ]


def _of_suite(file: TextFile, suite: str, item: dict[str, Any]) -> Expectation:
    kind = _snake(str(item.get("expectation_type") or item.get("type") or ""))
    arguments = item.get("kwargs")
    arguments = arguments if isinstance(arguments, dict) else {}
    column = arguments.get("column")
    shown = next((line for line, text in enumerate(file.lines, 1) if kind in text and str(column or "") in text), None)
    near = shown or next((line for line, text in enumerate(file.lines, 1) if kind and kind in text), None)
    return Expectation(
        type=kind, path=file.path, line=near, columns=tuple(_columns(arguments)), arguments=arguments, suite=suite
    )


def _of_call(names: Names, call: ast.Call) -> Expectation | None:
    name = names.resolve(call.func).rpartition(".")[2] or (
        call.func.attr if isinstance(call.func, ast.Attribute) else ""
    )
    arguments: dict[str, Any] = {
        item.arg: literal(item.value, names.constants) for item in call.keywords if item.arg is not None
    }
    if name == "ExpectationConfiguration":
        named = arguments.get("expectation_type", arguments.get("type"))
        inner = next((item.value for item in call.keywords if item.arg == "kwargs"), None)
        arguments = _literals(names, inner)
        name = named if isinstance(named, str) else ""
    elif name.startswith("expect_"):
        for place, item in zip(_positions(name), call.args, strict=False):
            arguments.setdefault(place, literal(item, names.constants))
    kind = _snake(name)
    if not kind.startswith("expect_"):
        return None
    return Expectation(
        type=kind, path=names.path, line=call.lineno, columns=tuple(_columns(arguments)), arguments=arguments
    )


def _positions(name: str) -> tuple[str, ...]:
    """Return what the positional arguments of a validator's method are."""
    first = ("column",) if name.startswith("expect_column_") else ()
    if "_to_be_between" in name:
        return (*first, *BOUNDS)
    return (*first, *(needed[0] for part, needed in NEEDED.items() if part in name))


def _literals(names: Names, node: ast.AST | None) -> dict[str, Any]:
    if not isinstance(node, ast.Dict):
        return {}
    return {
        key.value: literal(value, names.constants)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def _columns(arguments: Mapping[str, Any]) -> Iterator[str]:
    for key in ("column", "column_A", "column_B", "column_list", "column_set"):
        value = arguments.get(key)
        for item in value if isinstance(value, list | tuple | set) else [value]:
            if isinstance(item, str):
                yield item


def _snake(name: str) -> str:
    return CAPITAL.sub("_", name).lower() if name[:1].isupper() else name
