"""Source code as words: what a copier changes without effort leaves no trace in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.reading.similar_code import LANGUAGES, PYTHON_WORDS, read_code

PLAIN = '''\
import os


def load(path, limit=10):
    """Load the rows."""
    rows = []
    for line in open(path):
        if len(rows) >= limit:
            break
        rows.append(line.strip())
    return rows
'''


def words(text, kind="Python"):
    return list(read_code(kind, text).words)


def test_names_texts_numbers_and_comments_make_no_difference():
    changed = PLAIN.replace("rows", "lines_read").replace("path", "where").replace("limit", "most").replace("10", "25")
    changed = changed.replace('"""Load the rows."""', "'Another text.'  # and a remark").replace("load", "fetch")
    assert words(changed) == words(PLAIN)


def test_layout_makes_no_difference():
    spread = PLAIN.replace("load(path, limit=10)", "load(\n    path,\n    limit=10,\n)")
    assert words(spread) == words(PLAIN)


def test_other_statements_make_a_difference():
    assert words(PLAIN.replace("break", "continue")) != words(PLAIN)
    assert words(PLAIN.replace("rows.append(line.strip())", "line.append(line.strip())")) != words(PLAIN)


def test_lines_are_those_of_the_file():
    read = read_code("Python", PLAIN)
    assert [line for word, line in zip(read.words, read.lines, strict=True) if word in ("for", "return")] == [7, 11]


def test_a_table_of_data_is_one_literal():
    assert words('x = ["a", "b",\n "c"]') == words('x = ["z"]')


def test_a_text_that_is_used_is_a_word_and_a_docstring_is_none():
    assert "S" not in words('def f():\n    """Say it."""\n')
    assert "S" in words('def f():\n    return """Say it."""\n')


def test_shell_keeps_commands_and_forgets_variables():
    one, two = "set -e # now\nkubectl apply -f $FILE\n", "set -e\n# later\nkubectl apply -f ${other}\n"
    assert words(one, "shell") == words(two, "shell") == ["set", "-e", "kubectl", "apply", "-f", "$"]


def test_hcl_keeps_types_and_forgets_names():
    one = 'resource "aws_vpc" "main" {\n  cidr = var.block // why\n}\n'
    two = '# vpc\nresource "aws_vpc" "primary" {\n  cidr = var.cidr\n}\n'
    other = two.replace("aws_vpc", "aws_subnet")
    assert words(one, "HCL") == words(two, "HCL") != words(other, "HCL")


NAMES = st.text("aeiorst_", min_size=4, max_size=9).filter(
    lambda name: name.isidentifier() and name not in PYTHON_WORDS
)


@given(st.lists(NAMES, min_size=5, max_size=5, unique=True))
def test_renaming_changes_nothing(new):
    old = ["load", "path", "limit", "rows", "line"]
    renamed = PLAIN.replace('"""Load the rows."""', "")
    for place, name in enumerate(old):
        renamed = renamed.replace(name, f"@{place}@")
    for place, name in enumerate(new):
        renamed = renamed.replace(f"@{place}@", name)
    assert words(renamed) == words(PLAIN)


@given(st.text(), st.sampled_from([*LANGUAGES, "unknown"]))
def test_any_text_can_be_read_and_lines_never_go_back(text, kind):
    read = read_code(kind, text)
    assert list(read.lines) == sorted(read.lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in read.lines)


@pytest.mark.parametrize("kind", LANGUAGES)
@pytest.mark.parametrize("sign", ['"""', '"', "'", "`", "/*", "(", "\\", "${", "#"])
def test_what_is_never_closed_ends_with_the_text(kind, sign):
    """Were it tried again from every line, this would take minutes."""
    read = read_code(kind, f"{sign} x\n" * 5_000)
    assert all(line <= 5_000 for line in read.lines)
