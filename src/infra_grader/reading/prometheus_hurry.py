"""Files of Prometheus with its waiting shortened: what takes minutes can then be seen in seconds, and is the same.

What is asked, compared and told stays as it is; windows such as `[5m]` too. The results are JSON, which is YAML.
"""

from __future__ import annotations

import json
from collections.abc import Container
from typing import Any

from infra_grader.reading.prometheus_files import as_list, as_mapping, seconds, texts
from infra_grader.reading.yaml import YamlError, read_document

USUAL_INTERVAL = "1m"
OF_A_GLOBAL = ("scrape_interval", "evaluation_interval")


def hurried_config(text: str, pace_s: int, absent: Container[str] = ()) -> str:
    """Return a configuration that scrapes and evaluates every `pace_s` seconds, or as often as it says if sooner.

    Targets at hosts that are `absent` are left out. Raises `ValueError` for what is no configuration.
    """
    config = _read(text)
    whole = dict(as_mapping(config.get("global")))
    for key in OF_A_GLOBAL:
        whole[key] = _sooner(whole.get(key) or USUAL_INTERVAL, pace_s)
    whole.pop("scrape_timeout", None)
    config["global"] = whole
    for job in as_list(config.get("scrape_configs")):
        if isinstance(job, dict):
            job.pop("scrape_timeout", None)
            if job.get("scrape_interval"):
                job["scrape_interval"] = _sooner(job["scrape_interval"], pace_s)
            for group in as_list(job.get("static_configs")):
                if isinstance(group, dict) and absent:
                    group["targets"] = [one for one in texts(group.get("targets")) if _host(one) not in absent]
    return json.dumps(config)


def hurried_rules(text: str, pace_s: int) -> str:
    """Return rules whose alerts wait for `pace_s` seconds before they fire, or as long as they say if shorter.

    Raises `ValueError` for what holds no rules.
    """
    rules = _read(text)
    for group in as_list(rules.get("groups")):
        if not isinstance(group, dict):
            continue
        group.pop("interval", None)
        for rule in as_list(group.get("rules")):
            if isinstance(rule, dict):
                rule.pop("keep_firing_for", None)
                if rule.get("for"):
                    rule["for"] = _sooner(rule["for"], pace_s)
    return json.dumps(rules)


def _read(text: str) -> dict[str, Any]:
    """Return a document. Raises `ValueError` if it is none that can be read."""
    try:
        found = read_document(text).data
    except YamlError as error:
        raise ValueError(str(error)) from error
    if not isinstance(found, dict):
        raise ValueError("it is no mapping")  # noqa: TRY004 - as of what cannot be read
    return found


def _host(target: str) -> str:
    """Return the host of an address: `node:9100`, or `http://node:9100/x` where a job has it that way."""
    return target.rpartition("://")[2].partition("/")[0].rpartition(":")[0].lower() or target.lower()


def _sooner(said: object, pace_s: int) -> object:
    """Return the shorter of two spans; what cannot be read is left to Prometheus."""
    span = seconds(said)
    return said if span is None or span <= pace_s else f"{pace_s}s"
