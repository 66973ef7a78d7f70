"""Intuit's limits on requests, enforced where the switch is on, and its meter of reads."""

import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qbo_sandbox.accounting.refusals import throttled
from qbo_sandbox.accounting.values import stamp
from qbo_sandbox.kit import Clock
from qbo_sandbox.switches import Switches

WRITES = ("create", "update", "delete", "void", "send")
Key = tuple[str, ...]


class Limits:
    """Counts requests by realm, by realm and application, and reads by application and month."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.meter: dict[Key, int] = defaultdict(int)
        self._seen: dict[Key, deque[float]] = defaultdict(deque)
        self.under_way: dict[Key, int] = defaultdict(int)
        self._lock = threading.Lock()

    @contextmanager
    def running(
        self, switches: Switches, realm: str, client: str, call: str, body: Any
    ) -> Iterator[None]:
        """Count one request while it runs; refuses it when it is one too many."""
        with self._lock:
            if switches.throttle:
                self._take(switches, realm, client, call, body)
            self.under_way[realm, client] += 1
        try:
            yield
        finally:
            with self._lock:
                self.under_way[realm, client] -= 1

    def _take(self, switches: Switches, realm: str, client: str, call: str, body: Any) -> None:
        now = self.clock.now()
        items = _items(body) if call == "batch" and switches.batch_counts == "items" else 1
        wanted = [
            (("s", realm, client), 1.0, switches.per_second, 1),
            (("m", realm), 60.0, switches.per_minute, items),
        ]
        if call == "batch":
            wanted.append((("b", realm, client), 60.0, switches.batches_per_app, 1))
            wanted.append((("B", realm), 60.0, switches.batches_per_company, 1))
        if any(
            self._count(key, window, now) + weight > most for key, window, most, weight in wanted
        ):
            raise throttled()
        if switches.at_once and self.under_way[realm, client] >= switches.at_once:
            raise throttled()
        reads = self.meter["reads", client, self._month()]
        if switches.monthly_reads and reads + sorts(call, body)[0] > switches.monthly_reads:
            raise throttled()
        for key, _, _, weight in wanted:
            self._seen[key].extend([now] * weight)

    def _count(self, key: Key, window: float, now: float) -> int:
        seen = self._seen[key]
        while seen and seen[0] <= now - window:
            seen.popleft()
        return len(seen)

    def served(self, client: str, call: str, body: Any) -> None:
        """Meter a request that was answered well: each item of a batch like a call of its own."""
        reads, writes = sorts(call, body)
        with self._lock:
            self.meter["reads", client, self._month()] += reads
            self.meter["writes", client, self._month()] += writes

    def _month(self) -> str:
        return stamp(int(self.clock.now()), "UTC")[:7]

    def page(self, method: str, body: object) -> object:
        """What /_sandbox/meter shows: reads and writes of each application by month."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        with self._lock:
            metered = sorted(self.meter.items())
        for (sort, client, month), count in metered:
            found.setdefault(client, {}).setdefault(month, {})[sort] = count
        return found


def sorts(call: str, body: Any) -> tuple[int, int]:
    """How many reads, which are metered, and writes, which are not, a call is."""
    if call != "batch":
        return (0, 1) if call == "upload" or call.rpartition(".")[2] in WRITES else (1, 0)
    items = body.get("BatchItemRequest") if isinstance(body, dict) else None
    asked = (
        [item for item in items or () if isinstance(item, dict)] if isinstance(items, list) else []
    )
    reads = sum(
        1 for item in asked if any(name in item for name in ("Query", "CDCQuery", "ReportQuery"))
    )
    return reads, len(asked) - reads


def _items(body: Any) -> int:
    return max(1, sum(sorts("batch", body)))
