"""What is a secret and what is none, line by line; tokens are put together here so that no scanner finds them."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis.strategies import from_regex

from infra_grader.reading import secret_formats
from infra_grader.reading.secret_search import find_secrets
from infra_grader.testing import run_check

BODY = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"

SECRETS = {
    "aws": ("a.py", 'key_id = "AKIA' + '1234567890ABCDEF"'),
    "aws secret": ("a.py", 'AWS_SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/' + 'bPxRfiCYzzzzzKEY1a"'),
    "github": (".env", "X=ghp" + "_1234567890abcdefghijklmnopqrstuvwxyz"),
    "github fine": ("a.md", "github" + "_pat_" + BODY + BODY),
    "gitlab": ("a.yml", "x: glpat" + "-" + BODY[:20]),
    "hugging face": ("a.sh", "export X=hf" + "_" + BODY[:34]),
    "openai": ("a.py", "OpenAI('sk" + "-proj-" + BODY + "')"),
    "anthropic": ("a.py", "x = 'sk" + "-ant-api03-" + BODY + "'"),
    "google": ("a.js", "const x = 'AIza" + BODY[:35] + "'"),
    "slack": ("a.tf", 'x = "xoxb' + "-123456789012-123456789012-" + BODY.lower() + '"'),
    "slack hook": ("a.py", "x='https://hooks.slack" + ".com/services/T0AB1CD2E/B0AB1CD2E/" + BODY + "'"),
    "npm": (".npmrc", "//registry.example.org/:_authToken=npm" + "_" + BODY),
    "stripe": ("a.py", "x = 'sk" + "_live_" + BODY[:24] + "'"),
    "jwt": ("a.txt", "eyJhbGciOiJIUzI1NiIs." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + BODY),
    "url": ("a.py", 'url = "postgresql://ada:s3cr3tPw@db:5432/x"'),
    "in code": ("a.py", 'password = "hunter2"'),
    "annotated": ("a.py", 'DB_PASSWORD: str = "P0stgres!42"'),
    "compared": ("a.py", 'if password == "Adm1nPass!":'),
    "default": ("a.py", 'SECRET_KEY = os.getenv("SECRET_KEY", "f3kJ29dk2lsd0xkE")'),
    "json": ("a.json", '{"password": "correct1horse"}'),
    "yaml": ("a.yaml", "password: S3cr3t!pass"),
    "compose": ("compose.yaml", "      - DB_PASSWORD=Tr0ub4dor3"),
    "dockerfile": ("Dockerfile", "ENV API_KEY=" + BODY),
    "ini": ("a.ini", "secret_key = kJ8#mN2$pQ5vR9"),
    "argument": ("run.sh", "mysql --password=Sup3rSecret9 -u root"),
    "fernet": ("a.yaml", 'FERNET_KEY: "81HqDtbqAywKSOumSha3BhWNOdQ26slT6K0YaZeZyPs="'),
    "long line": ("a.js", "x" * 10_000 + ' password="Tr0ub4dor3" ' + "y" * 10_000),
}

KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx7v6g3k2n9Zq1bVtYw0sPl4cRr8uJmHdQeXfTaGiBoKyNz\n"

PLACEHOLDERS = [
    ("a.py", 'API_KEY = os.environ["API_KEY"]'),
    ("a.py", 'api_key = os.getenv("API_KEY", "")'),
    (".env.example", "API_KEY=your-key-here"),
    (".env.example", "API_KEY=changeme"),
    (".env.example", "SECRET_KEY=<token>"),
    ("a.yaml", "password: ${DB_PASSWORD}"),
    ("a.yaml", "password: postgres"),
    ("compose.yaml", "POSTGRES_PASSWORD: airflow"),
    ("a.yaml", "image: x@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("a.py", 'url = "postgresql://mlflow:mlflow@postgres/mlflow"'),
    ("a.py", 'url = "postgresql://user:password@example.com/db"'),
    ("a.py", 'url = f"postgresql://{user}:{password}@host/db"'),
    ("a.py", "AKIAIOSFODNN7EXAMPLE"),
    ("a.py", 'eos_token = "</s>"'),
    ("a.py", "pad_token_id = 50256"),
    ("a.py", "token: str = Depends(oauth2_scheme)"),
    ("a.py", 'API_KEY_HEADER = "X-API-Key"'),
    ("a.yaml", "secretName: model-api-secret1"),
    ("a.yaml", "    secret: model-api-tls-2024"),
    ("package-lock.json", '"token": "a8f5f167f44f4964e6c998dee827110c"'),
    ("dvc.lock", "md5: a8f5f167f44f4964e6c998dee827110c"),
    ("ci.yml", "token: ${{ secrets.GITHUB_TOKEN }}"),
    ("a.py", 'password = getpass.getpass("Password: ")'),
    ("a.py", 'GITHUB_TOKEN = "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"'),
    ("a.py", 'assert "-----BEGIN RSA PRIVATE KEY-----" in text\nnext line of code'),
    ("a.yaml", "ssh_private_key: ~/.ssh/id_rsa2"),
    ("a.py", 'client_secret = "00000000-0000-0000-0000-000000000000"'),
    ("a.tf", "password = var.db_password1"),
    ("a.tf", 'secret = "projects/p1/secrets/db-pass1/versions/1"'),
    ("a.py", 'password = "test-password-1"'),
    ("a.py", 'hashed_password = "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW"'),
    ("a.py", '"sk-learn-model-serving-version2-package"'),
    ("a.sh", "docker login -u $USER --password-stdin"),
    ("a.sh", 'curl -H "Authorization: Bearer $TOKEN" http://localhost:8000'),
    ("a.go", 'password := os.Getenv("PW1")'),
    ("a.js", "const token = process.env.TOKEN1;"),
    ("a.yaml", 'MYSQL_PASSWORD: "{{ vault_pw1 }}"'),
    ("a.yaml", "bearer_token_file: /var/run/secrets/token1"),
]


@pytest.mark.parametrize(("path", "line"), SECRETS.values(), ids=SECRETS)
def test_secret_is_found(path, line):
    assert len(find_secrets(path, f"first\n{line}\nlast")) == 1


@pytest.mark.parametrize(("path", "line"), PLACEHOLDERS)
def test_placeholder_is_none(path, line):
    assert find_secrets(path, line) == []


@pytest.mark.parametrize("text", [KEY, KEY.replace("\n", "\\n"), KEY.replace("\n", "\n    ")])
def test_private_key_is_found_where_it_begins(text):
    assert [(found.line, found.kind) for found in find_secrets("key", "x\n" + text)] == [(2, "private key")]


def test_secret_is_never_shown(tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(line for _, line in SECRETS.values()) + "\n" + KEY)
    outcome = run_check("secrets.absent", {}, tmp_path)
    shown = repr(outcome)
    assert outcome.status == "failed"
    for secret in ("hunter2", BODY[:20], "Tr0ub4dor3", "s3cr3tPw", "1234567890ABCDEF", "MIIEpAIB"):
        assert secret not in shown


@pytest.mark.parametrize(
    "text",
    [
        "password" * 50_000,
        'password="' * 37_500,
        "eyJ" * 112_500,
        "--" * 125_000,
        "://a:" * 75_000,
        "sk-" * 112_500,
        "getenv(" * 50_000,
        "password" + " " * 250_000,
        "-----BEGIN PRIVATE KEY-----\n" * 12_500,
        "\n" * 125_000,
    ],
    ids=range(10),
)
def test_hostile_text_takes_time_in_proportion_to_its_length(text):
    started = time.perf_counter()
    find_secrets("a.txt", text)
    assert time.perf_counter() - started < 20  # seconds for a few hundred thousand characters, on any machine


def test_odd_names_and_files_do_no_harm(tmp_path):
    (tmp_path / "a\nb.py").write_text('password = "hunter2"')
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "out").symlink_to("/etc/shadow")
    outcome = run_check("secrets.absent", {}, tmp_path)
    assert outcome.measure.value == 1
    assert outcome.evidence[0].path == "a\nb.py"


@pytest.mark.parametrize("form", secret_formats._detector_forms(), ids=lambda form: form[1].pattern)
def test_every_match_of_a_detector_has_a_mark(form):
    @settings(max_examples=10)
    @given(from_regex(form[1]))
    def has_mark(text):
        assert any(mark.search(text) for mark in secret_formats.MARKS)

    has_mark()


def test_text_without_a_mark_needs_no_detectors(tmp_path):
    (tmp_path / "a.py").write_text("print('xo, AWS_SECRET_ACCESS_KEY')")
    program = (
        "import sys; from infra_grader.testing import run_check;"
        f"print(run_check('secrets.absent', {{}}, {str(tmp_path)!r}).status, 'detect_secrets' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["passed", "False"]


def test_missing_library_is_not_assessed(tmp_path, monkeypatch):
    secret_formats._require_detectors.cache_clear()
    monkeypatch.setitem(sys.modules, "detect_secrets", None)
    (tmp_path / "a.py").write_text("print()")
    outcome = run_check("secrets.absent", {}, tmp_path)
    assert outcome.status == "not_assessed"
    assert outcome.remedy == "pip install 'infra-grader[secrets]'"
