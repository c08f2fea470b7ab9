"""How a service is started, as files say."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.workspace import Workspace
from infra_grader.reading.start_command import find_launches, plain_arguments, program_names

FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
GUARD = '\nif __name__ == "__main__":\n    import uvicorn\n    uvicorn.run(app, port=5000)\n'


@pytest.fixture
def launches(tmp_path):
    def find(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return find_launches(Workspace(tmp_path))

    return find


def commands(found):
    return [(launch.command, launch.folder) for launch in found]


def test_the_command_of_a_dockerfile_comes_first(launches):
    found = launches(
        {
            "docker/Dockerfile": "FROM python\nWORKDIR /app\nENV PORT=5001 PATH=/opt/bin\n"
            'COPY src/ ./src/\nEXPOSE 5001\nCMD ["gunicorn", "--bind", "0.0.0.0:5001", "src.app:app"]\n',
            "src/app.py": FLASK,
        }
    )
    assert found[0].command == "gunicorn --bind 0.0.0.0:5001 src.app:app"
    assert found[0].folder == "."
    assert found[0].variables == {"PORT": "5001"}
    assert found[0].ports == (5001,)
    assert found[0].origin == "docker/Dockerfile, line 6"


@pytest.mark.parametrize(
    ("dockerfile", "command", "folder"),
    [
        ('WORKDIR /app\nCOPY . .\nCMD ["python", "app.py"]', "python app.py", "."),
        ('WORKDIR /app\nCOPY src/ .\nCMD ["python", "app.py"]', "python app.py", "src"),
        ('WORKDIR /srv\nCOPY src /srv/src\nWORKDIR /srv/src\nCMD ["python", "app.py"]', "python app.py", "src"),
        ('WORKDIR /app\nCOPY src/app.py .\nCMD ["python", "/app/app.py"]', "python src/app.py", "src"),
        ('COPY . /code\nWORKDIR /code\nENTRYPOINT ["python"]\nCMD ["src/app.py"]', "python src/app.py", "."),
        ('COPY . /app/\nWORKDIR /app\nENTRYPOINT ["tini", "--"]\nCMD ["/opt/venv/bin/python", "app.py"]',
         "python app.py", "."),
        ("WORKDIR /app\nCOPY . .\nCMD uvicorn src.app:app --port 80",
         "/bin/sh -c 'uvicorn src.app:app --port 80'", "."),
        ('WORKDIR /app\nCOPY . .\nCMD ["uv", "run", "uvicorn", "src.app:app"]', "uvicorn src.app:app", "."),
    ],
)  # fmt: skip
def test_folders_of_an_image_are_those_of_the_submission(launches, dockerfile, command, folder):
    found = launches({"Dockerfile": f"FROM python:3.11\n{dockerfile}\n", "src/app.py": "pass", "README.md": "x"})
    assert commands(found)[0] == (command, folder)


def test_a_stage_that_is_not_built_starts_nothing(launches):
    text = 'FROM python AS test\nCMD ["python", "test.py"]\nFROM python\nCMD ["python", "main.py"]\n'
    assert commands(launches({"Dockerfile": text})) == [("python main.py", ".")]


def test_a_broken_dockerfile_says_nothing(launches):
    assert commands(launches({"Dockerfile": "FORM python", "app.py": FASTAPI + GUARD}))[0] == ("python app.py", ".")


def test_a_procfile_gets_a_port(launches):
    found = launches({"Procfile": "worker: python w.py\nweb: gunicorn app:app --bind 0.0.0.0:$PORT\n"})
    assert commands(found) == [("/bin/sh -c 'gunicorn app:app --bind 0.0.0.0:$PORT'", ".")]
    assert found[0].variables == {"PORT": "8000"}


def test_a_module_that_serves_is_tried_as_module_script_and_application(launches):
    assert [command for command, _ in commands(launches({"src/app.py": FASTAPI + GUARD}))] == [
        "python -m src.app",
        "python src/app.py",
        "python app.py",
        "python -m uvicorn src.app:app --host 127.0.0.1 --port 8000",
        "python -m uvicorn app:app --host 127.0.0.1 --port 8000",
    ]


def test_a_factory_is_served(launches):
    text = "from flask import Flask\ndef create_app():\n    return Flask(__name__)\n"
    assert commands(launches({"service.py": text}))[0][0] == (
        "python -m flask --app service:create_app run --host 127.0.0.1 --port 5000"
    )


@pytest.mark.parametrize(
    "text",
    [
        '"""\nfrom flask import Flask\napp = Flask(__name__)\napp.run()\n"""\n',
        "# app.run()\n",
        "app = None\n",
        "def f(:\n",
    ],
)
def test_what_only_looks_like_a_service_is_none(launches, text):
    assert launches({"app.py": text, "tests/app.py": FASTAPI + GUARD}) == []


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        (["exec", "python3", "app.py"], ("python3", "app.py")),
        (["/usr/bin/tini", "-g", "--", "/usr/local/bin/uvicorn", "a:b"], ("uvicorn", "a:b")),
        (["poetry", "run", "flask", "run"], ("flask", "run")),
        (["node", "server.js"], ("node", "server.js")),
        ([], ()),
    ],
)
def test_programs_that_only_start_another_are_left_out(words, plain):
    assert plain_arguments(words) == plain


def test_packages_below_src_are_found_as_if_they_were_installed(launches):
    found = launches(
        {
            "pyproject.toml": "[project]\nname = 'sums'\n",
            "Dockerfile": 'FROM python\nWORKDIR /app\nENV PYTHONPATH=/app\nCOPY . .\nCMD ["python", "-m", "sums"]\n',
            "src/sums/__main__.py": FLASK,
        }
    )
    assert found[0].variables == {"PYTHONPATH": "{root}:{root}/src"}
    assert {launch.variables["PYTHONPATH"] for launch in found[1:]} == {"{root}/src"}


@pytest.mark.parametrize("without", ["pyproject.toml", "src/sums/app.py"])
def test_nothing_is_installed_that_is_no_project(launches, without):
    files = {"pyproject.toml": "[project]\nname = 'sums'\n", "src/sums/app.py": FLASK, "app.py": FLASK}
    del files[without]
    assert all("PYTHONPATH" not in launch.variables for launch in launches(files))


def test_commands_of_a_project_are_tried_last(launches, tmp_path):
    project = "[project]\nname = 's'\n[project.scripts]\nserve = 's.core:App.main'\nbroken = 's core'\n"
    found = launches({"pyproject.toml": project, "app.py": FLASK})
    assert commands(found)[-1] == ("serve", ".")
    assert found[-1].origin == "pyproject.toml, which makes it a command"
    names = program_names("/usr/bin/python3", Workspace(tmp_path))
    assert names["serve"][:2] == ("/usr/bin/python3", "-c")
    assert "operator.attrgetter('App.main')(importlib.import_module('s.core'))()" in names["serve"][2]
    assert "broken" not in names
    assert names["gunicorn"] == ("/usr/bin/python3", "-m", "gunicorn")


def test_a_project_file_that_is_broken_makes_no_commands(launches):
    assert commands(launches({"pyproject.toml": "[project\n", "app.py": FLASK}))[-1][0].startswith("python -m flask")
