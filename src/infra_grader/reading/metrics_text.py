"""Metrics in the text format of Prometheus, as a service publishes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record

INSTALL = "pip install 'infra-grader[prometheus]'"
MAX_SAMPLES = 50_000
CREATED = "_created"
END = "\n# EOF"
"""Ends a text in the newer format, OpenMetrics, where a counter is named without `_total`."""
BROKEN = (IndexError, KeyError, AttributeError, RecursionError, TypeError)
"""What the library raises for texts that it did not expect."""


class Series(Record):
    """One value of a metric."""

    name: str
    labels: Mapping[str, str]
    value: float


class Family(Record):
    """A metric with all its series."""

    name: str
    type: str
    """`counter`, `gauge`, `histogram`, `summary` or `unknown`."""
    help: str
    series: tuple[Series, ...]

    @property
    def title(self) -> str:
        """Its name as the text has it: that of a counter ends in `_total`."""
        return self.series[0].name if self.type == "counter" and self.series else self.name

    @property
    def names(self) -> frozenset[str]:
        """The names that it goes by: its own, and that of a counter with and without `_total`."""
        plain = self.name.removesuffix("_total")
        return frozenset({self.name, plain, f"{plain}_total"} if self.type == "counter" else {self.name})

    @property
    def labels(self) -> frozenset[str]:
        """The labels that its series have, but for those of the format itself."""
        return frozenset(label for one in self.series for label in one.labels if label not in ("le", "quantile"))

    @property
    def count(self) -> float:
        """How often it has counted: the sum of a counter or gauge, the number of observations of the others."""
        if self.type in ("histogram", "summary"):
            return sum(one.value for one in self.series if one.name.endswith("_count"))
        return sum(one.value for one in self.series if not one.name.endswith(CREATED))


def read_metrics(text: str) -> tuple[Family, ...]:
    """Return the metrics of a text. Raises `ValueError` for one that is not in the format or too long.

    Raises `NotAssessed` where the library is not installed.
    """
    try:
        from prometheus_client.openmetrics import parser as openmetrics  # an extra
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError as error:
        raise NotAssessed("prometheus_client, which reads metrics, is not installed.", INSTALL) from error
    try:
        if text.rstrip().endswith(END):
            return tuple(_families(openmetrics.text_string_to_metric_families(text)))  # type: ignore[no-untyped-call]
    except (ValueError, *BROKEN):  # a text that is not so strict may still end like this
        pass
    try:
        return tuple(_families(text_string_to_metric_families(text)))
    except BROKEN as error:
        raise ValueError("it is not in the text format of Prometheus") from error


def _families(parsed: Iterable[object]) -> Iterable[Family]:
    left = MAX_SAMPLES
    for family in parsed:
        samples = family.samples  # type: ignore[attr-defined]  # the library has no types
        left -= len(samples)
        if left < 0:
            raise ValueError(f"it has more than {MAX_SAMPLES} series")
        yield Family(
            name=family.name,  # type: ignore[attr-defined]
            type=family.type,  # type: ignore[attr-defined]
            help=family.documentation,  # type: ignore[attr-defined]
            series=tuple(Series(name=one.name, labels=dict(one.labels), value=float(one.value)) for one in samples),
        )
