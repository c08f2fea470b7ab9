"""People's marks on a scorecard: a marked check is an outcome like others, and says who gave what for what.

The evidence of a marked check begins with the mark and ends with what the check itself found, so that a mark can be
taken back from the record alone. Totals are not touched here: `rescore` makes them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from infra_grader.errors import Problem
from infra_grader.model.mark import Mark, Place
from infra_grader.model.outcome import ONE, ZERO, Evidence, EvidenceKind, Status, status_of
from infra_grader.model.record import Record
from infra_grader.model.rubric import CheckSpec, Rubric
from infra_grader.model.scorecard import CheckScore, Scorecard

MARK, COMMENT, BY, BEFORE = "mark", "comment", "marked by", "before the mark"
"""The evidence of a mark, by the names of its fields, in this order; the last one ends it."""
MANUAL = "manual."
"""Begins the names of the check kinds that a person may judge though they failed, as nothing was there to look at."""


class Given(Record):
    """A mark as a scorecard holds it."""

    words: str
    """What was given: `level 4 of 5`, `3.5 of 10 points`."""
    comment: str
    by: str
    at: str
    fraction: Fraction
    message: str
    evidence: tuple[Evidence, ...]
    """The mark's own."""


class Change(Record):
    """What has become of a check."""

    learner: str
    check: str
    before: str
    after: str


def given_for(check: CheckScore) -> Given | None:
    """Return the mark that a check has, if it has one."""
    end = next((place for place, piece in enumerate(check.evidence) if _is(piece, BEFORE)), None)
    if end is None or not _is(check.evidence[0], MARK):
        return None
    pieces = {piece.path: piece for piece in check.evidence[: end + 1]}
    by = pieces.get(BY, Evidence())
    return Given(
        words=str(pieces[MARK].actual),
        comment=pieces[COMMENT].text or "" if COMMENT in pieces else "",
        by=str(by.actual or ""),
        at=by.text or "",
        fraction=check.fraction,
        message=check.message,
        evidence=check.evidence[: end + 1],
    )


def awaiting(scorecard: Scorecard) -> Iterator[CheckScore]:
    """Yield the checks that wait for a person."""
    return (check for check in scorecard.all_checks() if check.status is Status.AWAITING)


def levels_of(spec: CheckSpec) -> Mapping[str, str]:
    """Return the levels that a check is judged by, each with what it means; none for a check without levels."""
    params: Any = msgspec.to_builtins(spec.params, enc_hook=str)
    levels = params.get("levels") if isinstance(params, dict) else None
    return levels if isinstance(levels, dict) and all(isinstance(text, str) for text in levels.values()) else {}


def mark_problems(marks: Iterable[Mark], scorecard: Scorecard, rubric: Rubric) -> Iterator[Problem]:
    """Yield what is wrong with marks for the checks of a scorecard."""
    specs = rubric.checks_by_id()
    checks = {check.id: check for check in scorecard.all_checks()}
    for mark in marks:
        spec, check = specs.get(mark.check), checks.get(mark.check)
        if spec is None or check is None:
            near = difflib.get_close_matches(mark.check, specs, n=1)
            message = f"the rubric {rubric.id} has no check {mark.check!r}"
            yield _problem(mark, mark.check_place, message, suggestion=near[0] if near else "")
        elif not _takes_marks(check):
            message = f"the check is {check.status.replace('_', ' ')}, and does not wait for a person"
            yield _problem(mark, mark.check_place, message, "a check that `infra-grader mark ... --awaiting` lists")
        else:
            yield from _value_problems(mark, spec)


def give(
    scorecard: Scorecard, rubric: Rubric, marks: Iterable[Mark], *, by: str, at: str
) -> tuple[Scorecard, list[Change]]:
    """Return the scorecard with marks that have no problems, and what changed; its totals are still those of before.

    `by` and `at` stand where a mark does not say them. A mark that is there already changes nothing.
    """
    checks = {check.id: check for check in scorecard.all_checks()}
    marked: dict[str, CheckScore] = {}
    changes = []
    for mark in marks:
        check = checks[mark.check]
        before = given_for(check)
        if before is not None and _says_the_same(mark, before, rubric):
            continue
        marked[check.id] = _marked(check, rubric, mark.replace(by=mark.by or by, at=mark.at or at))
        changes.append(
            Change(learner=mark.learner, check=check.id, before=words_of(check), after=words_of(marked[check.id]))
        )
    return _with_checks(scorecard, marked), changes


def take_back(scorecard: Scorecard, earlier: Mapping[str, Given | None]) -> Scorecard:
    """Return the scorecard with the marks of some checks replaced by earlier ones, or by none; see `give`."""
    checks = {check.id: check for check in scorecard.all_checks()}
    return _with_checks(scorecard, {name: _restored(checks[name], given) for name, given in earlier.items()})


def is_given(mark: Mark, check: CheckScore, rubric: Rubric) -> bool:
    """Whether what a mark gives is what the check has."""
    given = given_for(check)
    return given is not None and given.words == _words(mark, rubric)


def words_of(check: CheckScore) -> str:
    """Return how a check stands: its mark, or its status."""
    given = given_for(check)
    if given is None:
        return "awaiting a person" if check.status is Status.AWAITING else check.status.replace("_", " ")
    return given.words


def without_mark(check: CheckScore) -> CheckScore:
    """Return a check as it was before anybody marked it."""
    given = given_for(check)
    if given is None:
        return check
    before = given.evidence[-1]
    return check.replace(
        status=Status(str(before.actual)),
        fraction=ZERO,
        message=before.text or "",
        evidence=check.evidence[len(given.evidence) :],
    )


def _is(piece: Evidence, name: str) -> bool:
    return piece.kind is EvidenceKind.FIELD and piece.path == name


def _takes_marks(check: CheckScore) -> bool:
    if check.status is Status.AWAITING or given_for(check) is not None:
        return True
    return check.uses.startswith(MANUAL) and check.status is Status.FAILED


def _value_problems(mark: Mark, spec: CheckSpec) -> Iterator[Problem]:
    levels = levels_of(spec)
    if mark.level is not None and str(mark.level) not in levels:
        allowed = f"a level from {min(levels)} to {max(levels)}" if levels else f"points, 0 to {_plain(spec.points)}"
        message = f"there is no level {mark.level}" if levels else "this check is not judged by levels"
        yield _problem(mark, mark.value_place, message, allowed)
    if mark.points is not None and not spec.points:
        yield _problem(mark, mark.value_place, "this check counts no points", "a level" if levels else "no mark")
    elif mark.points is not None and mark.points > spec.points:
        message = f"{_plain(mark.points)} points are more than the check counts"
        yield _problem(mark, mark.value_place, message, f"0 to {_plain(spec.points)}")


def _problem(mark: Mark, place: Place, message: str, allowed: str = "", suggestion: str = "") -> Problem:
    return Problem(message, place.line, place.column, f"{mark.learner}.{mark.check}", allowed, suggestion)


def _says_the_same(mark: Mark, given: Given, rubric: Rubric) -> bool:
    """Whether a mark is there already; who gave it and when count where the file says them."""
    same = given.words == _words(mark, rubric) and given.comment == mark.comment
    return same and mark.by in ("", given.by) and mark.at in ("", given.at)


def _words(mark: Mark, rubric: Rubric) -> str:
    spec = rubric.checks_by_id()[mark.check]
    if mark.level is not None:
        return f"level {mark.level} of {len(levels_of(spec))}"
    assert mark.points is not None
    words = f"{_plain(mark.points)} of {_plain(spec.points)} points"
    return f"{words} off" if spec in rubric.penalties else words


def _fraction(mark: Mark, rubric: Rubric) -> Fraction:
    """Return the share of the check's points that a mark gives; the points given for a penalty are its cost."""
    spec = rubric.checks_by_id()[mark.check]
    if mark.level is not None:
        return Fraction(mark.level, len(levels_of(spec)))
    assert mark.points is not None
    share = Fraction(mark.points) / Fraction(spec.points)
    return ONE - share if spec in rubric.penalties else share


def _marked(check: CheckScore, rubric: Rubric, mark: Mark) -> CheckScore:
    words = _words(mark, rubric)
    meaning = None
    if mark.level is not None:
        meaning = levels_of(rubric.checks_by_id()[mark.check])[str(mark.level)]
    message = f"A person gave {words}{f': {meaning}' if meaning else '.'}"
    found = without_mark(check)
    pieces = [Evidence(kind=EvidenceKind.FIELD, path=MARK, actual=words, text=meaning)]
    if mark.comment:
        pieces.append(Evidence(kind=EvidenceKind.FIELD, path=COMMENT, text=mark.comment))
    pieces.append(Evidence(kind=EvidenceKind.FIELD, path=BY, actual=mark.by, text=mark.at))
    pieces.append(Evidence(kind=EvidenceKind.FIELD, path=BEFORE, actual=found.status.value, text=found.message))
    given = Given(
        words=words,
        comment=mark.comment,
        by=mark.by,
        at=mark.at,
        fraction=_fraction(mark, rubric),
        message=message,
        evidence=tuple(pieces),
    )
    return _restored(found, given)


def _restored(check: CheckScore, given: Given | None) -> CheckScore:
    found = without_mark(check)
    if given is None:
        return found
    return found.replace(
        status=status_of(given.fraction),
        fraction=given.fraction,
        message=given.message,
        evidence=(*given.evidence, *found.evidence),
    )


def _with_checks(scorecard: Scorecard, changed: Mapping[str, CheckScore]) -> Scorecard:
    def checks(group: tuple[CheckScore, ...]) -> tuple[CheckScore, ...]:
        return tuple(changed.get(check.id, check) for check in group)

    bonus = scorecard.bonus
    return scorecard.replace(
        criteria=tuple(criterion.replace(checks=checks(criterion.checks)) for criterion in scorecard.criteria),
        bonus=bonus and bonus.replace(checks=checks(bonus.checks)),
        penalties=tuple(
            penalty.replace(check=changed.get(penalty.check.id, penalty.check)) for penalty in scorecard.penalties
        ),
    )


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
