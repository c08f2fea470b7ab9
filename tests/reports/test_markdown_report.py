from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from infra_grader.model.outcome import Evidence, Status
from infra_grader.plugin import RenderOptions
from infra_grader.reports._markdown_text import cell, code, fenced, words
from infra_grader.reports.markdown_report import MAX_BYTES, infra_grader_report_formats, render

OPTIONS = RenderOptions()
PARSER = MarkdownIt("commonmark").enable("table").enable("strikethrough")
ANYTHING = st.text(st.one_of(st.characters(codec=None), st.sampled_from("`|[]()!<>\n\\@#*_~ &")), max_size=60)


def tokens(text):
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def prose_of(text):
    """Return what stands outside of code."""
    return [token.content for token in tokens(text) if token.type == "text"]


def only_code(text):
    inline = next(token for token in PARSER.parse(text) if token.type == "inline")
    (child,) = inline.children
    assert child.type == "code_inline"
    return child.content


def test_it_is_a_format_for_people():
    (report,) = infra_grader_report_formats()

    assert (report.name, report.is_machine, report.render) == ("markdown", False, render)


@given(ANYTHING)
def test_code_holds_any_text(text):
    shown = only_code(code(text))

    assert shown == (code(text).strip("`") if not text.strip() else shown)
    assert "\n" not in code(text)


@given(ANYTHING)
def test_a_fence_holds_any_text(text):
    (token,) = PARSER.parse(fenced(text, 1000, ""))

    assert token.type == "fence"


@given(ANYTHING)
def test_words_have_no_meaning_in_markdown(text):
    kinds = {token.type for token in tokens(f"x {words(text)} x")}

    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "code_inline"}
    outside = "".join(prose_of(f"x {words(text)} x"))
    assert not set(outside) & set("@#<>[]`*_~|\\")


@given(ANYTHING)
def test_a_cell_stays_one_cell(text):
    table = f"| A | B |\n|---|---|\n| {cell(text)} | end |"

    assert [token.type for token in PARSER.parse(table)].count("td_open") == 2
    assert "end" in prose_of(table)


@pytest.mark.parametrize(
    "text", ["@everyone", "see #1", "https://x.example", "www.x.example", "&amp;", "a|b", "<b>", "a `b", "``", "`a``b`"]
)
def test_what_github_would_act_on_is_code(text):
    assert words(text) == code(text)


@pytest.mark.parametrize(
    "text", ["Code & Tests", "GET /health answers 200", "It's 12.5 %, or more?", "Run `ruff check src`, then `x`."]
)
def test_plain_words_stay_plain(text):
    assert words(text) == text


@pytest.mark.parametrize("text", ["`a", "`", "` ", "`a b` `c", "a", "& ", "`a`"])
def test_no_text_takes_long(text):
    started = time.perf_counter()
    words(text * 1000 + "@")

    assert time.perf_counter() - started < 30


def test_nothing_of_a_learner_links_loads_or_mentions(scorecards):
    text = render(scorecards.hostile(), OPTIONS)
    kinds = {token.type for token in tokens(text)}
    outside = " ".join(prose_of(text))

    assert not kinds & {"link_open", "image", "html_inline", "html_block", "autolink"}
    for sign in ("@", "://", "#", "<", "`"):
        assert sign not in outside
    text.encode()


def test_the_criteria_are_a_table(scorecards):
    text = render(scorecards.lost_and_partial(), OPTIONS)

    assert [token.type for token in PARSER.parse(text)].count("tr_open") == 5


def test_an_output_stands_in_the_list_of_its_check(scorecards):
    text = render(scorecards.lost_and_partial(), OPTIONS)
    fences = [token for token in PARSER.parse(text) if token.type == "fence"]

    assert [token.level for token in fences] == [4, 4, 4]
    assert fences[2].content.startswith("src/app.py:3:8: F401")


def test_the_lines_that_are_meant_are_marked_in_the_excerpt(scorecards):
    text = render(scorecards.lost_and_partial(), OPTIONS)
    fences = [token.content for token in PARSER.parse(text) if token.type == "fence"]

    assert (
        "  15 |         - name: api\n> 17 |           resources:\n  18 |             limits: {cpu: 500m}\n" in fences[0]
    )
    assert [line[0] for line in fences[1].splitlines()] == [" ", " ", ">", ">", " "]


def test_a_long_report_fits_a_comment_and_says_what_is_left_out(scorecards):
    evidence = tuple(Evidence(path=f"{n}.txt", text="日本語 `` \n" * 2000) for n in range(10))
    checks = [scorecards.check(f"c{n}", f"Check {n}", Status.FAILED, evidence=evidence) for n in range(100)]
    text = render(scorecards.scorecard(scorecards.criterion("c", "C", *checks), passed=False), OPTIONS)

    assert len(text.encode()) <= MAX_BYTES
    assert "**10** · Check 0" in text
    assert text.rstrip().split("\n")[-1].startswith("Left out here, for length: ")
    assert [token.type for token in PARSER.parse(text)].count("fence") > 0


def test_many_places_are_counted(scorecards):
    lost = scorecards.check("a", "A", Status.FAILED, evidence=tuple(Evidence(path=f"{n}.py") for n in range(9)))
    text = render(scorecards.scorecard(scorecards.criterion("c", "C", lost), passed=False), OPTIONS)

    assert "  - and 4 more places\n" in text
