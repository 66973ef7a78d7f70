"""Intuit's limits on requests, enforced where the switch is on, and its meter of reads."""

import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from qbo_sandbox.accounting.refusals import throttled_call
from qbo_sandbox.accounting.values import format_time
from qbo_sandbox.kit import Clock
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.switches import Switches

WRITE_VERBS = ("create", "update", "delete", "void", "send")
READ_ITEM_TYPES = {"Query", "CDCQuery", "ReportQuery"}
Key = tuple[str, ...]


class Limit(NamedTuple):
    """A limit: at most `max_requests` of a key in some seconds; a request counts `weight` times."""

    key: Key
    seconds: float
    max_requests: int
    weight: int = 1


class RequestLimits:
    """Counts of requests by realm and application, and of reads by application and month."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.meter: dict[Key, int] = defaultdict(int)
        self._times: dict[Key, deque[float]] = defaultdict(deque)
        self.under_way: dict[Key, int] = defaultdict(int)
        self._lock = threading.Lock()

    @contextmanager
    def count_running(
        self, switches: Switches, realm: str, client: str, call: str, body: Any
    ) -> Iterator[None]:
        """Count one request while it runs; refuse it if it is one too many."""
        with self._lock:
            if switches.throttle:
                self._enter_all(switches, realm, client, call, body)
            self.under_way[realm, client] += 1
        try:
            yield
        finally:
            with self._lock:
                self.under_way[realm, client] -= 1

    def _enter_all(self, switches: Switches, realm: str, client: str, call: str, body: Any) -> None:
        """Enter one request into all limits; raise a throttling refusal if one is exceeded."""
        now = self.clock.now()
        limits = _list_limits(switches, realm, client, call, body)
        for limit in limits:
            count = self._count_recent(limit, now)
            if count + limit.weight > limit.max_requests:
                raise throttled_call()
        under_way = self.under_way[realm, client]
        if switches.at_once and under_way >= switches.at_once:
            raise throttled_call()
        new_reads, _ = count_reads_and_writes(call, body)
        reads = self.meter["reads", client, self._month()] + new_reads
        if new_reads and switches.monthly_reads and reads > switches.monthly_reads:
            raise throttled_call()
        for limit in limits:
            times = self._times[limit.key]
            times.extend([now] * limit.weight)

    def _count_recent(self, limit: Limit, now: float) -> int:
        """Return how many requests a limit has counted within its window; forget older ones."""
        start = now - limit.seconds
        times = self._times[limit.key]
        while times and times[0] <= start:
            times.popleft()
        return len(times)

    def count_served(self, client: str, call: str, body: Any) -> None:
        """Meter a successful request; each item of a batch counts like a call."""
        reads, writes = count_reads_and_writes(call, body)
        month = self._month()
        with self._lock:
            self.meter["reads", client, month] += reads
            self.meter["writes", client, month] += writes

    def _month(self) -> str:
        """Return the present month."""
        return format_time(int(self.clock.now()), "UTC")[:7]

    def page(self, method: str, body: object) -> object:
        """Return reads and writes of each application by month, for /_sandbox/meter."""
        usage: dict[str, dict[str, dict[str, int]]] = {}
        with self._lock:
            counts = sorted(self.meter.items())
        for (sort, client, month), count in counts:
            usage_of_client = usage.setdefault(client, {})
            usage_of_month = usage_of_client.setdefault(month, {})
            usage_of_month[sort] = count
        return usage


def count_reads_and_writes(call: str, body: Any) -> tuple[int, int]:
    """Return how many reads and writes a call is; Intuit meters the reads."""
    if call == "batch":
        items = _list_batch_items(body)
        reading_items = [item for item in items if not READ_ITEM_TYPES.isdisjoint(item)]
        reads = len(reading_items)
        return reads, len(items) - reads
    _, _, verb = call.rpartition(".")
    if call == "upload" or verb in WRITE_VERBS:
        return 0, 1
    return 1, 0


def _list_limits(switches: Switches, realm: str, client: str, call: str, body: Any) -> list[Limit]:
    """Return the limits that count a request; a batch has two of its own."""
    weight = 1
    if call == "batch" and switches.batch_counts == "items":
        weight = max(1, len(_list_batch_items(body)))
    limits = [
        Limit(("s", realm, client), 1.0, switches.per_second),
        Limit(("m", realm), 60.0, switches.per_minute, weight),
    ]
    if call == "batch":
        limits.append(Limit(("b", realm, client), 60.0, switches.batches_per_app))
        limits.append(Limit(("B", realm), 60.0, switches.batches_per_company))
    return limits


def _list_batch_items(body: Any) -> list[JsonObject]:
    """Return the items of a batch."""
    if not isinstance(body, dict):
        return []
    items = body.get("BatchItemRequest")
    if not isinstance(items, list):
        return []
    return [item for item in items if isinstance(item, dict)]
