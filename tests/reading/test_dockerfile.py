"""Dockerfiles are read as BuildKit reads them, and nothing that a file may hold does more than fail its own check."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra_grader.model.outcome import CheckFailed
from infra_grader.plugin import TextFile
from infra_grader.reading.dockerfile import read_dockerfile
from infra_grader.reading.dockerfile_health import judge_probe
from infra_grader.reading.dockerfile_ignore import is_ignored, read_patterns
from infra_grader.reading.dockerfile_lines import read_lines
from infra_grader.reading.dockerfile_reference import is_named, read_reference
from infra_grader.reading.dockerfile_shell import run_commands, script_commands


def read(text):
    return read_dockerfile(TextFile("Dockerfile", text))


def keywords(text):
    return [(line.keyword, line.text, line.line, line.end_line) for line in read_lines(text)[0]]


def test_comments_and_blank_lines_inside_a_continuation_are_left_out():
    text = "FROM a\nRUN x \\\n  # no\n\n   && y\n# z\n"
    assert keywords(text) == [("FROM", "a", 1, 1), ("RUN", "x    && y", 2, 5)]


def test_a_doubled_backslash_continues_nothing():
    assert [word for word, *_ in keywords("FROM a\nRUN x \\\\\nUSER b")] == ["FROM", "RUN", "USER"]


def test_the_escape_directive_changes_what_continues():
    assert keywords("# escape=`\nFROM a\nRUN x `\n y\\\nUSER b")[1:] == [("RUN", "x  y\\", 3, 4), ("USER", "b", 5, 5)]


def test_a_directive_after_a_comment_is_a_comment():
    assert read_lines("# hello\n# escape=`\nFROM a")[1] == "\\"


def test_heredocs_hold_what_looks_like_instructions():
    instruction = read_lines("FROM a\nCOPY <<A <<-'B' /x/\nUSER root\nA\n\tRUN y\n\tB\nUSER b")[0][1]
    assert [(doc.name, doc.content, doc.line, doc.expands) for doc in instruction.heredocs] == [
        ("A", "USER root\n", 3, True),
        ("B", "RUN y\n", 5, False),
    ]
    assert instruction.end_line == 6


@pytest.mark.parametrize("text", ["RUN cat<<EOF", "RUN cat <<< EOF", "RUN echo '<<EOF'", "RUN x << EOF"])
def test_what_is_no_heredoc_takes_no_lines(text):
    assert len(keywords(f"FROM a\n{text}\nUSER b")) == 3


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("FROM a\nRUN <<EOF\nx\n", 2, "never closed"),
        ("FROM a AS 1x", 1, "cannot be the name"),
        ("FROM a as", 1, "FROM takes an image"),
        ("ARG X\nFROM $X", 2, "is empty"),
        ("FROM ${X:?say}", 1, "has no value: say"),
        ("FROM a\nENV X", 2, "has no value"),
        ("FROM a\nENV X=1 Y", 2, "name=value"),
        ('FROM a\nCMD ["x", 1]', 2, "texts in double quotes"),
        ("FROM a\nCOPY x", 2, "two words"),
        ("FROM a\nCOPY --form=x a b", 2, "no flag --form"),
        ("FROM a\nCOPY --from=3 a b", 2, "no stage 3"),
        ("FROM a\nSHELL bash", 2, "JSON"),
        ("FROM a\nONBUILD FROM b", 2, "ONBUILD cannot hold FROM"),
        ("# escape=x\nFROM a", 1, "escape takes"),
        ("FROM a\nEXPOSE 99999", 2, "no port"),
        ("FROM a\n" + "RUN x\n" * 1001, 1001, "more than 1000 instructions"),
        ("FROM a\nENV A=xxxx\n" + "ENV A=$A$A$A$A$A$A$A$A\n" * 40, 7, "grows beyond"),
    ],
)
def test_what_buildkit_refuses_fails_with_its_line(text, line, message):
    with pytest.raises(CheckFailed, match=message) as caught:
        read(text)
    assert caught.value.evidence[0].line == line


def test_stages_know_their_parents_and_what_they_copy_from():
    stages = read(
        "FROM a AS One\nFROM one AS two\nFROM b\nCOPY --from=TWO /x /y\nRUN --mount=from=one,target=/z true\n"
        "COPY --from=later /x /y\nFROM c AS later\n"
    ).stages
    assert [(stage.name, stage.parent, stage.needs) for stage in stages] == [
        ("one", None, ()),
        ("two", 0, ()),
        ("", None, (1, 0)),
        ("later", None, ()),
    ]
    assert [image.value for image in stages[2].outside] == ["later"]


def test_only_what_the_last_stage_needs_is_reached():
    found = read("FROM a AS b\nFROM a AS unused\nFROM b AS c\nFROM a\nCOPY --from=c x y\n")
    assert [stage.index for stage in found.reached(found.target())] == [0, 2, 3]
    assert [stage.index for stage in found.reached(found.target("unused"))] == [1]


def test_arguments_count_only_where_they_are_declared():
    image = read("ARG V=1\nFROM a:$V\nENV X=$V\nARG V\nENV Y=$V Z=${N:-n} W=${V:+w}\n").stages[0].image
    assert image.base == "a:1"
    assert {name: setting.value for name, setting in image.env.items()} == {"X": "", "Y": "1", "Z": "n", "W": "w"}


def test_variables_on_one_line_do_not_see_one_another():
    image = read("FROM a\nENV A=1\nENV A=2 B=$A C=\"x $A\" D='$A' E=\\$A\n").stages[0].image
    assert [image.env[name].value for name in "ABCDE"] == ["2", "1", "x 1", "$A", "$A"]


def test_an_entrypoint_drops_the_command_of_another_stage():
    image = read('FROM a AS b\nCMD ["x"]\nFROM b\nENTRYPOINT ["y"]\n').stages[1].image
    assert image.command is None


def test_a_file_of_the_image_is_found_in_the_context():
    text = "FROM a\nWORKDIR /app\nCOPY docker/run.sh /run.sh\nCOPY src/ ./src/\nCOPY a.py b.py x/\n"
    image = read(text).stages[0].image
    assert image.origins("/run.sh") == ["docker/run.sh"]
    assert image.origins("src/app.py") == ["src/app.py"]
    assert "b.py" in image.origins("x/b.py")


def test_commands_of_a_run_have_their_own_lines():
    item = read("FROM a\nRUN x && \\\n  # no\n  y 'a b' > /dev/null; z\n").stages[0].instructions[0]
    assert [(command.words, command.line) for command in run_commands(item)] == [
        (("x",), 2),
        (("y", "a b"), 4),
        (("z",), 4),
    ]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exec env A=b /usr/bin/python3.11 -m x", [("/usr/bin/python3.11", "-m", "x")]),
        ("sh -ec 'a; b'", [("a",), ("b",)]),
        ("if [ -f x ]; then a; else b; fi", [("[", "-f", "x", "]"), ("a",), ("b",)]),
        ("true || a; false && b; c", [("true",), ("false",), ("c",)]),
        ("for i in 1 2; do a $i; done", [("a", "$i")]),
        ("x=$(a b) c", [("a", "b"), ("c",)]),
        ("echo 'a && b' # c", [("echo", "a && b")]),
        ("exit 0\na", [("exit", "0")]),
        ("(cd x && a) 2>&1 | tee y", [("cd", "x"), ("a",), ("tee", "y")]),
        ("timeout 5 gosu app a --b", [("a", "--b")]),
        ("exec setpriv --reuid=app --init-groups a --b", [("a", "--b")]),
    ],
)
def test_shell_scripts_are_cut_into_commands(script, words):
    assert [command.words for command in script_commands(script)] == words


@pytest.mark.parametrize(
    ("script", "asks"),
    [
        ("curl -f http://x/health || exit 1", True),
        ("curl -f http://x/health || (echo no; exit 1)", True),
        ("if curl -f http://x/; then exit 0; else exit 1; fi", True),
        ("wget -qO- localhost:5000/health", True),
        ('[ "$(curl -s http://x/h)" = ok ]', True),
        ("redis-cli ping", True),
        ("curl -f http://x/health || true", False),
        ("curl http://x; exit 0", False),
        ("curl --version", False),
        ("python -c 'print(\"urlopen()\")'", False),
        ("exit 0", False),
        ("true", False),
        ("", False),
    ],
)
def test_a_health_check_asks_or_does_not(script, asks):
    assert judge_probe(script_commands(script), lambda _: None).asks is asks


@pytest.mark.parametrize(
    ("patterns", "path", "ignored"),
    [
        ("__pycache__", "src/__pycache__/a.pyc", False),
        ("**/__pycache__", "src/__pycache__/a.pyc", True),
        ("/src/", "src/app.py", True),
        ("*.pyc", "a/b.pyc", False),
        ("**/*.pyc", "a/b.pyc", True),
        ("**.pyc", "a/b.pyc", True),
        ("*\n!src/**", "src/app.py", False),
        ("!a\n*", "a", True),
        ("a?c\n[x-z]1\n[^a]2", "y1", True),
        ("[^a]2", "a2", False),
        ("./x/../y", "y", True),
        ("#a\n\\#a", "#a", True),
        ("**", "a/b/c", True),
        ("a/**/b", "a/b", True),
    ],
)
def test_ignore_patterns_are_those_of_docker(patterns, path, ignored):
    assert is_ignored(read_patterns(patterns), path) is ignored


def test_hostile_ignore_patterns_take_no_time():
    assert not is_ignored(read_patterns("**/" * 500 + "x\n" + "*a" * 500 + "b\n"), "a" * 500 + "/" + "a" * 200)


def test_image_names_have_their_parts():
    assert read_reference("docker.io/library/python:3.11") == ("python", "3.11", "")
    assert read_reference("localhost:5000/a/b") == ("localhost:5000/a/b", "", "")
    assert is_named(read_reference("prom/prometheus:v2.47.2"), ["prom/prometheus"])
    assert not is_named(read_reference("python:3.11"), ["python:*slim*"])


PARTS = st.sampled_from(
    ["FROM a", " AS b", "\nRUN ", "\nCOPY ", "--from=b ", "<<EOF", "\nEOF\n", "\\\n", "$", "${X", ":-", "}", "\nENV ",
     "=", '"', "'", "\nHEALTHCHECK CMD ", "\nARG ", "[", "]", ",", "\nUSER ", "`", "# escape=`\n", "(", ")", "\r", "&&",
     "\nEXPOSE ", "\nONBUILD ", "--mount=type=bind,from=0 ", "\0", "\ud800", "é", "\u2028", "\t", "if ", ";", "|", "<",
     ">"]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(PARTS, max_size=40).map("".join)))
@example("FROM a\nRUN ${" + "{" * 2000)
@example("FROM a\nENV A=" + "${A:-" * 3000 + "}" * 3000)
@example("FROM a\nCMD " + "[" * 100_000)
@example("FROM a\nRUN " + "$(" * 20_000)
def test_whatever_a_file_holds_it_is_read_or_refused(text):
    try:
        found = read(text)
    except CheckFailed:
        return
    for stage in found.stages:
        for item in stage.instructions:
            if item.keyword in ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"):
                judge_probe(run_commands(item), lambda _: None)
