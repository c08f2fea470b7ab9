"""Workers on this machine: what ends them, and what that costs the others, which is nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from tasks import do, kettle, tasks, twice

from infra_grader.capabilities.executor import Done, Lost
from infra_grader.errors import UsageError
from infra_grader.executors._worker import LIVES
from infra_grader.executors.local_executor import open_local


@pytest.fixture
def executor():
    with closing(open_local("", 2)) as opened:
        yield opened


def test_every_task_is_done_once(executor):
    given = tasks(*(("say", number) for number in range(20)))
    ended = list(executor.run(do, given))
    assert all(isinstance(each, Done) for each in ended)
    assert sorted(each.value[1] for each in ended) == list(range(20))
    assert len({each.value[2] for each in ended}) <= 2


def test_tasks_are_taken_when_a_worker_is_free(executor):
    taken = []

    def giving():
        for task in tasks(*(("say", number) for number in range(10))):
            taken.append(task.id)
            yield task

    running = executor.run(do, giving())
    next(running)
    assert len(taken) <= 3
    assert len(list(running)) == 9


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (("exit", 3), "its worker ended with status 3"),
        (("kill", signal.SIGKILL), "its worker was ended by SIGKILL, as by a lack of memory"),
        (("kill", signal.SIGSEGV), "its worker was ended by SIGSEGV"),
        (("raise", "boom"), "the grader itself failed: RuntimeError: boom"),
    ],
)
def test_a_worker_that_is_lost_costs_its_own_task_alone(executor, payload, said):
    ended = list(executor.run(do, tasks(("say", 1), payload, ("say", 2), ("say", 3))))
    (lost,) = (each for each in ended if isinstance(each, Lost))
    assert (lost.task.id, lost.reason, lost.at, lost.is_overrun) == ("1", said, f"at {payload[0]}", False)
    assert sorted(each.task.id for each in ended if isinstance(each, Done)) == ["0", "2", "3"]


def test_a_task_that_takes_too_long_is_ended(executor):
    began = time.monotonic()
    ended = list(executor.run(do, [*tasks(("sleep", 60), seconds=1.0), *tasks(("say", 1), ("say", 2))]))
    (lost,) = (each for each in ended if isinstance(each, Lost))
    assert lost.is_overrun
    assert lost.reason == "it took more than 1 s"
    assert time.monotonic() - began < 30
    assert len(ended) == 3


def test_a_step_that_takes_longer_than_promised_is_ended(executor, monkeypatch):
    monkeypatch.setattr("infra_grader.executors._worker.TELL_GRACE_S", 0.5)
    (lost,) = executor.run(do, tasks(("steps", ((5, 0), (0.5, 60)))))
    assert (lost.at, lost.reason, lost.is_overrun) == ("step 1", "this took more than 0.5 s", True)


def test_a_promise_holds_until_the_next_thing_is_said(executor, monkeypatch):
    monkeypatch.setattr("infra_grader.executors._worker.TELL_GRACE_S", 0.0)
    (ended,) = executor.run(do, tasks(("steps", ((0.5, 0), (None, 1.0), (20, 0)))))
    assert isinstance(ended, Done)


def test_a_promise_does_not_outlive_its_task(executor, monkeypatch):
    monkeypatch.setattr("infra_grader.executors._worker.TELL_GRACE_S", 0.0)
    given = [*tasks(("steps", ((0.5, 0),))), *tasks(("sleep", 1.0), ("sleep", 1.0))]
    assert all(isinstance(each, Done) for each in executor.run(do, given))


def test_what_a_busy_caller_has_not_read_yet_is_no_overrun(executor, monkeypatch):
    monkeypatch.setattr("infra_grader.executors._worker.TELL_GRACE_S", 0.0)
    running = executor.run(do, tasks(("say", 1), ("steps", ((1.0, 0.2),)), ("say", 2), seconds=2.0))
    first = next(running)
    time.sleep(2.5)  # all is done by now, and nobody has looked
    assert all(isinstance(each, Done) for each in (first, *running))


def test_a_worker_that_does_not_listen_is_ended_by_force(executor, monkeypatch):
    monkeypatch.setattr("infra_grader.executors._worker.GRACE_S", 0.5)
    (lost,) = executor.run(do, tasks(("deaf", 0), seconds=1.0))
    assert lost.is_overrun


def test_a_worker_that_does_not_listen_costs_the_others_no_time(monkeypatch):
    monkeypatch.setattr("infra_grader.executors._worker.GRACE_S", 5.0)
    with closing(open_local("", 1)) as executor:
        running = executor.run(do, tasks(("deaf", 0), ("say", 1), seconds=3.0))
        lost, began = next(running), time.monotonic()
        done = next(running)
        assert (lost.is_overrun, done.value[1]) == (True, 1)
        assert time.monotonic() - began < 4.5  # and not the five seconds that the first may take to leave


def test_what_a_task_has_opened_is_closed_when_it_is_ended(executor, tmp_path):
    file = tmp_path / "open"
    (lost,) = executor.run(do, tasks(("hold", str(file)), seconds=8.0))
    assert lost.is_overrun
    assert file.read_text() == "closed"


def test_workers_are_replaced_so_that_memory_does_not_grow():
    with closing(open_local("", 1)) as executor:
        ended = list(executor.run(do, tasks(*(("say", number) for number in range(LIVES + 5)))))
    assert len({each.value[2] for each in ended}) == 2


def test_workers_serve_several_runs(executor):
    for _ in range(2):
        assert len(list(executor.run(do, tasks(("say", 1))))) == 1


def test_a_second_run_may_do_other_work(executor):
    assert [each.value for each in executor.run(twice, tasks(3))] == [6]
    assert [each.value[1] for each in executor.run(do, tasks(("say", 3)))] == [3]


def test_work_that_a_worker_cannot_load_is_lost_with_the_reason(executor, monkeypatch):
    monkeypatch.setattr(twice, "__module__", "nowhere_to_be_found")
    monkeypatch.setitem(sys.modules, "nowhere_to_be_found", sys.modules["tasks"])
    (lost,) = executor.run(twice, tasks(3))
    assert lost.reason == "the grader itself failed: ModuleNotFoundError: No module named 'nowhere_to_be_found'"


def test_what_runs_can_be_given_up_by_another_thread(executor, tmp_path):
    file = tmp_path / "open"
    running = executor.run(do, tasks(("say", 1), ("hold", str(file))))
    next(running)
    until = time.monotonic() + 20
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.05)
    threading.Thread(target=executor.stop).start()
    assert [each.reason for each in running] == ["it was given up"]
    assert file.read_text() == "closed"


def test_a_task_is_refused_that_needs_what_is_not_here(executor):
    needing = [task.replace(needs=("a kettle",)) for task in tasks(("say", 1))]
    assert executor.survey(kettle) == {"this machine": {"a kettle"}}
    assert len(list(executor.run(do, needing))) == 1
    executor.survey(tuple)
    with pytest.raises(UsageError, match="this machine does not have what 0 needs: a kettle"):
        list(executor.run(do, needing))


PARENT = """
import sys
from contextlib import closing
from infra_grader.capabilities.executor import Task
from infra_grader.executors.local_executor import open_local
from tasks import do
if __name__ == "__main__":
    with closing(open_local("", 1)) as executor:
        for ended in executor.run(do, [Task(id="0", payload=("hold", sys.argv[1]), seconds=60)]):
            print(ended)
"""


@pytest.fixture
def parent(tmp_path):
    """A parent in a process of its own, whose worker is in the middle of a task; gives it and the worker's id."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    file = tmp_path / "open"
    variables = {**os.environ, "PYTHONPATH": str(Path(do.__code__.co_filename).parent)}
    process = subprocess.Popen([sys.executable, script, file], env=variables, start_new_session=True)
    until = time.monotonic() + 20
    while not (file.exists() and file.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    yield process, int(file.read_text()), file
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_ctrl_c_ends_workers_and_closes_what_they_opened(parent):
    process, worker, file = parent
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(30) != 0
    assert file.read_text() == "closed"
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_workers_end_with_a_parent_that_is_killed(parent):
    process, worker, file = parent
    process.kill()
    process.wait(30)
    until = time.monotonic() + 20
    while file.read_text() != "closed" and time.monotonic() < until:
        time.sleep(0.05)
    assert file.read_text() == "closed"
    while Path(f"/proc/{worker}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker}").exists()


def test_an_address_is_refused():
    with pytest.raises(UsageError, match="takes no address"):
        open_local("tcp://x", 2)
