import os

import pytest

from infra_grader.capabilities.starter import Starter, blob_id, read_starter
from infra_grader.capabilities.workspace import MAX_FILE_BYTES, Workspace, compile_glob, decode_text
from infra_grader.model.outcome import CheckFailed, NotAssessed


def make(folder, **files):
    for name, text in files.items():
        write(folder, name.replace("__", "/"), text)
    return Workspace(folder)


def write(folder, path, content):
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    ("pattern", "path", "is_match"),
    [
        ("*.py", "a.py", True),
        ("*.py", "src/a.py", False),
        ("**/*.py", "a.py", True),
        ("**/*.py", "src/deep/a.py", True),
        ("src/**", "src/deep/a.py", True),
        ("src/?.py", "src/a.py", True),
        ("src/?.py", "src//.py", False),
        ("[ab].txt", "a.txt", True),
        ("[!ab].txt", "a.txt", False),
        ("a+b.txt", "a+b.txt", True),
        ("docs/**/x.md", "docs/x.md", True),
        ("*", "a\nb", True),
        ("**/dvc.lock", "dvc.lock", True),
        ("**/dvc.lock", "a/b/dvc.lock", True),
        ("**/dvc.lock", "a/not-dvc.lock", False),
        ("docs/[ab]/x.md", "docs/b/x.md", True),
        ("docs/**x.md", "docs/a/bx.md", True),
    ],
)
def test_globs(tmp_path, pattern, path, is_match):
    assert bool(compile_glob(pattern).fullmatch(path)) is is_match
    write(tmp_path, path, "1")
    assert bool(Workspace(tmp_path).find(pattern)) is is_match


def test_files_are_found_sorted_and_generated_folders_left_out(tmp_path):
    for path in ("b.py", "a/c.py", ".venv/lib/x.py", "node_modules/y.py", ".git/z.py", "a/__pycache__/c.py"):
        write(tmp_path, path, "1")
    assert Workspace(tmp_path).find("**/*.py") == ("a/c.py", "b.py")


def test_a_file_that_git_ignores_is_seen_only_when_named(tmp_path):
    for path, text in {".gitignore": "*.log\n!keep.log\n", "a.log": "1", "keep.log": "1", "sub/b.log": "1"}.items():
        write(tmp_path, path, text)
    workspace = Workspace(tmp_path)
    assert workspace.find("**/*.log") == ("keep.log",)
    assert workspace.find("a.log") == ("a.log",)
    assert workspace.read_text("sub/b.log") == "1"


def test_a_nested_gitignore_speaks_for_its_folder(tmp_path):
    for path, text in {".gitignore": "*.txt", "sub/.gitignore": "!a.txt", "sub/a.txt": "1", "a.txt": "1"}.items():
        write(tmp_path, path, text)
    assert Workspace(tmp_path).find("**/*.txt") == ("sub/a.txt",)


def test_an_absent_file_fails_and_names_what_is_nearly_right(tmp_path):
    workspace = make(tmp_path, **{"docs__Learning-Plan.md": "x"})
    with pytest.raises(CheckFailed) as caught:
        workspace.read_text("docs/learning-plan.md")
    assert caught.value.message == "docs/learning-plan.md is missing; docs/Learning-Plan.md is there."
    assert caught.value.evidence[0].path == "docs/learning-plan.md"


def test_the_first_place_that_is_there_is_taken(tmp_path):
    workspace = make(tmp_path, docker__Dockerfile="FROM scratch")
    assert workspace.read_first(["Dockerfile", "docker/Dockerfile"]).path == "docker/Dockerfile"
    with pytest.raises(CheckFailed, match=r"a\.md or b\.md is missing"):
        workspace.read_first(["a.md", "b.md"])


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b", "a\0b"])
def test_a_path_that_leads_out_is_refused(tmp_path, path):
    with pytest.raises(CheckFailed):
        Workspace(tmp_path).read_text(path)


def test_a_link_that_leads_out_is_refused_and_shows_nothing_of_its_target(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.txt").symlink_to(secret)
    (work / "folder").symlink_to(tmp_path)
    workspace = Workspace(work)
    for path in ("a.txt", "folder/secret.txt"):
        with pytest.raises(CheckFailed, match="leads out") as caught:
            workspace.read_text(path)
        assert "hunter2" not in str(caught.value.evidence)
    assert workspace.find("**/*.txt", "folder/*") == ("a.txt",)


def test_a_link_that_stays_inside_is_followed(tmp_path):
    workspace = make(tmp_path, **{"real.txt": "text"})
    (tmp_path / "link.txt").symlink_to("real.txt")
    assert workspace.read_text("link.txt") == "text"


def test_a_ring_of_links_fails_cleanly(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(CheckFailed):
        Workspace(tmp_path).read_text("a")


def test_a_folder_a_pipe_and_a_device_are_no_files(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    workspace = Workspace(tmp_path)
    with pytest.raises(CheckFailed, match="is a folder"):
        workspace.read_text("folder")
    with pytest.raises(CheckFailed, match="no regular file"):
        workspace.read_text("pipe")


def test_a_file_above_the_limit_is_not_read(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 11)
    with pytest.raises(CheckFailed, match="too large"):
        Workspace(tmp_path).read_bytes("big", limit=10)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(CheckFailed, match="too large"):
        Workspace(tmp_path).read_text("sparse")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"\xef\xbb\xbfplan", "plan"),
        ("Größe ✅".encode(), "Größe ✅"),
        ("plan".encode("utf-16"), "plan"),
        ("plan".encode("utf-32"), "plan"),
        (b"", ""),
    ],
)
def test_text_is_decoded_by_its_mark_else_as_utf_8(content, text):
    assert decode_text("a.md", content) == text


def test_what_is_no_text_fails_with_its_line():
    with pytest.raises(CheckFailed, match="byte 0xff on line 2"):
        decode_text("a.md", b"one\n\xff\n")
    with pytest.raises(CheckFailed, match="NUL"):
        decode_text("a.md", b"a\0b")


def test_odd_names_survive(tmp_path):
    for name in (b"a\nb.md", b"\xff.md", b"-rf.md"):
        with open(os.path.join(os.fsencode(tmp_path), name), "w") as file:
            file.write("x")
    workspace = Workspace(tmp_path)
    assert len(workspace.find("*.md")) == 3
    assert all(workspace.read_text(path) == "x" for path in workspace.find("*.md"))


def test_no_permission_is_nobodys_failure(tmp_path, monkeypatch):
    workspace = make(tmp_path, **{"a.md": "x"})

    def refuse(*_args, **_more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("infra_grader.capabilities.workspace.os.open", refuse)
    with pytest.raises(NotAssessed) as caught:
        workspace.read_text("a.md")
    assert "Make a.md readable" in caught.value.remedy


@pytest.fixture
def handed_out(tmp_path):
    exercise = tmp_path / "exercise"
    write(exercise, "starter/docs/plan.md", "Goal: ____\n")
    write(exercise, "starter/empty.py", "")
    write(exercise, "starter.blobs", f"{blob_id(b'given')[:10]} README.md\nshort x\n\n")
    return read_starter(exercise)


def test_an_unchanged_file_of_the_starter_is_not_work(tmp_path, handed_out):
    work = tmp_path / "work"
    write(work, "docs/plan.md", "Goal: ____\r\n")
    write(work, "docs/copy.md", "Goal: ____\n")
    write(work, "README.md", "given")
    write(work, "own.md", "mine")
    write(work, "empty.py", "")
    workspace = Workspace(work, handed_out)
    assert workspace.files() == ("empty.py", "own.md")
    for path in ("docs/plan.md", "docs/copy.md", "README.md"):
        assert workspace.find(path) == ()
        with pytest.raises(CheckFailed, match="handed out, unchanged"):
            workspace.read_text(path)
    allowed = workspace.view(allow_starter=True)
    assert allowed.read_text("docs/plan.md") == "Goal: ____\n"
    assert len(allowed.files()) == 5


def test_one_changed_byte_makes_it_work(tmp_path, handed_out):
    write(tmp_path / "work", "docs/plan.md", "Goal: ship\n")
    assert Workspace(tmp_path / "work", handed_out).read_text("docs/plan.md") == "Goal: ship\n"


def test_the_text_of_a_starter_is_known_where_it_is_shipped(handed_out):
    assert handed_out.text("docs/plan.md") == "Goal: ____\n"
    assert handed_out.text("README.md") is None


def test_a_blob_id_is_gits_own():
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert not Starter().holds(b"hello\n")


def test_many_files_and_deep_folders_end(tmp_path):
    deep = tmp_path.joinpath(*["d"] * 100)
    deep.mkdir(parents=True)
    (deep / "x.txt").write_text("x")
    assert Workspace(tmp_path).find("**/*.txt") == ()


def test_among_very_many_files_only_the_case_of_a_name_is_compared(tmp_path, monkeypatch):
    monkeypatch.setattr("infra_grader.capabilities.workspace.MAX_COMPARED", 1)
    workspace = make(tmp_path, **{"docs__plan.md": "x", "docs__notes.md": "x"})
    with pytest.raises(CheckFailed, match=r"docs/PLAN\.md is missing; docs/plan\.md is there"):
        workspace.read_text("docs/PLAN.md")
    with pytest.raises(CheckFailed, match=r"docs/plans\.md is missing\.$"):
        workspace.read_text("docs/plans.md")
