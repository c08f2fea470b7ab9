"""What builders print, as recorded: BuildKit of 20.10 and of newer versions, and the classic builder."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.docker_build import frontend_of
from infra_grader.capabilities.docker_build_log import BuildKitLog, ClassicLog, read_step

OLD = """\
#1 [internal] load build definition from Dockerfile
#1 sha256:2d9e8901d4742a6a2cf33c12647c6ee5920ba7c42abedd3c2755a0f6a7f478c5
#1 transferring dockerfile: 75B done
#1 DONE 0.0s

#4 [one 1/4] FROM docker.io/library/python:3.11-slim
#4 CACHED

#10 [stage-1 2/2] RUN sh -c 'echo bad >&2; exit 3'
#10 sha256:4dd1ae539eb46109cfda4df145e39f3369b0e683b9e0435be1928b47e5f7fec1
#10 0.206 bad
#10 ERROR: executor failed running [/bin/sh -c sh -c 'echo bad >&2; exit 3']: exit code: 3
------
 > [stage-1 2/2] RUN sh -c 'echo bad >&2; exit 3':
------
executor failed running [/bin/sh -c sh -c 'echo bad >&2; exit 3']: exit code: 3
"""
NEW = """\
#0 building with "default" instance using docker driver

#5 [2/2] RUN echo hello && exit 3
#5 0.123 hello
#5 ERROR: process "/bin/sh -c echo hello && exit 3" did not complete successfully: exit code: 3
------
 > [2/2] RUN echo hello && exit 3:
0.123 hello
------

 1 warning found (use docker --debug to expand):
 - JSONArgsRecommended: JSON arguments recommended for CMD (line 9)
Dockerfile:5
--------------------
   4 |     ENV A=1
   5 | >>> RUN echo hello \\
   6 | >>>     && exit 3
--------------------
ERROR: failed to solve: process "/bin/sh -c echo hello && exit 3" did not complete successfully: exit code: 3

View build details: docker-desktop://dashboard/build/default/default/abc
"""
OLD_PARSE = """\
#2 [internal] load .dockerignore
#2 DONE 0.0s
failed to create LLB definition: dockerfile parse error line 2: unknown instruction: FOO
"""
NEW_PARSE = """\
#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s
Dockerfile:2
--------------------
   1 |     FROM python:3.11-slim
   2 | >>> FOO bar
--------------------
ERROR: failed to solve: dockerfile parse error on line 2: unknown instruction: FOO
"""
CLASSIC = """\
Step 1/5 : FROM python:3.11-slim
 ---> d2f1a5919969
Step 2/5 : LABEL infra-grader="live"
 ---> Running in d62f77f16e5f
Step 3/5 : RUN echo 1;   nosuch 3
 ---> Running in cd0754ae3df1
\x1b[91m/bin/sh: 1: nosuch: not found
\x1b[0m1
Step 9/9 : RUN pretended
"""


def read(log, text):
    for line in text.splitlines(keepends=True):
        log.take(line)
    return log


class TestBuildKit:
    def test_a_failing_step_of_20_10(self):
        failure = read(BuildKitLog(), OLD).failure()
        assert failure.exit_code == 3
        assert failure.step.text == "RUN sh -c 'echo bad >&2; exit 3'"
        assert (failure.step.stage, failure.step.number, failure.step.total) == ("stage-1", 2, 2)
        assert failure.output == ("bad",)
        assert failure.line == 0

    def test_a_failing_step_of_newer_versions_has_a_line(self):
        failure = read(BuildKitLog(), NEW).failure()
        assert (failure.exit_code, failure.line, failure.output) == (3, 5, ("hello",))
        assert failure.step.title == "step 2 of 2: RUN echo hello && exit 3"

    @pytest.mark.parametrize("text", [OLD_PARSE, NEW_PARSE])
    def test_a_file_that_is_refused_has_no_step(self, text):
        failure = read(BuildKitLog(), text).failure()
        assert failure.step is None
        assert failure.error.endswith("unknown instruction: FOO")

    def test_what_was_cancelled_beside_is_not_blamed(self):
        text = "#3 [a 2/2] RUN sleep 9\n#4 [b 2/2] RUN false\n#3 ERROR: context canceled\n#4 ERROR: exit code: 1\n"
        assert read(BuildKitLog(), text).failure().step.stage == "b"

    def test_a_command_cannot_pretend_to_be_the_builder(self):
        text = "#3 [2/3] RUN echo\n#3 0.1 #3 ERROR: no space left\n#3 0.2 #9 [3/3] RUN x\n#3 ERROR: exit code: 1\n"
        log = read(BuildKitLog(), text)
        assert log.failure().error == "exit code: 1"
        assert log.step.text == "RUN echo"

    def test_the_command_without_buildx_has_not_begun(self):
        log = read(BuildKitLog(), "ERROR: BuildKit is enabled but the buildx component is missing or broken.\n")
        assert not log.has_begun

    def test_output_without_end_keeps_its_end(self):
        log = BuildKitLog()
        log.take("#3 [2/2] RUN yes")
        for number in range(1000):
            log.take(f"#3 0.1 line {number} {'x' * 10_000}")
        log.take("#3 ERROR: exit code: 1")
        output = log.failure().output
        assert len(output) == 200
        assert output[-1].startswith("line 999")
        assert max(map(len, output)) <= 500
        assert len(log.failure().shown.splitlines()) == 20

    def test_nothing_at_all(self):
        failure = BuildKitLog().failure()
        assert (failure.step, failure.error) == (None, "")

    @pytest.mark.parametrize(
        ("said", "stage", "number"),
        [
            ("[2/3] RUN x", "", 2),
            ("[ 2/13] RUN x", "", 2),
            ("[build  2/13] RUN x", "build", 2),
            ("[linux/amd64 build 2/3] RUN x", "build", 2),
            ("[linux/arm64/v8 stage-1 2/3] RUN x", "stage-1", 2),
        ],
    )
    def test_names_of_steps(self, said, stage, number):
        step = read_step(said)
        assert (step.stage, step.number, step.text) == (stage, number, "RUN x")


class TestClassic:
    def test_steps_of_ours_are_not_counted(self):
        log = read(ClassicLog("LABEL infra-grader", 1), CLASSIC)
        failure = log.failure("The command '/bin/sh -c echo 1;   nosuch 3' returned a non-zero code: 127")
        assert (failure.step.number, failure.step.total, failure.exit_code) == (2, 4, 127)
        assert failure.output[:2] == ("/bin/sh: 1: nosuch: not found", "1")
        assert "infra-grader" not in log.text

    def test_a_step_out_of_turn_is_output(self):
        log = read(ClassicLog("LABEL infra-grader", 1), CLASSIC)
        assert log.step.text == "RUN echo 1;   nosuch 3"


@pytest.mark.parametrize(
    ("version", "frontend"),
    [("20.10.24+dfsg1", (1, 2)), ("23.0.1", (1, 4)), ("28.2.2", (1, 14)), ("19.03.9", (1, 1)), ("", (1, 1))],
)
def test_what_a_version_reads(version, frontend):
    assert frontend_of(version) == frontend
