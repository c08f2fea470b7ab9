"""The gradebook for programs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import jsonschema
import pytest

from infra_grader.engine.anonymous import read_anonymous
from infra_grader.engine.gradebook import read_gradebook
from infra_grader.engine.journal import Journal
from infra_grader.reports import json_gradebook
from tests.support.batches import HOSTILE, steady, write_batch

SCHEMA = json.loads((Path(json_gradebook.__file__).parent / "gradebook.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def journal(tmp_path):
    journal = Journal(write_batch(tmp_path / "out"), to_read=True)
    yield journal
    journal.close()


def written(book):
    stream = io.StringIO(newline="")
    assert list(json_gradebook.write(book, stream)) == []
    return stream.getvalue()


def objects(value):
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(child)


def test_it_is_as_it_was(journal, same_as_golden):
    same_as_golden(written(steady(read_gradebook(journal))), "gradebook.json")


def test_the_schema_is_a_schema_and_closed():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    closed = [part for part in objects(SCHEMA) if part.get("type") == "object"]
    assert len(closed) == 10
    assert [part for part in closed if part["additionalProperties"] not in (False, {"type": "string"})] == []
    assert all(set(part.get("required", ())) <= set(part.get("properties", ())) for part in closed)


@pytest.mark.parametrize("is_anonymous", [False, True])
def test_every_gradebook_follows_the_schema(journal, is_anonymous):
    book = read_anonymous(journal, "00" * 32) if is_anonymous else read_gradebook(journal)
    jsonschema.validate(json.loads(written(book)), SCHEMA, cls=jsonschema.Draft202012Validator)


def test_a_class_of_nobody_is_an_object_too(journal):
    read = json.loads(written(read_gradebook(journal).replace(rows=())))
    assert read["learners"] == []
    jsonschema.validate(read, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_it_holds_everything_as_it_is(journal):
    text = written(read_gradebook(journal))
    ada, ben, cyd, dee, eve, fay = json.loads(text)["learners"]
    assert text.isascii()
    assert dee["name"] == HOSTILE
    assert ada["score"]["earned"] == 72.5
    assert (ben["score"]["status"], fay["score"]["bonus"]) == ("provisional", 5)
    assert (cyd["state"], cyd["score"], eve["state"]) == ("absent", None, "waiting")
    assert [check.get("visibility") for check in ada["parts"][0]["checks"]] == [None, None, "hidden"]
    assert ada["penalties"] == [{"id": "late", "title": "The check late", "lost": 20, "message": "2 days late."}]


def test_a_learner_takes_one_line(journal):
    lines = written(read_gradebook(journal)).splitlines()
    assert [json.loads(line.rstrip(","))["id"] for line in lines if line.startswith('{"id"')] == [
        "ada", "ben", "cyd", "dee", "eve", "fay",
    ]  # fmt: skip
