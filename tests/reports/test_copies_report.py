"""What submissions have in common, as a page, as JSON and on a terminal."""

import json
import re

import pytest

from infra_grader.model.copies import (
    Compared,
    Copies,
    Excerpt,
    Group,
    KindShare,
    Line,
    Pair,
    Place,
    Terms,
    Uncompared,
)
from infra_grader.reports.copies_report import percent, render_html, render_json, render_terminal

HOSTILE = "<script>alert(1)</script>\x1b[31m"


def excerpt(path, first=3):
    lines = tuple(
        Line(number=n, text=text, is_alike=n >= first)
        for n, text in enumerate(["import os", f"x = '{HOSTILE}'", "return x"], first - 1)
    )
    return Excerpt(path=path, first=first, last=first + 40, lines=lines)


@pytest.fixture
def copies():
    place = Place(kind="Python", left=excerpt("src/a.py"), right=excerpt(f"{HOSTILE}.py", 20), lines=41)
    pair = Pair(
        left="ada",
        right="bob",
        alike=30,
        left_size=60,
        right_size=36,
        kinds=(KindShare(kind="Python", alike=30, left=60, right=36), KindShare(kind="YAML", alike=0, left=3, right=0)),
        places=(place,),
        more_places=2,
        longest=41,
    )
    return Copies(
        roster="class.csv",
        terms=Terms(common_from=10, group_share=0.5, fewest=8, starter_files=4, top=1),
        compared=(
            Compared(learner="ada", files=4, size=60, left_out={"ignored by git": 2}),
            Compared(learner="bob", files=3, size=36, commit="0" * 40, left_out={"ignored by git": 1}),
        ),
        uncompared=(Uncompared(learner="zoe", reason=HOSTILE),),
        together=(("eve", "fay"),),
        pairs=(pair, Pair(left="ada", right="cyd", alike=9, left_size=60, right_size=90)),
        more_pairs=7,
        groups=(Group(learners=("ada", "bob"), pairs=1),),
        spread=(8, 1, 0, 0, 0, 0, 0, 0, 1, 0),
        common=12,
    )


def test_the_page_runs_and_loads_nothing(copies):
    page = render_html(copies)
    assert "<script" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;" in page
    assert re.search(r"default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'", page.replace("&#39;", "'"))
    assert not re.search(r'(?:src|href)="(?!#)', page)


def test_the_page_shows_places_side_by_side(copies):
    page = render_html(copies)
    assert "<code>src/a.py:3-43</code>" in page
    assert "<mark><b>   4  </b>return x</mark>" in page
    assert "<span><b>   2  </b>import os</span>" in page
    assert "39 more lines" in page
    assert "2 shorter places are not shown" in page
    assert 'href="#pair-1"' in page
    assert 'id="pair-1"' in page
    assert "pair-2" not in page


def test_the_page_says_what_was_left_out_and_what_it_is_not(copies):
    page = " ".join(render_html(copies).split())
    assert "Alike is no proof." in page
    assert "Nothing here is part of any score." in page
    assert "what was handed out (4 files), in parts too" in page
    assert "what more than 10 submissions have in common (12 fragments)" in page
    assert "<li>3 ignored by git</li>" in page
    assert "eve, fay hand in one work" in page
    assert "7 more pairs have less in common." in page
    assert "cheat" not in page.lower()


def test_a_class_without_pairs_has_a_page(copies):
    page = render_html(copies.replace(pairs=(), groups=(), spread=(1, *[0] * 9), more_pairs=0, together=()))
    assert "No two submissions have enough of their own in common to be named." in page
    assert "Places side by side" not in page


def test_json_holds_the_figures_and_no_texts(copies):
    text = render_json(copies)
    made = json.loads(text)
    assert made["schema"] == "infra-grader/copies/v1"
    first, second = made["pairs"]
    assert (first["left"], first["right"], first["share"], first["longest_lines"]) == ("ada", "bob", 0.8333, 41)
    assert first["places"][0]["left"] == {"path": "src/a.py", "first": 3, "last": 43}
    assert "places" not in second
    assert made["uncompared"][0]["learner"] == "zoe"
    assert "\\u001b" not in text
    assert "return x" not in text


def test_a_terminal_shows_a_line_for_each_pair(copies):
    lines = render_terminal(copies).splitlines()
    assert lines[0] == "2 submissions compared, 1 could not be; pairs with something of their own in common: 9"
    assert lines[1] == " 83 %  ada  bob  longest place 41 lines, little to compare"
    assert lines[2] == " 15 %  ada  cyd"


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0 %"), (0.001, "<1 %"), (0.5, "50 %"), (0.999, "99 %"), (1.0, "100 %")]
)
def test_nearly_all_is_not_all(share, text):
    assert percent(share) == text
