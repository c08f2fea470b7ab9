"""The report as SARIF 2.1.0, for code scanning and for editors that show such findings in the files.

A rule per check, a result per place in a file to which a lost check points: a result without a place would not be
shown. What is not among the results, and what is open, the run's notifications say.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import CheckScore, Scorecard
from infra_grader.plugin import RenderOptions, ReportFormat, hookimpl
from infra_grader.reports._findings import Loss, for_learner, losses, open_groups
from infra_grader.reports._markdown_text import words
from infra_grader.reports._places import Level, Place, level, places
from infra_grader.reports._text import cut, line, prose, statement
from infra_grader.reports._wording import open_heading, points, points_by_check, verdict

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS = 5000
"""GitHub takes 25,000 and keeps so many."""
MAX_BYTES = 9_000_000
"""GitHub takes 10 MB, compressed; most results compress well, and none has to."""
MAX_NAME = 255
MAX_DESCRIPTION = 1024
MAX_MESSAGE = 1000
MAX_TAGS = 10
SEVERITIES = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "recommendation"}
# The grammar of semver.org, without its names for groups.
SEMANTIC = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-.]+)?")


class _Group(NamedTuple):
    title: str
    check: CheckScore


@hookimpl
def infra_grader_report_formats() -> list[ReportFormat]:
    """Give the format `sarif`."""
    return [ReportFormat(name="sarif", is_machine=True, render=render)]


def render(scorecard: Scorecard, options: RenderOptions) -> str:
    """Return the log as indented JSON in ASCII, ending with a newline."""
    import json  # not needed by the reports that people read

    shown = for_learner(scorecard)
    checks = list(_checks(shown))
    index = {group.check.id: place for place, group in enumerate(checks)}
    room = MAX_BYTES
    kept: list[dict[str, Any]] = []
    left_out = 0
    for result in _results(shown, options, index):
        text = json.dumps(result, indent=2)
        size = len(text) + 8 * (text.count("\n") + 1) + 2  # as it is indented in the whole
        if len(kept) < MAX_RESULTS and size <= room:
            room -= size
            kept.append(result)
        else:
            left_out += 1
    run = _run(shown, checks, _notifications(shown, options, index, left_out)) | {"results": kept}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False) + "\n"


def _run(scorecard: Scorecard, checks: list[_Group], notifications: list[dict[str, Any]]) -> dict[str, Any]:
    score = scorecard.score
    invocation = {
        "executionSuccessful": not any(group.check.status is Status.ERROR for group in checks),
        "startTimeUtc": line(scorecard.started),
        "endTimeUtc": line(scorecard.finished),
        "toolExecutionNotifications": notifications,
    }
    return {
        "tool": {"driver": _driver(scorecard, checks)},
        # Its last part names the run, the others the category that a later upload replaces.
        "automationDetails": {"id": f"infra-grader/{line(scorecard.rubric.id)}/{line(scorecard.started)}"},
        "invocations": [{key: value for key, value in invocation.items() if value != ""}],
        "properties": {
            "rubric": line(scorecard.rubric.id),
            "rubricVersion": scorecard.rubric.version,
            "submission": line(scorecard.submission.id),
            "commit": scorecard.submission.commit and line(scorecard.submission.commit),
            "verdict": verdict(scorecard),
            "earned": _number(score.earned),
            "possible": _number(score.possible),
            "points": _number(score.points),
            "percent": _number(score.percent),
            "grade": None if score.grade is None else line(score.grade),
            "passed": score.passed,
        },
    }


def _driver(scorecard: Scorecard, checks: list[_Group]) -> dict[str, Any]:
    version = line(str(scorecard.environment.get("version", "")))
    driver: dict[str, Any] = {"name": "infra-grader"}
    if version:
        driver["version"] = version
    if SEMANTIC.fullmatch(version):
        driver["semanticVersion"] = version
    return driver | {"rules": [_rule(group) for group in checks]}


def _checks(scorecard: Scorecard) -> Iterator[_Group]:
    for criterion in scorecard.criteria:
        for check in criterion.checks:
            yield _Group(criterion.title or criterion.id, check)
    for check in scorecard.bonus.checks if scorecard.bonus else ():
        yield _Group("Bonus", check)
    for penalty in scorecard.penalties:
        yield _Group("Penalties", penalty.check)


def _rule(group: _Group) -> dict[str, Any]:
    """Return what is asked, which does not change with what was found."""
    check = group.check
    title = prose(check.title) or line(check.id)
    worth = points(check.points) if check.counts else "not scored"
    grave = Level.ERROR if check.counts else Level.NOTE
    hint = prose(check.hint)
    return {
        "id": line(check.id),
        "name": line(title, MAX_NAME),
        "shortDescription": {"text": _message(title, MAX_DESCRIPTION)},
        "fullDescription": {"text": _message(f"{title} ({prose(group.title)}, {worth}).", MAX_DESCRIPTION)},
        "help": {"text": _message(hint or title), "markdown": words(hint or title)},
        "defaultConfiguration": {"level": grave.value},
        "properties": {
            "tags": [line(tag, MAX_NAME) for tag in check.tags if tag.strip()][:MAX_TAGS],
            "precision": "high",
            "problem.severity": SEVERITIES[grave],
            "criterion": prose(group.title),
            "points": _number(check.points),
        },
    }


def _results(scorecard: Scorecard, options: RenderOptions, index: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Yield a result per place, most points to win back first."""
    worth = points_by_check(scorecard)
    seen: Counter[str] = Counter()
    for loss in losses(scorecard):
        for place in places(loss, options.folder):
            fingerprint = _fingerprint(loss.check, place)
            seen[fingerprint] += 1
            yield _result(scorecard, loss, place, worth[loss.check.id]) | {
                "ruleIndex": index[loss.check.id],
                "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint}:{seen[fingerprint]}"},
            }


def _result(scorecard: Scorecard, loss: Loss, place: Place, worth: str) -> dict[str, Any]:
    check, whole = loss.check, scorecard.score.points
    facts = [f"{worth}: {line(check.message)}", statement(place.evidence)]
    if check.hint:
        facts.append(f"What to do: {prose(check.hint)}")
    return {
        "ruleId": line(check.id),
        "level": level(check).value,
        "rank": min(100.0, float(100 * loss.winnable / whole)) if whole > 0 else 0.0,
        "message": {"text": _message("\n".join(fact for fact in facts if fact))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(place.path), "uriBaseId": "%SRCROOT%"},
                    "region": _region(place),
                }
            }
        ],
        "properties": {
            "points": _number(check.points),
            "earned": _number(check.earned),
            "lost": _number(loss.lost),
            "winnable": _number(loss.winnable),
            "status": check.status.value,
        },
    }


def _region(place: Place) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": place.line or 1}  # its readers want one
    if place.end_line is not None:
        region["endLine"] = place.end_line
    meant = range(place.line or 0, (place.end_line or place.line or 0) + 1)
    quoted = {quoted.number: line(quoted.text.expandtabs(4)) for quoted in place.evidence.excerpt}
    if place.line is not None and all(number in quoted for number in meant):
        region["snippet"] = {"text": cut("\n".join(quoted[number] for number in meant), MAX_MESSAGE)}
    return region


def _notifications(
    scorecard: Scorecard, options: RenderOptions, index: dict[str, int], left_out: int
) -> list[dict[str, Any]]:
    """Return what the results do not say: what is open, what points into no file, what is left out for length."""
    found = [
        {
            "level": "error" if group.status is Status.ERROR else "warning",
            "message": {"text": _message(open_heading(group))},
            "associatedRule": {"id": line(group.checks[0].id), "index": index[group.checks[0].id]},
        }
        for group in open_groups(scorecard)
    ]
    for loss in losses(scorecard):
        if not any(places(loss, options.folder)):
            lead = f"{points(loss.winnable)} lost" if loss.winnable else "Not met, not scored,"
            text = f"{lead} and no file to point at: {line(loss.check.message)}"
            rule = {"id": line(loss.check.id), "index": index[loss.check.id]}
            found.append({"level": "note", "message": {"text": _message(text)}, "associatedRule": rule})
    if left_out:
        text = f"Left out for the limits of code scanning: {left_out} more places, those with the fewest points."
        found.append({"level": "warning", "message": {"text": text}})
    return found


def _fingerprint(check: CheckScore, place: Place) -> str:
    """Return what stays the same while other lines of the file come and go."""
    evidence = place.evidence
    quoted = next((quoted.text for quoted in evidence.excerpt if quoted.number == evidence.line), None)
    text = "".join((quoted if quoted is not None else evidence.text or "").split())
    parts = f"{check.id}\0{place.path}\0{text}"
    return hashlib.sha256(parts.encode(errors="backslashreplace")).hexdigest()[:16]


def _uri(path: str) -> str:
    """Return a path as a relative URI: of a name that is no UTF-8, the bytes that it has."""
    from urllib.parse import quote  # not needed to declare the format

    try:
        return quote(path.encode(errors="surrogateescape"))
    except UnicodeEncodeError:
        return quote(path.encode(errors="backslashreplace"))


def _message(text: str, limit: int = MAX_MESSAGE) -> str:
    """Return text as a message, whose lines stay; readers make links of `[text](target)`, and this one has none."""
    shown = "\n".join(line(part) for part in text.split("\n")).replace("](", "] (")
    return cut(shown, limit)


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
