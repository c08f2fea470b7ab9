import pytest
from command_line import SIMPLE, write_rubric, write_submission

import infra_grader
from infra_grader.api import GradeOptions

QUIET = GradeOptions(needs_commit=False, sandbox="none")
CALLS = SIMPLE.replace(
    "uses: file.exists, with: {paths: [notes.md]}",
    "uses: command.run, with: {path: run.py, cases: [{stdout: {exact: x}}]}",
)


def seed_of(tmp_path, text, options=QUIET):
    card = infra_grader.grade(write_submission(tmp_path), write_rubric(tmp_path, text), options=options)
    return card.environment["seed"]


def test_a_seed_is_new_where_learner_code_may_run(tmp_path, monkeypatch):
    drawn = iter([b"\0\0\0\1", b"\0\0\0\2"])
    monkeypatch.setattr("infra_grader.api.os.urandom", lambda _count: next(drawn))
    assert [seed_of(tmp_path, CALLS), seed_of(tmp_path, CALLS)] == [1, 2]


def test_a_seed_that_is_given_is_kept_and_one_that_nothing_uses_is_always_the_same(tmp_path):
    given = GradeOptions(needs_commit=False, sandbox="none", seed=7)
    assert seed_of(tmp_path, CALLS, given) == 7
    assert seed_of(tmp_path, SIMPLE) == 0


@pytest.mark.parametrize("name", ["grade", "load_rubric", "rescore", "Scorecard"])
def test_public_names_are_resolved_on_use(name):
    assert name in infra_grader.__all__
    assert getattr(infra_grader, name) is not None


def test_an_unknown_name_is_none_of_the_package():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        infra_grader.nothing  # noqa: B018
