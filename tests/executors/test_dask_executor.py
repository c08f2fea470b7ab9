"""Workers of a Dask cluster: the same answers as on this machine, each once, whatever becomes of the workers."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from dask_cluster import Cluster, require_dask, wait_for
from tasks import do, kettle, tasks, twice

from infra_grader.capabilities.executor import Done, Lost
from infra_grader.errors import UsageError
from infra_grader.executors.dask_executor import WAIT, open_dask
from infra_grader.executors.local_executor import open_local

pytestmark = pytest.mark.filterwarnings("default::ResourceWarning", "default::DeprecationWarning")


@pytest.fixture(scope="module", autouse=True)
def _dask():
    require_dask()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Three workers: two with the nanny that `dask worker` has of its own accord, and one without."""
    with closing(Cluster(tmp_path_factory.mktemp("cluster"))) as opened:
        opened.add_worker()
        opened.add_worker()
        opened.add_worker("--no-nanny")
        with closing(open_dask(opened.address, 0)) as executor:
            assert wait_for(lambda: len(executor.survey(kettle)) == 3)
        yield opened


@pytest.fixture
def executor(cluster):
    with closing(open_dask(cluster.address, 0)) as opened:
        yield opened


@pytest.fixture
def own_cluster(tmp_path):
    """A cluster without workers, for tests that change it."""
    with closing(Cluster(tmp_path)) as opened:
        yield opened


def told(ended):
    """Return what must be the same wherever a task is done: all but the process."""
    return {
        each.task.id: (each.at, each.reason, each.is_overrun) if isinstance(each, Lost) else each.value[:2]
        for each in ended
    }


def test_answers_are_those_of_local_workers(executor):
    given = [
        *tasks(
            *(("say", number) for number in range(8)),
            ("exit", 3),
            ("kill", signal.SIGKILL),
            ("kill", signal.SIGSEGV),
            ("raise", "boom"),
        ),
        *(task.replace(id="hangs") for task in tasks(("sleep", 60), seconds=5.0)),
        *(task.replace(id="breaks its word") for task in tasks(("steps", ((0.1, 60),)))),
    ]
    with closing(open_local("", 2)) as local:
        expected = told(local.run(do, given))
    ended = list(executor.run(do, given))
    assert len(ended) == len(given)
    assert told(ended) == expected


def test_tasks_are_taken_when_there_is_room(executor):
    taken = []

    def giving():
        for task in tasks(*(("say", number) for number in range(40))):
            taken.append(task.id)
            yield task

    running = executor.run(do, giving())
    next(running)
    assert len(taken) <= 2 * 3
    assert len(list(running)) == 39


def test_processes_serve_one_task_after_the_other(executor):
    ended = list(executor.run(do, tasks(*(("say", number) for number in range(30)))))
    assert len({each.value[2] for each in ended}) <= 3


def test_a_need_that_nobody_meets_is_refused(executor):
    offers = executor.survey(kettle)
    assert set(offers.values()) == {frozenset({"a kettle"})}
    needing = [task.replace(needs=("a kettle",)) for task in tasks(1, 2)]
    assert sorted(each.value for each in executor.run(twice, needing)) == [2, 4]
    asking = [task.replace(needs=("a kettle", "a cup")) for task in tasks(1)]
    with pytest.raises(UsageError, match="no worker of the Dask cluster has a cup"):
        list(executor.run(twice, asking))


def test_a_worker_that_is_killed_costs_no_answer(own_cluster):
    for _ in range(3):
        own_cluster.add_worker("--no-nanny")
    given = tasks(*(("sleep", 0.3) for _ in range(30)), seconds=60.0)
    with closing(open_dask(own_cluster.address, 0)) as executor:
        ended = []
        for each in executor.run(do, given):
            ended.append(each)
            if len(ended) in (4, 10, 16):
                victim = own_cluster.workers.pop()
                victim.kill()
                victim.wait()
                own_cluster.add_worker("--no-nanny")
    assert sorted(each.task.id for each in ended) == sorted(task.id for task in given)
    assert all(isinstance(each, Done) for each in ended)


def test_a_worker_that_joins_late_is_used(own_cluster):
    own_cluster.add_worker()
    processes = set()

    def giving():
        for task in tasks(*(("sleep", 0.2) for _ in range(500)), seconds=60.0):
            if len(processes) < 2:
                yield task

    with closing(open_dask(own_cluster.address, 0)) as executor:
        for number, ended in enumerate(executor.run(do, giving())):
            processes.add(ended.value[2])
            if number == 0:
                own_cluster.add_worker()
    assert len(processes) == 2


def test_a_cluster_without_workers_is_waited_for(own_cluster):
    import dask

    said = []
    with dask.config.set({WAIT: "2s"}), closing(open_dask(own_cluster.address, 0)) as executor:
        executor.say = said.append
        with pytest.raises(UsageError, match="the Dask cluster has had no workers for 2 s"):
            list(executor.run(twice, tasks(1)))
    assert said[0].startswith("The Dask cluster has no workers: waiting up to 2 s for one.")


def test_a_worker_of_another_version_is_refused(own_cluster, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    text = "import infra_grader; infra_grader.__version__ = '0.0.1'"
    (other / "sitecustomize.py").write_text(text)
    own_cluster.add_worker("--no-nanny", PYTHONPATH=os.pathsep.join([str(other), os.environ.get("PYTHONPATH", "")]))
    with (
        closing(open_dask(own_cluster.address, 0)) as executor,
        pytest.raises(UsageError, match=r"not every worker .* has infra-grader 0\.0\.1 and not"),
    ):
        list(executor.run(twice, tasks(1)))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1", "here", "foo://127.0.0.1:1", "a b:1"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(UsageError, match="is no address of a Dask scheduler"):
        open_dask(address, 1)


def test_a_scheduler_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setattr("infra_grader.executors.dask_executor.CONNECT_S", 1.0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UsageError, match=f"the Dask scheduler at {address} cannot be reached"):
        open_dask(address, 1)


def test_a_scheduler_that_goes_away_is_told(own_cluster, monkeypatch):
    monkeypatch.setattr("infra_grader.executors.dask_executor.CONNECT_S", 3.0)
    own_cluster.add_worker("--no-nanny")
    with closing(open_dask(own_cluster.address, 0)) as executor:
        running = executor.run(do, tasks(*(("sleep", 0.2) for _ in range(100)), seconds=60.0))
        next(running)
        own_cluster.scheduler.kill()
        with pytest.raises(UsageError, match=r"the Dask scheduler at .* has gone"):
            list(running)


def test_without_an_address_workers_are_started_here(tmp_path):
    import dask

    with dask.config.set({"temporary-directory": str(tmp_path)}), closing(open_dask("", 2)) as executor:
        assert executor._client.dashboard_link.startswith("http://127.0.0.1:")  # health alone, and for us alone
        assert sorted(each.value for each in executor.run(twice, tasks(1, 2, 3))) == [2, 4, 6]


CLIENT = """
import sys
from contextlib import closing
from infra_grader.executors.dask_executor import open_dask
from tasks import do, tasks
with closing(open_dask(sys.argv[1], 0)) as executor:
    for ended in executor.run(do, tasks(("hold", sys.argv[2]))):
        print(ended)
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_nothing_goes_on_when_the_client_ends(cluster, tmp_path, ending):
    file = tmp_path / "open"
    environment = {**os.environ, "PYTHONPATH": str(Path(do.__code__.co_filename).parent)}
    client = subprocess.Popen([sys.executable, "-c", CLIENT, cluster.address, file], env=environment)
    assert wait_for(lambda: file.exists() and file.read_text().isdigit())
    began = time.monotonic()
    client.send_signal(ending)
    assert client.wait(30) != 0
    assert wait_for(lambda: file.read_text() == "closed")
    assert time.monotonic() - began < 15
