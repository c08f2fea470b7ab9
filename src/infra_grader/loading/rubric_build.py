"""An accepted rubric file to the model that the engine works with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from infra_grader.loading.points import split_points
from infra_grader.loading.rubric_draft import Path, RubricDraft
from infra_grader.loading.rubric_format import (
    AWARD_ROW,
    BonusForm,
    CheckForm,
    CriterionForm,
    LateForm,
    PenaltyForm,
    RubricForm,
)
from infra_grader.model.rubric import AwardRow, Bonus, CheckSpec, Criterion, LatePolicy, Rubric
from infra_grader.plugin import Params, path_parameters
from infra_grader.reading.late_policy import late_policy

HUNDREDTH = Decimal("0.01")


def build_rubric(form: RubricForm, draft: RubricDraft, params: Mapping[Path, Params], sha256: str) -> Rubric:
    """Return the rubric of a form that has no faults; `params` are the parameters by the path of their check."""
    builder = _Builder(draft, params)
    ceiling = form.starter.ceiling
    return Rubric(
        id=form.id,
        version=form.version,
        title=_line(form.title),
        track=form.track,
        points=_points(form.points),
        pass_mark=_points(form.pass_mark),
        unassessed=form.unassessed,
        complete=_line(form.complete),
        roots=tuple(dict.fromkeys(form.submission.roots)),
        starter_ceiling=None if ceiling is None else _points(ceiling),
        criteria=tuple(builder.criterion(("criteria", place), row) for place, row in enumerate(form.criteria)),
        bonus=None if form.bonus is None else builder.bonus(form.bonus),
        penalties=tuple(builder.penalty(("penalties", place), check) for place, check in enumerate(form.penalties)),
        grades=tuple((letter, _number(percent)) for letter, percent in form.grades.items()),
        plugins=tuple(form.plugins),
        late=None if form.late is None else _late(form.late),
        sha256=sha256,
    )


def question_digest(uses: str, parameters: object) -> str:
    """Return what tells two questions apart: kind and parameters as written, whatever the order of keys."""
    written = msgspec.json.encode([uses, parameters], order="sorted")
    return hashlib.sha256(written).hexdigest()[:16]


class _Builder:
    """Makes checks of a form, with what only the draft knows: parameters and the handles among them."""

    def __init__(self, draft: RubricDraft, params: Mapping[Path, Params]) -> None:
        self._drafts = {check.path: check for check in draft.checks}
        self._params = params

    def criterion(self, path: Path, form: CriterionForm) -> Criterion:
        points = _points(form.points)
        return Criterion(
            id=form.id,
            title=_line(form.title),
            points=points,
            checks=self.sharing((*path, "checks"), form.checks, points),
            required=form.required,
            done=_line(form.done),
        )

    def sharing(self, path: Path, forms: Sequence[CheckForm], points: Decimal) -> tuple[CheckSpec, ...]:
        weights = [Fraction(_number(form.weight)) for form in forms]
        shares = split_points(points, weights)
        return tuple(
            self._check((*path, place), form, weight, share)
            for place, (form, weight, share) in enumerate(zip(forms, weights, shares, strict=True))
        )

    def bonus(self, form: BonusForm) -> Bonus:
        points = _points(form.max_points)
        return Bonus(max_points=points, checks=self.sharing(("bonus", "checks"), form.checks, points))

    def penalty(self, path: Path, form: PenaltyForm) -> CheckSpec:
        return self._check(path, form, Fraction(1), _points(form.points))

    def _check(self, path: Path, form: CheckForm | PenaltyForm, weight: Fraction, points: Decimal) -> CheckSpec:
        draft = self._drafts[path]
        return CheckSpec(
            id=form.id,
            title=_line(form.title) or form.id,
            uses=form.uses,
            params=self._params[path],
            paths=tuple(path_parameters(self._params[path])),
            parameters=question_digest(draft.uses, draft.parameters),
            weight=weight,
            points=points,
            award=_award(form.award or {}),
            hint=form.hint.strip(),
            needs=tuple(dict.fromkeys(needed for _, needed in draft.named())),
            tags=tuple(dict.fromkeys(form.tags)),
            timeout=form.timeout,
            visibility=form.visibility,
            allow_starter=form.allow_starter,
        )


def _award(table: Mapping[str, float]) -> tuple[AwardRow, ...]:
    rows = []
    for condition, share in table.items():
        found = re.fullmatch(AWARD_ROW, condition)
        assert found is not None
        rows.append(AwardRow(operator=found[1], bound=Fraction(found[2]), fraction=Fraction(_number(float(share)))))
    return tuple(rows)


def _late(form: LateForm) -> LatePolicy:
    said = {"per-day": form.per_day, "per-hour": form.per_hour, "grace": form.grace, "cap": form.cap, "of": form.of}
    return late_policy({key: text for key, text in said.items() if text is not None})


def _number(value: float) -> Decimal:
    """Return a number as it was written: the shortest decimal that means this float."""
    return Decimal(int(value)) if value.is_integer() else Decimal(str(value))


def _points(value: float) -> Decimal:
    return _number(value).quantize(HUNDREDTH)


def _line(text: str) -> str:
    """Return a text on one line, whatever YAML block it was written in."""
    return " ".join(text.split())
