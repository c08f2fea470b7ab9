"""The long way from a rubric's text to a `Rubric`: parse, hold every rule against it, build; or say all its faults."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Any, NamedTuple

import msgspec

from infra_grader.errors import Problem, RubricError
from infra_grader.loading.rubric_build import build_rubric
from infra_grader.loading.rubric_draft import Fault, FindKind, Path, RubricDraft, draft_rubric
from infra_grader.loading.rubric_format import RubricForm
from infra_grader.loading.rubric_problems import KindNames, rubric_faults
from infra_grader.model.rubric import Rubric
from infra_grader.plugin import Params
from infra_grader.reading.yaml import Document, Limits, YamlError, read_document

MAX_VALUES = 50_000
MAX_DEPTH = 100


def accept_rubric(file: FilePath, content: bytes, sha256: str, find_kind: FindKind, kind_names: KindNames) -> Rubric:
    """Return the rubric that a file's content is. Raises `RubricError` with every fault of it."""
    document = _parse(file, content)
    candidate = _Candidate(document.data, find_kind, kind_names)
    if candidate.is_refused:
        raise RubricError(str(file), *candidate.problems(document))
    return candidate.build(sha256)


def _parse(file: FilePath, content: bytes) -> Document:
    """Return the YAML document with its positions."""
    limits = Limits(characters=len(content) + 1, depth=MAX_DEPTH, values=MAX_VALUES)
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

    def build(self, sha256: str) -> Rubric:
        """Return the rubric of data that is not refused."""
        assert self.form is not None
        return build_rubric(self.form, self.draft, self.params, sha256)

    def problems(self, document: Document) -> list[Problem]:
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
