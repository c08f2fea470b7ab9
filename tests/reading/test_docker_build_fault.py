"""Whose fault a failed build is, by what builders and tools really print."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_grader.capabilities.docker_build import BuildFailed, BuildRequest
from infra_grader.capabilities.docker_build_log import Failure, Step
from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed, NotAssessed, Unavailable
from infra_grader.reading.docker_build_fault import verdict
from infra_grader.reading.docker_needs import find_needs
from infra_grader.reading.dockerfile import read_dockerfile

TEXT = """\
FROM python:3.11-slim AS build
RUN pip install flask
COPY a b

FROM registry.example/team/base:2
COPY --from=build /x /x
RUN pip install flask
"""
PIP = (
    (
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<HTTPSConnection object>: "
        "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/flask/"
    ),
    "ERROR: Could not find a version that satisfies the requirement flask (from versions: none)",
)
APT = (
    "Err:1 http://deb.debian.org/debian bookworm InRelease",
    "  Temporary failure resolving 'deb.debian.org'",
    "E: Unable to locate package gcc",
)


def judged(
    error, output=(), step="RUN pip install flask", *, text=TEXT, reached=(), network="default", line=0, code=None
):
    """Return the verdict on a build that failed so, on a machine that can reach these hosts."""
    dockerfile = read_dockerfile(TextFile("Dockerfile", text))
    stage, number = ("stage-1", 3) if step.startswith("RUN") else ("", 0)
    made = Step(text=step, stage=stage, number=number, total=3) if step else None
    failure = Failure(step=made, error=error, output=tuple(output), line=line, exit_code=code)
    request = BuildRequest(
        folder=Path(), path="Dockerfile", network=network, command="docker build .", needs=find_needs(dockerfile)
    )
    return verdict(BuildFailed(failure, ""), request, dockerfile, lambda host: host in reached)


RUN_ERROR = "executor failed running [/bin/sh -c pip install flask]: exit code: 1"


class TestNetwork:
    @pytest.mark.parametrize(("output", "host"), [(PIP, "pypi.org"), (APT, "deb.debian.org")])
    def test_an_index_that_nobody_reaches_is_unavailable(self, output, host):
        found = judged(RUN_ERROR, output, code=1)
        assert isinstance(found, Unavailable)
        assert host in found.reason

    @pytest.mark.parametrize("output", [PIP, APT])
    def test_an_index_that_this_machine_reaches_is_the_learners(self, output):
        found = judged(RUN_ERROR, output, code=1, reached=("pypi.org", "deb.debian.org"))
        assert isinstance(found, CheckFailed)

    def test_the_authors_own_machine_is_the_learners(self):
        output = ("curl: (7) Failed to connect to 127.0.0.1 port 8080: Connection refused", "see pypi.org")
        assert isinstance(judged(RUN_ERROR, output, code=7), CheckFailed)

    def test_an_unknown_host_is_the_learners(self):
        assert isinstance(
            judged(RUN_ERROR, ("curl: (6) Could not resolve host: nowhere.example",), code=6), CheckFailed
        )

    def test_a_network_that_the_rubric_takes_away_is_the_learners(self):
        found = judged(RUN_ERROR, PIP, code=1, network="none")
        assert isinstance(found, CheckFailed)
        assert "the rubric gives the build no network" in found.message

    def test_a_package_that_does_not_exist_is_the_learners(self):
        output = ("ERROR: No matching distribution found for flaskk", "Looking in indexes: https://pypi.org/simple")
        assert isinstance(judged(RUN_ERROR, output, code=1), CheckFailed)


class TestBase:
    METADATA = "load metadata for docker.io/library/python:3.11-slim"
    LATER = "load metadata for registry.example/team/base:2"

    @pytest.mark.parametrize(
        "error",
        [
            'failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: lookup x on y:53: no such host',
            'failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp 1.2.3.4:443: i/o timeout',
            "toomanyrequests: You have reached your pull rate limit",
            "unexpected status code [manifests 3.11-slim]: 503 Service Unavailable",
            "failed to do request: x509: certificate signed by unknown authority",
        ],
    )
    def test_a_registry_that_does_not_answer_is_unavailable(self, error):
        found = judged(error, step=self.METADATA)
        assert isinstance(found, Unavailable)
        assert "python:3.11-slim" in found.reason

    @pytest.mark.parametrize(
        "error",
        [
            "registry.example/team/base:2: not found",
            (
                "pull access denied, repository does not exist or may require authorization: server message: "
                "insufficient_scope: authorization failed"
            ),
            "manifest unknown: manifest unknown",
            "failed to resolve source metadata for registry.example/team/base:2: not found",
        ],
    )
    def test_a_base_that_the_registry_lacks_is_the_learners(self, error):
        found = judged(error, step=self.LATER)
        assert isinstance(found, CheckFailed)
        assert found.message == "Dockerfile builds on registry.example/team/base:2, which its registry does not have."
        assert found.evidence[0].line == 5

    def test_the_classic_builder_fetches_what_copy_names(self):
        text = "FROM a\nCOPY --from=nginx:9 /x /x\n"
        step, error = "COPY --from=nginx:9 /x /x", "invalid from flag value nginx:9: manifest unknown"
        assert judged(error, step=step, text=text).evidence[0].line == 2
        error = "invalid from flag value nginx:9: Get https://registry-1.docker.io/v2/: dial tcp: i/o timeout"
        assert isinstance(judged(error, step=step, text=text), Unavailable)

    def test_a_base_for_another_machine_is_not_assessed(self):
        assert type(judged("no match for platform in manifest sha256:1: not found", step=self.LATER)) is NotAssessed


class TestMachine:
    @pytest.mark.parametrize(
        ("error", "output", "code"),
        [
            ("failed to solve: write /x: no space left on device", (), None),
            (RUN_ERROR, ("OSError: [Errno 28] No space left on device",), 1),
            ("executor failed running [x]: exit code: 137", (), 137),
            ("executor failed running [/bin/sh -c x]: network bridge not found", (), None),
            ("secret token: not found: not found", (), None),
        ],
    )
    def test_what_no_dockerfile_could_mend_is_not_assessed(self, error, output, code):
        assert type(judged(error, output, code=code)) is NotAssessed

    @pytest.mark.parametrize("kind", ["secret,id=token", "ssh", "secret"])
    def test_a_step_that_was_to_be_handed_a_secret_is_nobody_s_fault(self, kind):
        text = TEXT.replace("RUN pip", f"RUN --mount=type={kind} pip")
        output = ("cat: /run/secrets/token: No such file or directory",)
        assert type(judged(RUN_ERROR, output, text=text, line=7, code=1)) is NotAssessed
        assert isinstance(judged(RUN_ERROR, output, text=TEXT, line=7, code=1), CheckFailed)

    @pytest.mark.parametrize(
        "error",
        [
            "failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF",
            "cannot write /tmp/build/image because server did not provide an image ID",
        ],
    )
    def test_a_daemon_that_ends_is_unavailable(self, error):
        assert isinstance(judged(error, step=""), Unavailable)


class TestPlace:
    def test_the_second_of_two_like_instructions(self):
        found = judged(RUN_ERROR, code=1)
        assert found.evidence[0].line == 7
        assert found.message == "Dockerfile does not build: RUN on line 7 fails with exit code 1."

    def test_the_line_that_the_builder_names_wins(self):
        assert judged(RUN_ERROR, code=1, line=2).evidence[0].line == 2

    def test_the_command_to_repeat_it_and_its_last_lines(self):
        command = judged(RUN_ERROR, ("a", "b"), code=1).evidence[1]
        assert (command.path, command.text) == ("docker build .", "a\nb")

    def test_what_a_builder_refuses_and_lacks_is_not_assessed(self):
        text = "FROM a\nCOPY --exclude=*.md . /\n"
        found = judged("dockerfile parse error line 2: Unknown flag: exclude", step="", text=text)
        assert type(found) is NotAssessed
        assert "COPY --exclude on line 2" in found.reason

    def test_what_a_builder_refuses_is_else_the_learners(self):
        found = judged("dockerfile parse error line 6: unknown instruction: COPPY", step="")
        assert isinstance(found, CheckFailed)
        assert found.evidence[0].line == 6
