from __future__ import annotations

import json

import pytest

from infra_grader.capabilities.starter import read_starter
from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.manifest_files import joined, read_manifest_files

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata: {{a: b}}\n"


def read(folder, *places, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_manifest_files(Workspace(folder), places or ["."])


def names(found):
    return [each.name for each in found.objects]


def test_documents_are_read_with_their_lines(tmp_path):
    found = read(tmp_path, a_yaml=f"# first\n---\n---\n{CONFIG.format('one')}---\n{CONFIG.format('two')}")
    assert names(found) == ["one", "two"]
    assert found.objects[1].field("metadata", "name").evidence().line == 13
    assert found.objects[1].field("data", "missing").evidence().line == 14, "the line of what would hold it"
    assert found.faults == ()


def test_the_items_of_a_list_are_objects(tmp_path):
    items = [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}} for name in "ab"]
    text = json.dumps({"items": items, "kind": "List", "apiVersion": "v1"}, indent="\t")
    found = read(tmp_path, a_json=text)
    assert names(found) == ["a", "b"]
    assert found.objects[1].field("metadata", "name").evidence().line == 14


def test_json_on_one_line_with_its_keys_in_any_order(tmp_path):
    found = read(tmp_path, a_json='{"metadata": {"name": "x"}, "apiVersion": "v1", "kind": "Service"}')
    assert names(found) == ["x"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_encodings_and_line_ends(tmp_path, encoding):
    found = read(tmp_path, a_yaml=CONFIG.format("x").replace("\n", "\r\n").encode(encoding))
    assert names(found) == ["x"]


def test_a_broken_document_is_a_fault_and_the_others_count(tmp_path):
    text = f"{CONFIG.format('one')}---\napiVersion: v1\n kind: Service\n---\n{CONFIG.format('two')}"
    found = read(tmp_path, a_yaml=text, b_yaml=CONFIG.format("three"))
    assert names(found) == ["one", "two", "three"]
    assert [(fault.path, fault.line) for fault in found.faults] == [("a.yaml", 8)]
    assert found.objects[1].field("metadata", "name").evidence().line == 13


def test_a_fault_seems_to_define_what_its_lines_name(tmp_path):
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n  # name: two\ndata: [\n"
    found = read(tmp_path, a_yaml=text, b_yaml=CONFIG.format("x"))
    assert found.may_define("ConfigMap", "one")
    assert not found.may_define("ConfigMap", "two")
    assert not found.may_define("Secret", "one")


def test_latin_1_is_a_fault_with_its_line(tmp_path):
    found = read(tmp_path, a_yaml=CONFIG.format("x").encode() + "# é\n".encode("latin-1"), b_yaml=CONFIG.format("y"))
    assert names(found) == ["y"]
    assert (found.faults[0].path, found.faults[0].line) == ("a.yaml", 6)


def test_very_deep_yaml_is_a_fault(tmp_path):
    found = read(tmp_path, a_yaml="apiVersion: v1\nkind: X\na: " + "[" * 5000, b_yaml=CONFIG.format("y"))
    assert "deep" in found.faults[0].problem


def test_what_is_no_manifest_is_left_out(tmp_path):
    found = read(
        tmp_path,
        k8s__a_yaml=CONFIG.format("x"),
        compose_yaml="services: {a: {image: b}}\n",
        broken_yaml="a: [\n",
        datasources_yaml="apiVersion: 1\nkind: 3\n",
        kubeconfig_yaml="apiVersion: v1\nkind: Config\nclusters: []\n",
        chart__Chart_yaml="apiVersion: v2\nname: c\nversion: 1.0.0\n",
        chart__templates__a_yaml="kind: {{ x }}\n",
        chart__crds__a_yaml=CONFIG.format("crd"),
        overlay__kustomization_yaml="patches: [{path: p.yaml}, {path: ../shared/q.yaml}]\n",
        overlay__p_yaml=CONFIG.format("patch"),
        shared__q_yaml=CONFIG.format("patch"),
    )
    assert names(found) == ["crd", "x"]
    assert found.faults == ()


def test_a_template_says_that_it_is_one(tmp_path):
    found = read(
        tmp_path, a_yaml="apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .x }}-a\n", b_yaml=CONFIG.format("y")
    )
    assert "a template" in found.faults[0].problem
    assert found.faults[0].line == 4


def test_what_was_handed_out_is_given(tmp_path):
    starter = tmp_path / "starter"
    starter.mkdir()
    (starter / "a.yaml").write_text(CONFIG.format("given"))
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.yaml").write_text(CONFIG.format("given"))
    (work / "b.yaml").write_text(CONFIG.format("own"))
    found = read_manifest_files(Workspace(work, read_starter(tmp_path)), ["."])
    assert names(found) == ["given", "own"]
    assert [each.name for each in found.own] == ["own"]


def test_nothing_at_all_fails_and_says_what_is_broken(tmp_path):
    with pytest.raises(CheckFailed, match="no Kubernetes manifest in the submission"):
        read(tmp_path)
    with pytest.raises(CheckFailed, match=r"a\.yaml cannot be read"):
        read(tmp_path, a_yaml="apiVersion: v1\nkind: [\n")


def test_paths_are_followed_upwards():
    assert joined("a/b", "../c/./d.yaml") == "a/c/d.yaml"
    assert joined("", "../x") == "../x"
