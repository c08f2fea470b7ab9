"""Hostile files, given to every kind that reads one: a verdict, never a traceback."""

from __future__ import annotations

import os

import pytest

from infra_grader.testing import run_check

KINDS = {
    "file.exists": {},
    "file.count": {},
    "file.size": {"min": 1},
    "file.json": {},
    "file.toml": {},
    "file.yaml": {},
    "file.schema": {"schema": {"type": "object"}},
    "file.changed": {},
    "text.matches": {"pattern": "x"},
    "text.lacks": {"pattern": "x"},
    "text.lines": {},
    "text.words": {},
    "results.targets": {"targets": [{"title": "a", "at": "a", "at_least": 1}]},
    "results.recomputed": {"at": "a", "samples": "thing", "samples_at": "b", "aggregate": "mean"},
}


def make_pipe(place):
    os.mkfifo(place)


def make_loop(place):
    place.symlink_to(place.name)


def make_leading_out(place):
    place.symlink_to("/etc/passwd")


def make_broken(place):
    place.symlink_to("nowhere")


def make_folder(place):
    place.mkdir()


def make_large(place):
    with place.open("wb") as file:
        file.truncate(10 * 1024 * 1024)


def make_binary(place):
    place.write_bytes(bytes(range(256)) * 10)


def make_nul(place):
    place.write_bytes(b"a\0b")


def make_surrogate(place):
    place.write_bytes('{"a": "\ud800"}'.encode("utf-8", "surrogatepass"))


def make_wide(place):
    place.write_bytes("{}".encode("utf-16")[:-1])


def make_deep(place):
    place.write_text("[" * 100_000)


def make_mapping_deep(place):
    place.write_text('{"a":' * 50_000 + "1" + "}" * 50_000)


MAKERS = [make for name, make in sorted(vars().items()) if name.startswith("make_")]
NEVER_PASS = {"file.json", "file.toml", "file.yaml", "file.schema", "results.targets", "results.recomputed"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__.removeprefix("make_"))
@pytest.mark.parametrize("name", ["thing.csv", "thing.yaml", "a\nb\x1b[31m.toml"])
def test_hostile_file_gets_a_verdict(tmp_path, kind, make, name):
    make(tmp_path / name)
    place = {"paths": [name]} if kind == "file.count" else {"path": name}
    outcome = run_check(kind, {**KINDS[kind], **place}, tmp_path)
    assert outcome.evidence
    assert outcome.status in ({"failed"} if kind in NEVER_PASS else {"failed", "passed"}), outcome
    if make in (make_pipe, make_loop, make_leading_out, make_broken, make_folder):
        assert outcome.status == "failed"
        assert "root:" not in repr(outcome)


def test_bytes_that_are_no_text_in_a_name_are_survived(tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xff\xfe.json", "w") as file:
        file.write("{}")
    assert run_check("file.json", {"path": "*.json"}, tmp_path).status == "failed"
    assert run_check("file.absent", {"paths": ["*.json"]}, tmp_path).measure.value == 1
    assert run_check("file.count", {"paths": ["*.json"]}, tmp_path).measure.value == 1


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("file.exists", {}),
        ("file.exists", {"path": "a", "paths": ["b"]}),
        ("file.count", {"paths": "a", "min": 2, "max": 1}),
        ("file.size", {"path": "a"}),
        ("file.size", {"path": "a", "min": 2, "max": 1}),
        ("text.lines", {"path": "a", "min": 2, "max": 1}),
        ("results.targets", {"path": "a", "targets": [{"title": "a", "at": "a"}]}),
        ("results.targets", {"path": "a", "targets": [{"title": "a", "at": "a", "at_least": 2, "at_most": 1}]}),
        ("manual.levels", {"levels": {"5": "a", "4": "b", "3": "c", "2": "d"}}),
    ],
)
def test_parameters_that_nothing_can_meet_are_refused(tmp_path, kind, parameters):
    with pytest.raises(ValueError, match=r"give|below|missing"):
        run_check(kind, parameters, tmp_path)
