"""By which checks a flaw is graded, and what follows for its proof."""

from __future__ import annotations

import pytest
from command_line import SIMPLE, write_rubric

from infra_grader.api import load_rubric
from infra_grader.engine.registry import Registry
from infra_grader.model.outcome import Status
from infra_grader.proof import QUIET, Proof, prove

KINDS = """
from infra_grader.plugin import Context, Outcome, Params, check


@check("course.runs", capabilities=("sandbox",))
def runs(context: Context, _params: Params) -> Outcome:
    \"\"\"What was handed in runs.\"\"\"
    return Outcome.passed_if("runs" in context.workspace.read_text("README.md"), "It was run.")


@check("course.lives", capabilities=("sandbox", "docker"))
def lives(context: Context, _params: Params) -> Outcome:
    \"\"\"What was handed in lives.\"\"\"
    raise AssertionError("nothing live is here")
"""
CHECKS = """\
      - {id: starts, title: It runs, uses: course.runs}
      - {id: answers, title: It answers, uses: file.exists, with: {paths: [answers.md]}, needs: [starts]}
      - {id: lives, title: It lives, uses: course.lives, with: {}, needs: [starts]}
"""
SOLUTION = {"README.md": "It runs.\n", "notes.md": "Notes\n", "answers.md": "42\n"}
FLAWS = {
    "no-notes": {"expect.yaml": "loses: [notes]\nremoved: [notes.md]\n"},
    "no-answers": {"expect.yaml": "loses: [answers]\nremoved: [answers.md]\n"},
    "never-runs": {"expect.yaml": "loses: [starts]\n", "README.md": "It does not.\n"},
    "unproven": {"expect.yaml": "loses: [notes]\nremoved: [notes.md]\n", "README.md": "It does not.\n"},
    "too-much": {"expect.yaml": "loses: [starts]\nremoved: [notes.md]\n", "README.md": "It does not.\n"},
}


@pytest.fixture(scope="module")
def proofs(tmp_path_factory) -> dict[str, Proof]:
    """The proofs of a rubric with checks that read and checks that run, without anything live, by name."""
    folder = tmp_path_factory.mktemp("proof")
    for place, files in {"solution": SOLUTION, **{f"flawed/{name}": files for name, files in FLAWS.items()}}.items():
        (folder / place).mkdir(parents=True)
        for name, text in files.items():
            (folder / place / name).write_text(text)
    (folder / "kinds.py").write_text(KINDS)
    registry = Registry([folder / "kinds.py"])
    rubric = load_rubric(str(write_rubric(folder, SIMPLE + CHECKS)), registry)
    return {proof.name: proof for proof in prove(rubric, folder, registry, QUIET.replace(live="none"))}


def judged(proof: Proof) -> set[str]:
    return {check.id for check in proof.scorecard.all_checks() if check.status is not Status.NOT_ASSESSED}


def test_a_flaw_of_files_is_graded_without_running(proofs):
    assert judged(proofs["flawed/no-notes"]) == {"readme", "notes"}
    assert proofs["flawed/no-notes"].faults == ()


@pytest.mark.parametrize("name", ["never-runs", "no-answers"])
def test_a_flaw_of_what_runs_is_graded_by_what_reads_and_what_runs(proofs, name):
    assert judged(proofs[f"flawed/{name}"]) == {"readme", "notes", "starts", "answers"}
    assert proofs[f"flawed/{name}"].faults == ()


def test_what_a_flaw_is_not_graded_by_is_not_held_against_it(proofs):
    assert proofs["flawed/unproven"].faults == ()


def test_what_it_is_graded_by_is(proofs):
    (fault,) = proofs["flawed/too-much"].faults
    assert fault.startswith("notes is lost unexpectedly")


def test_the_solution_is_graded_by_everything(proofs):
    assert proofs["solution"].untold == ["lives"]
    assert proofs["solution"].faults == ()


def test_submissions_have_the_history_that_a_file_says(tmp_path):
    files = {
        "solution/README.md": "It runs.\n",
        "solution/notes.md": "Notes\n",
        "history.yaml": "commits: [{message: First, tags: {v1.0: First}}]\n",
        "flawed/no-notes/expect.yaml": "loses: [notes]\nremoved: [notes.md]\n",
        "flawed/no-tag/expect.yaml": "loses: [tagged]\n",
        "flawed/no-tag/history.yaml": "commits: [{message: First}]\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    checks = "      - {id: tagged, title: It is tagged, uses: git.tags}\n"
    rubric = load_rubric(str(write_rubric(tmp_path, SIMPLE + checks)))
    assert {proof.name: proof.faults for proof in prove(rubric, tmp_path)} == {
        "solution": (),
        "flawed/no-notes": (),
        "flawed/no-tag": (),
    }
