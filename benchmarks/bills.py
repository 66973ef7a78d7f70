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
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

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
from hub.clock import Clock
from hub.collect.run import collect
from hub.contract.registry import Plugins
from hub.crypto import keys
from hub.db import engine
from hub.installations import enable
from hub.models import ConnectedCompany
from hub.posting.outcome import batch_sizing
from hub.posting.send.run import drain
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.rate_limits.limiter import Limits, RateLimiter

TODAY = dt.datetime.now(dt.UTC).date()
ROUNDS, BILLS, LINES = 5, 1800, 5
BARE = "bare requests loop"
SAVE = "python-quickbooks, Bill.save()"
CREATE = "python-quickbooks, batch_create()"
SINGLY = "hub, one by one: outbox to QuickBooks, verified"
BATCHED = "hub, in batches: outbox to QuickBooks, verified"
PEERS = {SINGLY: SAVE, BATCHED: CREATE}
REALM = "9130000000000001"
ACCESS = "bench-access"
REFRESH = "bench-refresh"
CLIENT = "bench:bench-secret"
Figures = tuple[float, float]  # seconds on the clock and of CPU
PACE = {"HUB_QBO_PER_SECOND": "100000", "HUB_QBO_PER_MINUTE": "1000000"}


class Source:
    """A plugin with its documents in memory, so that only the hub's own work is measured."""

    __name__ = "bench"

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self.vendor = ""
        self.account = ""
        self.number_of_bills = 0

    @hookimpl
    def hub_apps(self) -> list[App]:
        return [App(slug="bench", name="Bench", summary="", posts=("bill",), settings=Schema)]

    @hookimpl
    def hub_fields(self, app: str) -> list[Field]:
        return [
            Field(name="vendor", label="Vendor", role="vendor"),
            Field(name="account", label="Account", role="account"),
        ]

    @hookimpl
    def hub_check(self, app: str, site: Any) -> Tenant:
        return Tenant(id="bench", name="Bench")

    @hookimpl
    def hub_documents(
        self, app: str, site: Any, cursors: Any, ids: Any
    ) -> Iterator[Document | Checkpoint]:
        yield from self.documents
        yield Checkpoint(cursor=str(len(self.documents)))

    def bill(self, number: str) -> Document:
        """Return a bill with a total of its own, so that none is held as a likely duplicate."""
        self.number_of_bills += 1
        amount = Decimal("100.00") + self.number_of_bills
        code = Code(id="a", quickbooks_id=self.account)
        lines = tuple(Line(id=str(n), amount=amount, codes={"account": code}) for n in range(LINES))
        return Document(
            kind="bill",
            source_id=number,
            number=number,
            date=TODAY,
            total=amount * LINES,
            codes={"vendor": Code(id="v", quickbooks_id=self.vendor)},
            lines=lines,
            tax_mode="none",
        )


def post_with_requests(
    url: str, vendor: str, account: str, prefix: str, count: int = BILLS
) -> None:
    """Post bills with a loop around `requests`."""
    session = requests.Session()
    session.headers.update(
        {
            "Authorization": f"Bearer {ACCESS}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
    )
    line = {
        "Amount": 10.25,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": account}},
    }
    for n in range(count):
        body = {"VendorRef": {"value": vendor}, "DocNumber": f"{prefix}{n}", "Line": [line] * LINES}
        address = f"{url}/v3/company/{REALM}/bill?minorversion=75"
        session.post(address, data=json.dumps(body)).raise_for_status()


def save_with_peer(url: str, vendor: str, account: str, prefix: str, count: int = BILLS) -> None:
    """Post bills with python-quickbooks, one by one."""
    client = peer_client(url)
    for bill in peer_bills(vendor, account, prefix, count):
        bill.save(qb=client)


def batch_with_peer(url: str, vendor: str, account: str, prefix: str, count: int = BILLS) -> None:
    """Post bills with python-quickbooks, in batches."""
    result = batch_create(list(peer_bills(vendor, account, prefix, count)), qb=peer_client(url))
    assert len(result.successes) == count


def peer_client(url: str) -> QuickBooks:
    QuickBooks.sandbox_api_url_v3 = f"{url}/v3"
    auth = SimpleNamespace(
        client_id="bench", access_token=ACCESS, refresh_token=REFRESH, environment="sandbox"
    )
    return QuickBooks(auth_client=auth, refresh_token=REFRESH, company_id=REALM, minorversion=75)


def peer_bills(vendor: str, account: str, prefix: str, count: int) -> Iterator[Bill]:
    """Yield bills as python-quickbooks builds them."""
    for n in range(count):
        bill = Bill()
        bill.DocNumber = f"{prefix}{n}"
        bill.VendorRef = Ref()
        bill.VendorRef.value = vendor
        for _ in range(LINES):
            line = AccountBasedExpenseLine()
            line.Amount = 10.25
            line.AccountBasedExpenseLineDetail = AccountBasedExpenseLineDetail()
            line.AccountBasedExpenseLineDetail.AccountRef = Ref()
            line.AccountBasedExpenseLineDetail.AccountRef.value = account
            bill.Line.append(line)
        yield bill


class Hub:
    """The hub in this process, connected to the stand-in."""

    def __init__(
        self, folder: Path, url: str, clock: Clock | None = None, pace: dict[str, str] = PACE
    ) -> None:
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
        plugins = Plugins.load([self.source], installed=False)
        self.app = create_app(config.load(environ), clock=clock, plugins=plugins)
        engine.upgrade(self.app)
        # As in every process of the hub; the peers in this process are faster with it, too.
        hub_context.freeze_gc()
        with self.app.app_context():
            self.company = oauth_connect.connect_with_refresh_token(REALM, REFRESH)
            record_download.refresh(self.company.id)
            self.installation = enable.enable(
                self.company.id, "bench", {}, who="bench", mode="auto"
            )

    def choose(self, mode: str) -> None:
        """Choose as a person does whether bills are sent in batches."""
        with self.app.app_context():
            batch_sizing.store_mode(self.company.id, mode, "bench")

    def remove_batch_limit(self) -> None:
        """Remove the limit of batches a minute, which the peer does not keep either."""
        with self.app.app_context():
            limits = Limits(per_second=100_000, per_period=1_000_000, batches=100_000)
            self.app.extensions["hub.quota"] = {
                REALM: RateLimiter(hub_context.current_hub().clock, limits)
            }

    def switch(self, mode: str) -> None:
        """Turn batches on or off, and keep the batch size that earlier answers have led to."""
        with self.app.app_context(), engine.transaction() as session:
            session.get_one(ConnectedCompany, self.company.id).batches = mode

    def post(
        self, vendor: str, account: str, prefix: str, count: int = BILLS
    ) -> tuple[Figures, Figures]:
        """Return (seconds, CPU seconds) of collecting, and those of posting."""
        self.source.vendor, self.source.account = vendor, account
        self.source.documents = [self.source.bill(f"{prefix}{n}") for n in range(count)]
        with self.app.app_context():
            collecting = measure(lambda: collect(self.installation.id))
            posting = measure(lambda: self._drain(count))
        return collecting, posting

    def _drain(self, count: int) -> None:
        result = drain(self.company.id, wait_for_doubts=True)
        assert result.counts.get("posted") == count, result


def measure(work: Callable[[], object]) -> Figures:
    """Return the seconds on the clock and of CPU that a function takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def start_stand_in(folder: Path | str) -> tuple[subprocess.Popen[str], str]:
    """Start the QuickBooks stand-in; return its process and its address."""
    command = [str(Path(sys.executable).with_name("hub")), "sandbox", "quickbooks"]
    command += ["--folder", f"{folder}/books", "--realm", REALM, "--client", CLIENT]
    command += ["--access-token", ACCESS, "--refresh-token", REFRESH]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
    assert server.stdout
    return server, server.stdout.readline().strip()


def stop(server: subprocess.Popen[str]) -> None:
    """End a stand-in."""
    server.terminate()
    server.wait(20)
    assert server.stdout
    server.stdout.close()


def first_id(url: str, kind: str, where: str) -> str:
    """Return the id of the first record that meets a condition."""
    headers = {"Authorization": f"Bearer {ACCESS}", "Accept": "application/json"}
    query = {"query": f"select * from {kind} where {where} maxresults 1"}
    answer = requests.get(f"{url}/v3/company/{REALM}/query", params=query, headers=headers).json()
    id: str = answer["QueryResponse"][kind][0]["Id"]
    return id


class Table:
    """The figures of each way of posting in each round, and its number of requests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.figures: dict[str, list[Figures]] = {}
        self.requests: Counter[str] = Counter()
        self.reads: Counter[str] = Counter()
        self.newest_request = 0
        self.new_requests()

    def new_requests(self) -> list[dict[str, Any]]:
        """Return the requests since the previous call."""
        address = f"{self.url}/_sandbox/log?after={self.newest_request}"
        entries: list[dict[str, Any]] = requests.get(address).json()["requests"]
        if entries:
            self.newest_request = entries[-1]["number"]
        return entries

    def add(self, name: str, figures: Figures, count_requests: bool = True) -> None:
        """Add the figures of a round, and the requests since the last one."""
        self.figures.setdefault(name, []).append(figures)
        if not count_requests:
            return
        for entry in self.new_requests():
            self.requests[name] += 1
            self.reads[name] += entry["call"] not in ("bill.create", "batch")

    def print(self) -> None:
        """Print the table."""
        title = f"{BILLS} bills of {LINES} lines, median of {ROUNDS}"
        print(
            f"{title:48}{'bills/s':>9}{'of peer':>9}{'CPU us/bill':>12}{'CPU of bare':>12}"
            f"{'requests/bill':>14}{'reads/bill':>11}"
        )
        for name in self.figures:
            rate, cpu, times = self.rate(name), self.cpu(name), self.ratio(name, BARE, 1)
            faster = f"{1 / self.ratio(name, PEERS[name], 0):8.2f}x" if name in PEERS else ""
            sent = self.requests[name] / BILLS / ROUNDS
            reads = self.reads[name] / BILLS / ROUNDS
            print(
                f"{name:48}{rate:9.0f}{faster:9}{cpu:12.0f}{times:11.2f}x{sent:14.3f}{reads:11.3f}"
            )

    def rate(self, name: str) -> float:
        """Return bills a second on the clock."""
        return statistics.median(BILLS / wall for wall, _ in self.figures[name])

    def cpu(self, name: str) -> float:
        """Return the CPU microseconds of a bill."""
        return statistics.median(cpu / BILLS * 1e6 for _, cpu in self.figures[name])

    def ratio(self, name: str, other: str, place: int) -> float:
        """Return time (0) or CPU time (1) as a multiple of another's: the median of the rounds."""
        pairs = zip(self.figures[name], self.figures[other], strict=True)
        return statistics.median(own[place] / peer[place] for own, peer in pairs)


def main() -> None:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # lets the peer use plain http on loopback
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        server, url = start_stand_in(folder)
        try:
            run_rounds(url, Hub(folder / "data", url))
        finally:
            stop(server)


def run_rounds(url: str, hub: Hub) -> None:
    """Post with each way in turn, and print the table."""
    vendor = first_id(url, "Vendor", "Active = true")
    account = first_id(url, "Account", "AccountType = 'Expense'")
    hub.remove_batch_limit()
    hub.choose("batch")
    hub.post(vendor, account, "warm-")
    table = Table(url)
    peers = {BARE: post_with_requests, SAVE: save_with_peer, CREATE: batch_with_peer}
    for turn in range(ROUNDS):
        for letter, (name, post) in zip("ABC", peers.items(), strict=True):
            work = partial(post, url, vendor, account, f"{letter}{turn}-")
            table.add(name, measure(work))
        for mode, name in (("single", SINGLY), ("batch", BATCHED)):
            hub.switch(mode)
            collecting, posting = hub.post(vendor, account, f"{mode}{turn}-")
            table.add(name, posting)
        table.add("hub: source to outbox", collecting, count_requests=False)
    table.print()


if __name__ == "__main__":
    main()
