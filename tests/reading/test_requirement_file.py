"""What a submission depends on, read from each kind of file that may say it."""

from __future__ import annotations

import codecs
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_grader.capabilities.starter import read_starter
from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.requirement_file import find_requirements, read_requirements

FILES = ["requirements.txt", "pyproject.toml", "uv.lock", "poetry.lock", "Pipfile", "Pipfile.lock"]
MACHINE = {
    "python_version": "3.11",
    "python_full_version": "3.11.7",
    "sys_platform": "linux",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_system": "Linux",
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "platform_python_implementation": "CPython",
    "platform_release": "6",
    "platform_version": "1",
}


@pytest.fixture
def read(tmp_path):
    def read_files(files, path=None, groups=()):
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_requirements(Workspace(tmp_path), path or next(iter(files)), groups)

    return read_files


def wanted(found):
    return [item.versioned for item in found.wanted]


def test_lines_give_names_versions_extras_and_markers_with_their_place(read):
    found = read(
        {
            "requirements.txt": "# for the API\n"
            "Flask[Async]>=2,<3 ; python_version >= '3.8'   # the web\n"
            "requests==2.31.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
            "\n"
            "typing_extensions ; python_version < '3.8'\n"
            "numpy~=1.26 # pinned\n"
        }
    )
    assert wanted(found) == ["flask[async]<3,>=2", "requests==2.31.0", "typing-extensions", "numpy~=1.26"]
    assert [item.line for item in found.wanted] == [2, 3, 7, 8]
    assert [item.holds(MACHINE) for item in found.wanted] == [True, True, False, True]
    assert not found.dropped


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + b"flask\r\npytest\r\n",
        "flask\r\npytest\r\n".encode("utf-16"),
        b"flask\npytest",
        b"flask\rpytest\r",
    ],
)
def test_any_encoding_and_line_end_will_do(read, content):
    assert wanted(read({"requirements.txt": content})) == ["flask", "pytest"]


@pytest.mark.parametrize(
    ("line", "lacks_package", "name"),
    [
        ("--index-url https://example.com/simple", False, ""),
        ("--extra-index-url=https://example.com/simple", False, ""),
        ("-i https://example.com/simple", False, ""),
        ("-fhttps://example.com/wheels", False, ""),
        ("--trusted-host example.com", False, ""),
        ("--pre", False, ""),
        ("--no-binary :all:", False, ""),
        ("-e git+https://example.com/model.git#egg=Model_X", True, "model-x"),
        ("-e ../other", True, ""),
        ("--editable=./lib", True, ""),
        ("git+https://example.com/model.git", True, ""),
        ("model @ https://example.com/model.whl", True, "model"),
        ("model@git+ssh://example.com/model", True, "model"),
        ("https://example.com/model-1.0.tar.gz", True, ""),
        ("file:///etc/passwd", True, ""),
        ("./wheels/model.whl", True, ""),
        ("../model", True, ""),
        ("/opt/model", True, ""),
        ("model-1.0-py3-none-any.whl", True, ""),
        ("vendor\\model", True, ""),
        ("${MODEL}==1", True, ""),
        ("model==${VERSION}", True, ""),
        ("-r ../../requirements.txt", True, ""),
        ("-r https://example.com/requirements.txt", True, ""),
        ("-r /etc/passwd", True, ""),
        ("-r ${HOME}/requirements.txt", True, ""),
        ("-c ../constraints.txt", False, ""),
    ],
)
def test_what_names_no_package_of_the_index_is_reported_and_not_followed(read, line, lacks_package, name):
    found = read({"requirements.txt": f"six\n{line}\n"})
    assert wanted(found) == ["six"]
    (dropped,) = found.dropped
    assert (dropped.path, dropped.line, dropped.lacks_package, dropped.name) == (
        "requirements.txt",
        2,
        lacks_package,
        name,
    )


@pytest.mark.parametrize("line", ["import flask", "flask=2.0", "numpy >> 1", "flask==", "<html>", "a b c", "flask;x"])
def test_what_pip_would_refuse_is_the_learners_fault(read, line):
    with pytest.raises(CheckFailed) as verdict:
        read({"requirements.txt": f"\n{line}\n"})
    assert "is no requirement" in verdict.value.message
    assert verdict.value.evidence[0].line == 2


def test_includes_within_the_submission_are_followed_once_each(read):
    found = read(
        {
            "requirements/dev.txt": "-r base.txt\n--requirement=../requirements.txt\n-c limits.txt\npytest\n",
            "requirements/base.txt": "flask\n-r dev.txt\n",
            "requirements.txt": "six\n-rrequirements/base.txt\n",
            "requirements/limits.txt": "werkzeug<3\n",
        }
    )
    assert wanted(found) == ["flask", "six", "pytest"]
    assert [item.versioned for item in found.constraints] == ["werkzeug<3"]


def test_an_include_that_is_missing_fails_and_names_the_line(read):
    with pytest.raises(CheckFailed) as verdict:
        read({"requirements.txt": "six\n-r core.txt\n"})
    assert "core.txt is missing" in verdict.value.message
    assert verdict.value.evidence[-1].line == 2


def test_an_included_file_may_be_the_one_that_was_handed_out(tmp_path):
    for folder in ("starter", "work"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "requirements.txt").write_text("flask\n")
    (tmp_path / "work" / "dev.txt").write_text("-r requirements.txt\npytest\n")
    workspace = Workspace(tmp_path / "work", read_starter(tmp_path))
    assert wanted(read_requirements(workspace, "dev.txt")) == ["flask", "pytest"]
    with pytest.raises(CheckFailed, match="handed out"):
        read_requirements(workspace, "requirements.txt")


def test_a_link_that_leads_out_is_not_followed(read, tmp_path):
    (tmp_path / "core.txt").symlink_to("/etc/passwd")
    with pytest.raises(CheckFailed, match="leads out"):
        read({"requirements.txt": "-r core.txt\n"})


@pytest.mark.parametrize("line", ["-e .", "-e .[dev]", ".[dev]", ".", "-e ./"])
def test_the_submission_itself_brings_its_dependencies(read, line):
    found = read(
        {
            "requirements.txt": f"{line}\nsix\n",
            "pyproject.toml": '[project]\nname = "api"\ndependencies = ["flask"]\n'
            '[project.optional-dependencies]\ndev = ["pytest"]\n',
        }
    )
    assert wanted(found) == ["six", "flask", *(["pytest"] if "dev" in line else [])]
    assert [item.lacks_package for item in found.dropped] == [False]


PROJECT = """\
[project]
name = "My_API"
dependencies = [
  "flask>=3",
  "model @ git+https://example.com/model.git",
]
[project.optional-dependencies]
web = ["uvicorn[standard]"]
all = ["my-api[web]", "rich"]
[dependency-groups]
test = ["pytest>=8", {include-group = "lint"}]
lint = ["ruff", {include-group = "test"}]
"""


def test_a_project_gives_its_dependencies_and_the_chosen_groups(read):
    found = read({"pyproject.toml": PROJECT})
    assert wanted(found) == ["flask>=3"]
    assert found.wanted[0].line == 4
    assert [(item.line, item.name) for item in found.dropped] == [(5, "model")]
    assert wanted(read({"pyproject.toml": PROJECT}, groups=["all"])) == ["flask>=3", "rich", "uvicorn[standard]"]
    assert wanted(read({"pyproject.toml": PROJECT}, groups=["test", "no-such"])) == ["flask>=3", "pytest>=8", "ruff"]


def test_sources_of_uv_are_not_taken_from_the_index(read):
    found = read(
        {
            "pyproject.toml": '[project]\nname = "x"\ndependencies = ["model", "six"]\n'
            '[tool.uv.sources]\nmodel = {git = "https://example.com/model.git"}\n'
            '[[tool.uv.index]]\nurl = "https://example.com/simple"\n'
        }
    )
    assert wanted(found) == ["six"]
    assert {(item.name, item.lacks_package, item.is_index) for item in found.dropped} == {
        ("model", True, False),
        ("", False, True),
    }


def test_setuptools_may_look_into_requirements_files(read):
    found = read(
        {
            "pyproject.toml": '[project]\nname = "x"\ndynamic = ["dependencies"]\n'
            '[tool.setuptools.dynamic]\ndependencies = {file = ["requirements.txt"]}\n',
            "requirements.txt": "flask\n",
        }
    )
    assert wanted(found) == ["flask"]


POETRY = """\
[tool.poetry]
name = "api"
[tool.poetry.dependencies]
python = "^3.10"
django = "^4.2"
flask = "~2.3.1"
six = "*"
rich = "13.*"
click = "8.1.7"
requests = ">=2 <3"
numpy = {version = "^0.2.3", extras = ["all"], python = "<4", markers = "sys_platform == 'linux'"}
model = {git = "https://example.com/model.git"}
extra = {version = "^1", optional = true}
[tool.poetry.extras]
more = ["extra"]
[tool.poetry.group.dev.dependencies]
pytest = "^8 || ^9.1"
"""


def test_poetrys_versions_are_translated(read):
    found = read({"pyproject.toml": POETRY})
    assert wanted(found) == [
        "django<5,>=4.2",
        "flask<2.4,>=2.3.1",
        "six",
        "rich==13.*",
        "click==8.1.7",
        "requests<3,>=2",
        "numpy[all]<0.3,>=0.2.3",
    ]
    assert found.wanted[-1].marker == 'sys_platform == "linux" and python_version < "4"'
    assert [(item.name, item.line) for item in found.dropped] == [("model", 12)]
    assert wanted(read({"pyproject.toml": POETRY}, groups=["more", "dev"]))[-2:] == ["extra<2,>=1", "pytest<10,>=9.1"]


UV_LOCK = """\
version = 1
[[package]]
name = "api"
version = "0.1"
source = { virtual = "." }
dependencies = [
    { name = "flask", extra = ["async"] },
    { name = "model" },
    { name = "colorama", marker = "sys_platform == 'win32'" },
]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
[[package]]
name = "flask"
version = "3.0.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "werkzeug" }]
[[package]]
name = "werkzeug"
version = "3.0.1"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "model"
version = "1"
source = { git = "https://example.com/model.git" }
[[package]]
name = "numpy"
version = "1.26"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "numpy"
version = "2.0"
source = { registry = "https://pypi.org/simple" }
"""


def test_uv_lock_gives_what_the_project_needs_and_the_versions_of_all(read):
    found = read({"uv.lock": UV_LOCK})
    assert wanted(found) == ["flask[async]", "colorama"]
    assert [item.versioned for item in found.constraints] == ["flask==3.0.0", "werkzeug==3.0.1"]
    assert [item.name for item in found.dropped] == ["model"]
    assert wanted(read({"uv.lock": UV_LOCK}, groups=["dev"])) == ["flask[async]", "colorama", "pytest"]


POETRY_LOCK = """\
[[package]]
name = "flask"
version = "3.0.0"
optional = false
groups = ["main"]
[[package]]
name = "pytest"
version = "8.0.0"
optional = false
groups = ["dev"]
[[package]]
name = "model"
version = "1"
optional = false
groups = ["main"]
[package.source]
type = "git"
url = "https://example.com/model.git"
"""


def test_poetry_lock_pins_what_the_project_beside_it_asks_for(read):
    assert wanted(read({"poetry.lock": POETRY_LOCK})) == ["flask==3.0.0"]
    assert wanted(read({"poetry.lock": POETRY_LOCK}, groups=["dev"])) == ["flask==3.0.0", "pytest==8.0.0"]
    assert [item.name for item in read({"poetry.lock": POETRY_LOCK}).dropped] == ["model"]
    project = '[tool.poetry.dependencies]\nflask = "^3"\n'
    found = read({"poetry.lock": POETRY_LOCK, "pyproject.toml": project})
    assert wanted(found) == ["flask<4,>=3"]
    assert [item.versioned for item in found.constraints] == ["flask==3.0.0", "pytest==8.0.0"]


def test_pipfile_and_its_lock(read):
    pipfile = '[packages]\nflask = "*"\nsix = {version = "==1.16"}\nm = {git = "x"}\n[dev-packages]\npytest = "*"\n'
    assert wanted(read({"Pipfile": pipfile})) == ["flask", "six==1.16"]
    assert wanted(read({"Pipfile": pipfile}, groups=["dev"])) == ["flask", "six==1.16", "pytest"]
    lock = {"default": {"flask": {"version": "==3.0.0", "hashes": ["x"], "index": "pypi"}}, "develop": {}}
    assert wanted(read({"Pipfile.lock": json.dumps(lock)})) == ["flask==3.0.0"]


def test_a_project_file_with_settings_alone_is_passed_over(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    workspace = Workspace(tmp_path)
    assert find_requirements(workspace, ["pyproject.toml", "Pipfile"]) == "pyproject.toml"
    (tmp_path / "Pipfile").write_text("[packages]\n")
    assert find_requirements(workspace, ["pyproject.toml", "Pipfile"]) == "Pipfile"
    with pytest.raises(CheckFailed, match=r"uv\.lock is missing"):
        find_requirements(workspace, ["uv.lock"])


TOML_LIKE = st.sampled_from(
    ["[project]", "[tool.poetry]", "[tool.poetry.dependencies]", "[[package]]", "[packages]", "[dependency-groups]",
     "[project.optional-dependencies]", "[tool.uv.sources]", "[[tool.uv.index]]", "[package.source]",
     'name = "a"', "name = 1", 'dependencies = ["a"]', "dependencies = [1]", "dependencies = 3", 'a = "^x"',
     'a = "^1"', "a = {version = 1}", "a = {extras = 1}", 'a = [{version = "~1"}, 3]', 'version = "1"',
     'source = {virtual = "."}', "source = {virtual = 1}", 'dependencies = [{name = "b", marker = "x y"}]',
     'all = ["a[all]"]', 'all = [{include-group = "b"}]', "optional = 1", 'groups = [["main"]]', "extras = {x = 1}"]
)  # fmt: skip
LINES = st.sampled_from(
    ["-r ", "-r requirements.txt", "-c\\", "flask", "==", "1.0", "[x]", "; python_version", "<'3'", "-e", ".",
     "--hash=", "\\", "#", "${X}", "@", "git+", "\x0c", "\u2028", "(", ")", "'", '"', "\0", "-r \0"]
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(FILES),
    text=st.text(max_size=200)
    | st.lists(TOML_LIKE, max_size=8).map("\n".join)
    | st.lists(LINES | st.text(max_size=3), max_size=10).map("".join)
    | st.lists(LINES, max_size=10).map("\n".join),
)
def test_no_text_does_anything_but_be_read_or_fail(tmp_path, name, text):
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        found = read_requirements(Workspace(tmp_path), name, ["all", "dev"])
    except CheckFailed:
        return
    assert all(isinstance(item.holds(MACHINE), bool) for item in found.wanted)


@pytest.mark.parametrize("name", FILES)
def test_deep_and_long_files_are_the_learners_fault_or_read(read, name):
    for text in ("(" * 20_000, "a[" * 20_000, "a ; " + "(" * 20_000, "[" * 20_000, "x = " + "{a=" * 5000, "#" * 10**6):
        try:
            read({name: text})
        except CheckFailed:
            continue
