"""Whom a run grades, by what there is of them and what is wished."""

import pytest

from infra_grader.batch.choice import What, Wish, check_wishes, choose, read_wish
from infra_grader.engine.journal import Entry
from infra_grader.errors import UsageError
from infra_grader.model.gradebook import State
from infra_grader.model.roster import Learner, Roster
from rubrics import rubric, spec

RUBRIC = rubric(spec("a"), spec("b"))
ROSTER = Roster(source="class.csv", learners=tuple(Learner(id=name) for name in ("ada", "ben", "cyd", "dee")))
NEWEST = {
    "ada": Entry(learner="ada", cause="batch", state=State.GRADED, rubric="new", earned="5", possible="5"),
    "ben": Entry(learner="ben", cause="batch", state=State.GRADED, rubric="old", earned="5", possible="9"),
    "cyd": Entry(learner="cyd", cause="batch", state=State.OPEN),
}


def open_in_ben(entry):
    return frozenset({"b"}) if entry.learner == "ben" else frozenset()


def chosen(*wishes, open_checks=open_in_ben):
    found = choose(ROSTER, NEWEST, [read_wish(wish) for wish in wishes], "new", open_checks)
    return {one.learner.id: (one.cause, one.redo) for one in found}


def test_without_a_wish_whoever_has_no_scorecard_is_graded():
    assert chosen() == {"cyd": ("batch", None), "dee": ("batch", None)}


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (["rubric"], {"ben": ("regrade rubric", None)}),
        (["open"], {"ben": ("regrade open", frozenset({"b"}))}),
        (["learner:ada"], {"ada": ("regrade learner:ada", None)}),
        (["learner:dee"], {"dee": ("batch", None)}),
        (["check:a"], {name: ("regrade check:a", frozenset({"a"})) for name in ("ada", "ben")}),
        (["check:a", "check:b"], {n: ("regrade check:a, check:b", frozenset({"a", "b"})) for n in ("ada", "ben")}),
        (["open", "rubric"], {"ben": ("regrade open, rubric", None)}),
    ],
)
def test_what_is_wished_is_graded_again(wishes, expected):
    assert chosen(*wishes) == expected


def test_all_means_everybody():
    assert list(chosen("all")) == ["ada", "ben", "cyd", "dee"]


def test_a_record_judges_only_who_has_a_scorecard():
    wishes = [read_wish("all"), read_wish("learner:cyd")]
    found = choose(ROSTER, NEWEST, wishes, "new", open_in_ben, replays=True)
    assert [one.learner.id for one in found] == ["ada", "ben"]


def test_who_waits_for_a_person_alone_is_not_asked_again():
    assert chosen("open", open_checks=lambda entry: frozenset()) == {}


@pytest.mark.parametrize("text", ["", "everything", "learner", "learner:", "open:ada", "all:", "Learner:ada"])
def test_a_wish_that_says_nothing_is_refused(text):
    with pytest.raises(UsageError, match="--regrade"):
        read_wish(text)


@pytest.mark.parametrize("what", [What.LEARNER, What.CHECK])
def test_a_wish_for_what_is_not_there_is_refused(what):
    with pytest.raises(UsageError, match=f"no {what} zed"):
        check_wishes([Wish(what=what, name="zed")], ROSTER, RUBRIC)
