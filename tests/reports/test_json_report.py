from __future__ import annotations

import json
import unicodedata
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest

from infra_grader.model.outcome import Evidence, Measure, Status
from infra_grader.plugin import RenderOptions
from infra_grader.reports import json_report
from infra_grader.reports.json_report import infra_grader_report_formats, render

OPTIONS = RenderOptions()
SCHEMA = json.loads((Path(json_report.__file__).parent / "result.schema.json").read_text(encoding="utf-8"))


def recorded(card):
    return json.loads(render(card, OPTIONS))


def first_check(scorecards, **facts):
    check = scorecards.check("a", "A", Status.FAILED).replace(**facts)
    return recorded(scorecards.scorecard(scorecards.criterion("c", "C", check), passed=False))["criteria"][0]["checks"][
        0
    ]


def all_objects(value):
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from all_objects(child)


def test_it_is_a_format_for_machines():
    (report,) = infra_grader_report_formats()

    assert (report.name, report.is_machine, report.render) == ("json", True, render)


def test_the_schema_is_a_schema_and_closed():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    objects = [part for part in all_objects(SCHEMA) if part.get("type") == "object"]

    assert len(objects) == 12
    assert all(part["additionalProperties"] is not True for part in objects)
    assert all(set(part.get("required", ())) <= set(part.get("properties", ())) for part in objects)


def test_every_result_follows_the_schema(card):
    jsonschema.validate(recorded(card), SCHEMA, cls=jsonschema.Draft202012Validator)


def test_the_keys_of_the_contract_in_their_order(scorecards):
    result = recorded(scorecards.bonus_and_penalties())

    assert list(result) == [
        "schema", "rubric", "submission", "score", "criteria", "bonus", "penalties", "environment", "started",
        "finished",
    ]  # fmt: skip
    assert list(result["score"]) == [
        "earned", "possible", "points", "bonus", "penalty", "percent", "grade", "passed", "status",
    ]  # fmt: skip
    assert list(result["penalties"][0])[:5] == ["id", "title", "points", "lost", "lost_at_least"]
    assert list(result["submission"]) == ["id", "path", "root", "commit", "dirty"]


def test_null_says_undecided_and_no_git_and_nothing_else_is_null(scorecards):
    result = recorded(scorecards.open_interval())

    assert result["score"]["passed"] is None
    assert result["score"]["grade"] is None
    assert result["submission"]["commit"] is None
    nulls = {key for part in all_objects(result) for key, value in part.items() if value is None}
    assert nulls == {"passed", "grade", "commit"}


def test_numbers_are_numbers(scorecards):
    check = first_check(
        scorecards, points=Decimal("12.50"), earned=Decimal("0.00"), weight=Fraction(3, 2), fraction=Fraction(0)
    )

    assert (check["points"], check["earned"], check["weight"], check["fraction"]) == (12.5, 0, 1.5, "0/1")
    assert isinstance(check["earned"], int)


def test_a_claimed_outcome_says_so(scorecards):
    assert first_check(scorecards, claimed=True)["assurance"] == "claimed"
    assert "assurance" not in first_check(scorecards)


def test_text_keeps_its_lines_and_nothing_that_acts(scorecards):
    check = first_check(scorecards, message="a\n\x1b[0m\udc80\u202e", evidence=(Evidence(text="a\tb\r\nc"),))

    assert check["message"] == "a\n\\x1b[0m\\x80\\u202e"
    assert check["evidence"] == [{"kind": "file", "text": "a\tb\nc"}]


def test_the_file_is_ascii_and_every_text_in_it_can_be_shown(card):
    text = render(card, OPTIONS)

    assert text.isascii()
    for part in all_objects(json.loads(text)):
        for value in part.values():
            if isinstance(value, str):
                assert not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value if sign not in "\n\t")


def test_long_text_is_cut_with_a_note(scorecards):
    text = first_check(scorecards, evidence=(Evidence(text="x" * 20_000),))["evidence"][0]["text"]

    assert len(text) == 8000
    assert text.endswith(f" [{20_000 - text.count('x')} more characters]")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_cannot_hold_are_words(scorecards, value):
    check = first_check(scorecards, evidence=(Evidence(actual=value),), measure=Measure(value=value, unit="s"))

    assert check["evidence"][0]["actual"] == str(value)
    assert "measure" not in check


def test_hidden_checks_are_recorded_in_full(scorecards):
    checks = recorded(scorecards.hidden())["criteria"][0]["checks"]

    assert [check["visibility"] for check in checks] == ["visible", "hidden", "after_due_date"]
    assert checks[1]["message"] == "SECRET message"


def test_the_environment_has_one_order(scorecards):
    card = scorecards.all_passed()
    turned = card.replace(environment=dict(reversed(card.environment.items())))

    assert render(card, OPTIONS) == render(turned, OPTIONS)
