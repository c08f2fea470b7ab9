"""environment.install with an index of our own: what is installed, what is not, and whose fault that is."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import package_index
import pytest
import sandboxes
from package_index import source, wheel

from infra_grader.api import GradeOptions, grade, load_rubric
from infra_grader.capabilities.command import Command
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.environment import Environment
from infra_grader.capabilities.environment_index import (
    Index,
    Machine,
    Watched,
    find_problem,
    machine_settings,
    this_machine,
)
from infra_grader.capabilities.sandbox import Job
from infra_grader.engine.registry import Registry
from infra_grader.model.outcome import NotAssessed
from infra_grader.testing import run_check


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path):
    """Leave of the machine's settings only the cache, in a folder of the test's own."""
    for name in machine_settings():
        if name not in ("HOME", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def index(monkeypatch):
    with package_index.serve() as served:
        monkeypatch.setenv("PIP_INDEX_URL", served.url)
        yield served


@pytest.fixture
def install(tmp_path):
    sandboxes.require_bubblewrap()
    folder = tmp_path / "submission"
    folder.mkdir()

    def install_files(requirements, /, sandbox="bubblewrap", timeout=60.0, **parameters):
        (folder / "requirements.txt").write_text(requirements)
        return run_check(
            "environment.install", parameters, folder, rubric_folder=tmp_path, sandbox=sandbox, timeout=timeout
        )

    return install_files


def run_in(outcome, *arguments, sandbox="bubblewrap", python=False):
    """Run a program with an environment and return what it printed."""
    environment = Environment.of_handle(dict(outcome.provides))
    opened = Registry().find_sandbox(sandbox).open(())
    try:
        start = (environment.python(opened), "-I", "-c") if python else ()
        job = Job(arguments=(*start, *arguments), mounts=environment.mounts, variables=environment.variables(opened))
        ended = opened.run(job, Deadline(20))
    finally:
        opened.close()
    assert ended.exit_status == 0, ended.stderr.decode()
    return ended.stdout.decode().strip()


def kept(tmp_path):
    """Return the finished environments."""
    return sorted((tmp_path / "cache").glob("infra-grader/environments/*/facts.json"))


@pytest.mark.parametrize("sandbox", ["bubblewrap", "host", "docker"])
def test_packages_are_installed_with_their_programs_in_every_sandbox(install, index, sandbox):
    if sandbox != "host":
        sandboxes.require(sandbox)
    code = "import core\ndef main(): print('web', core.VERSION)\n"
    index.add(
        wheel("web", "1.0", needs=("core>=2",), files={"web.py": code}, scripts={"web": "web:main"}),
        wheel("core", "2.5"),
        wheel("core", "1.0"),
    )
    outcome = install("web==1.0\n", sandbox)
    assert outcome.status == "passed", outcome
    assert outcome.message == "2 packages are installed, as requirements.txt asks."
    assert outcome.evidence[0].actual == "core 2.5, web 1.0"
    assert run_in(outcome, "web", sandbox=sandbox) == "web 2.5"
    assert run_in(outcome, "import web, sys; print(sys.flags.isolated)", sandbox=sandbox, python=True) == "1"


def test_the_same_packages_are_installed_once(install, index, tmp_path):
    index.add(wheel("core", "1.0"), wheel("web", "1.0"))
    first = install("core==1.0 # for the API\nweb\n")
    asked = len(index.asked)
    second = install("web\n\nCore==1.0\n")
    assert second.status == "passed"
    assert second.provides == first.provides
    assert len(index.asked) == asked
    assert install("web\n").provides != first.provides
    assert len(kept(tmp_path)) == 2


def test_nobody_can_write_to_what_is_kept(install, index):
    index.add(wheel("core", "1.0"))
    outcome = install("core\n")
    place = Environment.of_handle(dict(outcome.provides)).folder
    modes = {path.lstat().st_mode & 0o222 for path in (place, *place.rglob("*")) if not path.is_symlink()}
    assert modes == {0}
    assert run_in(outcome, "/bin/sh", "-c", "touch /environment/x 2>/dev/null || echo refused") == "refused"


def test_nothing_of_a_package_runs_outside_the_sandbox(install, index, tmp_path):
    mark = tmp_path / "it-ran-outside"
    code = f"import os; open({str(mark)!r}, 'w')\n"
    index.add(wheel("core", "1.0", files={"core.py": code, "core.pth": f"import os; exec({code!r})\n"}))
    index.add(source("old", "1.0", setup=code))
    assert install("core\n").status == "passed"
    assert install("old\n").status == "not_assessed"
    assert not mark.exists()


@pytest.mark.parametrize(
    ("requirement", "actual"),
    [("none-such==1.0", "there is no such package"), ("core==9.9", "the newest version is 1.0")],
)
def test_what_does_not_exist_is_the_learners_fault(install, index, requirement, actual):
    index.add(wheel("core", "1.0"), wheel("web", "1.0"))
    outcome = install(f"web\n{requirement}\n")
    assert outcome.status == "failed"
    assert f"line 2: {requirement} does not exist" in outcome.message
    assert (outcome.evidence[0].line, outcome.evidence[0].actual) == (2, actual)


def test_what_a_package_needs_in_vain_is_the_learners_fault_too(install, index):
    index.add(wheel("web", "1.0", needs=("core>=2",)), wheel("core", "1.0"))
    outcome = install("web\n")
    assert (outcome.status, outcome.evidence[0].line) == ("failed", 1), outcome
    assert "core>=2" in outcome.message


@pytest.mark.parametrize("tag", ["cp311-cp311-win_amd64", "cp27-none-any", "cp399-cp399-manylinux_2_17_x86_64", ""])
def test_what_has_no_wheel_for_this_machine_is_not_assessed(install, index, tag):
    index.add(wheel("core", "1.0", tag=tag) if tag else source("core", "1.0"), wheel("core", "0.5"))
    outcome = install("core==1.0\n")
    assert outcome.status == "not_assessed", outcome
    assert "core==1.0 has no wheel" in outcome.message
    assert outcome.evidence[0].line == 1
    assert install("core\n").evidence[0].actual == "core 0.5", "an older wheel will do"


def test_a_conflict_is_the_learners_fault_and_names_both_sides(install, index):
    index.add(wheel("web", "1.0", needs=("core<2",)), wheel("core", "1.0"), wheel("core", "2.0"))
    outcome = install("web\ncore==2.0\n")
    assert outcome.status == "failed", outcome
    assert "web 1.0 depends on core<2" in outcome.message
    assert [piece.line for piece in outcome.evidence] == [1, 2]
    assert install("core==1.0\ncore==2.0\n").status == "failed"


def test_a_conflict_that_source_would_solve_is_not_assessed(install, index):
    index.add(wheel("web", "1.0", needs=("core<2",)), wheel("core", "2.0"), source("core", "1.5"))
    assert install("web\ncore>=1.4\n").status == "not_assessed"


@pytest.mark.parametrize("status", [500, 503, 403])
def test_an_index_that_fails_is_not_assessed(install, index, status):
    index.add(wheel("core", "1.0"))
    index.status = status
    outcome = install("core\n")
    assert outcome.status == "not_assessed", outcome
    assert "index" in outcome.message
    assert "pip" in outcome.remedy


def test_an_index_that_cannot_be_reached_is_not_assessed(install, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    outcome = install("core\n")
    assert outcome.status == "not_assessed", outcome
    assert outcome.message == "The package index does not answer."


def test_an_index_that_is_slow_is_not_assessed_even_with_a_timeout_of_the_rubrics(install, index):
    index.add(wheel("core", "1.0"))
    index.wait_s = 30
    outcome = install("core\n", timeout=4.0)
    assert outcome.status == "not_assessed", outcome
    assert outcome.message == "The package index was too slow."


def test_an_index_that_fails_for_a_moment_is_asked_again(install, index):
    index.add(wheel("core", "1.0"))
    answer = index.answer

    def broken_at_first(path):
        if "files" in path and index.asked.count(path) < 2:
            index.asked.append(path)
            return 502, b""
        return answer(path)

    index.answer = broken_at_first
    assert install("core\n").status == "passed"


def test_no_other_index_is_asked(install, index):
    index.add(wheel("web", "1.0"))
    with package_index.serve() as trap:
        trap.add(wheel("core", "1.0"))
        outcome = install(f"--extra-index-url {trap.url}\nweb\ncore\n")
        assert not trap.asked
    assert outcome.status == "not_assessed", "core may be there"
    assert (outcome.evidence[0].line, outcome.evidence[0].actual) == (1, f"--extra-index-url {trap.url}")


def test_a_setting_of_pips_is_reported_and_does_no_harm(install, index):
    index.add(wheel("core", "1.0"))
    outcome = install("--no-binary :all:\ncore\n")
    assert outcome.status == "passed"
    assert (outcome.evidence[1].line, outcome.evidence[1].actual) == (1, "--no-binary :all:")


def test_the_courses_packages_take_the_place_of_the_learners(install, index):
    index.add(wheel("core", "1.0"), wheel("core", "2.0"), wheel("web", "1.0"))
    outcome = install("core==1.0\nweb\n", packages=["core==2.*"])
    assert outcome.evidence[0].actual == "core 2.0, web 1.0"


def test_a_package_of_the_courses_without_a_version_gives_way_to_the_learners(install, index):
    index.add(wheel("core", "1.0"), wheel("core", "2.0"), wheel("web", "1.0"))
    assert install("core==1.0\n", packages=["core", "web"]).evidence[0].actual == "core 1.0, web 1.0"
    assert install("web\n", packages=["core"]).evidence[0].actual == "core 2.0, web 1.0"


def test_what_does_not_go_with_the_courses_packages_is_not_the_learners_fault(install, index):
    index.add(wheel("core", "1.0"), wheel("core", "2.0"), wheel("tool", "1.0", needs=("core>=2",)))
    assert install("core==1.0\n", packages=["tool"]).status == "not_assessed"
    assert install("core==1.0\n", packages=["none-such"]).status == "not_assessed"
    outcome = install("core==3.0\n", packages=["tool"])
    assert (outcome.status, outcome.evidence[0].line) == ("failed", 1)


def test_a_course_environment_holds_nothing_of_the_learners(install, index):
    index.add(wheel("core", "1.0"))
    outcome = install("none-such\n", learner=False, packages=["core"])
    assert outcome.message == "1 package is installed, as the course asks."
    assert Environment.of_handle(dict(outcome.provides)).is_course
    assert not Environment.of_handle(dict(install("core\n").provides)).is_course
    assert install("", learner=False, packages=["none-such"]).status == "not_assessed"


def test_stand_ins_come_first_and_what_they_replace_is_not_fetched(install, index, tmp_path):
    (tmp_path / "fakes" / "torch").mkdir(parents=True)
    (tmp_path / "fakes" / "torch" / "__init__.py").write_text("FAKE = True\n")
    (tmp_path / "fakes" / "json.py").write_text("raise SystemExit\n")
    (tmp_path / "fakes" / "core.py").write_text("VERSION = 'fake'\n")
    index.add(wheel("core", "1.0"), wheel("vision", "1.0", needs=("torch>=2.0",)))
    outcome = install("torch==2.3.1\nvision\ncore\n", stand_ins="fakes", replaces=["Torch"])
    assert outcome.status == "passed", outcome
    code = "import torch, core, json, importlib.metadata as m; print(torch.FAKE, core.VERSION, m.version('torch'))"
    assert run_in(outcome, code, python=True) == "True fake 2.3.1"
    assert not any("torch" in path for path in index.asked)
    (tmp_path / "fakes" / "core.py").write_text("VERSION = 'other'\n")
    assert install("torch==2.3.1\nvision\ncore\n", stand_ins="fakes", replaces=["torch"]).provides != outcome.provides


def test_a_stand_in_of_a_version_that_does_not_do_is_the_courses_fault(install, index):
    index.add(wheel("vision", "1.0", needs=("torch<3",)))
    assert install("vision\n", replaces=["torch"]).status == "not_assessed"
    assert install("vision\n", replaces=["torch==2.0"]).status == "passed"


def test_a_submission_may_do_without_a_file_where_the_rubric_says_so(install, index, tmp_path):
    index.add(wheel("core", "1.0"))
    assert install("", packages=["core"]).status == "failed"
    assert install("", optional=True, packages=["core"]).status == "passed"
    outcome = install("", requirements="uv.lock", optional=True, packages=["core"])
    assert outcome.message == "1 package is installed, as the course asks."


def test_markers_are_those_of_the_sandbox(install, index):
    index.add(wheel("core", "1.0"))
    assert install("core\nnone-such ; sys_platform == 'win32'\n").evidence[0].actual == "core 1.0"


def test_two_graders_at_once_install_once(install, index):
    index.add(wheel("core", "1.0"))
    outcomes = []
    threads = [threading.Thread(target=lambda: outcomes.append(install("core\n"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.status for outcome in outcomes] == ["passed"] * 3
    assert len({outcome.provides for outcome in outcomes}) == 1
    assert sum(path.startswith("/files/") for path in index.asked) == 1


def test_what_cannot_be_installed_leaves_nothing_behind(install, index, tmp_path):
    name, content = wheel("core", "1.0")
    index.add((name, content[: len(content) // 2]))
    outcome = install("core\n")
    assert outcome.status == "not_assessed", outcome
    assert not list((tmp_path / "cache").glob("infra-grader/environments/*/"))


def test_wheels_that_unpack_to_too_much_are_refused(install, index, monkeypatch):
    monkeypatch.setattr("infra_grader.capabilities.environment_build.MAX_UNPACKED", 1000)
    index.add(wheel("core", "1.0", files={"core.py": "#" * 2000}))
    outcome = install("core\n")
    assert (outcome.status, outcome.evidence) == ("not_assessed", ())
    assert "too large" in outcome.message


def test_pip_is_ended_when_it_writes_too_much(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 2000)
    with pytest.raises(NotAssessed, match="too large"):
        Watched(Deadline(60), tmp_path, most=1000).check()


def test_wheels_for_another_machine_are_chosen_by_its_tags_and_markers(index, tmp_path):
    index.add(
        wheel("core", "1.0", tag="cp312-cp312-manylinux_2_17_aarch64", needs=("old ; python_version < '3.12'", "new")),
        wheel("new", "1.0"),
    )
    markers = {**this_machine().markers, "python_version": "3.12", "python_full_version": "3.12.1"}
    machine = Machine({**markers, "platform_machine": "aarch64"}, ("glibc", "2.36"))
    (tmp_path / "wheels").mkdir()
    command = Command()
    try:
        Index(command, machine).fetch(["core"], [], tmp_path / "wheels", Deadline(60))
    finally:
        command.close()
    assert sorted(path.name.split("-")[0] for path in Path(tmp_path / "wheels").iterdir()) == ["core", "new"]


def test_pip_sees_no_secrets(monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "x")
    monkeypatch.setenv("PIP_TARGET", "x")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    assert machine_settings().keys() & {"GITHUB_TOKEN", "PIP_TARGET", "https_proxy"} == {"https_proxy"}


def test_doctor_is_told_whether_packages_can_be_fetched(index, monkeypatch):
    assert "does not have pip" in find_problem(20)
    index.add(wheel("pip", "1.0"))
    assert find_problem(20) == ""
    index.status = 503
    assert "does not answer" in find_problem(20)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert find_problem(20).startswith("pip is not installed")


RUBRIC = """\
schema: infra-grader/rubric/v1
id: sums
version: 1
title: Sums
track: junior
points: 10
pass_mark: 5
criteria:
  - id: code
    title: Code
    points: 10
    checks:
      - {id: packages, title: Packages, uses: environment.install, weight: 0}
      - id: sums
        title: Sums
        uses: command.run
        with: {path: sums.py, environment: packages, cases: [{stdout: {exact: "1.0\\n"}}]}
"""


@pytest.mark.parametrize(("requirement", "status"), [("core", "passed"), ("none-such", "blocked")])
def test_a_rubric_names_an_environment_which_implies_needs(index, tmp_path, requirement, status):
    sandboxes.require_bubblewrap()
    index.add(wheel("core", "1.0"))
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "requirements.txt").write_text(f"{requirement}\n")
    (tmp_path / "work" / "sums.py").write_text("import core\n\nprint(core.VERSION)\n")
    (tmp_path / "sums.yaml").write_text(RUBRIC)
    rubric = load_rubric(tmp_path / "sums.yaml")
    assert rubric.checks_by_id()["sums"].needs == ("packages",)
    scorecard = grade(tmp_path / "work", rubric, options=GradeOptions(sandbox="bubblewrap"))
    assert scorecard.criteria[0].checks[1].status == status
