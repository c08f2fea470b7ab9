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


TOOLS = """
from infra_grader.plugin import Context, NotAssessed, Outcome, Params, check


def find_tool():
    raise NotAssessed("chartist is not installed.", "Install chartist.")


@check("course.drawn")
def drawn(context: Context, _params: Params) -> Outcome:
    \"\"\"The chart is drawn as the tool draws it.\"\"\"
    find_tool()


@check("course.closed")
def closed(context: Context, _params: Params) -> Outcome:
    \"\"\"The door is closed, in a file or else in the chart.\"\"\"
    text = context.workspace.read_text("notes.md")
    if "open" in text:
        return Outcome.failed("It is open.")
    if "hidden" in text:
        raise NotAssessed("Nobody can read what is hidden.")
    if "closed" in text:
        return Outcome.passed("It is closed.")
    find_tool()
"""
DRAWN = "      - {id: drawn, title: It is drawn, uses: course.drawn}\n"
DOOR = """\
      - {id: closed, title: It is closed, uses: course.closed}
      - {id: locked, title: It is locked, uses: text.matches, with: {path: notes.md, pattern: closed}, needs: [closed]}
"""


def proof_of_a_flaw(folder, checks: str, notes: str, loses: str) -> Proof:
    """Return the proof of one flaw on a machine that lacks a tool."""
    files = {
        "solution/README.md": "Hello\n",
        "solution/notes.md": "closed\n",
        "flawed/door/notes.md": notes,
        "flawed/door/expect.yaml": f"loses: [{loses}]\n",
        "kinds.py": TOOLS,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    registry = Registry([folder / "kinds.py"])
    rubric = load_rubric(str(write_rubric(folder, SIMPLE + checks)), registry)
    return list(prove(rubric, folder, registry))[-1]


def test_a_loss_that_a_missing_tool_hides_is_not_proven_and_no_fault(tmp_path):
    proof = proof_of_a_flaw(tmp_path, DRAWN + DOOR, "see the chart\n", "closed, locked, drawn")
    assert proof.faults == ()
    assert proof.unproven == dict.fromkeys(["closed", "locked", "drawn"], "chartist is not installed.")


def test_a_loss_that_is_judged_is_proven_whatever_is_missing(tmp_path):
    proof = proof_of_a_flaw(tmp_path, DRAWN + DOOR, "open\n", "closed")
    assert (proof.faults, proof.unproven) == ((), {})


def test_a_check_that_still_passes_is_a_fault_though_a_tool_is_missing(tmp_path):
    proof = proof_of_a_flaw(tmp_path, DRAWN + DOOR, "closed twice\n", "closed, drawn")
    assert [fault.partition(":")[0] for fault in proof.faults] == ["closed loses nothing"]
    assert list(proof.unproven) == ["drawn"]


def test_a_check_that_is_lost_unexpectedly_is_a_fault_though_another_is_not_proven(tmp_path):
    proof = proof_of_a_flaw(tmp_path, DRAWN + DOOR, "", "drawn, closed")
    assert [fault.partition(":")[0] for fault in proof.faults] == ["notes is lost unexpectedly"]


def test_a_flaw_that_no_machine_could_judge_is_a_fault(tmp_path):
    proof = proof_of_a_flaw(tmp_path, DRAWN + DOOR, "hidden\n", "closed")
    assert [fault.partition(":")[0] for fault in proof.faults] == ["closed loses nothing"]
    assert proof.unproven == {}


def test_without_a_sign_of_the_solution_that_the_tool_is_missing_it_is_a_fault(tmp_path):
    proof = proof_of_a_flaw(tmp_path, DOOR, "see the chart\n", "closed")
    assert [fault.partition(":")[0] for fault in proof.faults] == ["closed loses nothing"]
