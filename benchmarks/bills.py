"""Bills into the same QuickBooks stand-in: the hub beside a bare requests loop and python-quickbooks, in turn."""

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
from quickbooks.objects.base import Ref
from quickbooks.objects.bill import Bill
from quickbooks.objects.detailline import AccountBasedExpenseLine, AccountBasedExpenseLineDetail

from hub import App, Checkpoint, Code, Document, Field, Line, Tenant, config, enabling, hookimpl, keys, store
from hub.app import create_app
from hub.collect import collect
from hub.plugins import Plugins
from hub.posting.drain import drain
from hub.qbo import oauth, records

TODAY = dt.datetime.now(dt.UTC).date()
ROUNDS, BILLS, LINES = 3, 300, 5
REALM, ACCESS, REFRESH, CLIENT = "9130000000000001", "bench-access", "bench-refresh", "bench:bench-secret"
PACE = {"HUB_QBO_PER_SECOND": "100000", "HUB_QBO_PER_MINUTE": "1000000"}


class Source:
    """A plugin whose documents are already in memory: nothing but the hub's own work is measured."""

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
            kind="bill", source_id=number, number=number, date=TODAY, total=worth * LINES,
            codes={"vendor": Code(id="v", quickbooks_id=self.vendor)}, lines=lines, tax_mode="none",
        )  # fmt: skip


def bare(url, vendor, account, prefix):
    session = requests.Session()
    session.headers.update(
        {
            "Authorization": f"Bearer {ACCESS}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
    )
    for n in range(BILLS):
        detail = {"AccountRef": {"value": account}}
        line = {"Amount": 10.25, "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": detail}
        body = {"VendorRef": {"value": vendor}, "DocNumber": f"{prefix}{n}", "Line": [line] * LINES}
        session.post(f"{url}/v3/company/{REALM}/bill?minorversion=75", data=json.dumps(body)).raise_for_status()


def peer(url, vendor, account, prefix):
    QuickBooks.sandbox_api_url_v3 = f"{url}/v3"
    auth = SimpleNamespace(client_id="bench", access_token=ACCESS, refresh_token=REFRESH, environment="sandbox")
    client = QuickBooks(auth_client=auth, refresh_token=REFRESH, company_id=REALM, minorversion=75)
    for n in range(BILLS):
        bill = Bill()
        bill.VendorRef, bill.DocNumber = Ref(), f"{prefix}{n}"
        bill.VendorRef.value = vendor
        for _ in range(LINES):
            line = AccountBasedExpenseLine()
            line.Amount, line.AccountBasedExpenseLineDetail = 10.25, AccountBasedExpenseLineDetail()
            line.AccountBasedExpenseLineDetail.AccountRef = Ref()
            line.AccountBasedExpenseLineDetail.AccountRef.value = account
            bill.Line.append(line)
        bill.save(qb=client)


class Hub:
    """The hub in this process, connected to the stand-in."""

    def __init__(self, folder, url):
        keys.initialise(folder)
        environ = {
            "HUB_DATA": str(folder), "HUB_QBO_API_URL": url, "HUB_QBO_CLIENT_ID": "bench", **PACE,
            "HUB_QBO_CLIENT_SECRET": "bench-secret", "HUB_QBO_TOKEN_URL": f"{url}/oauth2/v1/tokens/bearer",
        }  # fmt: skip
        self.source = Source()
        self.app = create_app(config.load(environ), plugins=Plugins.load([self.source], installed=False))
        store.upgrade(self.app)
        with self.app.app_context():
            self.company = oauth.connect_with_refresh_token(REALM, REFRESH)
            records.refresh(self.company.id)
            self.installation = enabling.enable(self.company.id, "bench", {}, who="bench", mode="auto")

    def posts(self, vendor, account, prefix):
        """(seconds, CPU seconds) from the source to the outbox, and from there into the books."""
        self.source.vendor, self.source.account = vendor, account
        self.source.documents = [self.source.bill(f"{prefix}{n}") for n in range(BILLS)]
        with self.app.app_context():
            collected = measured(lambda: collect(self.installation.id))
            drained = measured(lambda: self._drain())
        return collected, drained

    def _drain(self):
        done = drain(self.company.id, wait=True)
        assert done.counts.get("posted") == BILLS, done


def measured(work):
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def served(folder):
    command = [str(Path(sys.executable).with_name("hub")), "sandbox", "quickbooks", "--folder", f"{folder}/books"]
    command += ["--realm", REALM, "--access-token", ACCESS, "--refresh-token", REFRESH, "--client", CLIENT]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
    return server, server.stdout.readline().strip()


def first(url, kind, where):
    headers = {"Authorization": f"Bearer {ACCESS}", "Accept": "application/json"}
    query = {"query": f"select * from {kind} where {where} maxresults 1"}
    found = requests.get(f"{url}/v3/company/{REALM}/query", params=query, headers=headers).json()
    return found["QueryResponse"][kind][0]["Id"]


def row(name, runs, bare_runs):
    rate = statistics.median(BILLS / wall for wall, _ in runs)
    cpu = statistics.median(cpu / BILLS * 1e6 for _, cpu in runs)
    times = statistics.median(cpu / own for (_, cpu), (_, own) in zip(runs, bare_runs, strict=True))
    print(f"{name:44}{rate:9.0f}{cpu:12.0f}{times:11.2f}x")


def main() -> None:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        server, url = served(folder)
        try:
            vendor, account = first(url, "Vendor", "Active = true"), first(url, "Account", "AccountType = 'Expense'")
            hub = Hub(folder / "data", url)
            runs = {"bare": [], "peer": [], "collect": [], "drain": []}
            for turn in range(ROUNDS):
                runs["bare"].append(measured(lambda turn=turn: bare(url, vendor, account, f"A{turn}-")))
                runs["peer"].append(measured(lambda turn=turn: peer(url, vendor, account, f"B{turn}-")))
                collected, drained = hub.posts(vendor, account, f"C{turn}-")
                runs["collect"].append(collected)
                runs["drain"].append(drained)
        finally:
            server.terminate()
            server.wait(20)
            server.stdout.close()
    title = f"{BILLS} bills of {LINES} lines, median of {ROUNDS}"
    print(f"{title:44}{'bills/s':>9}{'CPU us/bill':>12}{'CPU of bare':>12}")
    row("bare requests loop", runs["bare"], runs["bare"])
    row("python-quickbooks, Bill.save()", runs["peer"], runs["bare"])
    row("hub: outbox to books, proved and receipted", runs["drain"], runs["bare"])
    row("hub: source to outbox", runs["collect"], runs["bare"])


if __name__ == "__main__":
    main()
