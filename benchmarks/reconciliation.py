"""Reconcile ten thousand posted bills, alone and while bills are posted to the same company.

A loop around `requests` that reads the same bills from the QuickBooks stand-in is the measure for
CPU. Bills are posted at the limits of QuickBooks meanwhile, and compared with those that are posted
without a reconciliation. Everything takes turns; the stand-in runs in its own process.
"""

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import bills
import requests

from hub import context as hub_context
from hub.posting.reconcile.run import reconcile
from hub.rate_limits.limiter import Limits, RateLimiter

DOCUMENTS = int(os.environ.get("RECONCILED_DOCUMENTS", "10000"))
ROUNDS = 3
ROWS_PER_PAGE = 1000  # as QuickBooks allows
GROUP = 20  # bills that are collected and posted together beside a reconciliation
GOAL_SECONDS = 60


class Poster:
    """Post groups of bills to the hub's company until it is stopped."""

    def __init__(self, hub: bills.Hub, vendor: str, account: str) -> None:
        self.hub, self.vendor, self.account = hub, vendor, account
        self.groups = 0
        self._ending = threading.Event()

    def post_beside(self, work: Callable[[], object]) -> tuple[float, float]:
        """Do the work while bills are posted; return its seconds, and bills a second."""
        self._ending.clear()
        first_group, start = self.groups, time.perf_counter()
        thread = threading.Thread(target=self._post)
        thread.start()
        work()
        seconds = time.perf_counter() - start
        self._ending.set()
        thread.join()
        count = (self.groups - first_group) * GROUP
        return seconds, count / (time.perf_counter() - start)

    def _post(self) -> None:
        while True:
            self.hub.post(self.vendor, self.account, f"beside{self.groups}-", count=GROUP)
            self.groups += 1
            if self._ending.is_set():
                return


@dataclass
class Figures:
    """The figures of each round."""

    bare: list[bills.Figures] = field(default_factory=list)
    alone: list[bills.Figures] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)  # seconds
    paces_beside: list[float] = field(default_factory=list)  # bills a second
    paces_alone: list[float] = field(default_factory=list)

    def print(self) -> None:
        """Print the medians."""
        pairs = zip(self.alone, self.bare, strict=True)
        ratio = statistics.median(own[1] / peer[1] for own, peer in pairs)
        rows = (
            ("read with a bare requests loop", _describe(self.bare)),
            ("reconciled alone", f"{_describe(self.alone)}, {ratio:.1f} x that of the loop"),
            (
                "reconciled while bills are posted",
                f"{statistics.median(self.beside):.1f} s (goal {GOAL_SECONDS} s)",
            ),
            ("bills a second meanwhile", f"{statistics.median(self.paces_beside):.1f}"),
            ("bills a second otherwise", f"{statistics.median(self.paces_alone):.1f}"),
        )
        print(f"{DOCUMENTS} posted bills of {bills.LINES} lines, median of {ROUNDS}")
        for name, text in rows:
            print(f"{name:36}{text}")


def _describe(figures: list[bills.Figures]) -> str:
    """Return the median seconds, on the clock and of CPU."""
    seconds = statistics.median(wall for wall, _ in figures)
    cpu = statistics.median(cpu for _, cpu in figures)
    return f"{seconds:.1f} s, CPU {cpu:.2f} s"


def read_with_requests(url: str) -> int:
    """Read every bill with a loop around `requests`; return their number."""
    session = requests.Session()
    session.headers.update({"Authorization": f"Bearer {bills.ACCESS}"})
    session.headers["Accept"] = "application/json"
    count = 0
    while True:
        query = f"select * from Bill startposition {count + 1} maxresults {ROWS_PER_PAGE}"
        address = f"{url}/v3/company/{bills.REALM}/query"
        answer = session.get(address, params={"query": query}).json()
        rows = answer["QueryResponse"].get("Bill", [])
        count += len(rows)
        if len(rows) < ROWS_PER_PAGE:
            return count


def use_limits_of_quickbooks(hub: bills.Hub) -> None:
    """Let the hub call as often as QuickBooks allows."""
    with hub.app.app_context():
        limiter = RateLimiter(hub_context.current_hub().clock, Limits())
        hub.app.extensions["hub.quota"] = {bills.REALM: limiter}


def run_rounds(url: str, hub: bills.Hub) -> None:
    """Post the bills, reconcile them in each way in turn, and print the table."""
    vendor = bills.first_id(url, "Vendor", "Active = true")
    account = bills.first_id(url, "Account", "AccountType = 'Expense'")
    hub.remove_batch_limit()
    hub.choose("batch")
    hub.post(vendor, account, "posted-", count=DOCUMENTS)
    hub.switch("single")
    use_limits_of_quickbooks(hub)

    def reconcile_all() -> None:
        with hub.app.app_context():
            result = reconcile(hub.company.id)
        assert result.found + result.changing == result.documents >= DOCUMENTS, result

    poster = Poster(hub, vendor, account)
    figures = Figures()
    reconcile_all()  # the first one reads the history of the company
    for _ in range(ROUNDS):
        figures.bare.append(bills.measure(lambda: read_with_requests(url)))
        figures.alone.append(bills.measure(reconcile_all))
        seconds, pace = poster.post_beside(reconcile_all)
        figures.beside.append(seconds)
        figures.paces_beside.append(pace)
        _, pace = poster.post_beside(partial(time.sleep, seconds))
        figures.paces_alone.append(pace)
    figures.print()


def main() -> None:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        server, url = bills.start_stand_in(folder)
        try:
            run_rounds(url, bills.Hub(folder / "data", url))
        finally:
            bills.stop(server)


if __name__ == "__main__":
    main()
