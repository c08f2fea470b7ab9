"""Every bundled rubric is held to its proof: solution, untouched starter, and a flaw for each check."""

import pytest
import tools

from infra_grader.api import bundled, load_rubric
from infra_grader.loading.bundled import find_exercise
from infra_grader.proof import prove, unproven

tools.put_on_path()


@pytest.mark.parametrize("rubric_id", sorted(bundled()))
def test_the_proof_holds(rubric_id):
    rubric = load_rubric(rubric_id)
    exercise = find_exercise(rubric_id)
    assert exercise is not None
    proofs = list(prove(rubric, exercise))
    assert {proof.name: proof.faults for proof in proofs if proof.faults} == {}
    assert {"solution", "starter"} < {proof.name for proof in proofs}
    assert unproven(rubric, exercise) == []
