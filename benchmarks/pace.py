"""Measure how near to Intuit's limits the hub and python-quickbooks post to a company.

An answer takes 0.6 seconds. The stand-in enforces 500 requests a minute, 10 a second, 10 at once
and 40 batches a minute, a batch counted as one request (if its items counted, batches would gain
nothing: 500 documents a minute). Everything runs FASTER times as fast as in life: the clocks of
both sides run that much faster, and the answers come that much sooner.

python-quickbooks waits for each answer before it sends the next request, and knows no limits. So
it posts few bills one by one here, and as many in batches as the limits of one minute allow.
"""

import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import bills
import requests

from hub.clock import Clock
from qbo_sandbox import US, create
from qbo_sandbox.kit import Clock as TheirClock
from qbo_sandbox.kit import serve

FASTER = float(os.environ.get("PACE_FASTER", "2"))
ANSWER_SECONDS = 0.6
FIRST_FAST_MOMENT = 1_760_000_000.0  # both clocks run fast since then
SINGLE_BILLS, BATCHED_BILLS, PEER_BILLS = 1600, 3900, 100
BATCH_SIZE = 30
BURST_BILLS = 30 * BATCH_SIZE  # in batches, within the limits of a minute
# Bills after which the hub knows its batch size, because a company's first day is not measured.
BILLS_BEFORE_BATCHES = 240
REQUESTS_PER_SECOND, REQUESTS_PER_MINUTE, BATCHES_PER_MINUTE = 10, 500, 40
CREATES = ("bill.create", "batch")


def fast_time() -> float:
    """Return seconds since 1970 on a clock that runs fast."""
    return FIRST_FAST_MOMENT + (time.time() - FIRST_FAST_MOMENT) * FASTER


class FastClock(Clock):
    """The clock of the hub, running fast."""

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(fast_time(), dt.UTC)

    def monotonic(self) -> float:
        return time.monotonic() * FASTER

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds / FASTER))


class TheirFastClock(TheirClock):
    """The clock of the stand-in, running fast."""

    def now(self) -> float:
        return fast_time()


def serve_stand_in() -> None:
    """Serve the stand-in from this process."""
    quickbooks = create(
        companies=(replace(US, realm=bills.REALM),),
        clock=TheirFastClock(),
        client=("bench", "bench-secret"),
        refresh_token=bills.REFRESH,
        access_token=bills.ACCESS,
        throttle=True,
        at_once=10,
        batch_counts="one",
    )
    for call in CREATES:
        quickbooks.add_fault("delay", call, count=0, seconds=ANSWER_SECONDS / FASTER)
    serve(quickbooks.wsgi, 0)


def least_seconds(request_count: int, per_minute: int) -> float:
    """Return how long requests take that are as early as the limits allow."""
    full_minutes, rest = divmod(request_count, per_minute)
    return full_minutes * 60 + rest / REQUESTS_PER_SECOND


class RequestLog:
    """The requests that the stand-in has received since the last look at them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.newest = 0

    def count_new(self) -> tuple[int, int]:
        """Return the numbers of new creates and of new refusals."""
        entries = requests.get(f"{self.url}/_sandbox/log?after={self.newest}").json()["requests"]
        if entries:
            self.newest = entries[-1]["number"]
        creates = sum(entry["call"] in CREATES for entry in entries)
        return creates, sum(entry["status"] == 429 for entry in entries)


class Table:
    """The table, which is printed line by line."""

    def __init__(self, log: RequestLog) -> None:
        self.log = log
        self.rates: dict[str, float] = {}
        print(
            f"{'at 0.6 s for an answer':46}{'bills':>7}{'bills/minute':>13}{'of the limit':>13}"
            f"{'of peer':>9}{'CPU us/bill':>12}{'requests/bill':>14}{'429':>6}"
        )

    def add(
        self,
        name: str,
        bill_count: int,
        figures: bills.Figures,
        least: float | None = None,
        peer: str = "",
    ) -> None:
        """Print a line; `least` is the number of seconds that the limits allow."""
        creates, refusals = self.log.count_new()
        wall, cpu = figures
        seconds = wall * FASTER
        rate = self.rates[name] = bill_count / seconds * 60
        share = f"{least / seconds * 100:.1f} %" if least else ""
        times = f"{rate / self.rates[peer]:.2f}x" if peer else ""
        microseconds = cpu / bill_count * 1e6
        print(
            f"{name:46}{bill_count:7}{rate:13.0f}{share:>13}{times:>9}{microseconds:12.0f}"
            f"{creates / bill_count:14.3f}{refusals:6}",
            flush=True,
        )


def main() -> None:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # lets the peer use plain http on loopback
    command = [sys.executable, __file__, "stand-in"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        with tempfile.TemporaryDirectory() as folder:
            compare(server.stdout.readline().strip(), Path(folder))
    finally:
        bills.stop(server)


def compare(url: str, folder: Path) -> None:
    """Post with the peers and with the hub, and print the figures of each."""
    hub = bills.Hub(folder / "data", url, FastClock(), pace={})
    vendor = bills.first_id(url, "Vendor", "Active = true")
    account = bills.first_id(url, "Account", "AccountType = 'Expense'")
    log = RequestLog(url)
    table = Table(log)
    for name, post, count in (
        (bills.BARE, bills.post_with_requests, PEER_BILLS),
        (bills.SAVE, bills.save_with_peer, PEER_BILLS),
        (bills.CREATE, bills.batch_with_peer, BURST_BILLS),
    ):
        wait_a_minute(log)
        work = partial(post, url, vendor, account, f"{name[-6:]}-", count)
        table.add(name, count, bills.measure(work))
    least_single = least_seconds(SINGLE_BILLS, REQUESTS_PER_MINUTE)
    least_batched = least_seconds(BATCHED_BILLS // BATCH_SIZE, BATCHES_PER_MINUTE)
    for mode, name, count, least, peer, before in (
        ("single", "hub, one by one", SINGLE_BILLS, least_single, bills.SAVE, 10),
        ("batch", "hub, in batches", BATCHED_BILLS, least_batched, "", BILLS_BEFORE_BATCHES),
        ("batch", "hub, in batches within a minute", BURST_BILLS, None, bills.CREATE, 0),
    ):
        hub.choose(mode)
        if before:
            hub.post(vendor, account, f"{mode}-before-", before)
        wait_a_minute(log)
        _, figures = hub.post(vendor, account, f"{name[-6:]}-", count)
        table.add(name, count, figures, least, peer)


def wait_a_minute(log: RequestLog) -> None:
    """Wait until the minute of earlier requests is over, and forget them."""
    time.sleep(60 / FASTER)
    log.count_new()


if __name__ == "__main__":
    if sys.argv[1:] == ["stand-in"]:
        serve_stand_in()
    else:
        main()
