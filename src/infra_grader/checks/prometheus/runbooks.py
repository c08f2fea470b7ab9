"""The prometheus.runbooks check kind."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fractions import Fraction
from urllib.parse import unquote

from infra_grader.checks.prometheus._rule_files import all_rules, read_rule_files, rule_evidence, working_alerts
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    check,
    places,
)
from infra_grader.reading.pieces import cut
from infra_grader.reading.prometheus_rules import Rule

HEADING = re.compile(r"#{1,6}[ \t]+(.*)")
NOT_WORD = re.compile(r"[^a-z0-9]")


class Runbooks(Params):
    """Where the alerts and the runbooks are."""

    path: Annotated[Places, Meta(description="Rule files or globs; every file that one of them names is read.")]
    runbooks: Annotated[Places, Meta(description="Runbooks (Markdown) or globs.")] = "runbooks/*.md"
    annotation: Annotated[str, Meta(min_length=1, description="The annotation that leads to a runbook.")] = (
        "runbook_url"
    )
    severities: Annotated[
        tuple[str, ...], Meta(description="Severities whose alerts need a runbook; all, where none is given.")
    ] = ()
    min_words: Annotated[int, Meta(ge=1, description="Words that a runbook has at least.")] = 40


@check("prometheus.runbooks", measure="percent")
def runbooks(context: Context, params: Runbooks) -> Outcome:
    """Alerts lead to runbooks that are there and say something.

    The last part of the annotation names the runbook's file, with or without its ending, and the part after `#` a
    heading in it; upper case and dashes make no difference. The measure is the percentage of alerts with a runbook.
    """
    files, unread = read_rule_files(context, places(params.path))
    wanted = {name.casefold() for name in params.severities}
    alerts = [
        rule
        for rule in working_alerts(all_rules(files))[0]
        if not wanted or rule.labels.get("severity", "").casefold() in wanted
    ]
    if not alerts:
        shown = Evidence(path=files[0].path, expected=f"alerts {' or '.join(params.severities)}".strip(), actual="none")
        raise CheckFailed(f"{files[0].path} holds no alert that needs a runbook.", shown, *cut(unread))
    there = dict(_runbooks(context, params))
    judged = [(rule, _problem(rule, params, there)) for rule in alerts]
    lost = [rule_evidence(rule, "a runbook", problem) for rule, problem in judged if problem]
    done = [rule for rule, problem in judged if not problem]
    found = [rule_evidence(rule, "a runbook", rule.annotations[params.annotation]) for rule in done]
    first = f"; {lost[0].text}: {lost[0].actual}" if lost else ""
    return Outcome.partial(
        Fraction(len(found), len(alerts)),
        f"{len(found)} of {len(alerts)} alerts lead to a runbook{first}.",
        *cut(lost, 10),
        *cut(found),
        measure=Measure(value=round(100 * len(found) / len(alerts), 1), unit="percent", threshold=100),
    )


def _runbooks(context: Context, params: Runbooks) -> Iterator[tuple[str, tuple[int, frozenset[str]]]]:
    """Yield the runbooks by their plain names, each with its number of words and its plain headings."""
    for path in context.workspace.find(*places(params.runbooks)):
        try:
            text = context.workspace.read_text(path)
        except CheckFailed:
            continue
        headings: set[str] = set()
        is_code = False
        for line in text.split("\n"):
            is_code = is_code is not line.startswith("```")
            if not is_code and (heading := HEADING.fullmatch(line)):
                headings.add(_plain(heading[1]))
        yield _plain(_stem(path)), (len(set(text.split())), frozenset(headings))


def _problem(rule: Rule, params: Runbooks, there: dict[str, tuple[int, frozenset[str]]]) -> str:
    """Return why an alert leads to no runbook, or nothing."""
    link = unquote(rule.annotations.get(params.annotation, ""))
    if not link:
        return f"it has no {params.annotation}"
    path, _, anchor = link.partition("#")
    found = there.get(_plain(_stem(path.partition("?")[0].rstrip("/"))))
    if found is None:
        return f"{link} names no runbook that is there"
    words, headings = found
    if anchor and _plain(anchor) not in headings:
        return f"{link}: there is no such heading"
    return "" if words >= params.min_words else f"{link} has {words} different words, fewer than {params.min_words}"


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


def _plain(text: str) -> str:
    return NOT_WORD.sub("", text.lower())
