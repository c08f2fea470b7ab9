"""The prometheus.config check kind."""

from __future__ import annotations

import json
from itertools import pairwise

from infra_grader.checks.prometheus._places import fits, misfit, own_service, resolve
from infra_grader.checks.prometheus._rule_files import is_refusal
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Meta,
    Outcome,
    Params,
    Places,
    TextFile,
    check,
    places,
)
from infra_grader.reading.pieces import Piece, cut, judge, whole
from infra_grader.reading.prometheus_config import Job, PrometheusConfig, read_config
from infra_grader.reading.prometheus_files import seconds
from infra_grader.reading.prometheus_known import is_named_by
from infra_grader.reading.prometheus_rules import read_rules
from infra_grader.reading.prometheus_stack import Stack, read_stack
from infra_grader.reading.prometheus_tool import ask_tool
from infra_grader.reading.stack_settings import unread

DEFAULT_RETENTION = "15d"


class WantedJob(Params):
    """A job that is asked for, by what it scrapes."""

    title: Annotated[str, Meta(min_length=1, description="What it scrapes, in a few words.")]
    targets: Annotated[
        tuple[str, ...], Meta(description="Addresses that fit, `*` for anything: `*:9100`, `ml-api:*`.")
    ] = ()
    names: Annotated[tuple[str, ...], Meta(description="Names of jobs that fit, `*` for anything.")] = ()
    discovery: Annotated[
        tuple[str, ...], Meta(description="Ways to discover targets that fit: `kubernetes`, `file`, `dns` ...")
    ] = ()

    def __post_init__(self) -> None:
        """Refuse a job that nothing can be told from."""
        if not (self.targets or self.names or self.discovery):
            raise ValueError("give `targets`, `names` or `discovery`")


class Config(Params):
    """Where the configuration is, and what it must hold."""

    path: Annotated[
        Places, Meta(description="prometheus.yml, or what holds it; the first place that is there is read.")
    ]
    jobs: Annotated[
        tuple[WantedJob, ...],
        Meta(description="Jobs with targets; one that fits by address, discovery or name will do, each earns a share."),
    ] = ()
    min_jobs: Annotated[int, Meta(ge=0, description="Jobs that have targets.")] = 1
    interval_at_most: Annotated[str | None, Meta(description="Longest scrape interval of these jobs: `30s`.")] = None
    interval_at_least: Annotated[str | None, Meta(description="Shortest scrape interval of these jobs: `5s`.")] = None
    compose: Annotated[
        Places | None,
        Meta(description="Compose file: targets must be services that it starts, on ports of their containers."),
    ] = None
    rule_files: Annotated[
        bool, Meta(description="Whether `rule_files` must lead to files in the submission that hold rules.")
    ] = False
    alertmanager: Annotated[bool, Meta(description="Whether an Alertmanager must be named or discovered.")] = False
    retention_at_least: Annotated[
        str | None, Meta(description="Shortest time that series are kept, such as `15d`: a flag in the compose file.")
    ] = None

    def __post_init__(self) -> None:
        """Refuse what is no span of time, and a question about a compose file that is not named."""
        for text in (self.interval_at_most, self.interval_at_least, self.retention_at_least):
            if text is not None and not seconds(text):
                raise ValueError(f"{text!r} is no span of time such as `15s`")
        if self.retention_at_least is not None and self.compose is None:
            raise ValueError("`retention_at_least` needs `compose`, where the flag stands")

    @property
    def asks_for_retention_alone(self) -> bool:
        """Whether nothing else is asked: a valid configuration then says nothing of it."""
        others = (self.jobs, self.interval_at_most, self.interval_at_least, self.rule_files, self.alertmanager)
        return not any(others)


@check("prometheus.config", capabilities=("command",))
def config(context: Context, params: Config) -> Outcome:
    """The configuration of Prometheus is valid, scrapes what it should, and fits the files and services around it.

    Validity is decided by our own reading (settings by name, spans of time, addresses, names given twice), and by
    `promtool check config` as well where it is found. Jobs are found by what they scrape. Rule files are followed
    through the mounts of the compose file, where one is named and mounts the configuration, and so are those of
    `scrape_config_files`, whose jobs count with the others. A port is judged where the compose file publishes another
    one for it, or where a well-known image listens on one and is told no other.
    """
    path = context.workspace.first(places(params.path))
    stack = read_stack(context, places(params.compose)) if params.compose is not None else None
    found = _with_scrape_files(context, read_config(TextFile(path, context.workspace.read_text(path))), stack)
    scraping = [job for job in found.jobs if job.targets or job.discovery]
    if not scraping:
        raise CheckFailed(
            f"{path} scrapes nothing.",
            found.found.evidence("scrape_configs", expected="jobs with targets", actual="none, comments aside"),
        )
    if stack is not None and params.retention_at_least is not None and params.asks_for_retention_alone:
        return judge(path, [_retention(stack, params.retention_at_least)])
    if stack is not None:
        _require_reader(context, found, stack)
    pieces = [_validity(context, found), _count(params, scraping, found)]
    pieces += [_job(wanted, scraping, found) for wanted in params.jobs]
    if params.interval_at_most is not None or params.interval_at_least is not None:
        pieces.append(_intervals(params, scraping))
    if stack is not None:
        pieces.append(fits(context, found, scraping, stack))
    if params.rule_files:
        pieces.append(_rule_files(context, found, stack))
    if params.alertmanager:
        pieces.append(_alertmanager(found, stack))
    if stack is not None and params.retention_at_least is not None:
        pieces.append(_retention(stack, params.retention_at_least))
    return judge(path, pieces)


def _with_scrape_files(context: Context, config: PrometheusConfig, stack: Stack | None) -> PrometheusConfig:
    """Return a configuration with the jobs and the faults of its `scrape_config_files`."""
    service = own_service(config, stack)
    named = [path for pattern in config.scrape_files for path in resolve(context, config, service, pattern)]
    for path in dict.fromkeys(named):
        if path == config.found.path:
            continue
        other = read_config(TextFile(path, context.workspace.read_text(path)), config.interval_s)
        config = config.replace(jobs=(*config.jobs, *other.jobs), faults=(*config.faults, *other.faults))
    return config


def _require_reader(context: Context, config: PrometheusConfig, stack: Stack) -> None:
    """Raise `CheckFailed` where the Prometheus of the compose file plainly reads no configuration of the submission."""
    if problem := stack.rest("prometheus"):
        raise CheckFailed(
            f"{stack.path} starts no Prometheus that could read {config.found.path}: {problem}.",
            Evidence(path=stack.path, expected="a Prometheus that is started", actual=problem),
        )
    service = stack.running("prometheus")
    if service is None or not config.found.is_alone:
        return
    if problem := unread(context.workspace, service, "prometheus"):
        raise CheckFailed(
            f"{service.name} of {stack.path} does not read {config.found.path}: {problem}.",
            Evidence(path=service.path, line=service.line, expected=f"it reads {config.found.path}", actual=problem),
        )


def _validity(context: Context, config: PrometheusConfig) -> Piece:
    found = config.found
    faults = [
        Evidence(path=path, line=line, expected="a valid setting", actual=fault) for path, line, fault in config.faults
    ]
    if not faults:
        text = found.text if found.is_alone else json.dumps(found.data)
        verdict = ask_tool(context, "promtool", ("check", "config", "--syntax-only"), text)
        if verdict is not None and is_refusal(verdict) and found.is_alone:
            line = found.lines_before + verdict.line if verdict.line else 1
            faults.append(Evidence(path=found.path, line=line, expected="accepted by promtool", actual=verdict.problem))
    if faults:
        return whole(False, f"line {faults[0].line} is not valid: {faults[0].actual}", *cut(faults))
    return whole(True, "", found.evidence(expected="a valid configuration", actual="valid"))


def _count(params: Config, scraping: list[Job], config: PrometheusConfig) -> Piece:
    shown = config.found.evidence("scrape_configs", expected=f"at least {params.min_jobs} jobs", actual=", ".join(
        job.name for job in scraping)[:300])  # fmt: skip
    return whole(len(scraping) >= params.min_jobs, f"{len(scraping)} of {params.min_jobs} jobs have targets", shown)


def _job(wanted: WantedJob, scraping: list[Job], config: PrometheusConfig) -> Piece:
    for job in scraping:
        fits = any(is_named_by(target.address, wanted.targets) for target in job.targets)
        if fits or set(job.discovery) & set(wanted.discovery) or is_named_by(job.name, wanted.names):
            addresses = ", ".join([target.address for target in job.targets] or job.discovery)
            return whole(
                True,
                "",
                Evidence(path=job.path, line=job.line, expected=wanted.title, actual=addresses[:300], text=job.name),
            )
    expected = " or ".join((*wanted.targets, *wanted.discovery, *wanted.names))
    missing = config.found.evidence("scrape_configs", expected=f"{wanted.title}: {expected}", actual="no such job")
    return whole(False, f"nothing scrapes {wanted.title}", missing)


def _intervals(params: Config, scraping: list[Job]) -> Piece:
    least, most = (
        seconds(params.interval_at_least or "0") or 0.0,
        seconds(params.interval_at_most or "") or float("inf"),
    )
    wrong = [job for job in scraping if not least <= job.interval_s <= most]
    bounds = " and ".join(filter(None, (params.interval_at_least and f"at least {params.interval_at_least}",
                                        params.interval_at_most and f"at most {params.interval_at_most}")))  # fmt: skip
    shown = cut([
        Evidence(path=job.path, line=job.line, expected=bounds, actual=f"{job.interval_s:g} s", text=job.name)
        for job in wrong or scraping[:1]
    ])  # fmt: skip
    return whole(not wrong, f"{len(wrong)} jobs are not scraped every {bounds}", *shown)


def _rule_files(context: Context, config: PrometheusConfig, stack: Stack | None) -> Piece:
    if not config.rule_files:
        missing = config.found.evidence("rule_files", expected="rule_files", actual="none")
        return whole(False, "it names no rule files", missing)
    lost: list[Evidence] = []
    seen: list[str] = []
    service = own_service(config, stack)
    for index, pattern in enumerate(config.rule_files):
        holding = [path for path in resolve(context, config, service, pattern) if _holds_rules(context, path)]
        seen += holding
        if not holding:
            actual = "no such file is mounted" if service else "no such file"
            expected = f"{pattern} leads to a file with rules"
            lost.append(config.found.evidence("rule_files", index, expected=expected, actual=actual))
    good = config.found.evidence("rule_files", expected="files with rules", actual=", ".join(seen)[:300])
    return whole(bool(seen) and not lost, f"{lost[0].expected if lost else ''} does not hold", *(cut(lost) or (good,)))


def _retention(stack: Stack, least: str) -> Piece:
    """Return whether the flag of Prometheus keeps series long enough; without it they are kept for 15 days."""
    expected = f"series are kept for at least {least}"
    service = stack.running("prometheus")
    if service is None:
        actual = stack.rest("prometheus") or "there is no Prometheus"
        return whole(False, actual, Evidence(path=stack.path, expected=expected, actual=actual))
    told = [
        word.rpartition("=")[2] if "=" in word else after  # both `--flag=30d` and `--flag 30d` are understood
        for word, after in pairwise((*service.command, ""))
        if word.startswith("--storage.tsdb.retention") and "size" not in word
    ]
    kept = told[-1] if told else DEFAULT_RETENTION
    is_enough = (seconds(kept) or 0.0) >= (seconds(least) or 0.0)
    shown = Evidence(path=service.path, line=service.line, expected=expected, actual=kept)
    return whole(is_enough, f"series are kept for {kept}, not at least {least}", shown)


def _holds_rules(context: Context, path: str) -> bool:
    if not path.endswith((".yml", ".yaml", ".rules")):
        return False
    try:
        return bool(read_rules(TextFile(path, context.workspace.read_text(path))).rules)
    except CheckFailed:
        return False


def _alertmanager(config: PrometheusConfig, stack: Stack | None) -> Piece:
    if not config.has_alerting:
        missing = config.found.evidence("alerting", expected="an Alertmanager under `alerting`", actual="none")
        return whole(False, "no Alertmanager is named", missing)
    problems = [(target, misfit(target, stack) if stack is not None else "") for target in config.alertmanagers]
    lost = [(target, problem) for target, problem in problems if problem]
    shown = [
        Evidence(
            path=config.found.path,
            line=target.line,
            expected="an Alertmanager that answers",
            actual=problem or target.address,
            text=target.address,
        )
        for target, problem in lost or problems[:1]
    ] or [config.found.evidence("alerting", expected="an Alertmanager", actual="discovered")]
    lacking = f"the Alertmanager {lost[0][0].address}: {lost[0][1]}" if lost else ""
    return whole(not lost, lacking, *shown)
