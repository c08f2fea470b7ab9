"""What a machine says it has is what can be used there."""

from sandboxes import bubblewrap_problem, docker_problem

from infra_grader.engine.offers import find_offers


def test_sandboxes_are_offered_that_can_be_used():
    offers = find_offers()
    assert ("sandbox bubblewrap" in offers) == (not bubblewrap_problem())
    assert ("sandbox docker" in offers) == (not docker_problem())


def test_live_docker_is_offered_where_a_daemon_answers_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert not {"live docker", "sandbox docker"} & find_offers()
