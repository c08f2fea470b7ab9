"""The JUnit XML report, in the dialect that the common readers agree on.

One flat suite, because nested ones vanish in some readers; a classname per criterion, because they group by it;
names that do not change with the score, because history hangs on them; a file and a line on every case, because some
invent one otherwise. Points stand in the messages and, as `points.<check>`, in the properties of the suite.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import CheckScore, Scorecard
from infra_grader.plugin import RenderOptions, ReportFormat, hookimpl
from infra_grader.reading.visible import visible
from infra_grader.reports._details import details
from infra_grader.reports._findings import for_learner
from infra_grader.reports._text import in_file, line, number, prose
from infra_grader.reports._wording import points_by_check, score_words, verdict

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NO_FILE = "."
"""Named where a check points into no file: the submission itself."""
SHORTEST = 0.000001
"""Seconds of a case that took none: junit-xml leaves the time out where it is 0, and readers want one."""


class _Case(NamedTuple):
    group: str
    check: CheckScore
    points: str


@hookimpl
def infra_grader_report_formats() -> list[ReportFormat]:
    """Give the format `junit`."""
    return [ReportFormat(name="junit", is_machine=True, render=render)]


def render(scorecard: Scorecard, options: RenderOptions) -> str:  # noqa: ARG001 - the contract of a report
    """Return the XML document, ending with a newline."""
    # Slow to import, and no other report needs them.
    from xml.etree import ElementTree as ET

    from junit_xml import TestSuite

    shown = for_learner(scorecard)
    cases = list(_cases(shown))
    suite = TestSuite(
        prose(shown.rubric.title) or shown.rubric.id,
        [_test_case(case, name) for case, name in zip(cases, _names(cases), strict=True)],
        timestamp=line(shown.started).removesuffix("Z"),
        properties=_properties(shown, cases),
    )
    # The library's own top element lacks `name` and `skipped`; its suite has all that its readers want.
    element = suite.build_xml_doc()
    element.set("time", f"{sum(case.check.duration_s for case in cases):.3f}")
    root = _root(element)
    ET.indent(root)
    # GitLab links what stands behind this word in an output as a file of the run; no learner's text may do that.
    text = ET.tostring(root, encoding="unicode").replace("[[ATTACHMENT", "[ [ATTACHMENT")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _root(suite: Element) -> Element:
    from xml.etree.ElementTree import Element

    root = Element("testsuites", name="infra-grader")
    for key in ("tests", "failures", "errors", "skipped", "time"):
        root.set(key, suite.get(key, "0"))
    root.append(suite)
    return root


def _cases(scorecard: Scorecard) -> Iterator[_Case]:
    worth = points_by_check(scorecard)
    for criterion in scorecard.criteria:
        for check in criterion.checks:
            yield _Case(prose(criterion.title) or line(criterion.id), check, worth[check.id])
    for check in scorecard.bonus.checks if scorecard.bonus else ():
        yield _Case("Bonus", check, worth[check.id])
    for penalty in scorecard.penalties:
        yield _Case("Penalties", penalty.check, worth[penalty.check.id])


def _names(cases: list[_Case]) -> Iterator[str]:
    """Yield a name for each case that is unique in its group: of two alike, readers drop the later one."""
    seen: set[tuple[str, str]] = set()
    for group, check, _ in cases:
        name = prose(check.title) or line(check.id)
        if (group, name) in seen:
            name = f"{name} ({line(check.id)})"
        seen.add((group, name))
        yield name


def _test_case(case: _Case, name: str) -> Any:  # junit-xml has no types
    from junit_xml import TestCase

    check = case.check
    where = next((evidence for evidence in check.evidence if in_file(evidence)), None)
    made = TestCase(
        name,
        classname=case.group,
        elapsed_sec=max(check.duration_s, SHORTEST),
        file=NO_FILE if where is None else visible(where.path or NO_FILE),
        line=1 if where is None else where.line or 1,
    )
    message = line(f"{case.points}: {check.message}")
    body = "\n".join(details(check)) or message
    if check.status is Status.PASSED:
        made.stdout = f"{message}\n{body}" if body != message else message
    elif check.status is Status.ERROR:
        made.add_error_info(message, body, "infrastructure")
    elif check.status is Status.BLOCKED:
        made.add_skipped_info(line(f"blocked by {check.blocked_by or 'another check'}: {message}"), body)
    elif check.status.is_open:
        words = "awaiting a person" if check.status is Status.AWAITING else "not assessed"
        made.add_skipped_info(line(f"{words}: {check.message}"), body)
    else:
        made.add_failure_info(message, body, "partial" if check.status is Status.PARTIAL else "fail")
    return made


def _properties(scorecard: Scorecard, cases: list[_Case]) -> dict[str, str]:
    score = scorecard.score
    return {
        "rubric": line(scorecard.rubric.id),
        "rubric.version": str(scorecard.rubric.version),
        "rubric.sha256": scorecard.rubric.sha256,
        "submission": line(scorecard.submission.id),
        "commit": line(scorecard.submission.commit or ""),
        "verdict": verdict(scorecard),
        "score": score_words(scorecard),
        "score.earned": number(score.earned),
        "score.possible": number(score.possible),
        "score.points": number(score.points),
        "score.bonus": number(score.bonus),
        "score.penalty": number(score.penalty),
    } | {f"points.{line(case.check.id)}": case.points for case in cases}
