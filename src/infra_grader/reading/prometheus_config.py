"""The main configuration of Prometheus: its jobs, rule files and Alertmanagers, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.record import Record
from infra_grader.reading.prometheus_files import Found, absent, as_list, as_mapping, find_mappings, seconds, texts

TOP_WORDS = """
global runtime rule_files scrape_configs scrape_config_files alerting remote_write remote_read storage tracing otlp
"""
GLOBAL_WORDS = """
scrape_interval scrape_timeout scrape_protocols evaluation_interval rule_query_offset external_labels query_log_file
scrape_failure_log_file body_size_limit sample_limit label_limit label_name_length_limit label_value_length_limit
target_limit keep_dropped_targets metric_name_validation_scheme metric_name_escaping_scheme scrape_native_histograms
convert_classic_histograms_to_nhcb always_scrape_classic_histograms extra_scrape_metrics
"""
JOB_WORDS = """
job_name honor_labels honor_timestamps track_timestamps_staleness params scrape_interval scrape_timeout
scrape_protocols fallback_scrape_protocol metrics_path scheme enable_compression static_configs relabel_configs
metric_relabel_configs body_size_limit sample_limit label_limit label_name_length_limit label_value_length_limit
target_limit keep_dropped_targets native_histogram_bucket_limit native_histogram_min_bucket_factor
scrape_classic_histograms always_scrape_classic_histograms convert_classic_histograms_to_nhcb
metric_name_validation_scheme metric_name_escaping_scheme scrape_native_histograms extra_scrape_metrics
scrape_failure_log_file basic_auth authorization oauth2 bearer_token bearer_token_file tls_config follow_redirects
enable_http2 proxy_url no_proxy proxy_from_environment proxy_connect_header http_headers
"""
DISCOVERY_WORDS = """
aws azure consul digitalocean dns docker dockerswarm ec2 eureka file gce hetzner http ionos kubernetes kuma lightsail
linode marathon nerve nomad openstack ovhcloud puppetdb scaleway serverset stackit triton uyuni vultr
"""
TOP_KEYS = frozenset(TOP_WORDS.split())
GLOBAL_KEYS = frozenset(GLOBAL_WORDS.split())
JOB_KEYS = frozenset(JOB_WORDS.split()) | {f"{name}_sd_configs" for name in DISCOVERY_WORDS.split()}
RELABEL_KEYS = frozenset({"source_labels", "separator", "target_label", "regex", "modulus", "replacement", "action"})
TARGET = re.compile(r"[^\s/,]{1,300}")
ADDRESS = "__address__"
"""The label that says where a target is asked."""
DEFAULT_INTERVAL_S = 60.0
DEFAULT_TIMEOUT_S = 10.0


class Target(Record):
    """An address that is scraped."""

    address: str
    line: int
    path: str

    is_srv: bool = False
    """Whether it is a name that is looked up for SRV records, which say host and port."""
    may_move: bool = False
    """Whether relabelling or a proxy may ask another address in its place."""

    @property
    def host(self) -> str:
        """Its name or address, without the port."""
        return self._parts[0]

    @property
    def port(self) -> str:
        """Its port as written, or nothing."""
        return self._parts[1]

    @property
    def _parts(self) -> tuple[str, str]:
        """Host and port, also of a whole URL, such as those that a prober asks."""
        bare = self.address.partition("://")[2] or self.address
        host, _, port = bare.partition("/")[0].partition(":")
        return host, port


class Job(Record):
    """A scrape job."""

    name: str
    line: int
    targets: tuple[Target, ...]
    named: tuple[Target, ...]
    """What it asks besides: names that it looks up by DNS, and addresses that relabelling puts in their place."""
    discovery: tuple[str, ...]
    """How it finds other targets: `kubernetes`, `file`, `dns` ..."""
    target_files: tuple[str, ...]
    """Files from which it takes targets, as they are named: paths or globs."""
    interval_s: float
    metrics_path: str
    may_move: bool
    """Whether relabelling or a proxy may ask other addresses in the place of its targets."""
    path: str
    """The file in which it stands."""


class PrometheusConfig(Record):
    """A configuration of Prometheus."""

    found: Found
    jobs: tuple[Job, ...]
    rule_files: tuple[str, ...]
    scrape_files: tuple[str, ...]
    """Further files with `scrape_configs`, as they are named."""
    alertmanagers: tuple[Target, ...]
    has_alerting: bool
    """Whether Alertmanagers are named or discovered."""
    interval_s: float
    """Seconds after which jobs without an interval of their own are scraped."""
    evaluation_s: float
    faults: tuple[tuple[str, int, str], ...]
    """Why Prometheus would refuse it: the file, the line, and what is wrong."""


def read_config(file: TextFile, default_s: float = DEFAULT_INTERVAL_S) -> PrometheusConfig:
    """Return the configuration in a file, also inside a ConfigMap or Helm values. Raises `CheckFailed`.

    Jobs without an interval are scraped every `default_s` seconds where the file has no `global` settings.
    """
    found = find_mappings(file, _is_config)
    if not found:
        raise absent(file, "configuration of Prometheus with `scrape_configs`")
    config = found[0]
    defaults = as_mapping(config.data.get("global"))
    interval_s = seconds(defaults.get("scrape_interval")) or default_s
    managers, has_alerting = _alertmanagers(config)
    return PrometheusConfig(
        found=config,
        jobs=tuple(_jobs(config, interval_s)),
        interval_s=interval_s,
        rule_files=tuple(texts(config.data.get("rule_files"))),
        scrape_files=tuple(texts(config.data.get("scrape_config_files"))),
        alertmanagers=tuple(managers),
        has_alerting=has_alerting,
        evaluation_s=seconds(defaults.get("evaluation_interval")) or DEFAULT_INTERVAL_S,
        faults=tuple((config.path, line, fault) for line, fault in _faults(config)),
    )


def _is_config(mapping: dict[str, object]) -> bool:
    return "scrape_configs" in mapping or "scrape_config_files" in mapping


def _jobs(config: Found, default_s: float) -> Iterator[Job]:
    for index, item in enumerate(as_list(config.data.get("scrape_configs"))):
        job = as_mapping(item)
        yield Job(
            name=str(job.get("job_name") or ""),
            line=config.line("scrape_configs", index),
            targets=tuple(_targets(config, ("scrape_configs", index), job)),
            named=(*_looked_up(config, ("scrape_configs", index), job), *_put_in_place(config, index, job)),
            discovery=tuple(_discovery(job)),
            target_files=tuple(
                path for item in as_list(job.get("file_sd_configs")) for path in texts(as_mapping(item).get("files"))
            ),
            interval_s=seconds(job.get("scrape_interval")) or default_s,
            metrics_path=str(job.get("metrics_path") or "/metrics"),
            may_move=_may_move(job),
            path=config.path,
        )


def _discovery(block: dict[str, object]) -> list[str]:
    return [key.removesuffix("_sd_configs") for key, value in block.items() if key.endswith("_sd_configs") and value]


def _targets(config: Found, steps: tuple[str | int, ...], block: dict[str, object]) -> Iterator[Target]:
    for number, group in enumerate(as_list(block.get("static_configs"))):
        for place, address in enumerate(as_list(as_mapping(group).get("targets"))):
            line = config.line(*steps, "static_configs", number, "targets", place)
            yield Target(address=str(address), line=line, path=config.path, may_move=_may_move(block))


def _looked_up(config: Found, steps: tuple[str | int, ...], block: dict[str, object]) -> Iterator[Target]:
    """Yield the names that are looked up by DNS: for SRV records, unless it is said otherwise."""
    for number, item in enumerate(as_list(block.get("dns_sd_configs"))):
        settings = as_mapping(item)
        is_srv = _is_srv(settings)
        port = "" if is_srv else f":{settings.get('port', '')}"
        for place, name in enumerate(texts(settings.get("names"))):
            line = config.line(*steps, "dns_sd_configs", number, "names", place)
            whole = f"{name}{port}"
            yield Target(address=whole, line=line, path=config.path, is_srv=is_srv, may_move=_may_move(block))


def _may_move(block: dict[str, object]) -> bool:
    """Whether a job or an Alertmanager may ask other addresses than its targets', or leave some of them out."""
    steps = [as_mapping(step) for step in as_list(block.get("relabel_configs"))]
    moves = [
        step for step in steps if step.get("action", "replace") != "replace" or step.get("target_label") == ADDRESS
    ]
    return bool(moves) or any(key in block for key in ("proxy_url", "proxy_from_environment"))


def _is_srv(lookup: dict[str, object]) -> bool:
    return str(lookup.get("type") or "SRV").upper() == "SRV"


def _put_in_place(config: Found, index: int, job: dict[str, object]) -> Iterator[Target]:
    """Yield the addresses that relabelling puts in the place of all others: a prober's."""
    for number, step in enumerate(as_list(job.get("relabel_configs"))):
        rule = as_mapping(step)
        address = str(rule.get("replacement") or "")
        if rule.get("target_label") == ADDRESS and TARGET.fullmatch(address) and "$" not in address:
            line = config.line("scrape_configs", index, "relabel_configs", number, "replacement")
            yield Target(address=address, line=line, path=config.path, may_move=True)  # steps after it may go on


def _alertmanagers(config: Found) -> tuple[list[Target], bool]:
    targets: list[Target] = []
    is_discovered = False
    for index, item in enumerate(as_list(as_mapping(config.data.get("alerting")).get("alertmanagers"))):
        block = as_mapping(item)
        steps = ("alerting", "alertmanagers", index)
        targets += [*_targets(config, steps, block), *_looked_up(config, steps, block)]
        is_discovered = is_discovered or bool(_discovery(block))
    return targets, is_discovered or bool(targets)


def _faults(config: Found) -> Iterator[tuple[int, str]]:
    data = config.data
    if config.is_alone:
        yield from ((config.line(key), f"there is no setting `{key}`") for key in data if key not in TOP_KEYS)
    yield from _global_faults(config)
    jobs = data.get("scrape_configs")
    if not isinstance(jobs, list | None):
        yield config.line("scrape_configs"), "`scrape_configs` is a list"
    names: set[str] = set()
    for index, item in enumerate(as_list(jobs)):
        for fault in _job_faults(item, names, as_mapping(data.get("global"))):
            yield config.line("scrape_configs", index), fault
    if not isinstance(data.get("rule_files"), list | None):
        yield config.line("rule_files"), "`rule_files` is a list"
    if not isinstance(data.get("alerting"), dict | None):
        yield config.line("alerting"), "`alerting` is a mapping"
    for target in _alertmanagers(config)[0]:
        if not TARGET.fullmatch(target.address):
            yield target.line, f"`{target.address}` is no host and port"


def _global_faults(config: Found) -> Iterator[tuple[int, str]]:
    block = config.data.get("global")
    if not isinstance(block, dict | None):
        yield config.line("global"), "`global` is a mapping"
    for key, value in as_mapping(block).items():
        if key not in GLOBAL_KEYS:
            yield config.line("global", key), f"there is no global setting `{key}`"
        elif key.endswith(("_interval", "_timeout")) and not seconds(value):
            yield config.line("global", key), f"`{value}` is no span of time"


def _job_faults(item: object, names: set[str], defaults: dict[str, object]) -> Iterator[str]:
    if not isinstance(item, dict):
        yield "a job is a mapping with `job_name`"
        return
    name = item.get("job_name")
    if not name:
        yield "a job has no `job_name`"
    elif str(name) in names:
        yield f"the job {name} is there twice"
    names.add(str(name))
    yield from (f"a job has no setting `{key}`" for key in item if key not in JOB_KEYS)
    for key in ("scrape_interval", "scrape_timeout"):
        if key in item and not seconds(item[key]):
            yield f"`{item[key]}` is no span of time"
    interval = seconds(item.get("scrape_interval", defaults.get("scrape_interval", "1m")))
    timeout = seconds(item.get("scrape_timeout", "0"))
    if interval and timeout and timeout > interval:
        yield "the timeout is longer than the interval"
    yield from _address_faults(item)
    for key in ("relabel_configs", "metric_relabel_configs"):
        for step in as_list(item.get(key)):
            yield from (
                f"a step of `{key}` has no `{wrong}`" for wrong in as_mapping(step) if wrong not in RELABEL_KEYS
            )


def _address_faults(item: dict[str, object]) -> Iterator[str]:
    for lookup in map(as_mapping, as_list(item.get("dns_sd_configs"))):
        if not (_is_srv(lookup) or lookup.get("port")):
            yield "`dns_sd_configs` of another type than SRV need a `port`"
    groups = item.get("static_configs")
    if not isinstance(groups, list | None):
        yield "`static_configs` is a list"
    has_relabelling = bool(item.get("relabel_configs"))  # then an address may become a parameter, as for probes
    for group in as_list(groups):
        targets = as_mapping(group).get("targets")
        if not isinstance(targets, list):
            yield "`targets` is a list of addresses"
        for address in as_list(targets):
            if not isinstance(address, str | int) or not (has_relabelling or TARGET.fullmatch(str(address))):
                yield f"`{address}` is no host and port"
