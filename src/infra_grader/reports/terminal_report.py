"""The report for a terminal: the verdict first, then what can be won back, in any width, with or without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra_grader.model.scorecard import CheckScore, CriterionScore, Scorecard
from infra_grader.plugin import RenderOptions, ReportFormat, hookimpl
from infra_grader.reports._findings import (
    Loss,
    claimed_checks,
    for_learner,
    is_final,
    losses,
    open_groups,
    title_of,
)
from infra_grader.reports._text import Quoted, block, excerpt, is_block, line, number, place, plain, prose, statement
from infra_grader.reports._wording import (
    STATUS_WORDS,
    check_points,
    criterion_points,
    more_places,
    open_heading,
    penalty_points,
    points,
    points_by_check,
    score_words,
    submission_words,
    verdict,
    verdict_reasons,
)

if TYPE_CHECKING:
    from rich.console import Console

MIN_WIDTH = 20
MAX_TEXT_WIDTH = 100
"""Longer lines are hard to read, however wide the terminal is."""
BAR_WIDTH = 20
WIDE_ENOUGH_FOR_BARS = 70
MAX_PLACES = 5
MAX_EXCERPT_LINES = 12
MAX_WAITING = 3
WON, LOST, OPEN = "green", "red", "yellow"


@hookimpl
def infra_grader_report_formats() -> list[ReportFormat]:
    """Give the format `terminal`."""
    return [ReportFormat(name="terminal", is_machine=False, render=render)]


def render(scorecard: Scorecard, options: RenderOptions) -> str:
    """Return the report as text of at most `options.width` columns, ending with a newline."""
    page = _Page(options)
    shown = for_learner(scorecard)
    _write_verdict(page, shown)
    _write_criteria(page, shown)
    _write_losses(page, shown)
    _write_open(page, shown)
    _write_extras(page, shown)
    _write_claimed(page, shown)
    return page.text()


def _write_verdict(page: _Page, scorecard: Scorecard) -> None:
    style = {True: WON, False: LOST, None: OPEN}[scorecard.score.passed]
    page.write(prose(scorecard.rubric.title), style="bold")
    page.write(submission_words(scorecard.submission), style="dim")
    page.blank()
    page.write(f"{verdict(scorecard)}: {score_words(scorecard)}", style=f"bold {style}")
    page.write(" ".join(verdict_reasons(scorecard)))


def _write_criteria(page: _Page, scorecard: Scorecard) -> None:
    page.heading("Criteria")
    titles = [prose(criterion.title) for criterion in scorecard.criteria]
    column = page.column(titles, [criterion_points(criterion) for criterion in scorecard.criteria])
    for criterion, title in zip(scorecard.criteria, titles, strict=True):
        sign, style = page.criterion_sign(criterion)
        if column:
            page.row(sign, title, column, page.bar(criterion), criterion_points(criterion), style)
        else:
            page.write(f"{title}: {criterion_points(criterion)}", lead=f"{sign} ", style=style)


def _write_losses(page: _Page, scorecard: Scorecard) -> None:
    found = losses(scorecard)
    scored = [loss for loss in found if loss.winnable > 0]
    if scored:
        page.heading(f"Points to win back: {points(sum((loss.winnable for loss in scored), scored[0].winnable * 0))}")
    for loss in scored:
        _write_loss(page, scorecard, loss, f"{number(loss.winnable)} ")
    unscored = [loss for loss in found if loss.winnable == 0]
    if unscored:
        page.heading("Not met, and not scored")
    for loss in unscored:
        _write_loss(page, scorecard, loss, page.bullet)


def _write_loss(page: _Page, scorecard: Scorecard, loss: Loss, lead: str) -> None:
    check = loss.check
    page.write(f"{prose(check.title)} ({prose(loss.group)}, {STATUS_WORDS[check.status]})", lead=lead, style="bold")
    _write_findings(page, check)
    if check.blocked_by:
        page.write(f"It waits for: {prose(title_of(scorecard, check.blocked_by))}", lead="    ")
    if check.hint:
        page.write(prose(check.hint), lead=f"    {page.arrow}")
    if loss.waiting:
        more = "; ".join(prose(other.title) for other in loss.waiting[:MAX_WAITING])
        if len(loss.waiting) > MAX_WAITING:
            more += f"; and {len(loss.waiting) - MAX_WAITING} more"
        page.write(f"Blocked by this ({points(loss.winnable - loss.lost)}): {more}", lead="    ")


def _write_findings(page: _Page, check: CheckScore) -> None:
    page.write(line(check.message), lead="    ")
    for evidence in check.evidence[:MAX_PLACES]:
        text = ": ".join(part for part in (place(evidence), statement(evidence)) if part)
        if text:
            page.write(text, lead=f"    {page.bullet}", style="dim")
        if is_block(evidence):
            page.excerpt(block(evidence.text or ""))
        for quoted in excerpt(evidence):
            page.quote(quoted)
    if len(check.evidence) > MAX_PLACES:
        page.write(f"and {more_places(len(check.evidence) - MAX_PLACES)}", lead=f"    {page.bullet}", style="dim")


def _write_open(page: _Page, scorecard: Scorecard) -> None:
    groups = open_groups(scorecard)
    if groups:
        page.heading("Open")
    worth = points_by_check(scorecard)
    for group in groups:
        page.write(open_heading(group), lead=f"{page.signs[None]} ", style=OPEN)
        if group.remedy:
            page.write(prose(group.remedy), lead=f"    {page.arrow}")
        for check in group.checks:
            page.write(f"{prose(check.title)}: {worth[check.id]}", lead=f"    {page.bullet}")


def _write_extras(page: _Page, scorecard: Scorecard) -> None:
    bonus = scorecard.bonus
    if bonus is not None:
        page.heading(f"Bonus: {number(bonus.earned)} of {number(bonus.points)}")
        for check in bonus.checks:
            page.write(f"{prose(check.title)}: {check_points(check)}", lead=f"{page.check_sign(check)} ")
            if check.is_lost:
                page.write(line(check.message), lead="    ")
    if scorecard.penalties:
        page.heading("Penalties")
    for penalty in scorecard.penalties:
        text = f"{prose(penalty.check.title)}: {penalty_points(penalty)}"
        page.write(text, lead=f"{page.check_sign(penalty.check)} ")
        if penalty.check.is_lost and is_final(penalty):
            page.write(line(penalty.check.message), lead="    ")


def _write_claimed(page: _Page, scorecard: Scorecard) -> None:
    claimed = claimed_checks(scorecard)
    if not claimed:
        return
    page.heading("Claimed")
    page.write("These rest on what the submission's own code says about itself; nobody else has seen it.")
    for check in claimed:
        page.write(f"{prose(check.title)}: {check_points(check)}", lead=page.bullet)


class _Page:
    """Lines of text, wrapped by the cells that characters take on a terminal."""

    def __init__(self, options: RenderOptions) -> None:
        self.width = max(options.width, MIN_WIDTH)
        self.show_pictures = options.signs
        self.signs = (
            {True: "✅", False: "❌", None: "❔"} if options.signs else {True: "[ok]", False: "[no]", None: "[??]"}
        )
        self.bullet = "• " if options.signs else "- "
        self.arrow = "→ " if options.signs else "-> "
        self._bars = ("█", "▒", "░") if options.signs else ("#", "?", "-")
        self._console = _console(self.width, color=options.color)

    def text(self) -> str:
        """Return what was written."""
        written = self._console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO of `_console`
        return "\n".join(part.rstrip() for part in written.split("\n"))

    def blank(self) -> None:
        """Write an empty line."""
        self._console.print()

    def heading(self, title: str) -> None:
        """Write the title of a part."""
        self.blank()
        self.write(title, style="bold underline")

    def write(self, text: str, *, lead: str = "", style: str = "") -> None:
        """Write a paragraph; the lines after the first stand below the text, not below the lead."""
        from rich.cells import cell_len
        from rich.text import Text

        indent = min(cell_len(lead), self.width // 2)
        room = min(self.width, MAX_TEXT_WIDTH) - indent
        wrapped = Text(self._fit(text), style=style).wrap(self._console, room, overflow="fold")
        for count, part in enumerate(wrapped):
            part.rstrip()
            start = Text(lead if count == 0 else " " * indent)
            self._console.print(start + part, no_wrap=True, overflow="ignore", crop=False)

    def row(self, sign: str, title: str, column: int, bar: str, total: str, style: str) -> None:
        """Write a line of the table of criteria; all of them fit, see `column`."""
        from rich.cells import set_cell_size
        from rich.text import Text

        cells = (
            Text(f"{sign} {set_cell_size(self._fit(title), column)}  ").append(bar, style=style).append(f"  {total}")
        )
        self._console.print(cells, no_wrap=True, overflow="ignore", crop=False)

    def excerpt(self, text: str) -> None:
        """Write the first lines of a longer text, set off by a bar."""
        lines = text.split("\n")
        for part in lines[:MAX_EXCERPT_LINES]:
            self.write(part.expandtabs(4), lead="      │ " if self.show_pictures else "      | ", style="dim")
        if len(lines) > MAX_EXCERPT_LINES:
            self.write(f"[{len(lines) - MAX_EXCERPT_LINES} more lines]", lead="      ", style="dim")

    def quote(self, quoted: Quoted) -> None:
        """Write a line of a file with its number: the one that is meant in full, the others as far as they fit."""
        from rich.cells import cell_len, set_cell_size

        bar = "│" if self.show_pictures else "|"
        sign = ("▶" if self.show_pictures else ">") if quoted.is_meant else " "
        text = self._fit(quoted.text)
        number = f"{sign} {quoted.number} {bar} "
        deepest = max(0, self.width // 2 - len(number))
        lead = f"{' ' * min(6, deepest)}{number}"
        indent = text[: len(text) - len(text.lstrip())][: self.width // 2 - len(lead)]
        text = text.lstrip()
        room = min(self.width, MAX_TEXT_WIDTH) - len(lead + indent)
        if not quoted.is_meant and cell_len(text) > room:
            text = f"{set_cell_size(text, room - 3)}..."
        self.write(text, lead=lead + indent, style=LOST if quoted.is_meant else "dim")

    def column(self, titles: list[str], totals: list[str]) -> int:
        """Return the cells that the longest title takes, or 0 if there is no room for titles, bars and totals."""
        from rich.cells import cell_len

        if self.width < WIDE_ENOUGH_FOR_BARS:
            return 0
        longest = max((cell_len(self._fit(title)) for title in titles), default=0)
        others = len(self.signs[True]) + 1 + 1 + 2 + BAR_WIDTH + 2 + max((len(total) for total in totals), default=0)
        return longest if longest + others <= self.width else 0

    def bar(self, criterion: CriterionScore) -> str:
        """Return a bar of what is earned, what is open and what is lost."""
        if criterion.points <= 0:
            return " " * BAR_WIDTH
        won = int(BAR_WIDTH * criterion.earned / criterion.points)
        reachable = int(BAR_WIDTH * criterion.possible / criterion.points)
        full, maybe, empty = self._bars
        return full * won + maybe * (reachable - won) + empty * (BAR_WIDTH - reachable)

    def criterion_sign(self, criterion: CriterionScore) -> tuple[str, str]:
        """Return the sign and the colour of a criterion."""
        if criterion.is_done:
            return self.signs[True], WON
        is_open = not any(check.is_lost and check.weight for check in criterion.checks)
        return (self.signs[None], OPEN) if is_open else (self.signs[False], LOST)

    def check_sign(self, check: CheckScore) -> str:
        """Return the sign of a check: partly passed is not yet done."""
        return self.signs[None] if check.status.is_open else self.signs[not check.is_lost]

    def _fit(self, text: str) -> str:
        return text if self.show_pictures else plain(text)


def _console(width: int, *, color: bool) -> Console:
    # rich takes longer to import than most submissions to grade, and only this report needs it. The environment is
    # left out: whoever calls decides on width and colour.
    import io

    from rich.console import Console

    return Console(
        file=io.StringIO(),
        width=width,
        height=100,
        color_system="standard" if color else None,
        force_terminal=color,
        force_jupyter=False,
        no_color=not color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
