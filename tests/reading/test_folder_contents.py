import os

from infra_grader.reading.folder_contents import contents, digest_of


def test_a_digest_tells_bytes_mode_and_links_apart(tmp_path):
    (tmp_path / "a").write_text("same")
    (tmp_path / "b").write_text("same")
    (tmp_path / "c").write_text("same")
    (tmp_path / "c").chmod(0o755)
    os.symlink("a", tmp_path / "d")
    os.symlink("b", tmp_path / "e")
    found = contents(tmp_path)
    assert found["a"] == found["b"]
    assert len({found[name] for name in "acde"}) == 4


def test_links_to_folders_are_told_and_not_followed(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a").write_text("a")
    os.symlink("..", tmp_path / "work" / "up")
    assert sorted(contents(tmp_path / "work")) == ["a", "up"]


def test_what_tools_make_is_left_out(tmp_path):
    for folder in (".git", "__pycache__", ".venv", "src"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x").write_text("x")
    assert sorted(contents(tmp_path)) == ["src/x"]


def test_names_that_are_no_text_and_pipes_are_told(tmp_path):
    (tmp_path / os.fsdecode(b"\xff")).write_text("x")
    os.mkfifo(tmp_path / "pipe")
    found = contents(tmp_path)
    assert found["pipe"] == "neither a file nor a folder"
    assert "\\xff" in found


def test_a_folder_has_a_digest_of_all_that_is_in_it(tmp_path):
    (tmp_path / "a").write_text("a")
    before = digest_of(tmp_path)
    (tmp_path / "b").write_text("b")
    assert digest_of(tmp_path) != before
    assert digest_of(tmp_path / "missing") == "unreadable"
