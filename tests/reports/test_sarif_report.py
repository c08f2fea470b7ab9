from __future__ import annotations

import gzip
import json
import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.model.outcome import Evidence, EvidenceKind, ExcerptLine, Status
from infra_grader.plugin import RenderOptions
from infra_grader.reports import sarif_report
from infra_grader.reports._findings import losses
from infra_grader.reports.sarif_report import MAX_BYTES, MAX_RESULTS, infra_grader_report_formats, render

OPTIONS = RenderOptions()
ANYTHING = st.text(st.one_of(st.characters(codec=None), st.sampled_from("[]()/:%\\\n{}")), min_size=1, max_size=60)


@cache
def validator():
    schema = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    made = jsonschema.validators.validator_for(schema)
    made.check_schema(schema)
    return made(schema, format_checker=made.FORMAT_CHECKER)


def run_of(card, options=OPTIONS):
    log = json.loads(render(card, options))
    validator().validate(log)
    (run,) = log["runs"]
    return run


def lost(scorecards, *checks):
    return scorecards.scorecard(scorecards.criterion("c", "C", *checks), passed=False)


def one_result(scorecards, *evidence, options=OPTIONS, **facts):
    check = scorecards.check("a", "A", Status.FAILED, evidence=evidence, **facts)
    (result,) = run_of(lost(scorecards, check), options)["results"]
    return result


def place_of(result):
    place = result["locations"][0]["physicalLocation"]
    return place["artifactLocation"]["uri"], place["region"]


def notes(run):
    return [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]]


def test_it_is_a_format_for_machines():
    (report,) = infra_grader_report_formats()

    assert (report.name, report.is_machine, report.render) == ("sarif", True, render)


def test_every_log_follows_the_published_schema(card):
    run = run_of(card)

    assert len(run["tool"]["driver"]["rules"]) == len(list(card.all_checks()))


def test_the_schema_would_find_a_fault(scorecards):
    log = json.loads(render(scorecards.lost_and_partial(), OPTIONS))
    log["runs"][0]["results"][0]["level"] = "grave"

    with pytest.raises(jsonschema.ValidationError, match="grave"):
        validator().validate(log)


def test_required_texts_are_never_empty_and_never_too_long(card, scorecards):
    bare = scorecards.check("a", "", Status.FAILED, message="", evidence=(Evidence(path="x"),))
    for run in (run_of(card), run_of(lost(scorecards, bare))):
        for rule in run["tool"]["driver"]["rules"]:
            assert 0 < len(rule["name"]) <= 255
            for key in ("shortDescription", "fullDescription"):
                assert 0 < len(rule[key]["text"]) <= 1024
            assert rule["help"]["text"]
            assert rule["help"]["markdown"]
        assert all(result["message"]["text"] for result in run["results"])


def test_a_rule_does_not_change_with_the_outcome(scorecards):
    checks = [
        scorecards.check("a", "A", status, fraction=fraction, hint="Do it.", tags=("x", "", "y"))
        for status, fraction in ((Status.PASSED, "1"), (Status.PARTIAL, "1/2"), (Status.NOT_ASSESSED, "0"))
    ]
    (first,), *others = [run_of(lost(scorecards, check))["tool"]["driver"]["rules"] for check in checks]

    assert [other for (other,) in others] == [first, first]
    assert first["help"] == {"text": "Do it.", "markdown": "Do it."}
    assert first["properties"]["tags"] == ["x", "y"]
    assert first["properties"]["points"] == 10


def test_results_are_places_of_lost_checks_ranked_by_points(scorecards):
    card = scorecards.lost_and_partial()
    run = run_of(card)
    rules = run["tool"]["driver"]["rules"]

    assert [(result["ruleId"], *place_of(result)) for result in run["results"]] == [
        ("limits", "k8s/deployment.yaml", {"startLine": 17, "snippet": {"text": "          resources:"}}),
        ("source", "src", {"startLine": 1}),
        ("lint", "src/app.py", {"startLine": 3, "endLine": 4, "snippet": {"text": "import os\n    import sys"}}),
    ]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == ["limits", "source", "lint"]
    assert [result["level"] for result in run["results"]] == ["error", "error", "warning"]
    assert [result["properties"]["winnable"] for result in run["results"]] == [30, 25, 7.5]
    ranks = [result["rank"] for result in run["results"]]
    assert ranks == sorted(ranks, reverse=True)
    assert run["results"][2]["message"]["text"].split("\n") == [
        "5 of 12.5: ruff finds 12 issues in 3 files.",
        "F401 `os` imported but unused",
        "What to do: Run `ruff check src` and fix what it prints.",
    ]


def test_what_has_no_place_in_a_file_is_a_notification(scorecards):
    run = run_of(scorecards.lost_and_partial())

    assert notes(run) == [
        "10 points lost and no file to point at: POST /predict without a body is answered with 500.",
        "Not met, not scored, and no file to point at: 3 labels have capitals.",
    ]
    assert {result["ruleId"] for result in run["results"]} & {"errors", "tidy"} == set()


def test_what_is_open_is_a_notification_and_no_result(scorecards):
    run = run_of(scorecards.open_interval())
    (invocation,) = run["invocations"]

    assert notes(run)[0] == "30 points not assessed: Docker is not available here."
    assert invocation["executionSuccessful"] is True
    assert run["properties"]["passed"] is None


def test_a_fault_of_the_grader_is_no_success_of_the_run(scorecards):
    (invocation,) = run_of(scorecards.errors_and_people())["invocations"]

    assert invocation["executionSuccessful"] is False
    assert "error" in [note["level"] for note in invocation["toolExecutionNotifications"]]


def test_the_folder_of_the_submission_leads_every_path(scorecards):
    result = one_result(scorecards, Evidence(path="src/a.py", line=2), options=RenderOptions(folder="work of/one"))

    assert place_of(result)[0] == "work%20of/one/src/a.py"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a b#c?d.py", "a%20b%23c%3Fd.py"),
        ("100%.md", "100%25.md"),
        ("C:/x", "C%3A/x"),
        ("é/日.txt", "%C3%A9/%E6%97%A5.txt"),
        ("a\nb\x00", "a%0Ab%00"),
        ("caf\udce9", "caf%E9"),
        ("\ud800", "%5Cud800"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
    ],
)
def test_paths_are_relative_uris(scorecards, path, uri):
    assert place_of(one_result(scorecards, Evidence(path=path, line=1)))[0] == uri


@given(ANYTHING)
def test_any_path_can_be_read_back(text):
    uri = sarif_report._uri(text)

    assert re.fullmatch(r"([A-Za-z0-9_.~/-]|%[0-9A-F]{2})*", uri)
    assert ":" not in uri
    if text.isascii():
        assert unquote(uri) == text
    assert unquote_to_bytes(uri) is not None


@given(ANYTHING, ANYTHING)
def test_messages_hold_no_link_and_nothing_that_acts(first, second):
    shown = sarif_report._message(f"{first}]({second}")

    shown.encode()
    assert "](" not in shown
    assert len(shown) <= 1000
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


def test_a_hostile_log_is_ascii_and_holds_no_link(scorecards):
    text = render(scorecards.hostile(), OPTIONS)

    assert text.isascii()
    for result in run_of(scorecards.hostile())["results"]:
        assert "](" not in result["message"]["text"]
        assert ":" not in place_of(result)[0]
    for rule in run_of(scorecards.hostile())["tool"]["driver"]["rules"]:
        assert re.fullmatch(r"[^`<>\[\]@#]*|(`+).*\1", rule["help"]["markdown"])


def test_nothing_hidden_is_shown(scorecards):
    text = render(scorecards.hidden(), OPTIONS)

    assert "SECRET" not in text
    assert "call.secret" not in text
    assert run_of(scorecards.hidden())["results"] == []
    assert "Other inputs work too" in text


def test_a_fingerprint_stays_when_lines_move_and_tells_twins_apart(scorecards):
    def prints(*places):
        evidence = [
            Evidence(path=path, line=line, excerpt=(ExcerptLine(number=line, text=text),))
            for path, line, text in places
        ]
        check = scorecards.check("a", "A", Status.FAILED, evidence=tuple(evidence))
        return [
            result["partialFingerprints"]["primaryLocationLineHash"]
            for result in run_of(lost(scorecards, check))["results"]
        ]

    (before,) = prints(("a.py", 3, "import os"))
    assert prints(("a.py", 90, "    import os")) == [before]
    assert prints(("b.py", 3, "import os")) != [before]
    twins = prints(("a.py", 3, "import os"), ("a.py", 9, "import os"), ("a.py", 10, "import sys"))
    assert twins[0] == before
    assert len(set(twins)) == 3
    assert [text.rpartition(":")[2] for text in twins] == ["1", "2", "1"]


def test_no_more_results_than_code_scanning_keeps(scorecards):
    evidence = tuple(Evidence(path=f"{n}.py", line=1) for n in range(MAX_RESULTS))
    little = scorecards.check("little", "Little", Status.FAILED, "1", evidence=evidence)
    much = scorecards.check("much", "Much", Status.FAILED, "99", evidence=evidence[:10])
    (run,) = json.loads(render(lost(scorecards, little, much), OPTIONS))["runs"]  # long to validate

    assert len(run["results"]) == MAX_RESULTS
    assert {result["ruleId"] for result in run["results"][:10]} == {"much"}
    assert notes(run)[-1] == "Left out for the limits of code scanning: 10 more places, those with the fewest points."


def test_a_log_is_small_enough_to_be_uploaded(scorecards):
    message = "".join(chr(0x10000 + 7 * n) for n in range(3000))
    evidence = tuple(Evidence(path=f"{n}.py", line=1) for n in range(2000))
    checks = [scorecards.check(f"c{n}", "C", Status.FAILED, message=message, evidence=evidence) for n in range(2)]
    text = render(lost(scorecards, *checks), OPTIONS)

    assert len(text) < MAX_BYTES + 100_000
    assert len(gzip.compress(text.encode(), 1)) < 10_000_000
    assert re.search(r"Left out for the limits of code scanning: \d{3,} more places", text)


@pytest.mark.parametrize(
    ("version", "is_semantic"),
    [("0.1.0", True), ("1.0.0-rc.1+build.5", True), ("0.1.0.dev1", False), ("1.0", False), ("", False)],
)
def test_only_a_semantic_version_is_called_one(scorecards, version, is_semantic):
    driver = run_of(scorecards.all_passed().replace(environment={"version": version}))["tool"]["driver"]

    assert ("semanticVersion" in driver) is is_semantic
    assert driver.get("version", "") == version


def test_an_upload_replaces_the_one_of_the_same_rubric(scorecards):
    card = scorecards.all_passed()

    assert run_of(card)["automationDetails"]["id"] == "infra-grader/project-01-simple-model-api/2026-01-31T09:00:00Z"


def test_the_run_has_the_score(card):
    properties = run_of(card)["properties"]

    assert Decimal(str(properties["earned"])) == card.score.earned
    assert Decimal(str(properties["possible"])) == card.score.possible
    assert properties["passed"] is card.score.passed


def test_every_loss_is_a_result_or_a_notification(card):
    run = run_of(card)
    named = {result["ruleId"] for result in run["results"]} | {
        note.get("associatedRule", {}).get("id") for note in run["invocations"][0]["toolExecutionNotifications"]
    }

    assert {loss.check.id for loss in losses(card)} <= named


def test_evidence_of_other_kinds_is_no_place(scorecards):
    evidence = Evidence(kind=EvidenceKind.COMMAND, path="ruff check", text="x")
    run = run_of(lost(scorecards, scorecards.check("a", "A", Status.FAILED, evidence=(evidence,))))

    assert run["results"] == []
    assert notes(run) == ["10 points lost and no file to point at: A."]
