"""What the Markdown reader takes for text on the page, and how long hostile input may take."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.markdown import MAX_CHARACTERS, count_words, parse_markdown, split_words


def texts(source):
    return [(passage.kind, passage.text, passage.line) for passage in parse_markdown("a.md", source).passages]


def test_passages_have_kind_and_line():
    source = "# A\n\npara\nmore\n\n- one\n  - two\n\n| h |\n|---|\n| c |\n"
    assert texts(source) == [
        ("heading", "A", 1),
        ("paragraph", "para\nmore", 3),
        ("item", "one", 6),
        ("item", "two", 7),
        ("cell", "h", 9),
        ("cell", "c", 11),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "<!-- hidden -->",
        "<!-- hidden",
        "<!--\nhidden\n\nhidden\n-->",
        "```\nhidden\n```",
        "    hidden",
        "---\nhidden: yes\n---\n",
        "[hidden]: https://hidden.example 'hidden'",
        "<script>\nhidden\n</script>",
        "<style>hidden</style>",
        "![hidden](hidden.png)",
        "~~hidden~~",
        "<a title='hidden'>",
        "\u200b\u2060\u3164",
    ],
)
def test_what_is_not_on_the_page_is_no_text(source):
    assert count_words(passage.text for passage in parse_markdown("a.md", source).passages) == 0


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a <!-- b --> c", "a  c"),
        ("**a** _b_ `c`", "a b c"),
        ("a<br>b", "a; b"),
        ("z\u200bero", "zero"),
        ("[a](b)", "a"),
        ("a ~~b~~ c", "a  c"),
        ("&amp; \\_", "& _"),
        ("<details>\n<summary>a</summary>\n</details>", "a"),
        ("---\n", ""),
    ],
)
def test_text_is_what_a_reader_sees(source, text):
    found = texts(source)
    assert "".join(passage[1] for passage in found) == text


def test_front_matter_keeps_the_lines():
    assert texts("---\na: b\n\n# c\n---\n\ntext\n") == [("paragraph", "text", 7)]


def test_thematic_break_is_no_front_matter():
    assert ("paragraph", "text", 3) in texts("---\n\ntext\n\n---\n")


def test_tables_keep_rows_and_lines():
    [table] = parse_markdown("a.md", "x\n\n| a | b |\n|---|:-:|\n| **c** | |\n| d |\n").tables
    assert (table.headers, table.line) == (("a", "b"), 3)
    assert [(row.cells, row.line) for row in table.rows] == [(("c", ""), 5), (("d", ""), 6)]


def test_items_know_boxes_depth_and_end():
    items = parse_markdown("a.md", "- [x] a\n  - [ ] b\n\n    c\n- d\n-\n").items
    assert [(item.text, item.ticked, item.depth, item.line) for item in items] == [
        ("a", True, 1, 1),
        ("b", False, 2, 2),
        ("d", None, 1, 5),
        ("", None, 1, 6),
    ]
    assert items[0].end_line == 4


def test_links_images_and_addresses():
    document = parse_markdown("a.md", "[a](b) ![c](d) <https://e.example> (https://f.example).\n")
    assert [link.target for link in document.links] == ["b", "https://e.example", "https://f.example"]
    assert [(image.target, image.text) for image in document.images] == [("d", "c")]


def test_code_blocks_have_a_language():
    blocks = parse_markdown("a.md", "```Bash x\nls\n```\n\n    ls\n").code_blocks
    assert [(block.language, block.text, block.line) for block in blocks] == [("bash", "ls\n", 1), ("", "ls\n", 5)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("one two", 2),
        ("- — …", 0),
        ("日本語の文章", 3),
        ("हिन्दी में", 2),
        ("한국어 글", 2),
        ("a-b c/d", 2),
        ("Docker を学ぶ", 3),
    ],
)
def test_words(text, number):
    assert len(split_words(text)) == number


def test_too_large_is_refused():
    with pytest.raises(CheckFailed, match="too large for a document"):
        parse_markdown("a.md", "a" * (MAX_CHARACTERS + 1))


HOSTILE = {
    "quotes": ">", "brackets": "[", "stars": "*a", "open links": "[a](", "images": "![a", "dashes": "- ", "less": "<",
    "comments": "<!--", "underscores": "_a ", "entities": "&", "escapes": "\\", "strikes": "~~a", "cdata": "<![CDATA[",
    "blank lines": "\n", "pipes": "|a", "lists": "* + - 1. ", "references": "[a]: b\n", "headings": "# a\n",
    "rows": "a|b\n-|-\n", "labels": "a: b\n", "ticks": "`", "html": "<a ", "items": "- a: b\n",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_ends_soon(name):
    piece = HOSTILE[name]
    source = piece * (60_000 // len(piece))
    started = time.process_time()
    parse_markdown("a.md", source)
    assert time.process_time() - started < 10


def test_growing_ticks_and_nesting_end_soon():
    parse_markdown("a.md", " ".join("`" * n for n in range(300)))
    parse_markdown("a.md", "\n".join(" " * (2 * n) + "- a" for n in range(300)))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="#*-_`[]()<>!|:\n \t\\1a~&", max_size=200))
def test_any_text_has_facts_in_its_lines(source):
    document = parse_markdown("a.md", source)
    last = source.count("\n") + 1
    assert all(1 <= passage.line <= last for passage in document.passages)
    assert all(1 <= row.line <= last for table in document.tables for row in table.rows)
    assert all(1 <= item.line <= item.end_line <= last + 1 for item in document.items)


@pytest.mark.parametrize("source", ["<your answer>", "- Goal: <goal>", "<title and link>", "a <date> and no more"])
def test_what_only_looks_like_a_tag_stays(source):
    (passage,) = parse_markdown("a.md", source).passages
    assert "<" in passage.text
    assert ">" in passage.text
