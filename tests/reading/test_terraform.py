from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.terraform import read_terraform


def only(text):
    (block,) = read_terraform(TextFile("main.tf", text))
    return block


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('"a"', "a"),
        ('"say \\"a\\""', 'say "a"'),
        ("12", 12),
        ("-1", -1),
        ("2.5", 2.5),
        ("true", True),
        ("null", None),
        ('["a", 1]', ["a", 1]),
        ('{ a = 1, "b" = "c" }', {"a": 1, "b": "c"}),
        ("[]", []),
    ],
)
def test_literals_are_known(expression, value):
    assert only(f'resource "a" "b" {{\n  x = {expression}\n}}').attributes["x"].value == value


@pytest.mark.parametrize("expression", ["var.x", '"a-${var.x}"', "max(1, 2)", "[var.x]", "1 + 1", "<<EOT\nhi\nEOT"])
def test_what_only_a_run_can_tell_is_unknown(expression):
    assert not only(f'resource "a" "b" {{\n  x = {expression}\n}}').attributes["x"].is_known


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("var.region", ["var.region"]),
        ("aws_subnet.public[0].id", ["aws_subnet.public.id"]),
        ("aws_subnet.public[*].id", ["aws_subnet.public"]),
        ("merge(local.tags, { Name = module.vpc.name })", ["local.tags", "module.vpc.name"]),
        ('"${data.aws_ami.base.id}-x"', ["data.aws_ami.base.id"]),
        ('"var.region"', []),
    ],
)
def test_references_are_found_in_expressions_and_not_in_texts(expression, names):
    block = only(f'resource "a" "b" {{\n  x = {expression}\n}}')
    assert [reference.text for reference in block.references()] == names


def test_comments_hold_nothing():
    assert read_terraform(TextFile("main.tf", '# resource "a" "b" {}\n/* variable "x" {} */\n// output "y" {}\n')) == ()


def test_nested_and_dynamic_blocks_are_found_by_path():
    block = only('resource "a" "b" {\n  rule { port = 1 }\n  dynamic "rule" {\n    content { port = 2 }\n  }\n}')
    assert [(item.value, item.line) for item in block.find_all("rule.port")] == [(1, 2), (2, 4)]


@pytest.mark.parametrize(
    ("text", "line"), [('resource "a" {\n  x =\n}\n', 2), ('resource "a" "b" {\n\n', 2), ("}\n", 1), ("a = [[[\n", 2)]
)
def test_what_is_no_hcl_is_said_with_its_line(text, line):
    with pytest.raises(CheckFailed, match="is not valid HCL") as verdict:
        read_terraform(TextFile("main.tf", text))
    assert abs(verdict.value.evidence[0].line - line) <= 1


def test_deep_nesting_is_the_file_s_fault():
    with pytest.raises(CheckFailed):
        read_terraform(TextFile("main.tf", "b {\n  a = " + "[" * 20_000 + "]" * 20_000 + "\n}"))


@given(st.text(alphabet='{}[]()"=.#/*<-EOT\n ab1$', max_size=80))
def test_any_text_is_read_or_said_to_be_no_hcl(text):
    with suppress(CheckFailed):
        assert all(block.line > 0 for block in read_terraform(TextFile("main.tf", text)))
