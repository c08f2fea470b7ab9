"""A rubric's YAML file to a `Rubric`, or every fault in it at once.

Rubrics seen before come from a cache of plain data, so that the fast path parses no YAML; the rules are held
against it every time.
"""

from __future__ import annotations

import hashlib
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import msgspec

from infra_grader.errors import Problem, RubricError
from infra_grader.loading.rubric_build import build_rubric
from infra_grader.loading.rubric_cache import read_entry, write_entry
from infra_grader.loading.rubric_draft import Fault, FindKind, Path, RubricDraft, draft_rubric
from infra_grader.loading.rubric_format import RubricForm
from infra_grader.loading.rubric_problems import KindNames, rubric_faults
from infra_grader.model.rubric import Rubric
from infra_grader.plugin import Params

MAX_BYTES = 2 * 1024 * 1024
MAX_VALUES = 50_000
MAX_DEPTH = 100


def load_rubric(
    file: FilePath, find_kind: FindKind, kind_names: KindNames = tuple, cache_folder: FilePath | None = None
) -> Rubric:
    """Return the rubric in a file. Raises `RubricError` with every fault of it, or if it cannot be read.

    `find_kind` raises `PluginError` for a name that it does not know; `kind_names` lists all names, and is asked
    only for a suggestion. The file's plain data is kept in `cache_folder`, if there is one.
    """
    content = _read(file)
    sha256 = hashlib.sha256(content).hexdigest()
    if cache_folder is not None and (kept := read_entry(cache_folder, sha256)) is not None:
        candidate = _Candidate(kept, find_kind, kind_names)
        if not candidate.is_refused:  # else it is read again, for the lines of its faults
            return candidate.build(file, sha256)
    document = _parse(file, content)
    candidate = _Candidate(document.data, find_kind, kind_names)
    if candidate.is_refused:
        raise RubricError(str(file), *candidate.problems(document))
    if cache_folder is not None:
        write_entry(cache_folder, sha256, document.data)
    return candidate.build(file, sha256)


def _read(file: FilePath) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise RubricError(str(file), Problem(f"the file cannot be read: {error.strerror}")) from error
    except ValueError as error:  # a NUL in the name
        raise RubricError(str(file), Problem(f"this is no name of a file: {error}")) from error
    if len(content) > MAX_BYTES:
        raise RubricError(str(file), Problem("the file is too large", allowed=f"at most {MAX_BYTES} bytes"))
    return content


def _parse(file: FilePath, content: bytes) -> Any:
    """Return the YAML document with its positions."""
    from infra_grader.reading.yaml import Limits, YamlError, read_document  # the fast path needs no YAML

    limits = Limits(characters=MAX_BYTES, depth=MAX_DEPTH, values=MAX_VALUES)
    try:
        return read_document(content, strict=True, limits=limits)
    except YamlError as error:
        raise RubricError(str(file), Problem(error.message, error.line, error.column)) from error


class _ModelFault(NamedTuple):
    """What msgspec says about a part of a rubric; it stops at the first fault of that part."""

    path: Path
    message: str


class _Candidate:
    """Plain data that may be a rubric."""

    def __init__(self, data: Any, find_kind: FindKind, kind_names: KindNames) -> None:
        self.data = data
        self.draft: RubricDraft = draft_rubric(data, find_kind)
        self.form: RubricForm | None = None
        self.params: dict[Path, Params] = {}
        self.model_faults: list[_ModelFault] = []
        self.broken: set[str] = set()
        """Kinds of which there is no schema."""
        self.faults: list[Fault] = rubric_faults(self.draft, kind_names)
        self._convert()

    @property
    def is_refused(self) -> bool:
        """Whether anything is wrong with it."""
        return bool(self.faults or self.model_faults)

    def _convert(self) -> None:
        try:
            self.form = msgspec.convert(self.data, RubricForm)
        except msgspec.ValidationError as error:
            self.model_faults.append(_ModelFault((), str(error)))
        for check in self.draft.checks:
            if check.model is None:
                continue
            try:
                self.params[check.path] = msgspec.convert(check.parameters, check.model)
            except msgspec.ValidationError as error:
                self.model_faults.append(_ModelFault((*check.path, "with"), str(error)))
            except TypeError as error:  # msgspec cannot make sense of the model
                self.broken.add(check.uses)
                message = f'the check kind "{check.uses}" cannot be used: its parameter model cannot be read: {error}'
                self.faults.append(Fault((*check.path, "uses"), message))

    def build(self, file: FilePath, sha256: str) -> Rubric:
        """Return the rubric of data that is not refused."""
        assert self.form is not None
        return build_rubric(self.form, self.draft, self.params, file, sha256)

    def problems(self, document: Any) -> list[Problem]:
        """Return every fault, with lines and columns."""
        # jsonschema takes longer to import than a whole validation.
        from infra_grader.loading.rubric_refusal import problems_of, schema_faults
        from infra_grader.loading.rubric_schema import full_schema

        kinds = {
            kind.name: kind for check in self.draft.checks if (kind := check.kind) and kind.name not in self.broken
        }
        faults = list(self.faults)
        ruled = {fault.path for fault in faults}
        faults += [fault for fault in schema_faults(self.data, full_schema(kinds.values())) if fault.path not in ruled]
        # What a model alone can refuse, such as a rule in its `__post_init__`.
        for path, message in self.model_faults:
            if not any(fault.path[: len(path)] == path for fault in faults):
                faults.append(Fault(path, message))
        return problems_of(faults, document)
