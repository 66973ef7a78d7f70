"""Count events in memory; `hub.metrics.totals` adds up the counts of all processes in a table."""

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

OTHER = "other"  # the value of a label that is not one of the declared ones


@dataclass(frozen=True, slots=True)
class Counter:
    """A number of events, by the values of its labels; each label has few values."""

    name: str
    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Durations in seconds, counted by upper bounds, by the values of its labels."""

    name: str
    text: str
    labels: tuple[str, ...]
    bounds: tuple[float, ...]


class Sample(NamedTuple):
    """One number that is added up: of a histogram, `part` is a bound, "+Inf" or "sum"."""

    name: str
    labels: tuple[str, ...]
    part: str = ""


SUM, ABOVE_ALL_BOUNDS = "sum", "+Inf"

QUICKBOOKS_CALLS = Counter(
    "hub_quickbooks_calls_total",
    "Calls to QuickBooks; the outcome throttled means that QuickBooks asked to slow down",
    ("kind", "outcome"),
)
SOURCE_CALLS = Counter(
    "hub_source_calls_total",
    "Calls to sources, by status class; throttled is a 429, failed a call without an answer",
    ("app", "outcome"),
)
RUN_SECONDS = Histogram(
    "hub_run_duration_seconds",
    "Durations of runs that ended",
    ("kind", "outcome"),
    (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0),
)
WEB_REQUESTS = Counter(
    "hub_web_requests_total", "Requests to the web server", ("route", "method", "status")
)
WEB_SECONDS = Histogram(
    "hub_web_request_duration_seconds",
    "Durations of requests, by the part of the pages that they belong to",
    ("blueprint",),
    (0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
)
COUNTERS = (QUICKBOOKS_CALLS, SOURCE_CALLS, WEB_REQUESTS)
HISTOGRAMS = (RUN_SECONDS, WEB_SECONDS)


class Counts:
    """The counts of one process that are not in the table yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: defaultdict[Sample, float] = defaultdict(float)
        self.stored_at: float | None = None  # on the monotonic clock
        self.is_failing = False  # the last try to store them failed, which was logged

    def add(self, counter: Counter, *labels: str) -> None:
        """Count one event."""
        with self._lock:
            self._pending[Sample(counter.name, labels)] += 1

    def observe(self, histogram: Histogram, seconds: float, *labels: str) -> None:
        """Count one duration."""
        place = bisect_left(histogram.bounds, seconds)
        is_within = place < len(histogram.bounds)
        bound = f"{histogram.bounds[place]:g}" if is_within else ABOVE_ALL_BOUNDS
        with self._lock:
            self._pending[Sample(histogram.name, labels, bound)] += 1
            self._pending[Sample(histogram.name, labels, SUM)] += seconds

    def take(self) -> Mapping[Sample, float]:
        """Return the counts and start again from nothing."""
        with self._lock:
            pending = self._pending
            self._pending = defaultdict(float)
        return pending

    def put_back(self, pending: Mapping[Sample, float]) -> None:
        """Add counts that could not be stored."""
        with self._lock:
            for sample, number in pending.items():
                self._pending[sample] += number
