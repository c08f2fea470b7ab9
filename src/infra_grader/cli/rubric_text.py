"""Rubrics as text: an outline for authors, a page for learners, a template to start from."""

from __future__ import annotations

from decimal import Decimal

from infra_grader.model.rubric import CheckSpec, LateBase, LatePolicy, Rubric, Visibility
from infra_grader.reading.late_policy import span_text

DAY_S = 86_400
WHOLE = Decimal(100)


def plain(points: Decimal) -> str:
    """Return points as people write them: `12.5`, `100`."""
    return f"{points.normalize():f}"


def outline(rubric: Rubric) -> str:
    """Return a rubric's criteria and checks with their points, one a line."""
    lines = [
        f"{rubric.title}  ({rubric.id}, version {rubric.version})",
        f"{plain(rubric.points)} points, pass at {plain(rubric.pass_mark)}",
    ]
    for criterion in rubric.criteria:
        needed = ", required" if criterion.required else ""
        lines += ["", f"{criterion.title}  {plain(criterion.points)} points{needed}"]
        lines += [_line(check) for check in criterion.checks]
    if rubric.bonus:
        lines += [
            "",
            f"Bonus, up to {plain(rubric.bonus.max_points)} points",
            *(_line(check) for check in rubric.bonus.checks),
        ]
    if rubric.penalties:
        lines += ["", "Penalties", *(_line(check) for check in rubric.penalties)]
    if rubric.late:
        lines += ["", f"Late work: {late_words(rubric.late)}"]
    return "\n".join(lines)


def late_words(policy: LatePolicy) -> str:
    """Return what a late policy takes, in a sentence."""
    period = "day" if policy.period_s == DAY_S else "hour"
    of = "points earned" if policy.of is LateBase.EARNED else "points of this rubric"
    most = f", {plain(policy.cap)} % at most" if policy.cap < WHOLE else ""
    grace = f" Up to {span_text(policy.grace_s)} late costs nothing." if policy.grace_s else ""
    return f"Each {period} begun after the deadline costs {plain(policy.percent)} % of the {of}{most}.{grace}"


def _line(check: CheckSpec) -> str:
    needs = f"  needs {', '.join(check.needs)}" if check.needs else ""
    tags = f"  [{', '.join(check.tags)}]" if check.tags else ""
    return f"  {plain(check.points):>6}  {check.id:<28} {check.uses:<22} {check.title}{needs}{tags}"


def page(rubric: Rubric) -> str:
    """Return what a rubric asks for, in Markdown for learners: titles, points and hints; hidden checks by number."""
    parts = [
        f"# {rubric.title}",
        f"{plain(rubric.points)} points; {plain(rubric.pass_mark)} are needed to pass."
        + (
            f" Grades: {', '.join(f'{letter} from {plain(bound)} %' for letter, bound in rubric.grades)}."
            if rubric.grades
            else ""
        ),
    ]
    for criterion in rubric.criteria:
        needed = " Required." if criterion.required else ""
        parts.append(f"## {criterion.title} ({plain(criterion.points)} points)")
        if needed:
            parts.append("Every check of this criterion has to pass.")
        parts.append(_table(criterion.checks))
    if rubric.bonus:
        parts += [f"## Bonus (up to {plain(rubric.bonus.max_points)} points)", _table(rubric.bonus.checks)]
    if rubric.penalties:
        parts += ["## Penalties", _table(rubric.penalties)]
    if rubric.late:
        parts += ["## Late work", late_words(rubric.late)]
    return "\n\n".join(parts)


def _table(checks: tuple[CheckSpec, ...]) -> str:
    rows = ["| points | what is asked | how to get there |", "|---:|---|---|"]
    shown = [check for check in checks if check.visibility is Visibility.VISIBLE]
    rows += [f"| {plain(check.points)} | {_cell(check.title)} | {_cell(check.hint)} |" for check in shown]
    hidden = [check for check in checks if check.visibility is not Visibility.VISIBLE]
    if hidden:
        rows.append(
            f"| {plain(sum((check.points for check in hidden), Decimal(0)))} | {len(hidden)} more checks, not shown | |"
        )
    return "\n".join(rows)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


TEMPLATE = """\
# yaml-language-server: $schema=rubric.schema.json
# `infra-grader rubric schema > rubric.schema.json` makes the schema that your editor completes from.
schema: infra-grader/rubric/v1
id: {id}
version: 1
title: {title}
points: 100
pass_mark: 70
grades: {{A: 90, B: 80, C: 70, F: 0}}
criteria:
  - id: documentation
    title: Documentation
    points: 60
    done: The documentation says what this is and how to use it
    checks:
      - id: readme
        title: A README is there
        uses: file.exists
        with: {{paths: [README.md]}}
        hint: Write a README.md in the top folder.
      - id: readme-sections
        title: The README says how to install and how to use it
        uses: markdown.sections
        with:
          path: README.md
          sections: [[Installation, Install, Setup], [Usage, Use]]
        needs: [readme]
        hint: Add a section on installation and one on usage, each with text of your own.
  - id: quality
    title: Quality
    points: 40
    done: The code is easy to review
    checks:
      - id: parses
        title: Every Python file parses
        uses: python.parses
        with: {{paths: [.]}}
        hint: Run `python -m compileall .` and mend what it prints.
"""


def template(rubric_id: str) -> str:
    """Return a rubric to start from, under the id that its file's name gives; it passes lint."""
    letters = (sign if sign.isascii() and sign.isalnum() else "-" for sign in rubric_id.lower())
    clean = "".join(letters).strip("-") or "my-rubric"
    return TEMPLATE.format(id=clean, title=clean.replace("-", " ").capitalize())
