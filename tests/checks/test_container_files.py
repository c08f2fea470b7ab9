"""Whatever a Dockerfile or a compose file holds, every kind that reads it judges it: none fails itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_grader.testing import run_check

COMPOSE_KINDS = {
    "compose.services": {"services": {"api": ["a", "build"]}},
    "compose.service": {
        "service": ["*"], "ports": [80], "depends_on": {"b": None}, "healthcheck": True, "restart": ["always"],
        "environment": ["A"], "volumes": ["/b"], "networks": ["n"], "limits": ["memory"], "command": ["x"],
    },
    "compose.networks": {"shared": [["a", "b"]], "apart": [["a", "b"]], "unpublished": ["a"]},
    "compose.volumes": {"keeps": {"a": "/b"}, "min": 2},
    "compose.healthchecks": {},
    "compose.limits": {},
    "compose.references": {},
    "compose.ports": {},
    "compose.safe": {},
}  # fmt: skip
DOCKERFILE_KINDS = {
    "dockerfile.builds_on": {"images": ["a"]},
    "dockerfile.stages": {},
    "dockerfile.user": {},
    "dockerfile.healthcheck": {"endpoints": ["/health"], "port": 80, "max_interval": 5},
    "dockerfile.exposes": {"ports": [80]},
    "dockerfile.starts": {"programs": ["x"], "runs": ["y"]},
    "dockerfile.copies": {},
    "dockerfile.installs": {"packages": ["curl"]},
    "dockerfile.instructions": {"workdir": ["/app"], "environment": {"A": 1}},
    "dockerfile.secrets": {},
}
KEYS = st.sampled_from(
    ["image", "build", "ports", "volumes", "environment", "env_file", "depends_on", "networks", "healthcheck", "test",
     "deploy", "resources", "limits", "memory", "extends", "service", "file", "command", "profiles", "restart",
     "context", "source", "target", "type", "secrets", "configs", "tmpfs", "dockerfile", "path", "required"]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers(-5, 99999) | st.sampled_from(
    ["", "a", "$X", "${X:-1}:80", "80:80/udp", "./a:/b:ro", "n:/b", "${", "NONE", "CMD", "curl x || true", ".", "/"]
)  # fmt: skip
TREES = st.recursive(LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below), max_leaves=12)
SERVICE = st.dictionaries(KEYS, TREES, max_size=6).map(lambda keys: {"image": "a:1", **keys})
PARTS = st.sampled_from(
    ["FROM a:1", " AS b", "\nRUN ", "\nCOPY ", "--from=b ", "<<EOF", "\nEOF\n", "\\\n", "$X", "${X:-y}", "\nENV A=1",
     '"', "'", "\nHEALTHCHECK CMD ", "curl -f http://x:80/health ", "|| exit 1", '["x", "y"]', "\nUSER ", "root",
     "useradd -u 0 b", "pip install -r requirements.txt", " && ", "apt-get install -y curl", "\nEXPOSE 80", ". .",
     "\nENTRYPOINT ", "\nCMD ", "sh -c ", "python -m x", "\nARG TOKEN=abc", "\nWORKDIR /app", "(", ")",
     "\nRUN --mount=x ", "env ", "timeout", "uv pip", "poetry run ", "exec", "-m", "\nFROM b"]
)  # fmt: skip
HOSTILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


@HOSTILE
@given(
    st.dictionaries(st.sampled_from("ab"), SERVICE, min_size=1),
    st.dictionaries(st.sampled_from(["networks", "volumes", "configs", "secrets", "include", "x-a"]), TREES),
)
def test_every_compose_kind_judges_whatever_is_there(tmp_path, services, others):
    (tmp_path / "compose.yaml").write_text(json.dumps({"services": services, **others}), encoding="utf-8")
    for kind, parameters in COMPOSE_KINDS.items():
        outcome = run_check(kind, parameters, tmp_path)
        assert outcome.status in ("passed", "partial", "failed"), (kind, outcome)
        assert outcome.evidence, kind


@HOSTILE
@given(st.lists(PARTS, max_size=25).map("".join))
def test_every_dockerfile_kind_judges_whatever_is_there(tmp_path, text):
    (tmp_path / "Dockerfile").write_text("FROM a:1 AS z\n" + text, encoding="utf-8")
    for kind, parameters in DOCKERFILE_KINDS.items():
        outcome = run_check(kind, parameters, tmp_path)
        assert outcome.status in ("passed", "partial", "failed"), (kind, outcome)
        assert outcome.evidence, kind


@pytest.mark.parametrize("kind", ["dockerfile.user", "compose.safe"])
def test_a_file_that_is_too_large_fails_its_own_check(tmp_path, kind):
    for name in ("Dockerfile", "compose.yaml"):
        (tmp_path / name).write_text("#" * 3_000_000, encoding="utf-8")
    outcome = run_check(kind, {}, tmp_path)
    assert outcome.status == "failed"
    assert "too large" in outcome.message


def test_a_link_out_of_the_submission_is_not_read(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "Dockerfile").write_text("FROM a:1\nUSER 5\n", encoding="utf-8")
    (tmp_path / "s" / "Dockerfile").symlink_to(tmp_path / "Dockerfile")
    assert run_check("dockerfile.user", {}, tmp_path / "s").status == "failed"
