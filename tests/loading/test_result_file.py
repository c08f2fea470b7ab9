from __future__ import annotations

import importlib.util
import json
import random
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_grader.engine.score import score
from infra_grader.errors import ResultError
from infra_grader.loading.result_file import MAX_BYTES, SCHEMA, load_result, parse_result
from infra_grader.model.outcome import Outcome, Status
from infra_grader.model.rubric import Bonus, CheckSpec, Criterion, Rubric, Unassessed
from infra_grader.model.scorecard import SubmissionRef
from infra_grader.plugin import RenderOptions
from infra_grader.reports import json_report

OPTIONS = RenderOptions()
SCHEMA_FILE = json.loads((Path(json_report.__file__).parent / "result.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA_FILE)


def _scorecards() -> dict[str, Any]:
    # Tests are no packages, so the scorecards of the neighbouring folder are loaded by their place.
    place = Path(__file__).parent.parent / "reports" / "scorecards.py"
    spec = importlib.util.spec_from_file_location("report_scorecards", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module.ALL


ALL = _scorecards()


def record(name: str = "lost_and_partial") -> dict[str, Any]:
    return json.loads(json_report.render(ALL[name](), OPTIONS))


def parse(value: object) -> Any:
    return parse_result(json.dumps(value).encode(), "result.json")


def problems(value: object) -> list[tuple[str, str]]:
    with pytest.raises(ResultError) as caught:
        parse(value)
    return [(problem.path, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize("name", ALL)
def test_what_is_read_back_renders_the_same(name, tmp_path):
    text = json_report.render(ALL[name](), OPTIONS)
    file = tmp_path / "result.json"
    file.write_text(text, encoding="utf-8")

    assert json_report.render(load_result(file), OPTIONS) == text


@pytest.mark.parametrize("name", ["all_passed", "lost_and_partial", "open_interval", "bonus_and_penalties", "hidden"])
def test_nothing_is_lost_on_the_way(name):
    card = ALL[name]()

    assert parse_result(json_report.render(card, OPTIONS).encode(), "x") == card


def test_writer_and_reader_name_the_same_schema():
    assert SCHEMA == json_report.SCHEMA


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ResultError, match=r"cannot be read: No such file") as caught:
        load_result(tmp_path / "none.json")
    assert caught.value.source.endswith("none.json")


def test_a_huge_file_is_refused_without_being_read_whole(tmp_path):
    file = tmp_path / "huge.json"
    with file.open("wb") as stream:
        stream.truncate(MAX_BYTES * 100)

    with pytest.raises(ResultError, match="larger than"):
        load_result(file)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"schema": "\xff"}', b"PK\x03\x04", b"nonsense"])
def test_what_is_no_json_is_refused(content):
    with pytest.raises(ResultError):
        parse_result(content, "x")


def test_every_truncation_is_refused():
    content = json_report.render(ALL["lost_and_partial"](), OPTIONS).rstrip().encode()
    for length in range(0, len(content), 97):
        with pytest.raises(ResultError):
            parse_result(content[:length], "x")


@pytest.mark.parametrize("opening", [b"[", b'{"schema":', b'{"environment":{"a":'])
def test_deep_nesting_is_refused(opening):
    with pytest.raises(ResultError):
        parse_result(opening * 200_000, "x")


def test_another_version_is_named():
    later = record() | {"schema": "infra-grader/result/v2"}

    assert problems(later) == [("schema", "It follows another schema: infra-grader/result/v2.")]


def test_a_wrong_type_is_named_with_its_place():
    value = record()
    value["criteria"][1]["checks"][0]["earned"] = "all"

    assert problems(value) == [("criteria[1].checks[0].earned", "Expected `float`, got `str`.")]


def test_an_unknown_key_is_refused():
    value = record()
    value["criteria"][0]["checks"][0]["evidence"][0]["author"] = "me"

    (problem,) = problems(value)
    assert problem[0] == "criteria[0].checks[0].evidence[0]"
    assert "author" in problem[1]


def _raise_total(value):
    value["score"]["earned"] += 10
    value["score"]["possible"] += 10


def _raise_check(value):
    value["criteria"][1]["checks"][0]["earned"] = 5
    value["criteria"][1]["checks"][0]["possible"] = 5


def _raise_status(value):
    value["criteria"][1]["checks"][0]["status"] = "passed"


def _raise_verdict(value):
    value["score"]["passed"] = True


def _raise_percent(value):
    value["score"]["percent"] = 99


def _raise_fraction(value):
    value["criteria"][0]["checks"][0]["fraction"] = "7/5"


def _drop_a_check(value):
    del value["criteria"][2]["checks"][0]


def _drop_a_criterion(value):
    del value["criteria"][3]


def _repeat_an_id(value):
    value["criteria"][0]["checks"][1]["id"] = value["criteria"][0]["checks"][0]["id"]


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (_raise_total, "score.earned"),
        (_raise_check, "criteria[1].earned"),
        (_raise_status, "criteria[1].checks[0]"),
        (_raise_verdict, "score.passed"),
        (_raise_percent, "score.percent"),
        (_raise_fraction, "criteria[0].checks[0]"),
        (_drop_a_check, "criteria[2].points"),
        (_drop_a_criterion, "score.points"),
        (_repeat_an_id, "criteria"),
    ],
)
def test_an_edited_record_contradicts_itself(edit, place):
    value = record()
    edit(value)

    assert place in [path for path, _ in problems(value)]


def test_a_penalty_cannot_cost_more_than_it_may():
    value = record("bonus_and_penalties")
    value["penalties"][0]["lost"] = 50

    assert "penalties[0].lost" in [path for path, _ in problems(value)]


def test_a_required_criterion_that_is_not_done_was_not_passed():
    value = record("errors_and_people")
    value["score"]["passed"] = True
    value["rubric"]["pass_mark"] = 1

    assert [path for path, _ in problems(value)] == ["criteria[1]"]


def test_a_total_that_an_adjustment_lowered_is_accepted():
    value = record("all_passed")
    value["score"] |= {"earned": 90, "possible": 90, "percent": 90, "passed": False}

    assert parse(value).score.earned == 90


JUNK = st.sampled_from([None, -1, 0, 1, 2.5, 2_000_000, "", "x", "1/2", [], {}, [1], True, "passed"])


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, child in children for place in _places(child, (*path, key))]


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(ALL)),
    junk=JUNK,
    how=st.sampled_from(["replace", "delete", "add"]),
    seed=st.integers(0, 10_000),
)
def test_the_reader_and_the_json_schema_refuse_the_same_shapes(name, junk, how, seed):
    value = record(name)
    *way, last = random.Random(seed).choice(_places(value))
    holder = value
    for key in way:
        holder = holder[key]
    if how == "delete":
        del holder[last]
    elif how == "add" and isinstance(holder, dict):
        holder["unknown"] = junk
    else:
        holder[last] = junk
    is_refused = False
    try:
        parse(value)
    except ResultError as error:
        # What contradicts itself is beyond a schema; the reader words that itself, msgspec words the rest.
        by_shape = ("Expected", "Object", "Invalid", "It follows")
        is_refused = any(problem.message.startswith(by_shape) for problem in error.problems)
    is_null = junk is None and isinstance(holder, dict) and holder.get(last, "") is None
    if not is_refused and is_null and not VALIDATOR.is_valid(value):
        del holder[last]  # the reader takes null for an absent key

    assert is_refused == (not VALIDATOR.is_valid(value)), (way, last)


STATUSES = st.sampled_from([Status.NOT_ASSESSED, Status.AWAITING, Status.ERROR, Status.BLOCKED])
OUTCOMES = st.one_of(
    st.fractions(0, 1, max_denominator=9).map(lambda share: Outcome.partial(share, "It was judged.")),
    STATUSES.map(lambda status: Outcome(status=status, fraction=Fraction(0), message="It is open.")),
)


@settings(deadline=None)
@given(
    outcomes=st.lists(OUTCOMES, min_size=5, max_size=5),
    unassessed=st.sampled_from(list(Unassessed)),
    required=st.booleans(),
    pass_mark=st.integers(0, 120),
)
def test_whatever_the_engine_scores_can_be_read_back(outcomes, unassessed, required, pass_mark):
    specs = [
        CheckSpec(id=name, title=name, uses="file.exists", params=None, points=Decimal(points))
        for name, points in zip("abcde", ["33.34", "33.33", "33.33", "7.5", "12"], strict=True)
    ]
    rubric = Rubric(
        id="r",
        version=1,
        title="R",
        points=Decimal(100),
        pass_mark=Decimal(pass_mark),
        unassessed=unassessed,
        criteria=(
            Criterion(id="x", title="X", points=Decimal("66.67"), checks=tuple(specs[:2]), required=required),
            Criterion(id="y", title="Y", points=Decimal("33.33"), checks=(specs[2],)),
        ),
        bonus=Bonus(max_points=Decimal("7.5"), checks=(specs[3],)),
        penalties=(specs[4],),
        grades=(("A", Decimal(90)), ("F", Decimal(0))),
    )
    card = score(rubric, dict(zip("abcde", outcomes, strict=True)), SubmissionRef(id="s", path="s", root="."))
    text = json_report.render(card, OPTIONS)

    assert parse_result(text.encode(), "x") == card
    assert VALIDATOR.is_valid(json.loads(text))
