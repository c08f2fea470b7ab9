"""Every case folder is a test: a check kind, its parameters, a small workspace, and what must come out."""

from __future__ import annotations

import cases
import cluster
import containers
import deployed
import pytest
import records
import sandboxes
import tools

from infra_grader.engine import replay
from infra_grader.engine.registry import Registry
from infra_grader.testing import run_check

LIVE = {"docker", "kubernetes", "http"}
OBSERVING = {
    *("docker.http", "docker.image", "docker.inspect", "docker.logs", "docker.processes"),
    *("http.request", "prometheus.scrape"),
}
"""Kinds that a replay judges again, besides those that look at a cluster; of others it has the outcome of then."""


@pytest.mark.parametrize("case", cases.find_cases(), ids=lambda case: case.folder.relative_to(cases.CASES).as_posix())
def test_case(case, tmp_path, monkeypatch):
    facts = case.read()
    kinds = [case.kind, *(earlier["uses"] for earlier in (facts.get("before") or {}).values())]
    wanted = {capability for kind in kinds for capability in Registry().find_kind(kind).capabilities}
    if "sandbox" in wanted:
        sandboxes.require_bubblewrap()
    if "docker" in wanted:
        containers.require()
    if "kubernetes" in wanted:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig()))
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    cases.make_workspace(case, workspace)
    record = tmp_path / "record" if wanted & LIVE else None
    with deployed.by_learner(case.folder / "deployed", facts.get("commit")) as submission:

        def asked(**options):
            return run_check(
                case.kind,
                facts.get("with") or {},
                workspace,
                starter=case.starter(),
                allow_starter=facts.get("allow_starter", False),
                rubric_folder=case.folder,
                before=facts.get("before") or {},
                sandbox="bubblewrap",
                live="docker,kubernetes" if "kubernetes" in wanted else "auto",
                submission=submission,
                timeout=300 if "kubernetes" in wanted else 60,
                **options,
            )

        outcome = asked(record=record)
    if record is not None:
        # With nothing running, and no outcome of then for what says what it sees.
        records.go_elsewhere(monkeypatch, tmp_path)
        if not outcome.status.is_open:
            same = replay._asks_the_same
            monkeypatch.setattr(replay, "_asks_the_same", lambda *given: not _observes(given[1].uses) and same(*given))
        assert asked(replay=record).replace(duration_s=0.0) == outcome.replace(duration_s=0.0)
    expected = facts["expect"]
    tools.require(outcome, expected.get("status", "passed"))
    allowed = {"passed"} if case.should_pass else {"failed", "partial", "not_assessed"}
    assert expected.get("status", "passed") in allowed | ({"awaiting"} if case.kind.startswith("manual.") else set())
    assert outcome.status == expected["status"], outcome
    assert expected.get("message", "") in outcome.message
    assert outcome.evidence or outcome.status == "not_assessed", "a judgement without evidence is a claim"
    if "fraction" in expected:
        assert str(outcome.fraction) == str(expected["fraction"])
    if "measure" in expected:
        assert outcome.measure is not None
        assert outcome.measure.value == pytest.approx(expected["measure"])
    for wanted in expected.get("evidence") or []:
        assert any(
            all(str(value) in str(getattr(piece, key)) for key, value in wanted.items()) for piece in outcome.evidence
        ), outcome.evidence


def _observes(kind):
    return kind in OBSERVING or "kubernetes" in Registry().find_kind(kind).capabilities
