"""A drill with a Prometheus and an Alertmanager that run: what was there before, and how far an alert has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra_grader.capabilities.alert_sink import AlertSink
from infra_grader.capabilities.deadline import Deadline
from infra_grader.reading.alertmanager_live import AlertmanagerApi, Received, Setup
from infra_grader.reading.monitor_live import until
from infra_grader.reading.prometheus_files import as_list, as_mapping
from infra_grader.reading.prometheus_live import Alert, PrometheusApi

SETTLE_S = 12.0
"""Until what fires without any outage has fired."""
MORE_S = 15.0
"""How long a notification may take beyond the wait of its group."""


class Stage:
    """Where the drill is played: who watches, who tells, and what was there before."""

    def __init__(self, api: PrometheusApi, manager: AlertmanagerApi, sink: AlertSink | None, whole: Deadline) -> None:
        self.api = api
        self.manager = manager
        self.sink = sink
        self.setup: Setup = manager.setup(whole)
        self.whole = whole
        self.raised: list[Alert] = []
        """Alerts that fire and did not before."""
        self.received: list[Received] = []
        """Those of them that Alertmanager has."""
        self.ways: list[str] = []
        """The ways in which it has told somebody of them."""

    def settle(self) -> None:
        """Wait until whatever fires by itself has begun to, and note it."""
        end = Deadline(min(SETTLE_S, self.whole.remaining()))
        until(lambda: not end.remaining(), end)
        until(self._are_asked, Deadline(min(SETTLE_S, self.whole.remaining())))
        self._before = {alert.labels for alert in self._alerts()}
        self._had = {one.fingerprint for one in self.manager.alerts(self.whole)}
        self._told = self.manager.told(self.whole)

    def look(self) -> None:
        """Look how far the alerts have come."""
        known = {alert.labels for alert in self.raised} | self._before
        self.raised += [alert for alert in self._alerts() if alert.is_firing and alert.labels not in known]
        found = self.manager.alerts(self.whole) if self.raised else []
        self.received = [one for one in found if one.fingerprint not in self._had and self._is_ours(one.labels)]
        wanted = {way for name in self.receivers for way in self.setup.ways.get(name, ())}
        now = self.manager.told(self.whole) if wanted else {}
        self.ways = sorted(way for way in wanted if now.get(way, 0.0) > self._told.get(way, 0.0))

    @property
    def receivers(self) -> list[str]:
        """Those that the alerts are for, where they are not kept back."""
        return list(dict.fromkeys(name for one in self.received if not one.is_silent for name in one.receivers))

    @property
    def is_told(self) -> bool:
        """Whether somebody was told, the place of ours too where a webhook leads to it."""
        is_ours = self.sink is not None and any("webhook" in self.setup.ways.get(name, ()) for name in self.receivers)
        return bool(self.ways) and (not is_ours or bool(self.messages()))

    def messages(self) -> list[dict[str, Any]]:
        """Return what has arrived about the alerts at the place of ours."""
        return [
            said
            for said in (self.sink.heard() if self.sink else ())
            if any(self._is_ours(as_mapping(as_mapping(one).get("labels"))) for one in as_list(said.get("alerts")))
        ]

    @property
    def wait_s(self) -> float:
        """How long Alertmanager may wait before it tells those whom it has alerts for."""
        return max((self.setup.waits.get(name, 0.0) for name in self.receivers), default=0.0) + MORE_S

    def rests(self) -> bool:
        """Whether one of the alerts that fired rests again."""
        now = {alert.labels for alert in self._alerts() if alert.is_firing}
        return any(alert.labels not in now for alert in self.raised)

    def waiting(self) -> list[str]:
        """Return the names of alerts that wait to fire, and did not before."""
        return [alert.name for alert in self._alerts() if alert.labels not in self._before]

    def _is_ours(self, labels: Mapping[str, Any]) -> bool:
        """Whether an alert that was sent is one of those raised: labels are added, and may be changed, on the way."""
        return any(
            labels.get("alertname") == alert.name
            and all(labels.get(key, value) == value for key, value in alert.labels)
            for alert in self.raised
        )

    def _alerts(self) -> list[Alert]:
        return [alert for rule in self.api.rules(self.whole) for alert in rule.raised]

    def _are_asked(self) -> bool:
        return all(one.health != "unknown" for one in self.api.targets(self.whole))
