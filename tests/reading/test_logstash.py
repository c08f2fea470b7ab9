from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.reading.logstash import LogstashError, read_pipeline


def test_plugins_with_settings_and_conditions():
    plugins = read_pipeline(
        """
        input { beats { port => 5044 codec => json { charset => "UTF-8" } } }
        filter {
          if [a][b] =~ /^\\{x/ and "t" in [tags] { json { source => "message" } }
          else if !([c]) { grok { match => { "message" => ["%{A:a}", "%{B:b}"] } } }
          else { mutate { add_field => { "x" => "1" } add_field => { 'y' => '2' } } } # json { }
        }
        output { stdout { } }
        """
    )
    assert [(plugin.section, plugin.name, plugin.line) for plugin in plugins] == [
        ("input", "beats", 2),
        ("filter", "json", 4),
        ("filter", "grok", 5),
        ("filter", "mutate", 6),
        ("output", "stdout", 8),
    ]
    assert plugins[0].settings == {"port": "5044", "codec": {"json": {"charset": "UTF-8"}}}
    assert plugins[2].texts("match") == ["message", "%{A:a}", "%{B:b}"]
    assert plugins[3].settings == {"add_field": {"x": "1", "y": "2"}}
    assert plugins[3].conditions == ("not (! ( [ c ] ))",)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("input {\n", 1, "never closed"),
        ("\nfoo { }", 2, "input, filter and output"),
        ('input { a { b => "c } }', 1, "quoted text"),
        ("filter { else { } }", 1, "no `if`"),
        ("filter { if { } }", 1, "no condition"),
        ("input { a { b c } }", 1, "=> is expected"),
        ("input { a { b => } }", 1, "a value is expected"),
        ("input { a { b => " + "[" * 5000, 1, "nested more than"),
        ("filter { " + "if [a] { " * 5000, 1, "nested more than"),
    ],
)
def test_faults_name_the_line(text, line, message):
    with pytest.raises(LogstashError) as caught:
        read_pipeline(text)
    assert caught.value.line == line
    assert message in caught.value.message


WORDS = ["input", "filter", "if", "else", "{", "}", "[", "]", "=>", '"a"', "b", "==", "#\n", "/x/", "\n"]


@given(st.text(max_size=200) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_text_is_a_pipeline_or_says_why(text):
    try:
        read_pipeline(text)
    except LogstashError:
        pass
