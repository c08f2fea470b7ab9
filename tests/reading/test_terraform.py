from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.terraform import read_terraform
from infra_grader.reading.terraform_expression import UNKNOWN
from infra_grader.reading.terraform_json import read_terraform_json
from infra_grader.reading.terraform_made import Making, Scope
from infra_grader.reading.terraform_module import Module


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


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("(var.none)", 0),
        ('"${var.none}"', 0),
        ("var.none == 0 && !local.off ? {} : { a = 1 }", {}),
        ("var.none > 0 || local.off ? 1 : 0", 0),
        ("toset(local.names)", ["a"]),
        ("length(local.names) - 1", UNKNOWN),
        ("[for name in local.names : name]", UNKNOWN),
        ("[for name in [] : name]", []),
        ("local.shape.size", 3),
        ("local.shape.colour", UNKNOWN),
        ("local.ring", UNKNOWN),
        ('var.none < "a"', UNKNOWN),
        ("var.given", UNKNOWN),
        ("local.names[0]", UNKNOWN),
    ],
)
def test_expressions_are_followed_through_defaults_and_locals(expression, value):
    text = f"""
    variable "none" {{ default = 0 }}
    variable "given" {{}}
    locals {{
      off = false
      names = ["a"]
      shape = {{ size = 3 }}
      ring = local.ring
      x = {expression}
    }}
    """
    module = Module(folder="", blocks=read_terraform(TextFile("main.tf", text)))
    (stated,) = module.of_kind("locals")
    assert Scope(module=module, given={}).value(stated.attributes["x"]) == value


def test_modules_that_call_each_other_are_no_riddle():
    modules = {
        name: Module(
            folder=name, blocks=read_terraform(TextFile(f"{name}/main.tf", f'module "x" {{ source = "../{other}" }}'))
        )
        for name, other in (("a", "b"), ("b", "a"))
    }
    assert Making(modules).hindrance(modules["a"], modules["a"].blocks[0]) is None


def test_what_is_never_called_is_never_made_however_far_away():
    texts = {
        "": 'module "a" {\n  source = "./a"\n  count = 0\n}',
        "a": 'module "b" { source = "../b" }',
        "b": 'resource "c" "d" {}',
        "ring": 'module "ring" {\n  source = "./"\n  count = 0\n}',
    }
    modules = {
        folder: Module(folder=folder, blocks=read_terraform(TextFile(f"{folder}/main.tf", text)))
        for folder, text in texts.items()
    }
    making = Making(modules)
    for folder, place in (("b", "/main.tf"), ("a", "/main.tf"), ("ring", "ring/main.tf")):
        found = making.hindrance(modules[folder], modules[folder].blocks[0])
        assert (found.path, found.line) == (place, 3)
    assert making.hindrance(modules[""], modules[""].blocks[0]).line == 3


def test_json_has_the_lines_and_references_of_hcl():
    text = """{
 "resource": {
  "a_b": {
   "c": [
    {"x": "${var.x}-${lookup(var.y, \\"k\\")}",
     "rule": [{"z": "$${no}"}]}]}}}"""
    (block,) = read_terraform_json(TextFile("main.tf.json", text))
    assert (block.address, block.line) == ("resource.a_b.c", 5)
    assert [(found.text, found.line) for found in block.references()] == [("var.x", 5), ("var.y", 5)]
    assert [item.value for item in block.find_all("rule.z")] == ["${no}"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(0, 9) | st.text(alphabet='${}"a.%', max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["resource", "locals", "backend", "a", "//"]), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read_or_refused_with_a_reason(data):
    with suppress(CheckFailed):
        for block in read_terraform_json(TextFile("main.tf.json", json.dumps(data, indent=1))):
            assert block.line > 0
            assert all(reference.line > 0 for reference in block.references())
