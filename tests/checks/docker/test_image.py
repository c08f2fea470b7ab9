"""docker.image on a real daemon: what only the image itself tells."""

from __future__ import annotations

import containers
import msgspec
import pytest

from infra_grader.capabilities import _docker_buildkit
from infra_grader.checks.docker.image import Image
from infra_grader.testing import run_check

BASE = "FROM python:3.11-slim\n"
KEY = "-----BEGIN RSA PRIVATE " + "KEY-----\n" + "MIIEpAIBAAKCAQEAxq8Zt41mmPz71xxAbCdEfGhIjKlMnOpQ\n" * 4


@pytest.fixture(autouse=True)
def _docker():
    containers.require()


def ask(folder, dockerfile, /, *, built=None, files=(), **parameters):
    (folder / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    for name, text in dict(files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    before = {"b": {"uses": "docker.build", "with": {"network": "none", **(built or {})}}}
    return run_check("docker.image", {"image": "b", **parameters}, folder, live="docker", before=before)


def test_a_build_that_failed_is_told_first(tmp_path):
    assert "RUN on line 2 fails" in ask(tmp_path, BASE + "RUN exit 1\n", max_mb=500).message


def test_nothing_asked_is_the_authors_fault(tmp_path):
    assert ask(tmp_path, BASE + "RUN true\n").status == "not_assessed"
    assert list(msgspec.convert({"image": "b"}, Image).problems(tmp_path))
    assert not list(msgspec.convert({"image": "b", "max_mb": 5}, Image).problems(tmp_path))


class TestSecrets:
    def found(self, folder, dockerfile, **more):
        outcome = ask(folder, dockerfile, no_secrets=True, **more)
        text = repr(outcome.evidence)
        assert "q8Zt41mmPz71" not in text, "a secret is shown"
        return [item.actual for item in outcome.evidence if outcome.fraction < 1]

    def test_a_key_under_another_name_in_another_layer(self, tmp_path):
        text = BASE + "COPY deploy /srv/deploy\nRUN rm /srv/deploy\n"
        assert self.found(tmp_path, text, files={"deploy": KEY}) == ["private key in /srv/deploy on line 1"]

    def test_a_stage_that_is_left_behind_tells_nothing(self, tmp_path):
        text = BASE.replace("\n", " AS a\n") + "COPY .env /.env\n" + BASE + "COPY --from=a /etc/hostname /x\n"
        assert self.found(tmp_path, text, files={".env": "SECRET_KEY=q8Zt41mmPz71xx\n"}) == []

    def test_variables_and_commands(self, tmp_path):
        text = BASE + "ENV DB_PASSWORD=q8Zt41mmPz71xx LEVEL=1\nRUN echo https://me:q8Zt41mmPz71xx@host.example/x\n"
        found = self.found(tmp_path, text)
        assert [item.partition(",")[0] for item in found] == [
            "the variable DB_PASSWORD",
            "a password or token in the history",
        ]

    def test_whatever_else_the_image_remembers(self, tmp_path):
        lines = (
            "ARG DB_PASSWORD=q8Zt41mmPz71xx",
            "LABEL db_password=q8Zt41mmPz71xx",
            "ONBUILD ENV DB_PASSWORD=q8Zt41mmPz71xx",
            'HEALTHCHECK CMD curl --header "Authorization: Bearer q8Zt41mmPz71xx" localhost',
            'ENTRYPOINT ["env", "DB_PASSWORD=q8Zt41mmPz71xx", "python3"]',
            "CMD python3 app.py --db postgresql://me:q8Zt41mmPz71xx@db/x",
        )
        outcome = ask(tmp_path, BASE + "\n".join(lines) + "\n", no_secrets=True)
        assert "q8Zt41mmPz71" not in repr((outcome.message, outcome.evidence)), "a secret is shown"
        assert sorted(item.line for item in outcome.evidence) == [2, 3, 4, 5, 6, 7], outcome

    def test_what_only_names_secrets_is_none(self, tmp_path):
        lines = (
            "ARG API_KEY",
            "ARG TOKEN_URL=https://host.example/token",
            "LABEL org.opencontainers.image.revision=0123456789abcdef0123456789abcdef01234567",
            'HEALTHCHECK CMD curl --header "Authorization: Bearer $TOKEN" localhost',
            'ENTRYPOINT ["python3", "app.py", "--token-file", "/run/secrets/token"]',
            "LABEL usage='curl --header \"Authorization: Bearer <your-own-token>\"'",
            'CMD ["--db", "postgresql://me:${DB_PASSWORD}@db/x", "--password", "/run/secrets/password"]',
        )
        assert self.found(tmp_path, BASE + "\n".join(lines) + "\n") == []

    def test_examples_and_keys_of_packages_are_none(self, tmp_path):
        place = "/usr/lib/python3/dist-packages/x/test.key"
        text = BASE + f"COPY key {place}\nCOPY . /app\nENV TOKEN_FILE=/run/secrets/token PATH=/app:$PATH\n"
        files = {"key": KEY, ".dockerignore": "key\n!key\n", ".env.example": "SECRET_KEY=change-me\n"}
        (tmp_path / "app").mkdir()
        found = self.found(tmp_path, text.replace("COPY . /app", "COPY .env.example /app/"), files=files)
        assert found == []


class TestFiles:
    def test_what_a_later_layer_brings_back_is_there(self, tmp_path):
        text = BASE + "RUN mkdir /d && echo 1 > /d/a\nRUN rm -r /d\nRUN mkdir /d && echo 1 > /d/b\n"
        assert ask(tmp_path, text, absent=["/d/a"]).status == "passed"
        back = ask(tmp_path, text, absent=["/d/b"])
        assert (back.status, back.evidence[0].line) == ("failed", 4)

    def test_what_packages_bring_is_not_the_learners(self, tmp_path):
        folder = "/usr/local/lib/python3.11/site-packages/numpy/tests"
        text = BASE + f"RUN mkdir -p {folder} && touch {folder}/a.pyc\n"
        assert ask(tmp_path, text, absent=["tests/", "*.pyc"]).status == "passed"

    def test_replaced_files_are_waste(self, tmp_path):
        text = BASE + "RUN head -c 8000000 /dev/zero > /big\nRUN chmod 700 /big\n"
        outcome = ask(tmp_path, text, waste_mb=5)
        assert "8.0 MB are in it for nothing" in outcome.message
        assert outcome.evidence[1].line == 3
        assert ask(tmp_path, BASE + "RUN head -c 8000000 /dev/zero > /a && rm /a\n", waste_mb=1).status == "passed"


class TestSettings:
    @pytest.mark.parametrize(
        ("lines", "status", "word"),
        [
            ("USER 10001", "passed", "things"),
            ("RUN useradd -m app\nUSER app", "passed", "things"),
            ("USER 10001:0", "passed", "things"),
            ("RUN true", "failed", "root, since there is no USER"),
            ("USER 0", "failed", "the user is 0"),
            ("USER nobody-here", "failed", "whom the image does not know"),
            ("RUN useradd -m app\nUSER app\nUSER root", "failed", "the user is root"),
        ],
    )
    def test_the_user(self, tmp_path, lines, status, word):
        outcome = ask(tmp_path, BASE + lines + "\n", user="non-root", max_layers=50)
        assert outcome.status == ("passed" if status == "passed" else "partial"), outcome
        assert word in outcome.message

    def test_a_healthcheck_that_is_switched_off(self, tmp_path):
        text = BASE + "HEALTHCHECK CMD true\nHEALTHCHECK NONE\n"
        assert ask(tmp_path, text, healthcheck=True).status == "failed"

    def test_a_shell_that_hands_over_is_as_good_as_none(self, tmp_path):
        assert ask(tmp_path, BASE + "CMD exec python app.py\n", form="exec").status == "passed"
        assert ask(tmp_path, BASE + 'ENTRYPOINT ["sh", "-c", "python app.py"]\n', form="exec").status == "failed"

    def test_ports_and_labels(self, tmp_path):
        text = BASE + "ARG P=8080\nEXPOSE ${P}/tcp 53/udp\nLABEL a=1\n"
        outcome = ask(tmp_path, text, ports=[8000, 8080], labels={"a": "2"})
        assert str(outcome.fraction) == "1/2"
        assert ask(tmp_path, text, ports=["53/udp"], labels=["a"]).status == "passed"


def test_the_classic_builders_image_reads_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(_docker_buildkit, "_clients", lambda: iter(()))
    text = BASE + "ARG API_TOKEN\nRUN true\nCOPY .env /app/\nRUN rm /app/.env\nUSER 10001\nLABEL a=1\n"
    files = {".env": "SECRET_KEY=q8Zt41mmPz71xx\n"}
    built = {"arguments": {"API_TOKEN": "q8Zt41mmPz71xx"}}
    outcome = ask(tmp_path, text, built=built, files=files, no_secrets=True, user="non-root", labels=["a"])
    assert str(outcome.fraction) == "2/3"
    lines = {item.actual: item.line for item in outcome.evidence}
    assert lines["the build argument API_TOKEN in the history, value not shown"] == 3
    assert lines["the file /app/.env"] == 4
