"""What live checks make in Docker goes with their run: also after a crash, and never what is another's."""

import os
import signal
import subprocess
import sys
from contextlib import closing, suppress

import docker.errors
import pytest
import sandboxes

from infra_grader.capabilities import docker as daemons
from infra_grader.capabilities.live_docker import LIVE, PREFIX, RUN_LABEL, open_live_docker
from infra_grader.model.outcome import NotAssessed, Unavailable

GRADER = """
import time
from infra_grader.capabilities.live_docker import open_live_docker
from test_live_docker import make_one_of_each
run = open_live_docker()
make_one_of_each(run)
print(run.run, run.scratch, flush=True)
try:
    time.sleep(60)
finally:
    run.close()
"""


def image() -> str:
    """Return an image that the daemon of the tests has."""
    with closing(daemons.connect()) as api:
        return next(tag for facts in api.images() for tag in facts["RepoTags"] or () if tag.startswith("python:"))


def make_one_of_each(run):
    """Make a container with a named and an anonymous volume, a network, and an image, all of this run."""
    api, labels = run.api, run.labels
    network = api.create_network(run.name("network"), driver="bridge", labels=labels)["Id"]
    volume = api.create_volume(run.name("volume"), labels=labels)["Name"]
    config = api.create_host_config(network_mode="none", binds={volume: {"bind": "/data", "mode": "rw"}})
    container = api.create_container(
        image(), ["sleep", "60"], labels=labels, host_config=config, volumes=["/data", "/anonymous"]
    )["Id"]
    api.start(container)
    changes = [f'LABEL {name}="{value}"' for name, value in labels.items()]
    api.commit(container, run.name("image"), changes=changes)
    return network


def things(run_id):
    """Return what a run has in the daemon, as words."""
    with closing(daemons.connect()) as api:
        label = {"label": f"{RUN_LABEL}={run_id}"}
        found = [("container", each["Id"]) for each in api.containers(all=True, filters=label)]
        found += [("network", each["Name"]) for each in api.networks(filters=label)]
        found += [("volume", each["Name"]) for each in api.volumes(filters=label)["Volumes"] or ()]
        return found + [("image", each["Id"]) for each in api.images(all=True, filters=label)]


def volumes():
    with closing(daemons.connect()) as api:
        return {each["Name"] for each in api.volumes()["Volumes"] or ()}


@pytest.fixture
def run():
    sandboxes.require_docker()
    opened = open_live_docker()
    yield opened
    with suppress(NotAssessed):
        opened.close()


@pytest.fixture
def grader():
    """A grader in a process of its own, with something of each kind; gives it, its run and its folder."""
    sandboxes.require_docker()
    modules = os.pathsep.join([os.path.dirname(__file__), os.path.dirname(sandboxes.__file__)])
    process = subprocess.Popen(
        [sys.executable, "-c", GRADER],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": modules},
    )
    run_id, folder = process.stdout.readline().split()
    yield process, run_id, folder
    process.kill()
    process.wait()
    process.stdout.close()
    open_live_docker().close()


def test_everything_goes_with_its_run(run):
    before = volumes()
    make_one_of_each(run)
    assert sorted(each.split()[0] for each in run.leftovers()) == ["container", "image", "network", "volume"]
    assert len(volumes() - before) == 2  # one of them without a name of ours
    run.close()
    assert things(run.run) == []
    assert volumes() <= before
    assert not run.scratch.exists()


def test_names_are_never_given_twice(run):
    names = {run.name("x") for _ in range(100)}
    assert len(names) == 100
    assert all(run.run in name and name.startswith("infra-grader-") for name in names)


def test_a_run_leaves_what_is_another_s(run):
    with closing(open_live_docker()) as other:
        make_one_of_each(other)
        make_one_of_each(run)
        run.close()
        assert things(run.run) == []
        assert len(things(other.run)) == 4
    assert things(other.run) == []


def test_what_others_made_is_left_alone(run):
    with closing(daemons.connect()) as api:
        foreign = api.create_container(image(), ["true"], labels={"infra-grader": "sandbox"})["Id"]
        try:
            run.close()
            open_live_docker().close()
            assert api.inspect_container(foreign)["Id"] == foreign
        finally:
            api.remove_container(foreign, force=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_a_grader_leaves_that_was_ended_goes_at_the_next_start(grader, number):
    process, run_id, folder = grader
    open_live_docker().close()  # a grader beside it leaves it alone
    assert len(things(run_id)) == 4
    process.send_signal(number)
    process.wait(60)
    open_live_docker().close()
    assert things(run_id) == []
    assert not os.path.exists(folder)


def test_closing_goes_on_where_something_is_gone_already(run):
    make_one_of_each(run)
    for kind, name in things(run.run):
        if kind == "container":
            run.api.remove_container(name, force=True, v=True)
    run.close()
    assert things(run.run) == []


def test_what_a_check_closes_comes_before_the_removal(run):
    make_one_of_each(run)
    seen = []
    run.on_close(lambda: seen.append(len(things(run.run))))
    run.close()
    assert seen == [4]


def test_a_removal_that_fails_does_not_keep_the_rest(run, monkeypatch):
    make_one_of_each(run)

    def refuse(*_args, **_options):
        raise docker.errors.APIError("no", explanation="it is busy")

    monkeypatch.setattr(run.api, "remove_network", refuse)
    run.close()
    assert [kind for kind, _ in things(run.run)] == ["network"]
    open_live_docker().close()
    assert things(run.run) == []


def test_a_daemon_that_is_gone_is_unavailable(run, monkeypatch):
    monkeypatch.setattr(run.api, "base_url", "http+docker://nowhere")
    monkeypatch.setattr(run.api, "ping", lambda: (_ for _ in ()).throw(docker.errors.DockerException("gone")))
    with pytest.raises(Unavailable, match="does not answer"):
        run.probe()


def test_without_a_daemon_live_checks_are_not_assessed(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    with pytest.raises(NotAssessed, match="No Docker daemon answers"):
        open_live_docker()


def test_a_socket_that_may_not_be_opened_is_told_from_a_daemon_that_is_not_there(monkeypatch):
    """Being root opens every socket, so that the refusal is played."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/docker.sock")
    monkeypatch.setattr(daemons, "_knock", lambda _path: PermissionError(13, "Permission denied"))
    with pytest.raises(NotAssessed, match="permission denied") as refused:
        open_live_docker()
    assert "usermod -aG docker" in refused.value.remedy


def test_the_labels_tell_the_run_and_its_purpose(run):
    assert run.labels["infra-grader"] == LIVE
    assert run.labels[RUN_LABEL] == run.run
    assert run.scratch.name.startswith(PREFIX)
