"""What loops go through."""

import ast

import pytest

from infra_grader.capabilities.workspace import TextFile
from infra_grader.reading.python_loops import loop_texts, texts_of
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_source import parse_source

CODE = """
COLUMNS = ["label", "path"]
for column in COLUMNS:
    pass
for phase in ("train", "val"):
    pass
for number in range(3):
    pass
names = [kind for kind in ("a", 1)]
"""


@pytest.fixture
def names():
    return Names(parse_source(TextFile("a.py", CODE), ""))


def test_written_out_and_named_lists_are_read(names):
    assert loop_texts(names) == {"column": ("label", "path"), "phase": ("train", "val"), "kind": ("a",)}


@pytest.mark.parametrize(
    ("expression", "texts"),
    [
        ("column", ("label", "path")),
        ("f'{phase}_loss'", ("train_loss", "val_loss")),
        ("f'{phase}_{column}'", ("train_label", "train_path", "val_label", "val_path")),
        ("'plain'", ("plain",)),
        ("f'{phase}_{unknown}'", ()),
        ("unknown", ()),
        ("3", ()),
    ],
)
def test_texts_over_all_turns(names, expression, texts):
    assert texts_of(ast.parse(expression, mode="eval").body, names, loop_texts(names)) == texts


def test_many_turns_are_capped():
    loops = {"a": tuple(map(str, range(50))), "b": tuple(map(str, range(50)))}
    node = ast.parse("f'{a}{b}'", mode="eval").body
    assert len(texts_of(node, Names(parse_source(TextFile("a.py", ""), "")), loops)) == 50
