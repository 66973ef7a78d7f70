"""Post the same bills with the hub, a bare requests loop and python-quickbooks.

Each posts one by one and in batches to the same QuickBooks stand-in. They take turns in one process
while the stand-in runs in its own, so that ratios hold on a busy machine too; those of CPU time
more than those of rates. The requests are counted by the stand-in.
"""

import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import requests
from marshmallow import Schema
from quickbooks import QuickBooks
from quickbooks.batch import batch_create
from quickbooks.objects.base import Ref
from quickbooks.objects.bill import Bill
from quickbooks.objects.detailline import AccountBasedExpenseLine, AccountBasedExpenseLineDetail

from hub import App, Checkpoint, Code, Document, Field, Line, Tenant, config, hookimpl
from hub import context as hub_context
from hub.app import create_app
from hub.collect.run import collect
from hub.contract.registry import Plugins
from hub.crypto import keys
from hub.db import engine
from hub.installations import enable
from hub.models import Company
from hub.posting.outcome import batch_sizing
from hub.posting.send.run import drain
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.qbo.rate_limit import Limits, RateLimiter

TODAY = dt.datetime.now(dt.UTC).date()
ROUNDS, BILLS, LINES = 5, 1800, 5
BARE, SAVE, CREATE = (
    "bare requests loop",
    "python-quickbooks, Bill.save()",
    "python-quickbooks, batch_create()",
)
SINGLY, BATCHED = (
    "hub, one by one: outbox to books, proved",
    "hub, in batches: outbox to books, proved",
)
PEERS = {SINGLY: SAVE, BATCHED: CREATE}
REALM, ACCESS, REFRESH, CLIENT = (
    "9130000000000001",
    "bench-access",
    "bench-refresh",
    "bench:bench-secret",
)
PACE = {"HUB_QBO_PER_SECOND": "100000", "HUB_QBO_PER_MINUTE": "1000000"}


class Source:
    """A plugin with its documents in memory, so that only the hub's own work is measured."""

    __name__ = "bench"

    def __init__(self):
        self.documents, self.vendor, self.account, self.made = [], "", "", 0

    @hookimpl
    def hub_apps(self):
        return [App(slug="bench", name="Bench", summary="", posts=("bill",), settings=Schema)]

    @hookimpl
    def hub_fields(self, app):
        return [
            Field(name="vendor", label="Vendor", role="vendor"),
            Field(name="account", label="Account", role="account"),
        ]

    @hookimpl
    def hub_check(self, app, site):
        return Tenant(id="bench", name="Bench")

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        yield from self.documents
        yield Checkpoint(cursor=str(len(self.documents)))

    def bill(self, number):
        self.made += 1  # no two of the same day and total: they would be held as likely twins
        worth = Decimal("100.00") + self.made
        code = Code(id="a", quickbooks_id=self.account)
        lines = tuple(Line(id=str(n), amount=worth, codes={"account": code}) for n in range(LINES))
        return Document(
            kind="bill",
            source_id=number,
            number=number,
            date=TODAY,
            total=worth * LINES,
            codes={"vendor": Code(id="v", quickbooks_id=self.vendor)},
            lines=lines,
            tax_mode="none",
        )


def bare(url, vendor, account, prefix, count=BILLS):
    session = requests.Session()
    session.headers.update(
        {
            "Authorization": f"Bearer {ACCESS}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
    )
    for n in range(count):
        detail = {"AccountRef": {"value": account}}
        line = {
            "Amount": 10.25,
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": detail,
        }
        body = {"VendorRef": {"value": vendor}, "DocNumber": f"{prefix}{n}", "Line": [line] * LINES}
        session.post(
            f"{url}/v3/company/{REALM}/bill?minorversion=75", data=json.dumps(body)
        ).raise_for_status()


def peer(url, vendor, account, prefix, count=BILLS):
    client = peers_client(url)
    for bill in peers_bills(vendor, account, prefix, count):
        bill.save(qb=client)


def peer_batch(url, vendor, account, prefix, count=BILLS):
    done = batch_create(list(peers_bills(vendor, account, prefix, count)), qb=peers_client(url))
    assert len(done.successes) == count


def peers_client(url):
    QuickBooks.sandbox_api_url_v3 = f"{url}/v3"
    auth = SimpleNamespace(
        client_id="bench", access_token=ACCESS, refresh_token=REFRESH, environment="sandbox"
    )
    return QuickBooks(auth_client=auth, refresh_token=REFRESH, company_id=REALM, minorversion=75)


def peers_bills(vendor, account, prefix, count):
    for n in range(count):
        bill = Bill()
        bill.VendorRef, bill.DocNumber = Ref(), f"{prefix}{n}"
        bill.VendorRef.value = vendor
        for _ in range(LINES):
            line = AccountBasedExpenseLine()
            line.Amount, line.AccountBasedExpenseLineDetail = 10.25, AccountBasedExpenseLineDetail()
            line.AccountBasedExpenseLineDetail.AccountRef = Ref()
            line.AccountBasedExpenseLineDetail.AccountRef.value = account
            bill.Line.append(line)
        yield bill


class Hub:
    """The hub in this process, connected to the stand-in."""

    def __init__(self, folder, url, clock=None, pace=PACE):
        keys.initialise(folder)
        environ = {
            "HUB_DATA": str(folder),
            "HUB_QBO_API_URL": url,
            "HUB_QBO_CLIENT_ID": "bench",
            **pace,
            "HUB_QBO_CLIENT_SECRET": "bench-secret",
            "HUB_QBO_TOKEN_URL": f"{url}/oauth2/v1/tokens/bearer",
        }
        self.source = Source()
        self.app = create_app(
            config.load(environ), clock=clock, plugins=Plugins.load([self.source], installed=False)
        )
        engine.upgrade(self.app)
        hub_context.freeze_gc()  # as in every process of the hub; the peers in this one gain by it too
        with self.app.app_context():
            self.company = oauth_connect.connect_with_refresh_token(REALM, REFRESH)
            record_download.refresh(self.company.id)
            self.installation = enable.enable(
                self.company.id, "bench", {}, who="bench", mode="auto"
            )

    def choose(self, mode):
        with self.app.app_context():
            batch_sizing.choose(self.company.id, mode, "bench")

    def unlimited(self):
        """Remove the limit of batches a minute, which the peer does not keep either."""
        with self.app.app_context():
            limits = Limits(per_second=100_000, per_minute=1_000_000, batches=100_000)
            self.app.extensions["hub.quota"] = {
                REALM: RateLimiter(hub_context.current().clock, limits)
            }

    def switch(self, mode):
        """Turn batches on or off, and keep the batch size that earlier answers have led to."""
        with self.app.app_context(), engine.transaction() as session:
            session.get_one(Company, self.company.id).batches = mode

    def posts(self, vendor, account, prefix, count=BILLS):
        """Return (seconds, CPU seconds) of collecting, and those of posting."""
        self.source.vendor, self.source.account = vendor, account
        self.source.documents = [self.source.bill(f"{prefix}{n}") for n in range(count)]
        with self.app.app_context():
            collected = measured(lambda: collect(self.installation.id))
            drained = measured(lambda: self._drain(count))
        return collected, drained

    def _drain(self, count):
        done = drain(self.company.id, wait=True)
        assert done.counts.get("posted") == count, done


def measured(work):
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def served(folder):
    command = [
        str(Path(sys.executable).with_name("hub")),
        "sandbox",
        "quickbooks",
        "--folder",
        f"{folder}/books",
    ]
    command += [
        "--realm",
        REALM,
        "--access-token",
        ACCESS,
        "--refresh-token",
        REFRESH,
        "--client",
        CLIENT,
    ]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
    return server, server.stdout.readline().strip()


def first(url, kind, where):
    headers = {"Authorization": f"Bearer {ACCESS}", "Accept": "application/json"}
    query = {"query": f"select * from {kind} where {where} maxresults 1"}
    found = requests.get(f"{url}/v3/company/{REALM}/query", params=query, headers=headers).json()
    return found["QueryResponse"][kind][0]["Id"]


class Table:
    """The figures of each way of posting in each round, and its number of requests."""

    def __init__(self, url):
        self.url, self.runs, self.asked, self.reads, self.seen = url, {}, {}, {}, 0
        self.new()

    def new(self):
        """Return the requests since the previous call."""
        found = requests.get(f"{self.url}/_sandbox/log?after={self.seen}").json()["requests"]
        self.seen = found[-1]["number"] if found else self.seen
        return found

    def add(self, name, measure, requests_too=True):
        self.runs.setdefault(name, []).append(measure)
        found = self.new() if requests_too else []
        self.asked[name] = self.asked.get(name, 0) + len(found)
        self.reads[name] = self.reads.get(name, 0) + sum(
            one["call"] not in ("bill.create", "batch") for one in found
        )

    def print(self):
        title = f"{BILLS} bills of {LINES} lines, median of {ROUNDS}"
        asked = f"{'requests/bill':>14}{'reads/bill':>11}"
        print(
            f"{title:44}{'bills/s':>9}{'of peer':>9}{'CPU us/bill':>12}{'CPU of bare':>12}{asked}"
        )
        for name in self.runs:
            rate, cpu, times = self.rate(name), self.cpu(name), self.ratio(name, BARE, 1)
            faster = f"{1 / self.ratio(name, PEERS[name], 0):8.2f}x" if name in PEERS else ""
            asked, reads = (counted[name] / BILLS / ROUNDS for counted in (self.asked, self.reads))
            print(
                f"{name:44}{rate:9.0f}{faster:9}{cpu:12.0f}{times:11.2f}x{asked:14.3f}{reads:11.3f}"
            )

    def rate(self, name):
        return statistics.median(BILLS / wall for wall, _ in self.runs[name])

    def cpu(self, name):
        return statistics.median(cpu / BILLS * 1e6 for _, cpu in self.runs[name])

    def ratio(self, name, of, place):
        """Return time (0) or CPU time (1) as a multiple of another's: the median of the rounds."""
        return statistics.median(
            a[place] / b[place] for a, b in zip(self.runs[name], self.runs[of], strict=True)
        )


def main() -> None:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = (
        "1"  # the peer's own word for plain http on the loopback
    )
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        server, url = served(folder)
        try:
            turns(url, Hub(folder / "data", url))
        finally:
            server.terminate()
            server.wait(20)
            server.stdout.close()


def turns(url, hub):
    vendor, account = (
        first(url, "Vendor", "Active = true"),
        first(url, "Account", "AccountType = 'Expense'"),
    )
    hub.unlimited()
    hub.choose("batch")
    hub.posts(vendor, account, "warm-")
    table = Table(url)
    for turn in range(ROUNDS):
        table.add(BARE, measured(lambda turn=turn: bare(url, vendor, account, f"A{turn}-")))
        table.add(SAVE, measured(lambda turn=turn: peer(url, vendor, account, f"B{turn}-")))
        table.add(CREATE, measured(lambda turn=turn: peer_batch(url, vendor, account, f"C{turn}-")))
        for mode, name in (("single", SINGLY), ("batch", BATCHED)):
            hub.switch(mode)
            collected, drained = hub.posts(vendor, account, f"{mode}{turn}-")
            table.add(name, drained)
        table.add("hub: source to outbox", collected, requests_too=False)
    table.print()


if __name__ == "__main__":
    main()
