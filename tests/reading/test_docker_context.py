"""What a build may see: chosen, copied, and held to limits."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace

import pytest

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.docker_context import choose_folder, copy_context, ignore_patterns
from infra_grader.reading.dockerfile import read_dockerfile
from infra_grader.reading.dockerfile_ignore import read_patterns


def write(folder, **files):
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def copied(folder, tmp_path, ignored="", limit_mb=10):
    target = tmp_path / "copy"
    copy_context(folder, target, read_patterns(ignored), limit_mb=limit_mb, deadline=Deadline(20))
    return sorted(path.relative_to(target).as_posix() for path in target.rglob("*"))


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "submission"
    write(made, **{"app.py": "x", "notes/a.md": "a", "notes/keep.md": "b", "data/big.bin": "b", ".env": "S=1"})
    (made / "empty").mkdir()
    return made


class TestCopy:
    def test_all_of_it_where_nothing_is_ignored(self, folder, tmp_path):
        there = [".env", "app.py", "data", "data/big.bin", "empty", "notes", "notes/a.md", "notes/keep.md"]
        assert copied(folder, tmp_path) == there

    def test_ignored_folders_but_for_exceptions(self, folder, tmp_path):
        found = copied(folder, tmp_path, "notes\n!notes/keep.md\n.env\n*/big.bin\nempty\n")
        assert found == ["app.py", "data", "notes", "notes/keep.md"]

    def test_modes_and_times_stay(self, folder, tmp_path):
        (folder / "app.py").chmod(0o755)
        os.utime(folder / "app.py", (1, 1000))
        copied(folder, tmp_path)
        facts = (tmp_path / "copy" / "app.py").stat()
        assert (facts.st_mode & 0o777, facts.st_mtime) == (0o755, 1000)

    def test_links_stay_links_wherever_they_lead(self, folder, tmp_path):
        (folder / "out").symlink_to("/etc/passwd")
        (folder / "up").symlink_to("../..")
        (folder / "loop").symlink_to("loop")
        copied(folder, tmp_path)
        assert os.readlink(tmp_path / "copy" / "out") == "/etc/passwd"
        assert os.readlink(tmp_path / "copy" / "up") == "../.."
        assert (tmp_path / "copy" / "loop").is_symlink()

    def test_pipes_are_left_out(self, folder, tmp_path):
        os.mkfifo(folder / "pipe")
        assert "pipe" not in copied(folder, tmp_path)

    def test_names_of_any_bytes(self, folder, tmp_path):
        (folder / "a\nb").write_text("x", encoding="utf-8")
        (folder / os.fsdecode(b"\xff\xfe")).write_text("x", encoding="utf-8")
        assert len(copied(folder, tmp_path)) == 10

    def test_five_gigabytes_are_refused_at_once(self, folder, tmp_path):
        with open(folder / "data" / "model.bin", "wb") as stream:
            stream.truncate(5 * 10**9)
        began = time.monotonic()
        with pytest.raises(CheckFailed) as refused:
            copied(folder, tmp_path, limit_mb=200)
        assert time.monotonic() - began < 2
        assert "the largest file is data/model.bin with 5,000.0 MB" in refused.value.message
        assert not (tmp_path / "copy").exists()

    def test_what_is_ignored_does_not_count(self, folder, tmp_path):
        with open(folder / "data" / "model.bin", "wb") as stream:
            stream.truncate(5 * 10**9)
        assert "app.py" in copied(folder, tmp_path, "data\n", limit_mb=1)


def context_of(folder):
    return SimpleNamespace(workspace=Workspace(folder))


def chosen(folder, path, text):
    write(folder, **{path: text})
    dockerfile = read_dockerfile(TextFile(path, text))
    return choose_folder(context_of(folder), path, dockerfile, dockerfile.target())


class TestChoice:
    def test_the_root_where_its_files_are(self, tmp_path):
        write(tmp_path, **{"requirements.txt": "", "src/app.py": ""})
        assert chosen(tmp_path, "docker/Dockerfile", "FROM x\nCOPY requirements.txt src/ ./\n") == "."

    def test_its_own_folder_where_its_files_are(self, tmp_path):
        write(tmp_path, **{"api/requirements.txt": "", "api/main.py": ""})
        assert chosen(tmp_path, "api/Dockerfile", "FROM x\nCOPY requirements.txt .\nCOPY . .\n") == "api"

    def test_a_folder_between(self, tmp_path):
        write(tmp_path, **{"api/requirements.txt": "", "api/docker/start.sh": ""})
        assert chosen(tmp_path, "api/docker/Dockerfile", "FROM x\nCOPY requirements.txt docker/start.sh /\n") == "api"

    def test_what_is_run_tells_where_all_is_copied(self, tmp_path):
        write(tmp_path, **{"api/requirements.txt": "", "api/main.py": ""})
        text = "FROM x\nCOPY . /app\nRUN pip install -r requirements.txt\nCMD uvicorn main:app\n"
        assert chosen(tmp_path, "api/Dockerfile", text) == "api"

    def test_the_root_in_doubt(self, tmp_path):
        assert chosen(tmp_path, "docker/Dockerfile", "FROM x\nCOPY . /app\n") == "."

    def test_its_own_list_of_what_is_ignored_comes_first(self, tmp_path):
        write(tmp_path, **{".dockerignore": "a\n", "docker/Dockerfile.dockerignore": "b\n"})
        context = context_of(tmp_path)
        assert ignore_patterns(context, "docker/Dockerfile", ".")[0].text == "b"
        assert ignore_patterns(context, "Dockerfile", ".")[0].text == "a"
        assert ignore_patterns(context, "api/Dockerfile", "api") == []
