"""What a rubric may say of images that pods run, and what becomes of it."""

from __future__ import annotations

import msgspec
import pytest

from infra_grader.checks.kubernetes._apply_request import Apply, laid
from infra_grader.reading.live_mounted import stood_in_for

IMAGES = {"*api*": "image-builds"}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"mounts": {"opt": "stand_ins"}, "images": IMAGES}, "absolute"),
        ({"mounts": {"/opt": "stand_ins"}}, "for the `images`"),
        ({"known_values": {"API_KEYS": "one"}}, "for the `images`"),
    ],
)
def test_what_no_image_can_be_given_is_refused(said, problem):
    with pytest.raises(msgspec.ValidationError, match=problem):
        msgspec.convert(said, Apply)


def test_a_folder_that_the_rubric_lacks_is_found_when_it_is_written(tmp_path):
    (tmp_path / "there").mkdir()
    params = msgspec.convert({"images": IMAGES, "mounts": {"/a": "there", "/b": "gone"}}, Apply)
    [problem] = params.problems(tmp_path)
    assert "gone is missing" in problem


def test_the_evidence_says_what_is_not_of_the_submission():
    said = {"images": IMAGES, "mounts": {"/a": "stand_ins", "/b": "data"}, "python_path": ["/a"]}
    first, second = laid(msgspec.convert(said, Apply))
    assert (first.path, second.path) == ("/a", "/b")
    assert first.text.endswith("Python looks there first")
    assert second.text == "the rubric's own data is laid into the images that were built"


def test_modules_of_the_folders_in_which_python_looks_first_are_stood_in_for(tmp_path):
    for name in ("stand_ins/mlflow/__init__.py", "stand_ins/torch.py", "stand_ins/READ-ME.md", "data/yaml.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    files = {"/a": tmp_path / "stand_ins", "/b": tmp_path / "data"}
    assert stood_in_for(files, ["/a", "/app"]) == ("mlflow", "torch")
