from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from infra_grader.model.outcome import Evidence, Status
from infra_grader.plugin import RenderOptions
from infra_grader.reports.junit_report import infra_grader_report_formats, render

OPTIONS = RenderOptions()


def tree(card):
    return ET.fromstring(render(card, OPTIONS))


def cases(card):
    return {case.get("name"): case for case in tree(card).iter("testcase")}


def one_case(scorecards, status, **facts):
    check = scorecards.check("a", "A", status, **facts)
    (case,) = cases(scorecards.scorecard(scorecards.criterion("c", "C", check), passed=False)).values()
    return case


def test_it_is_a_format_for_machines():
    (report,) = infra_grader_report_formats()

    assert (report.name, report.is_machine, report.render) == ("junit", True, render)


def test_one_flat_suite_whose_counts_add_up(card):
    root = tree(card)
    (suite,) = root
    found = {
        "tests": len(suite.findall("testcase")),
        "failures": len(suite.findall("testcase/failure")),
        "errors": len(suite.findall("testcase/error")),
        "skipped": len(suite.findall("testcase/skipped")),
    }

    assert root.tag == "testsuites"
    assert suite.tag == "testsuite"
    for element in (root, suite):
        assert {key: int(element.get(key)) for key in found} == found
        assert float(element.get("time")) >= 0
        assert element.get("name")
    assert found["tests"] == len(list(card.all_checks()))


def test_every_case_has_what_its_readers_ask_for(card):
    for case in tree(card).iter("testcase"):
        assert case.get("classname")
        assert case.get("name")
        assert case.get("file")
        assert int(case.get("line")) >= 1
        assert float(case.get("time")) >= 0
        assert len(case.findall("failure") + case.findall("error") + case.findall("skipped")) <= 1


def test_names_are_unique_in_a_class_and_free_of_points(card):
    names = Counter((case.get("classname"), case.get("name")) for case in tree(card).iter("testcase"))

    assert set(names.values()) == {1}


def test_two_checks_of_one_title_are_told_apart_by_their_ids(scorecards):
    twins = [scorecards.check(name, "Same", Status.PASSED) for name in ("a", "b", "c")]

    assert list(cases(scorecards.scorecard(scorecards.criterion("c", "C", *twins), passed=True))) == [
        "Same",
        "Same (b)",
        "Same (c)",
    ]


def test_a_lost_check_is_a_failure_with_its_points_and_place(scorecards):
    case = cases(scorecards.lost_and_partial())["The code follows PEP 8"]
    failure = case.find("failure")

    assert (case.get("classname"), case.get("file"), case.get("line")) == ("Code Quality", "src/app.py", "3")
    assert failure.get("type") == "partial"
    assert failure.get("message") == "5 of 12.5: ruff finds 12 issues in 3 files."
    assert "src/app.py:3:8: F401 unused import\n" in failure.text
    assert failure.text.endswith("What to do: Run `ruff check src` and fix what it prints.")


@pytest.mark.parametrize(
    ("status", "fraction", "tag", "kind"),
    [
        (Status.PASSED, "1", "system-out", None),
        (Status.PARTIAL, "1/2", "failure", "partial"),
        (Status.FAILED, "0", "failure", "fail"),
        (Status.BLOCKED, "0", "skipped", "skipped"),
        (Status.NOT_ASSESSED, "0", "skipped", "skipped"),
        (Status.AWAITING, "0", "skipped", "skipped"),
        (Status.ERROR, "0", "error", "infrastructure"),
    ],
)
def test_each_status_has_its_element(scorecards, status, fraction, tag, kind):
    (element,) = one_case(scorecards, status, fraction=fraction)

    assert (element.tag, element.get("type")) == (tag, kind)


def test_what_was_skipped_says_why(scorecards):
    blocked = one_case(scorecards, Status.BLOCKED, blocked_by="K01")
    no_docker = one_case(scorecards, Status.NOT_ASSESSED, message="No Docker here.", remedy="Start it.")
    person = one_case(scorecards, Status.AWAITING, message="Levels 1 to 5.")

    assert blocked.find("skipped").get("message").startswith("blocked by K01")
    assert no_docker.find("skipped").get("message") == "not assessed: No Docker here."
    assert no_docker.find("skipped").text.endswith("What would help: Start it.")
    assert person.find("skipped").get("message") == "awaiting a person: Levels 1 to 5."


def test_the_suite_holds_the_points_of_each_check(scorecards):
    card = scorecards.bonus_and_penalties()
    root = tree(card)
    properties = {entry.get("name"): entry.get("value") for entry in root.iter("property")}

    assert properties["rubric.sha256"] == card.rubric.sha256
    assert properties["points.lint"] == "60 of 60"
    assert properties["points.cache"] == "2.5 of 5"
    assert properties["points.secret"] == "costs 5 of 5"
    assert properties["verdict"] == "Passed"


def test_the_document_holds_only_what_xml_can(scorecards):
    text = render(scorecards.hostile(), OPTIONS)

    text.encode()
    ET.fromstring(text)
    assert not re.search("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)
    assert "<script>" not in text


def test_no_output_attaches_a_file_to_a_gitlab_run(scorecards):
    case = one_case(scorecards, Status.PASSED, message="[[ATTACHMENT|/etc/passwd]]", evidence=(Evidence(path="a"),))

    assert "[[ATTACHMENT" not in case.find("system-out").text
