"""A batch on a Dask cluster whose workers are killed: the same results as on this machine, each once."""

import subprocess
import sys
from contextlib import closing

from classes import results, write_class
from command_line import environment
from dask_cluster import Cluster, require_dask, wait_for

from infra_grader.engine.journal import Journal

LEARNERS = 24


def test_a_cluster_gives_what_one_machine_gives(tmp_path):
    require_dask()
    variables = environment(tmp_path)
    command = [sys.executable, "-P", "-m", "infra_grader", *write_class(tmp_path, LEARNERS)]
    subprocess.run([*command, "--out", str(tmp_path / "local")], env=variables, capture_output=True, check=True)
    out = tmp_path / "dask"
    with closing(Cluster(tmp_path)) as cluster:
        for _ in range(3):
            cluster.add_worker("--no-nanny", **variables)
        options = ["--out", str(out), "--executor", f"dask={cluster.address}", "--record"]
        running = subprocess.Popen([*command, *options], env=variables, stderr=subprocess.PIPE, text=True)
        for least in (1, 6, 12):
            assert wait_for(lambda least=least: len(list(out.glob("results/*"))) >= least)
            victim = cluster.workers.pop(0)
            victim.kill()
            victim.wait()
            cluster.add_worker("--no-nanny", **variables)
        _, said = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert results(out) == results(tmp_path / "local")
    assert (out / "gradebook.csv").read_bytes() == (tmp_path / "local" / "gradebook.csv").read_bytes()
    assert len(list(out.glob("records/*/record.json"))) == LEARNERS
    journal = Journal(out, to_read=True)
    graded = [entry.learner for entry in journal.history()]
    journal.close()
    assert sorted(graded) == [f"l{number:02}" for number in range(LEARNERS)], "nothing twice, nothing missing"
