from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from infra_grader.errors import PluginError, RubricError
from infra_grader.loading import rubric_cache
from infra_grader.loading.rubric_file import load_rubric
from infra_grader.model.rubric import AwardRow, LateBase, LatePolicy, Unassessed, Visibility


def test_all_keys_reach_the_model(load):
    everything = """\
schema: infra-grader/rubric/v1
id: exercise-01
version: 3
title: >
  An exercise
  with a long title
track: junior
points: 12.5
pass_mark: 7.25
unassessed: zero
complete: 🎉 Exercise 01 Complete!
submission: {roots: [".", projects/one, "."]}
starter: {ceiling: 0.5}
criteria:
  - id: one
    title: One
    points: 12.5
    required: true
    done: One is done
    checks:
      - id: build
        title: It builds
        uses: python.lint
        weight: 0.3
        with: {}
        award: {"<= 0": 1, " < 2.5 ": 0.8, ">=-3": 0, "==4": 0.25, "> 5": 0.1}
        hint: |
          Run `ruff`.
        needs: [other, other]
        tags: [static, static, slow]
        timeout: 60
        visibility: after_due_date
        allow_starter: true
      - {id: other, uses: file.exists, with: {paths: a, least: 2}}
bonus: {max_points: 3, checks: [{id: more, title: More, uses: manual.levels}]}
penalties: [{id: lost, title: Lost, uses: manual.levels, points: 2.5}]
grades: {A: 90, B: 79.5, F: 0}
plugins: [late_policy]
"""
    rubric = load(text=everything)
    assert (rubric.id, rubric.version, rubric.title) == ("exercise-01", 3, "An exercise with a long title")
    assert (rubric.track, rubric.points, rubric.pass_mark) == ("junior", Decimal("12.5"), Decimal("7.25"))
    assert rubric.unassessed is Unassessed.ZERO
    assert rubric.complete == "🎉 Exercise 01 Complete!"
    assert rubric.roots == (".", "projects/one")
    assert rubric.starter_ceiling == Decimal("0.5")
    assert rubric.grades == (("A", 90), ("B", Decimal("79.5")), ("F", 0))
    assert rubric.plugins == ("late_policy",)
    assert rubric.sha256 == hashlib.sha256(everything.encode()).hexdigest()
    criterion = rubric.criteria[0]
    assert (criterion.id, criterion.points, criterion.required) == ("one", Decimal("12.5"), True)
    assert criterion.done == "One is done"
    build, other = criterion.checks
    assert (build.title, build.weight, build.points) == ("It builds", Fraction(3, 10), Decimal("2.88"))
    assert build.award == (
        AwardRow(operator="<=", bound=Fraction(0), fraction=Fraction(1)),
        AwardRow(operator="<", bound=Fraction(5, 2), fraction=Fraction(4, 5)),
        AwardRow(operator=">=", bound=Fraction(-3), fraction=Fraction(0)),
        AwardRow(operator="==", bound=Fraction(4), fraction=Fraction(1, 4)),
        AwardRow(operator=">", bound=Fraction(5), fraction=Fraction(1, 10)),
    )
    assert (build.hint, build.needs, build.tags) == ("Run `ruff`.", ("other",), ("static", "slow"))
    assert (build.timeout, build.visibility, build.allow_starter) == (60, Visibility.AFTER_DUE_DATE, True)
    assert (other.title, other.weight, other.points) == ("other", 1, Decimal("9.62"))
    assert (other.params.paths, other.params.least) == ("a", 2)
    assert rubric.bonus is not None
    assert (rubric.bonus.max_points, rubric.bonus.checks[0].points) == (3, 3)
    assert (rubric.penalties[0].id, rubric.penalties[0].points) == ("lost", Decimal("2.5"))


def test_what_is_left_out_has_its_default(load):
    rubric = load(("version: 1\n", ""), ("track: junior\n", ""))
    assert (rubric.version, rubric.track, rubric.complete, rubric.roots) == (1, "", "", (".",))
    assert rubric.unassessed is Unassessed.OPEN
    assert rubric.starter_ceiling is None
    check = rubric.criteria[0].checks[0]
    assert (check.weight, check.award, check.needs, check.timeout) == (1, (), (), None)
    assert (check.visibility, check.allow_starter) == (Visibility.VISIBLE, False)


def test_a_handle_implies_needs(load):
    rubric = load(
        ("uses: python.lint", "uses: docker.user"), ('award: {"<= 0": 1, "<= 5": 0.8}', "with: {image: readme}")
    )
    assert rubric.checks_by_id()["lint"].needs == ("source", "readme")


def test_equal_questions_have_equal_digests_whatever_the_order_of_keys(load):
    def digest(parameters: str) -> str:
        return load(("{paths: [src]}", parameters)).criteria[0].checks[0].parameters

    assert digest("{paths: [src], least: 2}") == digest("{least: 2, paths: [src]}")
    assert digest("{paths: [src], least: 2}") != digest("{paths: [src], least: 3}")
    assert digest("{paths: [src]}") == hashlib.sha256(b'["file.exists",{"paths":["src"]}]').hexdigest()[:16]


def test_own_files_lie_in_a_folder_beside_the_rubric_or_else_beside_it(load, tmp_path):
    assert load().folder == tmp_path
    (tmp_path / "project-01").mkdir()
    assert load().folder == tmp_path / "project-01"
    assert load().source == str(tmp_path / "project-01.yaml")


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_byte_order_mark_and_windows_line_ends_change_nothing_but_the_hash(load, sample, change):
    plain, other = load(), load(text=change(sample))
    assert other.sha256 != plain.sha256
    assert other.criteria == plain.criteria
    assert other.title == plain.title


def test_anchors_are_accepted(load):
    rubric = load(("with: {paths: [src]}", "with: &same {paths: [src]}"), ("with: {paths: extra}", "with: *same"))
    assert rubric.checks_by_id()["extra"].params == rubric.checks_by_id()["source"].params


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(RubricError) as caught:
        load_rubric(tmp_path / "none.yaml", dict.__getitem__)
    assert caught.value.problems[0].message == "the file cannot be read: No such file or directory"
    assert caught.value.source == str(tmp_path / "none.yaml")
    with pytest.raises(RubricError) as caught:
        load_rubric(tmp_path, dict.__getitem__)
    assert caught.value.problems[0].message == "the file cannot be read: Is a directory"
    with pytest.raises(RubricError, match="this is no name of a file"):
        load_rubric(Path("a\0b.yaml"), dict.__getitem__)


def test_a_huge_file_is_refused_unread(tmp_path):
    file = tmp_path / "huge.yaml"
    with file.open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(RubricError) as caught:
        load_rubric(file, dict.__getitem__)
    assert caught.value.problems[0][:1] == ("the file is too large",)
    assert caught.value.problems[0].allowed == "at most 2097152 bytes"


# The cache


def entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def test_the_second_load_comes_from_the_cache(load, tmp_path, monkeypatch):
    cache = tmp_path / "cache" / "deep"
    first = load(cache=cache)
    assert len(entries(cache)) == 1
    monkeypatch.setattr("infra_grader.loading.rubric_acceptance.accept_rubric", None)
    assert load(cache=cache) == first


def test_kinds_of_checks_that_are_not_going_to_be_asked_are_not_loaded(load, tmp_path, kinds):
    cache, asked = tmp_path / "cache", []
    whole = load(cache=cache)

    def find_kind(name):
        asked.append(name)
        return kinds[name]

    some = load_rubric(Path(whole.source), find_kind, kinds.keys, cache, choose=lambda _: {"source", "extra"})
    assert asked == ["file.exists", "file.exists"]
    for check, same in zip(some.all_checks(), whole.all_checks(), strict=True):
        assert (check.params == same.params) is (check.id in {"source", "extra"})
        assert check.replace(params=None) == same.replace(params=None)


def test_another_content_is_another_entry(load, tmp_path):
    cache = tmp_path / "cache"
    load(cache=cache)
    assert load(("title: Simple", "title: Complex"), cache=cache).title == "Complex Model API"
    assert len(entries(cache)) == 2


@pytest.mark.parametrize("damage", [b"", b"x", b"x" * 200, None], ids=["empty", "short", "garbage", "one-bit"])
def test_a_damaged_entry_is_ignored_and_written_again(load, tmp_path, damage):
    cache = tmp_path / "cache"
    first = load(cache=cache)
    (entry,) = entries(cache)
    whole = entry.read_bytes()
    entry.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if damage is None else damage)
    assert load(cache=cache) == first
    assert entry.read_bytes() == whole
    assert entries(cache) == [entry]


def test_an_entry_that_is_no_rubric_is_ignored(load, tmp_path):
    cache = tmp_path / "cache"
    first = load(cache=cache)
    (entry,) = entries(cache)
    packed = b"\x81\xa1a\x01"
    entry.write_bytes(hashlib.sha256(packed).digest() + packed)
    assert load(cache=cache) == first


def test_only_the_newest_rubrics_are_kept(load, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    for number in range(rubric_cache.KEPT + 10):
        old = cache / f"rubric-0.0.1-{number}.msgpack{'.7.tmp' * (number % 2)}"
        old.write_bytes(b"old")
        os.utime(old, (number, number))
    others = cache / "environments" / "rubric-0.msgpack"
    others.parent.mkdir()
    others.write_bytes(b"not ours")
    os.utime(others.parent, (0, 0))

    load(cache=cache)

    kept = [entry for entry in entries(cache) if entry.is_file()]
    assert len(kept) == rubric_cache.KEPT
    assert sum(entry.read_bytes() != b"old" for entry in kept) == 1
    assert not (cache / "rubric-0.0.1-10.msgpack").exists()
    assert others.exists()


def test_a_cache_that_cannot_be_written_changes_nothing(load, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert load(cache=blocked / "cache").id == "project-01"
    cache = tmp_path / "cache"
    load(cache=cache)
    (entry,) = entries(cache)
    entry.unlink()
    entry.mkdir()
    assert load(cache=cache).id == "project-01"
    assert entries(cache) == [entry]


def test_refused_rubrics_are_not_kept_and_rules_hold_on_a_cached_one(load, refuse, tmp_path, kinds):
    cache = tmp_path / "cache"
    refuse(("points: 60", "points: 61"), cache=cache)
    assert entries(cache) == []
    load(cache=cache)
    file = tmp_path / "project-01.yaml"

    def find_kind(name: str):
        if name == "file.exists":
            raise PluginError(name, "no such check kind")
        return kinds[name]

    with pytest.raises(RubricError, match=r'no check kind is called "file.exists"'):
        load_rubric(file, find_kind, cache_folder=cache)


def test_the_cached_path_imports_neither_yaml_nor_jsonschema(load, tmp_path):
    load(cache=tmp_path / "cache")
    program = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
sys.modules["pytest"] = type(sys)("pytest")
sys.modules["pytest"].fixture = lambda function: function
import conftest
from infra_grader.loading.rubric_file import load_rubric
from infra_grader.loading.bundled import find_rubric
folder = Path({str(tmp_path)!r})
load_rubric(folder / "project-01.yaml", conftest.find_kind, cache_folder=folder / "cache")
find_rubric("none")
heavy = ("yaml", "jsonschema", "importlib.metadata", "importlib.resources", "tempfile", "json")
print(sorted(name for name in heavy if name in sys.modules))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert (run.stdout.strip(), run.stderr) == ("[]", "")


def test_a_late_policy_is_the_same_from_the_file_and_from_the_cache(load, tmp_path):
    late = ("pass_mark: 70", "pass_mark: 70\nlate: {grace: 1h30m, per_hour: 0.5%, cap: 25 %, of: points}")
    wanted = LatePolicy(percent=Decimal("0.5"), period_s=3600, grace_s=5400, cap=Decimal(25), of=LateBase.POINTS)
    cache = tmp_path / "cache"
    assert [load(late, cache=cache).late, load(late, cache=cache).late] == [wanted, wanted]
    plain = load(("pass_mark: 70", "pass_mark: 70\nlate: {per_day: 10%}"))
    assert plain.late == LatePolicy(percent=Decimal(10))
