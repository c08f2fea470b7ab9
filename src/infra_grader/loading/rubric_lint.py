"""What is legal in a rubric but unwise, as far as it can be seen without grading anything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path as FilePath

from infra_grader.errors import Problem
from infra_grader.loading.rubric_draft import Fault, Path
from infra_grader.loading.rubric_problems import path_text, plain
from infra_grader.model.rubric import AwardRow, CheckSpec, Rubric
from infra_grader.plugin import Params
from infra_grader.reading.yaml import Document, read_document

MANUAL = "manual."
HELD_TOO_MUCH = Decimal("0.5")
"""Share of a rubric's points that may hang on one check."""


def lint(rubric: Rubric) -> list[Problem]:
    """Return what an author should look at, from the top of the rubric's file down.

    Lines are those of `rubric.source`; they are missing if that file has changed since or cannot be read.
    """
    checks = dict(_checks_with_paths(rubric))
    faults = [fault for rule in RULES for fault in rule(rubric, checks)]
    document = _document(rubric)
    problems = []
    for fault in faults:
        line, column = document.place(fault.path) if document else (None, None)
        problems.append(Problem(fault.message, line, column, path_text(fault.path), fault.allowed))
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))


def _document(rubric: Rubric) -> Document | None:
    """Return the rubric's file with its positions, if it is still the same."""
    try:
        content = FilePath(rubric.source).read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() != rubric.sha256:
        return None
    return read_document(content, strict=True)


Checks = dict[Path, CheckSpec]


def _checks_with_paths(rubric: Rubric) -> Iterator[tuple[Path, CheckSpec]]:
    for row, criterion in enumerate(rubric.criteria):
        for place, check in enumerate(criterion.checks):
            yield ("criteria", row, "checks", place), check
    for place, check in enumerate(rubric.bonus.checks if rubric.bonus else ()):
        yield ("bonus", "checks", place), check
    for place, check in enumerate(rubric.penalties):
        yield ("penalties", place), check


def _gates(rubric: Rubric, checks: Checks) -> Iterator[Fault]:
    """One check whose failure blocks most of what there is to earn."""
    scored = {check.id: check.points for criterion in rubric.criteria for check in criterion.checks}
    most = rubric.points * HELD_TOO_MUCH
    needed_by: dict[str, list[str]] = {}
    for check in checks.values():
        for needed in check.needs:
            needed_by.setdefault(needed, []).append(check.id)
    for path, check in checks.items():
        behind = _reached(check.id, needed_by)
        held = sum((scored.get(name, Decimal(0)) for name in behind), Decimal(0))
        if held > most:
            message = f'{plain(held)} of {plain(rubric.points)} points are lost with the check "{check.id}" alone'
            yield Fault(path, message, "checks that need only what they cannot be asked without")


def _reached(start: str, needed_by: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for name in needed_by.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def _awards(_: Rubric, checks: Checks) -> Iterator[Fault]:
    for path, check in checks.items():
        if not check.award:
            continue
        samples = [(measure, _row(check.award, measure)) for measure in _measures(check.award)]
        reached = {row for _, row in samples}
        for place, row in enumerate(check.award):
            if place not in reached:
                shown = f"{row.operator} {plain(_decimal(row.bound))}"
                message = f'the row "{shown}" is never reached: rows above it hold whenever it does'
                yield Fault((*path, "award"), message, "the narrowest row first")
        shares = [check.award[row].fraction if row is not None else Fraction(0) for _, row in samples]
        is_exact = any(row.operator == "==" for row in check.award)
        if not is_exact and shares != sorted(shares) and shares != sorted(shares, reverse=True):
            yield Fault((*path, "award"), "the award rises and falls as the measure grows", "one direction only")


def _measures(award: tuple[AwardRow, ...]) -> list[Fraction]:
    """Return measures that fall on, between and beyond all bounds of a table."""
    bounds = sorted({row.bound for row in award})
    between = [(low + high) / 2 for low, high in pairwise(bounds)]
    return sorted([bounds[0] - 1, *bounds, *between, bounds[-1] + 1])


def _row(award: tuple[AwardRow, ...], measure: Fraction) -> int | None:
    return next((place for place, row in enumerate(award) if row.holds(measure)), None)


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _penalties(rubric: Rubric, _: Checks) -> Iterator[Fault]:
    total = sum((check.points for check in rubric.penalties), Decimal(0))
    if total > rubric.pass_mark:
        message = f"the penalties cost up to {plain(total)} points, more than the pass mark {plain(rubric.pass_mark)}"
        yield Fault(("penalties",), message, "penalties that leave good work a chance")


def _required(rubric: Rubric, _: Checks) -> Iterator[Fault]:
    for row, criterion in enumerate(rubric.criteria):
        weighted = [check for check in criterion.checks if check.weight]
        if criterion.required and all(check.uses.startswith(MANUAL) for check in weighted):
            message = f'the criterion "{criterion.id}" is required, but only a person can judge it'
            yield Fault(("criteria", row), message, "a check that a machine can judge, or required: false")


def _texts(rubric: Rubric, checks: Checks) -> Iterator[Fault]:
    for path, check in checks.items():
        if check.title == check.id:
            yield Fault(path, f'the check "{check.id}" has no title, so reports show its id', "a title")
        if not check.hint and check.weight and not check.uses.startswith(MANUAL):
            message = f'the check "{check.id}" has no hint: who loses it is not told what to do'
            yield Fault(path, message, "a hint")
    if rubric.complete:
        for row, criterion in enumerate(rubric.criteria):
            if not criterion.done:
                message = f'the criterion "{criterion.id}" has no `done` text for its tick line in `validate`'
                yield Fault(("criteria", row), message, "a done text")


def _shares(rubric: Rubric, checks: Checks) -> Iterator[Fault]:
    for path, check in checks.items():
        if check.weight and not check.points:
            message = f'the check "{check.id}" has a weight, but its share is less than a hundredth of a point'
            yield Fault(path, message, "weight: 0, or a larger weight")
    if rubric.grades and rubric.grades[-1][1] > 0:
        letter, percent = rubric.grades[-1]
        message = f'there is no grade below "{letter}", which starts at {plain(percent)} percent'
        yield Fault(("grades", letter), message, "a last grade that starts at 0")
    if not rubric.pass_mark:
        yield Fault(("pass_mark",), "the pass mark is 0, so an empty folder passes", "a pass mark above 0")


def _own_files(rubric: Rubric, checks: Checks) -> Iterator[Fault]:
    """What kinds find in files of the rubric's own."""
    for path, check in checks.items():
        if isinstance(check.params, Params):
            for message in check.params.problems(rubric.folder):
                yield Fault((*path, "with"), message, "files that the kind can use")


RULES = (_gates, _awards, _penalties, _required, _texts, _shares, _own_files)
