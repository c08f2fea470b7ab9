"""A batch killed at random moments: what comes out in the end is what an undisturbed run gives."""

import os
import random
import signal
import subprocess
import sys
import time

from classes import results, write_class
from command_line import environment

from infra_grader.engine.journal import Journal

KILLS = 6
LEARNERS = 24


def test_what_kill_9_leaves_behind_is_gone_on_with(tmp_path):
    variables = environment(tmp_path)
    arguments = write_class(tmp_path, LEARNERS)

    def command(out):
        return [sys.executable, "-P", "-m", "infra_grader", *arguments, "--jobs", "2", "--out", str(tmp_path / out)]

    def run(out):
        ended = subprocess.run(command(out), env=variables, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, ended.stderr

    run("calm")
    chance = random.Random(20261126)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    for number in range(KILLS):
        running = subprocess.Popen(command("storm"), env=variables, start_new_session=True, **quiet)
        time.sleep(chance.uniform(0.4, 2.5))
        if number % 2:
            os.killpg(running.pid, signal.SIGKILL)  # its workers too, as when a machine goes down
        else:
            running.kill()
        running.wait()
    run("storm")
    assert results(tmp_path / "storm") == results(tmp_path / "calm")
    assert (tmp_path / "storm" / "gradebook.csv").read_bytes() == (tmp_path / "calm" / "gradebook.csv").read_bytes()
    journal = Journal(tmp_path / "storm", to_read=True)
    graded = [entry.learner for entry in journal.history()]
    journal.close()
    assert sorted(graded) == [f"l{number:02}" for number in range(LEARNERS)], "nothing twice, nothing missing"
    assert not list((tmp_path / "storm").glob(".*.part"))
