from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from infra_grader.model.outcome import Evidence, Status
from infra_grader.reports._findings import for_learner, losses
from infra_grader.reports._job_summary import MAX_BYTES, job_summary
from infra_grader.reports._markdown_text import html_words

PARSER = MarkdownIt("commonmark").enable("table").enable("strikethrough")
ANYTHING = st.text(st.one_of(st.characters(codec=None), st.sampled_from("`|[]()!<>\n\\@#*_~ &")), max_size=60)
# All that we write in HTML; what stands in the place of the dots is escaped.
OURS = re.compile(
    r"<details( open)?><summary>(<b>[0-9.]+</b> · )?([^<>]|<code>[^<>]*</code>)*</summary>\n?|</details>\n?"
)


def summary(card):
    return job_summary(for_learner(card))


def tokens(text):
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def html_of(text):
    return [token.content for token in tokens(text) if token.type in ("html_block", "html_inline")]


def test_the_order_is_that_in_which_it_is_read(scorecards):
    text = summary(scorecards.lost_and_partial())
    parts = [
        "## ❌ Simple Model API Deployment: did not pass",
        "**27.5 of 100**",
        "| Kubernetes | 0 of 30 |",
        "### Points to win back: 72.5 points",
        "<details open><summary><b>30</b> · Containers have memory limits (Kubernetes, failed)</summary>",
        "What to do: Set resources.limits.memory.",
        "<details><summary><b>7.5</b> · The code follows PEP 8 (Code Quality, partly passed)</summary>",
        "### Not met, and not scored",
        "### All checks",
        "<details><summary>Service: 0 of 35</summary>",
        "| ❌ | GET /health answers 200 | 0 of 20 (blocked) |",
    ]

    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def test_every_loss_and_criterion_can_be_folded(card):
    text = summary(card)

    assert text.count("<details") == text.count("</details>") == len(losses(card)) + len(card.criteria)
    assert text.count("<details open>") == min(3, sum(loss.winnable > 0 for loss in losses(card)))


def test_the_only_html_is_ours(card):
    for html in html_of(summary(card)):
        assert OURS.fullmatch(html), html


def test_what_is_folded_is_markdown_again(scorecards):
    text = summary(scorecards.lost_and_partial())
    fences = [token for token in tokens(text) if token.type == "fence"]

    assert fences[2].content.startswith("src/app.py:3:8: F401")
    assert [token.type for token in PARSER.parse(text)].count("table_open") == 1 + 4


def test_nothing_of_a_learner_links_loads_or_mentions(scorecards):
    text = summary(scorecards.hostile())

    assert not {token.type for token in tokens(text)} & {"link_open", "image", "autolink"}
    outside = " ".join(token.content for token in tokens(text) if token.type == "text")
    outside += " ".join(re.sub("<code>.*?</code>", "", html) for html in html_of(text))
    for sign in ("@", "://", "#"):
        assert sign not in outside
    text.encode()


@given(ANYTHING, ANYTHING)
def test_no_text_breaks_a_fold_or_a_table(scorecards, title, message):
    checks = [
        scorecards.check("a", title, Status.FAILED, message=message, hint=message, evidence=(Evidence(text=message),)),
        scorecards.check("b", title, Status.PASSED),
    ]
    text = summary(scorecards.scorecard(scorecards.criterion("c", title, *checks), passed=False))
    kinds = [token.type for token in PARSER.parse(text)]

    assert kinds.count("table_open") == kinds.count("table_close") == 2
    assert kinds.count("td_open") == 3 * 3
    assert text.count("<details") == 2
    assert all(OURS.fullmatch(html) for html in html_of(text))


@given(ANYTHING)
def test_words_in_html_are_text_on_one_line(text):
    shown = html_words(text)

    assert "\n" not in shown
    assert re.fullmatch(r"[^<>@#|\\*_~]*|<code>[^<>]*</code>", shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Code & Tests", "Code &amp; Tests"),
        ("It's fine", "It's fine"),
        ("see @everyone", "<code>see @everyone</code>"),
        ("<b>&amp;", "<code>&lt;b&gt;&amp;amp;</code>"),
        ("www.x.example", "<code>www.x.example</code>"),
    ],
)
def test_what_github_would_act_on_is_code(text, shown):
    assert html_words(text) == shown


def test_a_long_summary_is_shown_and_says_what_is_left_out(scorecards):
    evidence = tuple(Evidence(path=f"{n}.txt", text="日本語 `` \n" * 2000) for n in range(5))
    checks = [scorecards.check(f"c{n}", f"Check {n}", Status.FAILED, evidence=evidence) for n in range(150)]
    text = summary(scorecards.scorecard(scorecards.criterion("c", "C", *checks), passed=False))

    assert len(text.encode()) <= MAX_BYTES < 1024 * 1024
    assert "<b>10</b> · Check 0" in text
    assert text.rstrip().split("\n")[-1].startswith("Left out here, for length: ")
    assert text.count("<details") == text.count("</details>")
