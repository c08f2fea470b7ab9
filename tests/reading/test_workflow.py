from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.workflow import is_false, read_pipeline
from infra_grader.reading.workflow_commands import find_acts


def acts(tmp_path, workflow, **files):
    for name, text in files.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    pipeline = read_pipeline(TextFile(".github/workflows/ci.yml", workflow))
    return [
        (act.path.rpartition("/")[2], act.line, act.shown, act.may_fail)
        for act in find_acts(Workspace(tmp_path), pipeline)
    ]


def one_step(step):
    return f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - {step}\n"


def test_the_key_on_is_a_text():
    assert dict(read_pipeline(TextFile("ci.yml", one_step("run: pytest"))).events) == {"push": None}


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ("run: pytest", [("ci.yml", 6, "pytest", False)]),
        (
            "run: |\n          cd src\n          pytest",
            [("ci.yml", 7, "cd src", False), ("ci.yml", 8, "pytest", False)],
        ),
        ("run: pytest || true", [("ci.yml", 6, "pytest", True)]),
        ("run: 'pytest || exit 1'", [("ci.yml", 6, "pytest", False), ("ci.yml", 6, "exit 1", False)]),
        ("{run: pytest, continue-on-error: true}", [("ci.yml", 6, "pytest", True)]),
        ("{run: pytest, if: false}", []),
        ("{run: pytest, if: '${{ false }}'}", []),
        ("{run: print(1), shell: python}", []),
        ("run: '# pytest'", []),
    ],
)
def test_what_a_step_runs(tmp_path, step, found):
    assert [act for act in acts(tmp_path, one_step(step)) if act[2] != "true"] == found


def test_makefile_targets_are_followed_through_their_prerequisites(tmp_path):
    makefile = "all: check\n\ncheck: style\n\tpytest \\\n\t  -q\n\nstyle:\n\t@ruff check .\n"
    found = acts(tmp_path, one_step("run: make"), Makefile=makefile)
    assert [(shown, may_fail) for _, _, shown, may_fail in found][:4] == [
        ("make", False),
        ("pytest -q", False),
        ("ruff check .", False),
    ]


def test_a_makefile_s_minus_passes_a_failure_over(tmp_path):
    found = acts(tmp_path, one_step("run: make check"), Makefile="check:\n\t-pytest\n")
    assert ("Makefile", 2, "pytest", True) in found


def test_scripts_that_call_each_other_end(tmp_path):
    found = acts(tmp_path, one_step("run: bash a.sh"), **{"a.sh": "./b.sh\n", "b.sh": "bash a.sh\npytest\n"})
    assert ("b.sh", 2, "pytest", False) in found


@pytest.mark.parametrize("condition", [False, "false", "${{ false }}", "${{false}}", "'false'"])
def test_conditions_that_never_hold(condition):
    assert is_false(condition)


@pytest.mark.parametrize("condition", [None, True, "true", "github.ref == 'refs/heads/main'", "always()"])
def test_conditions_that_may_hold(condition):
    assert not is_false(condition)


@given(st.text(max_size=200), st.sampled_from([".github/workflows/a.yml", ".gitlab-ci.yml"]))
def test_any_text_is_a_pipeline_or_said_to_be_none(text, path):
    with suppress(CheckFailed):
        assert read_pipeline(TextFile(path, text)).jobs


KEYS = st.sampled_from(["jobs", "steps", "run", "needs", "uses", "with", "if", "on", "a", "script"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["jobs", "steps", "run", "needs", "uses", "with", "if", "on", "a", "script"]), inner
        )
    ),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([".github/workflows/a.yml", ".gitlab-ci.yml"]))
def test_any_value_is_read_without_an_error(tmp_path_factory, value, path):
    import json

    folder = tmp_path_factory.getbasetemp()
    try:
        pipeline = read_pipeline(TextFile(path, json.dumps({"jobs": {"a": value}, "b": value, "on": value})))
    except CheckFailed:
        return
    list(find_acts(Workspace(folder), pipeline))
