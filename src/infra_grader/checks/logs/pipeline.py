"""The logs.pipeline check kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, Params, Places, check, places
from infra_grader.reading.logstash import LogstashError, Plugin, read_pipeline
from infra_grader.reading.logstash_condition import never_holds
from infra_grader.reading.pieces import Piece, judge, whole
from infra_grader.reading.prometheus_stack import read_stack
from infra_grader.reading.stack_settings import hidden

Step = Literal[
    "parse", "parse_json", "parse_grok", "timestamp", "add_fields", "convert", "redact", "tag", "conditional_output",
    "daily_index",
]  # fmt: skip
Found = Sequence[tuple[str, Plugin]]
DAY = re.compile(r"%\{\+[^}]*(?:dd?|DDD|ww?)[^}]*\}|%\{\[@metadata\]\[version\]\}-%\{\+")
SECRET = re.compile(r"(?i)passw|token|secret|api.?key|authorization|credential|card|ssn|email")
REFERENCE = re.compile(r"\[|%\{")


class Pipeline(Params):
    """Where the pipeline is, and what it must do."""

    path: Annotated[
        Places, Meta(description="Pipelines of Logstash or globs; all files of the first place are one pipeline.")
    ]
    inputs: Annotated[tuple[str, ...], Meta(description="Inputs that are there: `beats`; `beats|tcp` for either.")] = ()
    outputs: Annotated[tuple[str, ...], Meta(description="Outputs that are there: `elasticsearch|opensearch`.")] = (
        "elasticsearch|opensearch",
    )
    steps: Annotated[
        tuple[Step, ...],
        Meta(
            description="What is done: parse (JSON or grok), parse_json, parse_grok, timestamp (a date filter), "
            "add_fields, convert, redact (secrets removed or replaced), tag (under a condition), conditional_output, "
            "daily_index."
        ),
    ] = ("parse", "timestamp")
    compose: Annotated[Places | None, Meta(description="Compose file: its Logstash, if it has one, must see this.")] = (
        None
    )


@check("logs.pipeline")
def pipeline(context: Context, params: Pipeline) -> Outcome:
    """A Logstash pipeline takes logs in, works on them and hands them on.

    The pipeline is read by its grammar: what stands in comments or texts does nothing, nor does what stands under a
    condition that can never hold, such as `1 == 2`, or `[type] == "a" and [type] == "b"`. A filter counts for what it
    is set to do: grok with a match, date with a match, mutate with something to change.
    """
    found = context.workspace.find_first(places(params.path))
    plugins: list[tuple[str, Plugin]] = []
    for path in found:
        try:
            plugins += [(path, plugin) for plugin in read_pipeline(context.workspace.read_text(path))]
        except LogstashError as error:
            raise CheckFailed(
                f"{path} is no pipeline of Logstash: line {error.line}: {error.message}.",
                Evidence(path=path, line=error.line, expected="a valid pipeline", actual=error.message),
            ) from error
    idle = [item for item in plugins if any(map(never_holds, item[1].conditions))]
    plugins = [item for item in plugins if item not in idle]
    ends = {section: [item for item in plugins if item[1].section == section] for section in ("input", "output")}
    for section, inside in ends.items():
        if not inside:
            wanted = f"a plugin in {section}"
            unreached = [_unreached(*item, wanted) for item in idle if item[1].section == section]
            none = Evidence(path=found[0], line=1, expected=wanted, actual="none, comments aside")
            shown = (unreached or [none])[0]
            raise CheckFailed(f"{found[0]} has no plugin in its {section}.", shown)
    pieces = [_named(ends["input"], wanted, "input", found[0]) for wanted in params.inputs]
    pieces += [_named(ends["output"], wanted, "output", found[0]) for wanted in params.outputs]
    pieces += [_step(plugins, idle, step, found[0]) for step in params.steps]
    if params.compose is not None:
        pieces.append(_is_read(context, places(params.compose), found))
    if not pieces:
        pieces = [whole(True, "", _evidence(*plugins[0], "a pipeline"))]
    return judge(found[0], pieces)


def _is_read(context: Context, compose: list[str], found: Sequence[str]) -> Piece:
    """Return whether the Logstash of a compose file reads every file of the pipeline."""
    stack = read_stack(context, compose) if context.workspace.find(*compose) else None
    service = stack.running("logstash") if stack is not None else None
    problems = [problem for path in found if service is not None and (problem := hidden(service, path, "logstash"))]
    if stack is not None and (rest := stack.rest("logstash")):
        problems.append(rest)
    at, line = (service.path, service.line) if service is not None else (found[0], None)
    actual = problems[0] if problems else "nothing speaks against it"
    shown = Evidence(path=at, line=line, expected=f"Logstash reads {', '.join(found)}"[:300], actual=actual)
    return whole(not problems, f"Logstash does not read it: {actual}", shown)


def _evidence(path: str, plugin: Plugin, expected: str) -> Evidence:
    return Evidence(
        path=path, line=plugin.line, expected=expected, actual=plugin.name, text=" and ".join(plugin.conditions) or None
    )


def _named(plugins: Iterable[tuple[str, Plugin]], wanted: str, section: str, place: str) -> Piece:
    expected = f"the {section} {wanted.replace('|', ' or ')}"
    plugins = list(plugins)
    for path, plugin in plugins:
        if plugin.name in wanted.split("|"):
            return whole(True, "", _evidence(path, plugin, expected))
    actual = ", ".join(sorted({plugin.name for _, plugin in plugins}))
    return whole(False, f"it lacks {expected}", Evidence(path=place, expected=expected, actual=actual))


def _unreached(path: str, plugin: Plugin, expected: str) -> Evidence:
    shown = _evidence(path, plugin, expected)
    return shown.replace(actual=f"{plugin.name} stands under a condition that never holds")


def _step(plugins: Found, idle: Found, step: Step, place: str) -> Piece:
    words = step.replace("_", " ")
    for path, plugin in plugins:
        if DOES[step](plugin):
            return whole(True, "", _evidence(path, plugin, words))
    for path, plugin in idle:
        if DOES[step](plugin):
            shown = _unreached(path, plugin, words)
            return whole(False, f"nothing in it does: {words}, for {shown.actual}", shown)
    return whole(False, f"nothing in it does: {words}", Evidence(path=place, expected=words, actual="nothing does it"))


def _parses_json(plugin: Plugin) -> bool:
    codec = next(iter(plugin.texts("codec")), "")
    return (plugin.section == "filter" and plugin.name == "json" and bool(plugin.texts("source"))) or (
        plugin.section == "input" and codec.startswith("json")
    )


def _parses_grok(plugin: Plugin) -> bool:
    return plugin.name in ("grok", "dissect") and any(
        "%{" in text for text in plugin.texts("match") + plugin.texts("mapping")
    )


def _redacts(plugin: Plugin) -> bool:
    if plugin.section != "filter":
        return False
    keys = (
        "remove_field",
        "replace",
        "update",
        "gsub",
        "fields",
        "source",
        "whitelist_names",
        "blacklist_names",
        "code",
    )
    is_able = plugin.name in ("fingerprint", "anonymize", "prune", "ruby") or any(
        key in plugin.settings for key in ("remove_field", "replace", "update", "gsub")
    )
    return is_able and any(SECRET.search(text) for key in keys for text in plugin.texts(key))


def _is_conditional(plugin: Plugin) -> bool:
    return any(REFERENCE.search(condition) for condition in plugin.conditions)


def _indexes_daily(plugin: Plugin) -> bool:
    if plugin.section != "output" or plugin.name not in ("elasticsearch", "opensearch"):
        return False
    rolls = plugin.settings.get("data_stream") == "true" or bool(plugin.texts("ilm_rollover_alias"))
    return rolls or any(DAY.search(text) for text in plugin.texts("index"))


DOES: dict[Step, Callable[[Plugin], bool]] = {
    "parse": lambda plugin: _parses_json(plugin) or _parses_grok(plugin),
    "parse_json": _parses_json,
    "parse_grok": _parses_grok,
    "timestamp": lambda plugin: plugin.section == "filter" and plugin.name == "date" and len(plugin.texts("match")) > 1,
    "add_fields": lambda plugin: plugin.section == "filter" and bool(plugin.texts("add_field")),
    "convert": lambda plugin: plugin.section == "filter" and bool(plugin.texts("convert")),
    "redact": _redacts,
    "tag": lambda plugin: plugin.section == "filter" and bool(plugin.texts("add_tag")) and _is_conditional(plugin),
    "conditional_output": lambda plugin: plugin.section == "output" and _is_conditional(plugin),
    "daily_index": _indexes_daily,
}
