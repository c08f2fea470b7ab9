"""The configuration of log shippers: what they collect, and where they send it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.model.record import Record
from infra_grader.plugin import CheckFailed, Evidence, TextFile
from infra_grader.reading.prometheus_files import Found, as_list, as_mapping, find_mappings, texts

SECTION = re.compile(r"\s*\[(\w+)\]\s*")
FLUENTD = re.compile(r"<(source|match)\b[^>]*>(.*?)</\1>", re.DOTALL)
SETTING = re.compile(r"\s*@?(\w[\w.-]*)\s+(\S.*)")


class Output(Record):
    """Where logs are sent."""

    kind: str
    hosts: tuple[str, ...]


class Shipper(Record):
    """A log shipper."""

    program: str
    inputs: tuple[str, ...]
    """What it collects, in words."""
    outputs: tuple[Output, ...]
    joins_lines: bool


def read_shipper(file: TextFile) -> Shipper:
    """Return what a shipper does. Raises `CheckFailed` where the file is none of those that are known."""
    if file.path.endswith((".yml", ".yaml")):
        for found in find_mappings(file, _is_shipper):
            return _read_yaml(found)
    elif (shipper := _read_fluent_bit(file.text)) or (shipper := _read_fluentd(file.text)):
        return shipper
    expected = "Filebeat, Fluent Bit, Fluentd, Promtail or Vector"
    raise CheckFailed(
        f"{file.path} configures no log shipper that is known.",
        Evidence(path=file.path, line=1, expected=expected, actual="none of them, comments aside"),
    )


def _is_shipper(data: dict[str, object]) -> bool:
    filebeat = any(key.split(".")[0] == "filebeat" for key in data)
    return (
        filebeat
        or {"clients", "scrape_configs"} <= data.keys()
        or {"sources", "sinks"} <= data.keys()
        or "pipeline" in data
    )


def _get(data: dict[str, object], name: str) -> object:
    """Return a setting of Filebeat, whose names may be written with dots or nested."""
    if name in data:
        return data[name]
    head, _, rest = name.partition(".")
    while rest:
        if isinstance(data.get(head), dict):
            return _get(as_mapping(data[head]), rest)
        more, _, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


def _read_yaml(found: Found) -> Shipper:
    data = found.data
    if "clients" in data:
        return _read_promtail(data)
    if "sinks" in data:
        return _read_vector(data)
    if "pipeline" in data:
        return _read_fluent_bit_yaml(as_mapping(data["pipeline"]))
    return _read_filebeat(data)


def _read_filebeat(data: dict[str, object]) -> Shipper:
    inputs: list[str] = []
    joins = False
    for item in as_list(_get(data, "filebeat.inputs")):
        block = as_mapping(item)
        if block.get("enabled") is False or not block.get("type"):
            continue
        is_file = block["type"] in ("log", "filestream", "container")
        if not is_file or texts(block.get("paths")):
            inputs.append(f"{block['type']} {' '.join(texts(block.get('paths')))}".strip())
            joins = joins or _joins(block)
    for provider in as_list(_get(data, "filebeat.autodiscover.providers")):
        block = as_mapping(provider)
        if block.get("type") and (block.get("templates") or _get(block, "hints.enabled") is True):
            inputs.append(f"autodiscover {block['type']}")
            joins = joins or _joins(block)
    outputs = [
        Output(kind=kind, hosts=tuple(texts(_get(data, f"output.{kind}.hosts"))))
        for kind in ("logstash", "elasticsearch", "kafka", "redis")
        if _get(data, f"output.{kind}.hosts") and _get(data, f"output.{kind}.enabled") is not False
    ]
    return Shipper(program="Filebeat", inputs=tuple(inputs), outputs=tuple(outputs), joins_lines=joins)


def _joins(block: object) -> bool:
    stack = [block]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if any("multiline" in key and inner for key, inner in value.items()):
                return True
            stack += value.values()
        elif isinstance(value, list):
            stack += value
    return False


def _read_promtail(data: dict[str, object]) -> Shipper:
    jobs = [as_mapping(job) for job in as_list(data.get("scrape_configs"))]
    inputs = [
        str(job.get("job_name") or "a job")
        for job in jobs
        if any(key in ("journal", "static_configs") or key.endswith("_sd_configs") for key in job if job[key])
    ]
    urls = [str(as_mapping(client).get("url") or "") for client in as_list(data.get("clients"))]
    outputs = [Output(kind="loki", hosts=(url,)) for url in urls if url]
    return Shipper(program="Promtail", inputs=tuple(inputs), outputs=tuple(outputs), joins_lines=_joins(jobs))


def _read_vector(data: dict[str, object]) -> Shipper:
    sources = as_mapping(data.get("sources"))
    sinks = [as_mapping(sink) for sink in as_mapping(data.get("sinks")).values()]
    outputs = [
        Output(kind=str(sink["type"]), hosts=tuple(texts(sink.get("endpoint")) + texts(sink.get("endpoints"))))
        for sink in sinks
        if sink.get("type") and texts(sink.get("inputs"))
    ]
    inputs = [str(as_mapping(item).get("type")) for item in sources.values() if as_mapping(item).get("type")]
    return Shipper(program="Vector", inputs=tuple(inputs), outputs=tuple(outputs), joins_lines=_joins(sources))


def _read_fluent_bit_yaml(pipeline: dict[str, object]) -> Shipper:
    inputs = [as_mapping(item) for item in as_list(pipeline.get("inputs"))]
    outputs = [as_mapping(item) for item in as_list(pipeline.get("outputs"))]
    return _fluent_bit([{key.lower(): str(value) for key, value in item.items()} for item in inputs],
                       [{key.lower(): str(value) for key, value in item.items()} for item in outputs])  # fmt: skip


def _read_fluent_bit(text: str) -> Shipper | None:
    found: dict[str, list[dict[str, str]]] = {}
    block: dict[str, str] = {}
    for line in text.split("\n"):
        if line.lstrip().startswith("#"):
            continue
        if section := SECTION.fullmatch(line):
            block = {}
            found.setdefault(section[1].upper(), []).append(block)
        elif setting := SETTING.fullmatch(line):
            block.setdefault(setting[1].lower(), setting[2].strip())
    if not found:
        return None
    return _fluent_bit(found.get("INPUT", []), found.get("OUTPUT", []))


def _fluent_bit(inputs: list[dict[str, str]], outputs: list[dict[str, str]]) -> Shipper:
    return Shipper(
        program="Fluent Bit",
        inputs=tuple(f"{item['name']} {item.get('path', '')}".strip() for item in inputs if item.get("name")),
        outputs=tuple(
            Output(kind=item["name"].lower(), hosts=(item["host"],) if item.get("host") else ())
            for item in outputs
            if item.get("name") and item["name"].lower() not in ("null", "stdout")
        ),
        joins_lines=any("multiline.parser" in item or item.get("multiline", "").lower() == "on" for item in inputs),
    )


def _read_fluentd(text: str) -> Shipper | None:
    bare = "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("#"))
    blocks = [(found[1], dict(_settings(found[2]))) for found in FLUENTD.finditer(bare)]
    if not blocks:
        return None
    return Shipper(
        program="Fluentd",
        inputs=tuple(block["type"] for kind, block in blocks if kind == "source" and "type" in block),
        outputs=tuple(
            Output(kind=block["type"], hosts=(block["host"],) if "host" in block else ())
            for kind, block in blocks
            if kind == "match" and block.get("type") not in (None, "null", "stdout")
        ),
        joins_lines="multiline" in bare,
    )


def _settings(text: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for line in text.split("\n"):
        found = SETTING.fullmatch(line)
        if found and found[1] not in seen:
            seen.add(found[1])
            yield found[1], found[2].strip()
