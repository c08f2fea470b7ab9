"""Labels and the text that belongs to them."""

from __future__ import annotations

import time

import pytest

from infra_grader.reading.markdown import parse_markdown
from infra_grader.reading.topics import find_topics, fold, matches_name, split_label


def topics(source):
    return {
        topic.title: (topic.origin, topic.line, [passage.text for passage in topic.text])
        for topic in find_topics(parse_markdown("a.md", source))
    }


def test_headings_own_what_is_below_them():
    found = topics("# T\n\n## A\n\na\n\n### B\n\nb\n\n## C\n\nc\n")
    assert found == {
        "T": ("title", 1, ["a", "b", "c"]),
        "A": ("heading", 3, ["a", "b"]),
        "B": ("heading", 7, ["b"]),
        "C": ("heading", 11, ["c"]),
    }


def test_bold_line_is_a_heading_and_bold_start_a_label():
    found = topics("**A:**\n\n- x\n- y\n\n**B:** z\n\nrest\n")
    assert found["A"] == ("heading", 1, ["x", "y", "B: z", "rest"])
    assert found["B"] == ("lead", 6, ["z"])


def test_labels_of_lines_and_items():
    found = topics("A: one\nB: two\nmore\n\n- C: three\n  - four\n- **D** five\n\nE:\n\n1. six\n\nnot E\n")
    assert found["A"][2] == ["one"]
    assert found["B"] == ("lead", 2, ["two\nmore", "three", "four", "five"]) or found["B"][2][0] == "two\nmore"
    assert found["C"] == ("lead", 5, ["three", "four"])
    assert found["D"][2] == ["five"]
    assert found["E"][2] == ["six"]


def test_rows_and_columns_are_topics():
    found = topics("| a | b |\n|---|---|\n| c | d |\n| e | f |\n")
    assert found["b"] == ("column", 1, ["d", "f"])
    assert found["c"] == ("row", 3, ["d"])


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("A: b", ("A", "b")),
        ("A:", ("A", "")),
        ("甲：乙", ("甲", "乙")),
        ("at 10:30", None),
        ("https://x.example", None),
        ("no label", None),
        ("目標:毎週", ("目標", "毎週")),
        ("at 14:30", None),
        (": x", None),
    ],
)
def test_label(line, label):
    assert split_label(line) == label


@pytest.mark.parametrize(
    ("title", "name", "fits"),
    [
        ("My Gaps", "gap", True), ("singapore", "gap", False), ("Größte Lücken", "lücke", True),
        ("LUCKEN", "lücke", True),
        ("Wissenslücken", "lücke", True), ("最大の課題", "課題", True),
        ("Próximo", "próximo", True),
        ("next steps", "next step", True), ("Łuki", "luki", True), ("कार्य योजना", "योजना", True), ("", "gap", False),
        ("الفجوات", "فجوات", True), ("והפערים", "פערים", True),
    ],
)  # fmt: skip
def test_name(title, name, fits):
    assert matches_name(title, [name]) is fits


def test_joined_words_can_be_refused():
    assert not matches_name("subaverage", ["average"], inside=False)


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Ärger", "arger"), ("STRASSE ß", "strasse ss"), ("й", "и"), ("Łódź", "lodz"), ("ABC\nd", "abc\nd")],
)
def test_fold(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(
    "piece", ["# a\n", "- a: b\n", "a: b\n", "**a**\n\n", "|a|b|\n|-|-|\n|c|d|\n\n", "a: \n\n- b\n\n"]
)
def test_many_labels_end_soon(piece):
    document = parse_markdown("a.md", piece * (60_000 // len(piece)))
    started = time.process_time()
    find_topics(document)
    assert time.process_time() - started < 10
