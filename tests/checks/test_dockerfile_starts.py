"""Which programs of an image are told to be missing, where a folder of files alone cannot say it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_grader.model.outcome import Status
from infra_grader.testing import run_check

BASE = "FROM python:3.11-slim\nWORKDIR /app\n"
MAIN = 'CMD ["python", "app/main.py"]\n'
LINES = st.sampled_from(
    ["FROM python:3.11 AS b", "FROM b", "WORKDIR app", "WORKDIR $X", "ENV X=/app PYTHONPATH=$X:/lib", "ARG X=1",
     "COPY . .", "COPY src/*.py ./", "COPY --from=b /app /", "COPY --from=0 /a* $X", 'COPY ["src", "/"]', "COPY ../a /",
     "ADD src/a.tar x", "COPY <<E main.py\nE", "RUN <<E\nmake > x\nE", "RUN pip install -t . x --prefix=/y -e",
     "RUN pip", "RUN python -m", "RUN python -c 'import torch'", "VOLUME /app $X", "ONBUILD COPY . ."]
)  # fmt: skip
STARTS = st.sampled_from(
    ['CMD ["python", "main.py"]', "CMD python -u -W", 'CMD ["python", "-m"]', "CMD uvicorn --app-dir= main:app",
     'CMD ["gunicorn", "--chdir"]', "CMD ./run.sh a", 'ENTRYPOINT ["/app/run.sh"]', 'CMD ["python", "~/a.py"]',
     'CMD ["bash", "/"]', 'CMD ["fastapi", "run", ""]', 'CMD ["", "x"]', "CMD poetry run uv run python -m src.app"]
)  # fmt: skip
HOSTILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)


def starts(folder, dockerfile: str):
    (folder / "Dockerfile").write_text(dockerfile)
    return run_check("dockerfile.starts", {}, folder)


@pytest.fixture
def folder(tmp_path):
    """A submission whose program is src/main.py."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.py").write_text("app = None\n")
    return tmp_path


@pytest.mark.parametrize("copied", ["COPY . .\n", "COPY app ./app\n", "COPY app ./app/\n", "COPY app/ app/\n"])
def test_a_link_to_a_folder_may_bring_what_is_in_it(folder, copied):
    (folder / "app").symlink_to("src")
    assert starts(folder, BASE + copied + MAIN).status is Status.PASSED


def test_without_the_link_the_same_is_missing(folder):
    outcome = starts(folder, BASE + "COPY . .\n" + MAIN)
    assert outcome.status is Status.FAILED
    assert "python app/main.py, but nothing brings /app/app/main.py into the image" in outcome.message
    assert outcome.evidence[0].line == 4


def test_a_list_of_ignored_files_that_is_no_text_keeps_nothing_out(folder):
    (folder / ".dockerignore").write_bytes(b"\xff\xfe\x00src")
    assert starts(folder, BASE + 'COPY . .\nCMD ["python", "src/main.py"]\n').status is Status.PASSED


def test_stages_that_double_what_they_hold_end_soon_and_cost_nothing(folder):
    doubled = "".join(
        f"FROM python:3.11 AS s{number}\nCOPY --from=s{number - 1} / /a\nCOPY --from=s{number - 1} / /b\n"
        for number in range(1, 60)
    )
    assert starts(folder, f"FROM python:3.11 AS s0\nCOPY . /\n{doubled}{MAIN}").status is Status.PASSED


@HOSTILE
@given(st.lists(LINES, max_size=8), STARTS)
def test_whatever_a_dockerfile_holds_it_is_judged(folder, lines, start):
    (folder / "run.sh").write_text('set -e\nuvicorn main:app\nexec "$@"\n')
    outcome = starts(folder, "\n".join(["FROM python:3.11", *lines, start]))
    assert outcome.status in (Status.PASSED, Status.PARTIAL, Status.FAILED)
    assert outcome.message
