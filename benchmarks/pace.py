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
from pathlib import Path

import bills
import requests

from hub.clock import Clock
from qbo_sandbox import US, create
from qbo_sandbox.kit import Clock as TheirClock
from qbo_sandbox.kit import serve

FASTER = float(os.environ.get("PACE_FASTER", "2"))
ANSWER_SECONDS = 0.6
BEGAN = 1_760_000_000.0  # when both clocks began to run fast
SINGLES, BATCHED, PEERS = 600, 1500, 20
LEARNING = 240  # bills after which it is known how many go together: the day that is measured is not a company's first
LEAST_SINGLES = 60 + 10  # seconds: 500 in the first 50 of each minute
LEAST_BATCHED = 60 + 1  # seconds: 40 batches in the first 4 of each minute


def fast():
    """Return seconds since 1970 on a clock that runs fast."""
    return BEGAN + (time.time() - BEGAN) * FASTER


class FastClock(Clock):
    """The clock of the hub, running fast."""

    def now(self):
        return dt.datetime.fromtimestamp(fast(), dt.UTC)

    def monotonic(self):
        return time.monotonic() * FASTER

    def sleep(self, seconds):
        time.sleep(max(0.0, seconds / FASTER))


class TheirFastClock(TheirClock):
    """The clock of the stand-in, running fast."""

    def now(self):
        return fast()


def stand_in():
    """Serve the stand-in from this process."""
    made = create(
        companies=(replace(US, realm=bills.REALM),),
        clock=TheirFastClock(),
        client=("bench", "bench-secret"),
        refresh_token=bills.REFRESH,
        access_token=bills.ACCESS,
        throttle=True,
        at_once=10,
        batch_counts="one",
    )
    for call in ("bill.create", "batch"):
        made.add_fault("delay", call, count=0, seconds=ANSWER_SECONDS / FASTER)
    serve(made.wsgi, 0)


def counted(url, after):
    """Return the numbers of requests and of refusals, and the number of the newest request."""
    found = requests.get(f"{url}/_sandbox/log?after={after}").json()["requests"]
    asked = [one for one in found if one["call"] in ("bill.create", "batch")]
    return (
        len(asked),
        sum(one["status"] == 429 for one in found),
        found[-1]["number"] if found else after,
    )


def row(name, count, seconds, least, asked, refused):
    share = f"{least / seconds * 100:10.1f} %" if least else f"{'':12}"
    print(f"{name:40}{count:7}{count / seconds * 60:13.0f}{share}{asked / count:14.3f}{refused:6}")


def main() -> None:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = (
        "1"  # the peer's own word for plain http on the loopback
    )
    server = subprocess.Popen(
        [sys.executable, __file__, "stand-in"], stdout=subprocess.PIPE, text=True
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            table(server.stdout.readline().strip(), Path(folder))
    finally:
        server.terminate()
        server.wait(20)
        server.stdout.close()


def table(url, folder):
    hub = bills.Hub(folder / "data", url, FastClock(), pace={})
    vendor = bills.first(url, "Vendor", "Active = true")
    account = bills.first(url, "Account", "AccountType = 'Expense'")
    time.sleep(2 / FASTER)  # the second of these two, which went past the hub's count, is over
    title = f"{'at 0.6 s for an answer':40}{'bills':>7}{'bills/minute':>13}{'of the limit':>12}"
    print(f"{title}{'requests/bill':>14}{'429':>6}")
    for mode, name, count, least, before in (
        ("single", "hub, one by one", SINGLES, LEAST_SINGLES, 10),
        ("batch", "hub, in batches", BATCHED, LEAST_BATCHED, LEARNING),
    ):
        hub.choose(mode)
        hub.posts(vendor, account, f"{mode}-before-", before)
        _, _, seen = counted(url, 0)
        time.sleep(60 / FASTER)  # the minute of what was sent before is over
        _, (wall, _) = hub.posts(vendor, account, f"{mode}-", count)
        asked, refused, seen = counted(url, seen)
        row(name, count, wall * FASTER, least, asked, refused)
    for work, name in (
        (bills.peer, "python-quickbooks, Bill.save()"),
        (bills.bare, "bare requests loop"),
    ):
        time.sleep(60 / FASTER)
        wall, _ = bills.measured(
            lambda work=work, name=name: work(url, vendor, account, name[:4], PEERS)
        )
        asked, refused, seen = counted(url, seen)
        row(name, PEERS, wall * FASTER, None, asked, refused)


if __name__ == "__main__":
    stand_in() if sys.argv[1:] == ["stand-in"] else main()
