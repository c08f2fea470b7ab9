from __future__ import annotations

import pytest
import sandboxes

from infra_grader.testing import run_check


@pytest.fixture(autouse=True)
def _sandbox():
    sandboxes.require_bubblewrap()


def deploy(tmp_path, script, steps, **others):
    submission, ours = tmp_path / "submission", tmp_path / "rubric"
    submission.mkdir()
    (ours / "programs").mkdir(parents=True)
    (ours / "programs" / "kubectl").write_text('#!/bin/sh\necho "asked: $*"\n')
    (submission / "deploy.sh").write_text(script)
    parameters = {"scripts": ["deploy.sh"], "steps": steps, "programs": "programs", **others}
    return run_check("shell.run", parameters, submission, rubric_folder=ours)


def test_a_stand_in_program_is_found_before_a_real_one(tmp_path):
    steps = [{"run": "bash deploy.sh", "stdout": {"exact": "asked: apply -f k8s"}}]
    outcome = deploy(tmp_path, "kubectl apply -f k8s\n", steps)
    assert outcome.status == "passed", outcome


def test_variables_are_seen_and_each_step_is_fresh(tmp_path):
    steps = [{"run": "bash deploy.sh; bash deploy.sh; wc -l < log", "stdout": {"exact": "2"}}] * 2
    outcome = deploy(tmp_path, 'echo "$STAGE" >> log\n', steps, variables={"STAGE": "dev"})
    assert outcome.status == "passed", outcome


def test_a_missing_folder_of_programs_is_the_author_s_fault(tmp_path):
    steps = [{"run": "bash deploy.sh", "stdout": {"exact": "x"}}]
    outcome = deploy(tmp_path, "echo x\n", steps, programs="others")
    assert (outcome.status, outcome.remedy) == ("not_assessed", "Tell the author of the rubric.")
