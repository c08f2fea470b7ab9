"""Parts of a page in Markdown, each whole in itself, from which the reports in Markdown are put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infra_grader.model.scorecard import CheckScore, PenaltyScore, Scorecard
from infra_grader.reports._findings import Loss, claimed_checks, is_final, open_groups, title_of
from infra_grader.reports._markdown_text import cell, code, fenced, words
from infra_grader.reports._text import excerpt, is_block, number, place, statement
from infra_grader.reports._wording import (
    OPEN_WORDS,
    STATUS_WORDS,
    check_points,
    criterion_points,
    more_places,
    penalty_points,
    points,
    points_by_check,
    score_words,
    submission_words,
    verdict,
    verdict_reasons,
)

MAX_EXCERPT = 1500
MAX_PLACES = 5
MAX_WAITING = 5
SIGNS = {True: "✅", False: "❌", None: "❔"}


def page(parts: Iterable[str], limit: int) -> str:
    """Return the parts that fit into so many bytes, and a note of how many do not."""
    kept: list[str] = []
    room = limit - 100  # for the note
    left_out = 0
    for part in parts:
        size = len(part.encode()) + 2
        if size <= room:
            room -= size
            kept.append(part)
        else:
            left_out += 1
    if left_out:
        kept.append(f"Left out here, for length: {left_out} more parts. The other reports hold them.")
    return "\n\n".join(kept) + "\n"


def head_parts(scorecard: Scorecard) -> Iterator[str]:
    """Yield the verdict, the score, what explains them, and the table of criteria."""
    yield f"## {SIGNS[scorecard.score.passed]} {words(scorecard.rubric.title)}: {verdict(scorecard).lower()}"
    yield f"**{words(score_words(scorecard))}**"
    yield "\n".join(_explanation(scorecard))
    yield "\n".join(_criteria_table(scorecard))


def loss_lines(scorecard: Scorecard, loss: Loss) -> Iterator[str]:
    """Yield what was found, what to do about it and what waits for it, as items of an inner list."""
    check = loss.check
    yield from _finding_lines(check)
    if check.blocked_by:
        yield f"  - It waits for: {words(title_of(scorecard, check.blocked_by))}"
    if check.hint:
        yield f"  - What to do: {words(check.hint)}"
    if loss.waiting:
        names = "; ".join(words(other.title) for other in loss.waiting[:MAX_WAITING])
        if len(loss.waiting) > MAX_WAITING:
            names += f"; and {len(loss.waiting) - MAX_WAITING} more"
        yield f"  - Blocked by this ({points(loss.winnable - loss.lost)}): {names}"


def open_parts(scorecard: Scorecard) -> Iterator[str]:
    """Yield what nobody has judged yet, and why."""
    groups = open_groups(scorecard)
    if groups:
        yield "### Open"
    worth = points_by_check(scorecard)
    for group in groups:
        lead = f"**{number(group.points)}** · " if group.points else ""
        lines = [f"- {lead}{OPEN_WORDS[group.status]}: {code(group.reason)}"]
        if group.remedy:
            lines.append(f"  - What would help: {words(group.remedy)}")
        lines += [f"  - {words(check.title)}: {worth[check.id]}" for check in group.checks]
        yield "\n".join(lines)


def extra_parts(scorecard: Scorecard) -> Iterator[str]:
    """Yield the bonus, the penalties, and what rests on the learner's own word."""
    bonus = scorecard.bonus
    if bonus is not None:
        yield f"### Bonus: {number(bonus.earned)} of {number(bonus.points)}"
        yield "\n".join(
            f"- {words(check.title)}: {check_points(check)} ({STATUS_WORDS[check.status]})" for check in bonus.checks
        )
    if scorecard.penalties:
        yield "### Penalties"
        yield "\n".join(_penalty(penalty) for penalty in scorecard.penalties)
    claimed = claimed_checks(scorecard)
    if claimed:
        yield "### Claimed"
        yield "These rest on what the submission's own code says about itself; nobody else has seen it."
        yield "\n".join(f"- {words(check.title)}: {check_points(check)}" for check in claimed)


def _penalty(penalty: PenaltyScore) -> str:
    """Return a penalty in a line; the cost of being late with how it came about, which is said nowhere else."""
    why = f". {words(penalty.check.message)}" if penalty.check.is_lost and is_final(penalty) else ""
    return f"- {words(penalty.check.title)}: {penalty_points(penalty)}{why}"


def _explanation(scorecard: Scorecard) -> Iterator[str]:
    yield " ".join(words(reason) for reason in verdict_reasons(scorecard))
    yield f"Submission: {code(submission_words(scorecard.submission))}."


def _criteria_table(scorecard: Scorecard) -> Iterator[str]:
    yield "| | Criterion | Points |"
    yield "|---|---|---|"
    for criterion in scorecard.criteria:
        is_open = not any(check.is_lost and check.weight for check in criterion.checks)
        sign = SIGNS[True if criterion.is_done else None if is_open else False]
        yield f"| {sign} | {cell(criterion.title)} | {criterion_points(criterion)} |"


def _finding_lines(check: CheckScore) -> Iterator[str]:
    yield f"  - {code(check.message)}"
    for evidence in check.evidence[:MAX_PLACES]:
        facts = [code(text) for text in (place(evidence), statement(evidence)) if text]
        if facts:
            yield f"  - {': '.join(facts)}"
        if is_block(evidence):
            if not facts:
                yield "  - Seen:"
            yield "\n" + fenced(evidence.text or "", MAX_EXCERPT, "    ") + "\n"
        if quoted := excerpt(evidence):
            lines = (f"{'>' if line.is_meant else ' '} {line.number} | {line.text}" for line in quoted)
            yield "\n" + fenced("\n".join(lines), MAX_EXCERPT, "    ") + "\n"
    if len(check.evidence) > MAX_PLACES:
        yield f"  - and {more_places(len(check.evidence) - MAX_PLACES)}"
