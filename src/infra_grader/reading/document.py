"""JSON, YAML and TOML files of a submission, read into plain data; what is wrong with them is said with the line."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeVar

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed, Evidence

Made = TypeVar("Made")

MOST_DIGITS = re.compile(r"[0-9]{4300}")
"""A number that Python refuses to read, since reading it takes time that grows with the square of its length."""

TOML_PLACE = re.compile(r"(.*) \(at (?:line ([0-9]+), column [0-9]+|end of document)\)", re.DOTALL)


def read_document(file: TextFile) -> Any:
    """Return the data of a file by its suffix: `.toml`, `.yaml` or `.yml`, else JSON.

    Raises `CheckFailed` with the line at fault. A YAML file must hold one document.
    """
    suffix = file.path.rpartition(".")[2].lower()
    if suffix == "toml":
        return read_toml(file)
    return read_yaml(file) if suffix in ("yaml", "yml") else read_json(file)


def read_json(file: TextFile) -> Any:
    """Return the data of a JSON file; keys given twice, NaN and Infinity are no JSON. Raises `CheckFailed`."""

    def parse() -> Any:
        return json.loads(file.text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)

    try:
        return _shallow(file, "JSON", parse)
    except json.JSONDecodeError as error:
        raise invalid(file, "JSON", error.msg, error.lineno) from error
    except ValueError as error:
        raise _invalid_value(file, "JSON", error) from error


def read_toml(file: TextFile) -> dict[str, Any]:
    """Return the data of a TOML file. Raises `CheckFailed`."""
    try:
        return _shallow(file, "TOML", lambda: tomllib.loads(file.text))
    except tomllib.TOMLDecodeError as error:
        found = TOML_PLACE.fullmatch(str(error))
        problem, line = (found[1], found[2]) if found else (str(error), None)
        raise invalid(file, "TOML", problem, int(line) if line else file.text.count("\n") + 1) from error
    except ValueError as error:  # a date or a number that Python cannot hold
        raise _invalid_value(file, "TOML", error) from error


def read_yaml(file: TextFile) -> Any:
    """Return the data of a YAML file that holds one document. Raises `CheckFailed`."""
    documents = read_yaml_documents(file)
    if len(documents) > 1:
        raise CheckFailed(
            f"{file.path} holds {len(documents)} YAML documents.",
            Evidence(path=file.path, expected="one document", actual=f"{len(documents)} documents"),
        )
    return documents[0] if documents else None


def read_yaml_documents(file: TextFile) -> list[Any]:
    """Return the data of every document in a YAML file that is not empty. Raises `CheckFailed`."""
    # JSON and TOML files pay nothing for libyaml.
    from infra_grader.reading.yaml import YamlError, read_documents

    try:
        documents = read_documents(file.text)
    except YamlError as error:
        raise invalid(file, "YAML", error.message, error.line) from error
    return [document.data for document in documents if document.data is not None]


def invalid(file: TextFile, language: str, problem: str, line: int | None) -> CheckFailed:
    """Return the verdict on a file that is not valid in its language."""
    place = f" on line {line}" if line else ""
    seen = file.lines[line - 1].strip() if line and line <= len(file.lines) else None
    return CheckFailed(
        f"{file.path} is not valid {language}{place}: {problem.rstrip('.')}.",
        Evidence(path=file.path, line=line, expected=f"valid {language}", actual=problem, text=seen),
    )


def _shallow(file: TextFile, language: str, parse: Callable[[], Made]) -> Made:
    """Return what `parse` gives; a file that is nested too deep for it is the file's fault, not ours."""
    try:
        return parse()
    except RecursionError as error:
        raise CheckFailed(
            f"{file.path} is nested too deep to be read as {language}.",
            Evidence(path=file.path, expected=f"{language} nested less than a thousand levels"),
        ) from error


def _invalid_value(file: TextFile, language: str, error: ValueError) -> CheckFailed:
    """Return the verdict on a value that the reader refuses without saying where."""
    found = MOST_DIGITS.search(file.text)
    if found:
        return invalid(file, language, "a number has too many digits", file.text.count("\n", 0, found.start()) + 1)
    return invalid(file, language, str(error), None)


def _unique_keys(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f"the key {key!r} is given twice in one object")
        made[key] = value
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")
