"""Measure how near to Intuit's limits the hub and python-quickbooks post to a company.

An answer takes 0.6 seconds. The stand-in enforces 500 requests a minute, 10 a second, 10 at once
and 40 batches a minute, a batch counted as one request (if its items counted, batches would gain
nothing: 500 documents a minute). Everything runs FASTER times as fast as in life: the clocks of
both sides run that much faster, and the answers come that much sooner.
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
SINGLE_BILLS, BATCHED_BILLS, PEER_BILLS = 1600, 3900, 20
BATCH_SIZE = 30
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


def row(name: str, bill_count: int, wall: float, least: float | None, log: RequestLog) -> None:
    """Print a line of the table; `least` is the number of seconds that the limits allow."""
    creates, refusals = log.count_new()
    seconds = wall * FASTER
    per_minute = bill_count / seconds * 60
    share = f"{least / seconds * 100:10.1f} %" if least else f"{'':12}"
    per_bill = creates / bill_count
    print(f"{name:40}{bill_count:7}{per_minute:13.0f}{share}{per_bill:14.3f}{refusals:6}")


def main() -> None:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # lets the peer use plain http on loopback
    command = [sys.executable, __file__, "stand-in"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        with tempfile.TemporaryDirectory() as folder:
            table(server.stdout.readline().strip(), Path(folder))
    finally:
        bills.stop(server)


def table(url: str, folder: Path) -> None:
    """Post with the hub and with its peers, and print the figures of each."""
    hub = bills.Hub(folder / "data", url, FastClock(), pace={})
    vendor = bills.first_id(url, "Vendor", "Active = true")
    account = bills.first_id(url, "Account", "AccountType = 'Expense'")
    time.sleep(2 / FASTER)  # until the second of these two requests is over: the hub knows neither
    log = RequestLog(url)
    title = f"{'at 0.6 s for an answer':40}{'bills':>7}{'bills/minute':>13}{'of the limit':>12}"
    print(f"{title}{'requests/bill':>14}{'429':>6}")
    least_single = least_seconds(SINGLE_BILLS, REQUESTS_PER_MINUTE)
    least_batched = least_seconds(BATCHED_BILLS // BATCH_SIZE, BATCHES_PER_MINUTE)
    for mode, name, count, least, before in (
        ("single", "hub, one by one", SINGLE_BILLS, least_single, 10),
        ("batch", "hub, in batches", BATCHED_BILLS, least_batched, BILLS_BEFORE_BATCHES),
    ):
        hub.choose(mode)
        hub.post(vendor, account, f"{mode}-before-", before)
        time.sleep(60 / FASTER)  # until the minute of these requests is over
        log.count_new()
        _, (wall, _) = hub.post(vendor, account, f"{mode}-", count)
        row(name, count, wall, least, log)
    for name, post in ((bills.SAVE, bills.save_with_peer), (bills.BARE, bills.post_with_requests)):
        time.sleep(60 / FASTER)
        wall, _ = bills.measure(partial(post, url, vendor, account, name[:4], PEER_BILLS))
        row(name, PEER_BILLS, wall, None, log)


if __name__ == "__main__":
    if sys.argv[1:] == ["stand-in"]:
        serve_stand_in()
    else:
        main()
