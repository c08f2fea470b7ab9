"""What `validate` prints: a tick for each criterion, or what was looked for, found, where, and what to do.

The fast path: it imports nothing that the grading itself has not imported already.
"""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import CheckScore, CriterionScore, Scorecard
from infra_grader.plugin import RenderOptions
from infra_grader.reports._findings import for_learner, penalties_that_cost, title_of
from infra_grader.reports._text import block, expectation, is_block, line, place, plain, prose, remark, sight
from infra_grader.reports._wording import OPEN_WORDS, more_places, penalty_points

MAX_PLACES = 5
SIGNS = {True: "✅", False: "❌", None: "❔"}
PLAIN_SIGNS = {True: "[ok]", False: "[no]", None: "[??]"}


def render_validate(scorecard: Scorecard, options: RenderOptions) -> str:
    """Return a line per criterion in the rubric's order, never wrapped, and the closing line if all is done.

    The closing line is the rubric's `complete` text, after an empty line. It needs every required criterion done
    (every criterion, where none is required).
    """
    shown = for_learner(scorecard)
    signs = SIGNS if options.signs else PLAIN_SIGNS
    lines = [text for criterion in shown.criteria for text in _criterion_lines(shown, criterion, signs)]
    for penalty in penalties_that_cost(shown):
        sign = signs[None if penalty.check.status.is_open else False]
        lines.append(f"{sign} {prose(penalty.check.title)}: {penalty_points(penalty)} points")
        lines += _check_lines(penalty.check)
    if shown.complete and _is_complete(shown):
        lines += ["", prose(shown.complete)]
    if not options.signs:
        lines = [plain(text) for text in lines]
    return "\n".join(lines) + "\n"


def _is_complete(scorecard: Scorecard) -> bool:
    required = [criterion for criterion in scorecard.criteria if criterion.required] or scorecard.criteria
    return all(criterion.is_done for criterion in required) and scorecard.score.passed is not False


def _criterion_lines(scorecard: Scorecard, criterion: CriterionScore, signs: dict[bool | None, str]) -> Iterator[str]:
    if criterion.is_done:
        yield f"{signs[True]} {prose(criterion.done or criterion.title)}"
        return
    lost = [check for check in criterion.checks if check.is_lost]
    still_open = [check for check in criterion.checks if check.status.is_open]
    sign = signs[False] if any(check.weight for check in lost) else signs[None]
    yield f"{sign} {prose(criterion.title)}: {_summary(criterion, lost, still_open)}"
    for check in criterion.checks:
        if check in still_open or (check in lost and not _waits(check)):
            yield f"   {signs[None if check in still_open else False]} {prose(check.title)}"
            yield from _check_lines(check)
    yield from _waiting_lines(scorecard, criterion)


def _summary(criterion: CriterionScore, lost: list[CheckScore], still_open: list[CheckScore]) -> str:
    parts = []
    if len(criterion.checks) == 1 and lost:
        parts.append("not met")
    elif lost:
        parts.append(f"{len(lost)} of {len(criterion.checks)} checks fell short")
    if still_open:
        words = dict.fromkeys(OPEN_WORDS[check.status] for check in still_open)
        parts.append(f"{len(still_open)} of {len(criterion.checks)} {' or '.join(words)}")
    return ", ".join(parts)


def _waiting_lines(scorecard: Scorecard, criterion: CriterionScore) -> Iterator[str]:
    """Yield a line for each cause that keeps checks of this criterion from being asked, and how many wait for it."""
    causes = [check.blocked_by for check in criterion.checks if _waits(check)]
    for cause in dict.fromkeys(causes):
        waiting = [prose(check.title) for check in criterion.checks if _waits(check) and check.blocked_by == cause]
        checks = "1 more check waits" if len(waiting) == 1 else f"{len(waiting)} more checks wait"
        yield f'   {checks} for "{prose(title_of(scorecard, cause))}": {"; ".join(waiting)}'


def _waits(check: CheckScore) -> bool:
    return check.status is Status.BLOCKED and bool(check.blocked_by)


def _check_lines(check: CheckScore) -> Iterator[str]:
    if check.status.is_open:
        yield f"      why: {line(check.message)}"
        if check.remedy:
            yield f"      what would help: {prose(check.remedy)}"
        return
    wanted = dict.fromkeys(text for evidence in check.evidence if (text := expectation(evidence)))
    if wanted:
        yield f"      looked for: {'; '.join(list(wanted)[:MAX_PLACES])}"
    yield f"      found: {line(check.message)}"
    yield from _place_lines(check)
    if check.hint:
        yield f"      what to do: {prose(check.hint)}"


def _place_lines(check: CheckScore) -> Iterator[str]:
    shown = 0
    for evidence in check.evidence:
        facts = "; ".join(text for text in (sight(evidence), remark(evidence)) if text)
        text = ": ".join(part for part in (place(evidence), facts) if part)
        if not text and not is_block(evidence):
            continue
        shown += 1
        if shown > MAX_PLACES:
            yield f"      where: {more_places(len(check.evidence) - MAX_PLACES)}"
            return
        if text:
            yield f"      {'where' if evidence.path else 'seen'}: {text}"
        if is_block(evidence):
            for part in block(evidence.text or "").split("\n")[:MAX_PLACES]:
                yield f"        | {part}"
