"""What grading a class costs beside a bare loop over the same files: `python benchmarks/batch.py`.

A class is generated: submissions of some thirty files, graded by ten checks that run in the grader's own process. The
loop reads the same files with two processes, parses their YAML with libyaml and writes JSON and JUnit. Then a finished
run is resumed, against reading its journal (the rubric's kinds are imported before the clock starts), and the memory of
a large class is held against that of a small one. Last, a class whose programs keep a core busy for a second each is
graded in a sandbox, against two workers that only start the sandbox.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.sandbox import Job, Limits
from infra_grader.engine.registry import Registry

PROGRAM = [sys.executable, "-P", "-m", "infra_grader", "batch"]
SPEED_BAR, RESUME_BAR, MEMORY_BAR, BUSY_BAR = 6.0, 2.0, 1.3, 0.9
BURN = "i=0\nwhile [ $i -lt 700000 ]; do i=$((i+1)); done\necho done\n"
BURNING = """\
schema: infra-grader/rubric/v1
id: burn
version: 1
title: A program that takes its time
points: 10
pass_mark: 6
criteria:
  - id: burns
    title: Burns
    points: 10
    checks:
      - {id: burns, title: Burns, uses: command.run, with: {path: burn.sh, cases: [{stdout: {exact: done}}]}}
"""
RUBRIC = """\
schema: infra-grader/rubric/v1
id: bench
version: 1
title: Ten checks from files
points: 100
pass_mark: 60
criteria:
  - id: files
    title: Files
    points: 100
    checks:
      - {id: readme, title: README, uses: file.exists, with: {paths: [README.md]}}
      - {id: docker, title: Dockerfile, uses: file.exists, with: {paths: [Dockerfile]}}
      - {id: sections, title: Sections, uses: markdown.sections, with: {path: README.md, sections: [[setup], [usage]]}}
      - {id: words, title: Words, uses: markdown.words, with: {path: README.md, min: 40}}
      - {id: probes, title: Probes, uses: manifest.probes, with: {manifests: k8s}}
      - {id: images, title: Images, uses: manifest.images, with: {manifests: k8s}}
      - {id: user, title: User, uses: dockerfile.user, with: {path: Dockerfile}}
      - {id: ports, title: Ports, uses: compose.ports, with: {path: docker-compose.yml}}
      - id: defines
        title: Defines
        uses: python.defines
        with: {paths: src/module_0.py, names: [{function: handle_0}]}
      - {id: parses, title: Parses, uses: python.parses, with: {paths: src}}
"""
LOOP = """
import json, sys
from multiprocessing import Pool
from pathlib import Path
from xml.sax.saxutils import escape
import yaml

def grade(folder):
    found = {}
    for file in sorted(Path(folder).rglob("*")):
        if file.is_file():
            text = file.read_text()
            if file.suffix in (".yaml", ".yml"):
                list(yaml.load_all(text, yaml.CSafeLoader))
            found[file.relative_to(folder).as_posix()] = len(text)
    out = Path(sys.argv[2]) / Path(folder).name
    out.mkdir(parents=True)
    out.joinpath("result.json").write_text(json.dumps(found, indent=2))
    cases = "".join(f'<testcase name="{escape(name)}"/>' for name in found)
    out.joinpath("junit.xml").write_text(f"<testsuite>{cases}</testsuite>")

if __name__ == "__main__":
    with Pool(2) as pool:
        for _ in pool.imap_unordered(grade, sorted(map(str, Path(sys.argv[1]).iterdir()))):
            pass
"""
READ = """
import gc, sys, time
gc.set_threshold(100_000)  # as the command line has it
from pathlib import Path
from infra_grader.engine.journal import Journal
start = time.perf_counter()
journal = Journal(Path(sys.argv[1]), to_read=True)
newest = journal.newest()
print(time.perf_counter() - start)
"""
RESUME = """
import gc, sys, time
gc.set_threshold(100_000)  # as the command line has it
from pathlib import Path
from infra_grader.api import load_rubric
from infra_grader.batch.run import Batch, BatchOptions
from infra_grader.engine.registry import Registry
from infra_grader.loading.roster_file import read_roster
roster = read_roster(Path(sys.argv[1]))
registry = Registry()
load_rubric(sys.argv[2], registry)  # imports the kinds, which any start takes
start = time.perf_counter()
with Batch(roster, sys.argv[2], Path(sys.argv[3]), registry, BatchOptions()) as batch:
    selection = batch.select()
    assert not selection.chosen, len(selection.chosen)
    batch.run(selection, None, print)
print(time.perf_counter() - start)
"""


def main() -> int:
    """Print the ratios and return 1 if one is over its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=1000)
    parser.add_argument("--many", type=int, default=5000, help="learners of the large class")
    parser.add_argument("--few", type=int, default=100)
    parser.add_argument("--burning", type=int, default=60, help="submissions that run in a sandbox")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-batch-") as name:
        place = Path(name)
        rubric = place / "bench.yaml"
        rubric.write_text(RUBRIC)
        over = [_speed(place, rubric, options.learners)]
        over += _large(place, rubric, options.few, options.many)
        over.append(_busy(place, options.burning))
    return int(any(over))


def _speed(place: Path, rubric: Path, learners: int) -> bool:
    _make_class(place / "class", learners)
    (place / "loop.py").write_text(LOOP)
    start = time.perf_counter()
    _run([sys.executable, str(place / "loop.py"), str(place / "class"), str(place / "bare")])
    bare = time.perf_counter() - start
    start = time.perf_counter()
    _run([*PROGRAM, str(place / "class"), "--rubric", str(rubric), "--out", str(place / "out"), "--jobs", "2"])
    graded = time.perf_counter() - start
    print(
        f"{learners} submissions: loop {bare:.1f} s, batch {graded:.1f} s, ratio {graded / bare:.2f} (bar {SPEED_BAR})"
    )
    return graded / bare > SPEED_BAR


def _large(place: Path, rubric: Path, few: int, many: int) -> list[bool]:
    peaks = []
    for number in (few, many):
        folder = place / f"class-{number}"
        _make_class(folder, number, files=3)
        out = place / f"out-{number}"
        peaks.append(_peak([*PROGRAM, str(folder), "--rubric", str(rubric), "--out", str(out), "--jobs", "2"]))
    ratio = peaks[1] / peaks[0]
    print(f"memory of the parent: {few} {peaks[0]} KiB, {many} {peaks[1]} KiB, ratio {ratio:.2f} (bar {MEMORY_BAR})")
    reads, resumes = [], []
    for _ in range(9):
        reads.append(float(_run([sys.executable, "-c", READ, str(out)])))
        resumes.append(float(_run([sys.executable, "-c", RESUME, str(folder), str(rubric), str(out)])))
    resumed = statistics.median(resumes) / statistics.median(reads)
    print(
        f"resume of {many}: {statistics.median(resumes) * 1000:.0f} ms, reading the journal "
        f"{statistics.median(reads) * 1000:.0f} ms, ratio {resumed:.2f} (bar {RESUME_BAR})"
    )
    return [ratio > MEMORY_BAR, resumed > RESUME_BAR]


def _busy(place: Path, learners: int) -> bool:
    kind = Registry().find_sandbox("bubblewrap")
    if problem := kind.find_problem():
        print(f"both cores busy: not measured: {problem}")
        return False
    for learner in range(learners):
        work = place / "burning" / f"learner-{learner:03}"
        work.mkdir(parents=True)
        (work / "burn.sh").write_text(BURN)
    (place / "burn.yaml").write_text(BURNING)
    job = Job(arguments=("/bin/sh", "-c", BURN), limits=Limits())
    with closing(kind.open(())) as sandbox, ThreadPoolExecutor(2) as workers:
        start = time.perf_counter()
        ended = list(workers.map(lambda _number: sandbox.run(job, Deadline(60)), range(learners)))
        alone = time.perf_counter() - start
    assert all(one.exit_status == 0 for one in ended)
    arguments = ["--rubric", str(place / "burn.yaml"), "--out", str(place / "burnt"), "--jobs", "2"]
    start = time.perf_counter()
    _run([*PROGRAM, str(place / "burning"), *arguments, "--sandbox", "bubblewrap"])
    graded = time.perf_counter() - start
    print(
        f"{learners} programs: sandbox alone {alone:.1f} s, batch {graded:.1f} s, "
        f"{alone / graded:.2f} of what it reaches (bar {BUSY_BAR})"
    )
    return alone / graded < BUSY_BAR


def _make_class(folder: Path, learners: int, files: int = 27) -> None:
    """Write a class whose submissions hold some files of each sort."""
    for learner in range(learners):
        work = folder / f"learner-{learner:05}"
        (work / "src").mkdir(parents=True)
        (work / "k8s").mkdir()
        (work / "README.md").write_text(
            f"# Work of {learner}\n\n## Setup\n\nInstall it with pip and start it.\n\n## Usage\n\n"
            + "".join(
                f"Step {step} of learner {learner} calls the service and looks at its answer.\n" for step in range(12)
            )
        )
        (work / "Dockerfile").write_text(
            "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install --no-cache-dir flask==3.0.0\n"
            'USER 1000\nCMD ["python", "src/module_0.py"]\n'
        )
        (work / "docker-compose.yml").write_text("services:\n  api:\n    build: .\n    ports: ['5000:5000']\n")
        for number in range(files):
            if number % 3:
                (work / "src" / f"module_{number}.py").write_text(
                    f'"""Module {number}."""\n\n\ndef handle_{number}(value: int) -> int:\n'
                    f'    """Return a number."""\n    return value * {learner + number}\n'
                )
            else:
                (work / "k8s" / f"deployment-{number}.yaml").write_text(_deployment(f"api-{learner}-{number}"))
        (work / "src" / "module_0.py").write_text("def handle_0(value: int) -> int:\n    return value\n")


def _deployment(name: str) -> str:
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels: {{app: {name}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - name: api
          image: registry.example.org/{name}:1.0.0
          ports: [{{containerPort: 5000}}]
          readinessProbe: {{httpGet: {{path: /health, port: 5000}}}}
          livenessProbe: {{httpGet: {{path: /health, port: 5000}}}}
"""


def _run(command: list[str]) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ).stdout


def _peak(command: list[str]) -> int:
    """Return the most memory that a command's own process held, in KiB."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, status
    child.returncode = 0
    return used.ru_maxrss if sys.platform != "darwin" else used.ru_maxrss // resource.getpagesize()


if __name__ == "__main__":
    raise SystemExit(main())
