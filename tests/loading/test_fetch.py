import os

import pytest
from cases import git

from infra_grader.errors import SubmissionError
from infra_grader.loading.commit import read_commit
from infra_grader.loading.fetch import open_submission
from infra_grader.plugin import Params, Places, RelativePath, path_parameters
from rubrics import rubric, spec


class Paths(Params):
    paths: tuple[RelativePath | list[RelativePath], ...] = ()
    place: Places = "README.md"


def the_rubric(*paths):
    named = tuple(path_parameters(Paths(paths=paths)))
    return rubric(spec("a").replace(paths=named), roots=(".", "projects/p1"))


def test_the_root_that_holds_most_of_the_named_paths_is_taken(tmp_path):
    (tmp_path / "projects/p1/src").mkdir(parents=True)
    for path in ("src/app.py", "Dockerfile"):
        (tmp_path / "projects/p1" / path).write_text("")
    (tmp_path / "README.md").write_text("")
    wanted = the_rubric("src/app.py", ["docker/Dockerfile", "Dockerfile"])
    assert open_submission(tmp_path, wanted).root == "projects/p1"


def test_a_tie_goes_to_the_first_root(tmp_path):
    (tmp_path / "projects/p1").mkdir(parents=True)
    assert open_submission(tmp_path, the_rubric("src/app.py")).root == "."
    (tmp_path / "README.md").write_text("")
    (tmp_path / "projects/p1/README.md").write_text("")
    assert open_submission(tmp_path, the_rubric("src/app.py")).root == "."


def test_no_folder_and_a_file_are_refused(tmp_path):
    with pytest.raises(SubmissionError, match="no such folder"):
        open_submission(tmp_path / "nowhere", the_rubric())
    (tmp_path / "file").write_text("")
    with pytest.raises(SubmissionError, match="a file, not a folder"):
        open_submission(tmp_path / "file", the_rubric())


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/b.txt").write_text("two\n")
    (tmp_path / "link").symlink_to("a.txt")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "-m", "Begin")
    return tmp_path


def head(folder):
    return git(folder, "rev-parse", "HEAD").strip()


def test_a_clean_checkout_has_its_commit(repository):
    (repository / "x.log").write_text("ignored")
    assert read_commit(repository) == (head(repository), False)
    assert read_commit(repository / "sub") == (head(repository), False)


def test_crlf_alone_is_no_difference(repository):
    (repository / "a.txt").write_bytes(b"one\r\n")
    assert read_commit(repository)[1] is False


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.txt").write_text("changed"),
        lambda folder: (folder / "a.txt").unlink(),
        lambda folder: (folder / "new.txt").write_text("new"),
    ],
)
def test_a_folder_that_differs_is_dirty(repository, change):
    change(repository)
    assert read_commit(repository)[1] is True


def test_without_git_or_before_the_first_commit_there_is_no_commit(tmp_path):
    assert read_commit(tmp_path) == (None, False)
    git(tmp_path, "init", "--quiet")
    assert read_commit(tmp_path) == (None, False)


def test_a_broken_repository_is_no_repository(tmp_path):
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    assert read_commit(tmp_path) == (None, False)


def test_configured_programs_never_run(repository):
    witness = repository.parent / "witness"
    git(repository, "config", "filter.evil.clean", f"touch {witness}; cat")
    git(repository, "config", "core.fsmonitor", f"touch {witness}")
    (repository / ".gitattributes").write_text("*.txt filter=evil\n")
    (repository / "a.txt").write_text("changed")
    read_commit(repository)
    assert not witness.exists()


@pytest.mark.parametrize("name", [".gitignore", ".git/HEAD", ".git/config", ".git/packed-refs", ".git/index"])
def test_a_pipe_in_the_place_of_a_file_is_never_opened(repository, name):
    commit = head(repository)
    (repository / name).unlink(missing_ok=True)
    os.mkfifo(repository / name)
    assert read_commit(repository)[0] == (None if name == ".git/HEAD" else commit)


def test_another_repository_that_is_named_is_not_read(repository, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / ".git").write_text(f"gitdir: {repository / '.git'}\n")
    assert read_commit(other) == (None, False)
