from __future__ import annotations

import time

import pytest
import yaml as pyyaml

from infra_grader.reading import yaml as reading
from infra_grader.reading.yaml import Limits, Place, YamlError, read_document, read_documents


@pytest.fixture(params=["libyaml", "python"])
def parser(request, monkeypatch):
    """Both parsers: PyYAML comes without libyaml on some machines."""
    if request.param == "python":
        monkeypatch.setattr(reading, "PARSER", pyyaml.SafeLoader)
    return request.param


def data(text: str | bytes, **options):
    return read_document(text, **options).data


def fault(text: str | bytes, *, strict: bool = True, **options) -> str:
    with pytest.raises(YamlError) as caught:
        read_documents(text, strict=strict, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("yes", "yes"), ("on", "on"), ("No", "No"), ("y", "y"), ("2024-01-31", "2024-01-31"), ("1_000", "1_000"),
        ("12:30:45", "12:30:45"), ("=", "="), ("0b1", "0b1"), ("+", "+"), (".", "."), ("-x", "-x"), ("1e", "1e"),
        ("~", None), ("null", None), ("Null", None), ("NULL", None), ("", None), ("nULL", "nULL"),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("tRUE", "tRUE"),
        ("0", 0), ("-7", -7), ("+7", 7), ("0o14", 12), ("0x1F", 31), ("0644", 644), ("-0o14", "-0o14"),
        ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("-1e3", -1000.0), ("1E-2", 0.01),
        ("'5'", "5"), ('"true"', "true"), ("! 5", "5"),
        ("!!str 5", "5"), ("!!int '5'", 5), ("!!float 5", 5.0), ("!!bool 'true'", True), ("!!null ''", None),
    ],
)  # fmt: skip
def test_scalars_mean_what_yaml_1_2_says(parser, written, meant):
    found = data(f"a: {written}\n", strict=True)["a"]
    assert found == meant
    assert type(found) is type(meant)


def test_infinite_numbers_are_read_for_learners_only():
    assert data("[.inf, -.INF, 1e999]") == [float("inf"), float("-inf"), float("inf")]
    assert data("a: .NaN")["a"] != data("a: .NaN")["a"]
    assert fault("a: .inf") == "1:4: .inf is no finite number"
    assert fault("a:\n  - .nan") == "2:5: .nan is no finite number"
    assert fault("a: 1e999") == "1:4: 1e999 is no finite number"


def test_numbers_beyond_64_bits_and_very_long_ones_are_refused():
    assert fault("a: 18446744073709551616") == "1:4: the number 18446744073709551616 does not fit into 64 bits"
    assert fault("a: " + "9" * 5000) == "1:4: the number 99999999999999999999… is too long"
    assert data("a: 18446744073709551615") == {"a": 2**64 - 1}


def test_block_and_flow_collections_become_plain_data(parser):
    text = "a:\n- {b: [1, two]}\n- >-\n  folded\n  text\nc: |\n  x\n  y\n"
    assert data(text) == {"a": [{"b": [1, "two"]}, "folded text"], "c": "x\ny\n"}


def test_positions_of_keys_and_values_are_found_by_path(parser):
    document = read_document("title: x\ncriteria:\n  - id: a\n    checks: [{uses: file.exists}]\n")
    assert document.place() == Place(1, 1)
    assert document.place(("criteria", 0, "id")) == Place(3, 9)
    assert document.key_place(("criteria", 0, "id")) == Place(3, 5)
    assert document.place(("criteria", 0, "checks", 0, "uses")) == Place(4, 21)
    assert document.key_place(("criteria", 0)) == Place(3, 5)


def test_position_of_what_is_missing_is_that_of_its_container():
    document = read_document("a:\n  b:\n    c: 1\n")
    assert document.place(("a", "b", "x", "y")) == Place(3, 5)
    assert document.key_place(("a", "b", "x")) == Place(3, 5)


def test_columns_count_characters_and_windows_line_ends_change_nothing(parser):
    document = read_document("ä: {é: ü}\r\nb: 1\r\n".encode())
    assert document.place(("ä", "é")) == Place(1, 8)
    assert document.place(("b",)) == Place(2, 4)


def test_byte_order_marks_are_accepted():
    assert data(b"\xef\xbb\xbfa: 1") == {"a": 1}
    assert data("\ufeffa: 1") == {"a": 1}
    assert data("a: ü".encode("utf-16")) == {"a": "ü"}


def test_several_documents_are_read_with_empty_ones(parser):
    found = read_documents("---\na: 1\n---\n---\n- b\n...\n")
    assert [document.data for document in found] == [{"a": 1}, None, ["b"]]
    assert found[2].place((0,)) == Place(5, 3)
    assert read_documents("") == ()
    assert read_documents("# only a comment\n") == ()


def test_one_document_is_wanted():
    with pytest.raises(YamlError, match=r"^1:1: the file is empty$"):
        read_document("# nothing\n")
    with pytest.raises(YamlError, match=r"^3:1: a second document starts here; one is expected$"):
        read_document("a: 1\n---\nb: 1\n")


def test_anchors_are_shared_and_keep_the_place_where_they_were_written(parser):
    document = read_document("a: &x {b: 1}\nc: *x\nd: [*x]\n", strict=True)
    assert document.data == {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}]}
    assert document.place(("c", "b")) == Place(1, 11)
    assert document.key_place(("c",)) == Place(2, 1)


def test_an_anchor_can_be_written_again_and_ends_with_its_document():
    assert data("[&x 1, *x, &x 2, *x]") == [1, 1, 2, 2]
    assert fault("a: &x 1\n---\nb: *x\n") == "3:4: the alias *x names no anchor above it"


def test_merge_keys_are_merged_for_learners_and_own_keys_win(parser):
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 0\nd: {<<: *a}\n'<<': text\n"
    document = read_document(text)
    assert document.data["c"] == {"x": 0, "y": 1, "z": 2}
    assert document.data["d"] == {"x": 1, "y": 1}
    assert document.data["<<"] == "text"
    assert document.place(("c", "z")) == Place(2, 17)


def test_keys_of_other_types_become_text_as_written_for_learners():
    assert data("8080: a\ntrue: b\n0x1F: c\nnull: d\n?\n: e\n") == {
        "8080": "a",
        "true": "b",
        "0x1F": "c",
        "null": "d",
        "": "e",
    }


def test_tags_of_other_programs_are_left_out_for_learners():
    assert data("a: !Ref name\nb: !Sub [x]\nc: !Map {d: 1}\n") == {"a": "name", "b": ["x"], "c": {"d": 1}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", '3:1: the key "a" is written twice, first on line 1'),
        ("x: {a: 1, a: 2}", '1:11: the key "a" is written twice, first on line 1'),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "3:3: merge keys (<<) are not allowed; write the keys out"),
        ("5: x", '1:1: the key 5 is not text; write "5"'),
        ("true: x", '1:1: the key true is not text; write "true"'),
        ("?\n: x", "1:2: a key is missing before the colon"),
        ("? [a]\n: b", "1:3: a key is a list or a mapping; keys are text"),
        ("a: *nobody", "1:4: the alias *nobody names no anchor above it"),
        ("a: &x [1, *x]", "1:11: the alias *x stands inside the value that it names"),
        ("a: !secret x", "1:4: the tag !secret is not allowed"),
        ("a: !!binary x", "1:4: the tag !!binary is not allowed"),
        ("a: !!set {x}", "1:4: the tag !!set is not allowed"),
        ("a: !!int x", "1:4: 'x' does not fit the tag !!int"),
        ("a:\n\t- x\n", "2:1: a tab is used for indentation; use spaces"),
        ("a:\n  b: 1\n \tc: 2\n", "3:2: a tab is used for indentation; use spaces"),
        ("a: @x", "1:4: a value cannot start with @; put it in quotes"),
        ("a: b: c", "1:5: a colon is not expected here: the indentation is off, or the value needs quotes"),
        ("- a: 1\n   b: 2\n", "2:5: a colon is not expected here: the indentation is off, or the value needs quotes"),
        ("x: 'abc\ny: 1", "2:5: the quoted text from line 1 is never closed"),
        ("a: [1,\nb: 2", None),
        ("a: [1,", "1:7: a value or a closing bracket is missing"),
        ("a: {b: 1\nc: 2}", "2:2: a comma or a closing bracket is missing in the brackets from line 1"),
        ("a: \x07", "1:4: the character U+0007 is not allowed in YAML"),
        ("a: 1\nb: \x00", "2:4: the character U+0000 is not allowed in YAML"),
        ("a: \ud800", "1:4: the character U+D800 is not allowed in YAML"),
        (b"a: 1\nb: \xff", "2:4: byte 0xff is no part of UTF-8 text"),
        (b"\xff\xfea", "1:3: byte 0x61 is no part of UTF-16 text"),
        ("%YAML 2.0\n---\na: 1\n", "1:1: this version of YAML is not known; leave the %YAML line out"),
        ("a: !x!y z", None),
    ],
)
def test_faults_are_worded_with_their_place(parser, text, message):
    found = fault(text)
    if message is not None:
        assert found == message


def test_an_escaped_half_character_is_refused_by_both_parsers(parser):
    assert fault('a: "\\ud800"').startswith("1:")


def test_duplicate_keys_are_faults_for_learners_too():
    assert fault("a: 1\na: 2\n", strict=False) == '2:1: the key "a" is written twice, first on line 1'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- " * 60_000 + "x", "values are nested more than 100 deep"),
        ("[" * 60_000, "values are nested more than 100 deep"),
        ("{a: " * 60_000, "values are nested more than 100 deep"),
        ("? " * 60_000, "values are nested more than 100 deep"),
        ("".join(f"{' ' * level}a:\n" for level in range(1000)), "values are nested more than 100 deep"),
        ("[" + "1," * 300_000 + "]", "there are more than 200000 values"),
        (
            "".join(f"%TAG !a{n}! x\n" for n in range(100_000)) + "---\nx",
            "there are more than 64 lines that start with %",
        ),
        ("a: " + "x" * 5_000_000, "the file is too large: 5000003 characters, at most 4194304 are read"),
    ],
    ids=["list", "flow-list", "flow-mapping", "complex-key", "mapping", "values", "directives", "size"],
)
def test_hostile_text_is_refused_at_once(text, message):
    start = time.perf_counter()
    assert fault(text, strict=False).partition(": ")[2] == message
    assert time.perf_counter() - start < 60  # seconds; what is not refused takes hours


def test_billion_laughs_are_refused_before_they_are_expanded():
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert fault("\n".join(levels)) == "6:15: aliases expand to more than 200000 values"


def test_long_texts_repeated_by_aliases_count_by_their_length():
    text = f"a: &a {'x' * 1_000_000}\nb: [{'*a, ' * 1000}]\n"
    assert fault(text).endswith("aliases expand to more than 200000 values")


def test_depth_counts_what_an_alias_holds():
    text = "a: &a [[[1]]]\nb: [[*a]]\n"
    assert data(text, limits=Limits(depth=6))["b"] == [[[[[1]]]]]
    assert fault(text, limits=Limits(depth=5)) == "2:6: values are nested more than 5 deep"


def test_a_hundred_levels_are_accepted(parser):
    assert data("[" * 100 + "]" * 100)
    assert fault("[" * 101 + "]" * 101) == "1:101: values are nested more than 100 deep"
