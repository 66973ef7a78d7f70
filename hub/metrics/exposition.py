"""The answer to Prometheus: all figures in its format, read so that a scrape costs little."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import Flask, current_app
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.metrics import totals
from hub.metrics.gauges import GAUGES, Gauge, Values
from hub.telemetry.counts import ABOVE_ALL_BOUNDS, COUNTERS, HISTOGRAMS, SUM, Histogram, Sample

MIN_FRESH_SECONDS = 10.0
# A figure whose query takes 0.1 s is read every 10 s, one that takes 2 s every 200 s: whatever the
# number of documents and of scrapes, reading them takes at most one hundredth of the time.
FRESH_PER_SECOND_OF_QUERY = 100.0
EXTENSION = "hub.figures"


class Figures:
    """The last values of the gauges, read again when they are no longer fresh."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, list[tuple[tuple[str, ...], float]]] = {}
        self._fresh_until: dict[str, float] = {}

    def values(self, gauge: Gauge, session: Session) -> Values:
        """Return the values of a gauge, which are read once for scrapes at the same time."""
        now = current_hub().clock.monotonic
        with self._lock:
            if now() >= self._fresh_until.get(gauge.name, 0.0):
                began = now()
                self._values[gauge.name] = list(gauge.read(session))
                cost = now() - began
                fresh = max(MIN_FRESH_SECONDS, FRESH_PER_SECOND_OF_QUERY * cost)
                self._fresh_until[gauge.name] = now() + fresh
            return self._values[gauge.name]


def init_app(app: Flask) -> None:
    """Start without values."""
    app.extensions[EXTENSION] = Figures()


def render(accept: str) -> tuple[bytes, str]:
    """Return all figures and their content type, in the format that the header Accept asks for."""
    # Imported here, because most processes never show figures.
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    totals.store()
    with read_only_session() as session:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Families(list(_iter_metrics(session))))
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type


class _Families:
    """Families of metrics, in the form that a registry collects."""

    def __init__(self, families: Iterable[Any]) -> None:
        self._families = families

    def collect(self) -> Iterable[Any]:
        """Return the families."""
        return self._families


def _iter_metrics(session: Session) -> Iterator[Any]:
    """Yield every metric with its values."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    figures: Figures = current_app.extensions[EXTENSION]
    for gauge in GAUGES:
        family = GaugeMetricFamily(gauge.name, gauge.text, labels=gauge.labels)
        for labels, value in figures.values(gauge, session):
            family.add_metric(labels, value)
        yield family
    stored_totals = totals.load(session)
    for counter in COUNTERS:
        total = CounterMetricFamily(counter.name, counter.text, labels=counter.labels)
        for sample, value in stored_totals.get(counter.name, {}).items():
            total.add_metric(sample.labels, value)
        yield total
    for histogram in HISTOGRAMS:
        yield _encode_histogram(histogram, stored_totals.get(histogram.name, {}))


def _encode_histogram(histogram: Histogram, stored_totals: Mapping[Sample, float]) -> Any:
    """Return a histogram; Prometheus wants each bucket to contain the ones below it."""
    from prometheus_client.core import HistogramMetricFamily

    by_labels: defaultdict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    for sample, value in stored_totals.items():
        by_labels[sample.labels][sample.part] = value
    bounds = [f"{bound:g}" for bound in histogram.bounds]
    family = HistogramMetricFamily(histogram.name, histogram.text, labels=histogram.labels)
    for labels, parts in by_labels.items():
        buckets = []
        cumulative = 0.0
        for bound in (*bounds, ABOVE_ALL_BOUNDS):
            cumulative += parts.get(bound, 0.0)
            buckets.append((bound, cumulative))
        family.add_metric(labels, buckets, sum_value=parts.get(SUM, 0.0))
    return family
