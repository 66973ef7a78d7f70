"""Tests of many companies over days of virtual time with lost, repeated, reordered webhooks."""

import base64
import gc
import hashlib
import hmac
import json
import os
import random
import shutil
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub import App, Checkpoint, Document, Field, Line, Tenant, hookimpl
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.models import Installation, Posting, TransactionHead
from hub.qbo import webhooks
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from qbo_sandbox import factory
from tests.support.sources import independent_quickbooks
from tests.support.sources.every_kind_source import NoSettings

pytestmark = pytest.mark.proof
LONG = int(os.environ.get("PROOF_EVENTS") or 0) > 0
COMPANIES, DAYS, BILLS_PER_DAY = (100, 8, 75) if LONG else (2, 2, 3)
COMPANIES, DAYS, BILLS_PER_DAY = (
    int(n) for n in os.environ.get("PROOF_SOAK", f"{COMPANIES} {DAYS} {BILLS_PER_DAY}").split()
)
DAY = 86_400
MAX_RUNS = 6  # of one sync, until it is not interrupted
LOST_SHARE, REPEATED_SHARE = 0.05, 0.2


class DailyBills:
    """A stateless source: each account has a number of bills per day, derived from their number."""

    __name__ = "works"

    def __init__(self):
        self.day = 0

    @hookimpl
    def hub_apps(self):
        return [App(slug="works", name="Works", summary="", posts=("bill",), settings=NoSettings)]

    @hookimpl
    def hub_fields(self, app):
        match = ("id",)
        return [
            Field(name="supplier", label="Supplier", role="vendor", match=match),
            Field(name="cost", label="Cost", role="account", match=match),
        ]

    @hookimpl
    def hub_check(self, app, site):
        return Tenant(id=site.tenant.id if site.tenant else "t", name="Works")

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        if ids:
            yield from (self.bill(int(id), site) for id in ids)
            return
        for number in range(int(cursors.get("") or 0), self.day * BILLS_PER_DAY):
            yield self.bill(number, site)
        yield Checkpoint(cursor=str(self.day * BILLS_PER_DAY))

    def bill(self, number, site):
        amount = Decimal(number * 37 % 100_000 + 101) / 100
        line = Line(id="1", amount=amount, codes={"cost": str(120 + number % 7)})
        return Document(
            kind="bill",
            source_id=str(number),
            number=f"W-{number}",
            date=site.today,
            currency="USD",
            lines=(line,),
            codes={"supplier": str(1 + number % 24)},
            total=amount,
        )


class RemoteQuickBooks:
    """The independent QuickBooks as a process on the hub's time, with a person's edits."""

    def __init__(self, folder, clock):
        command = [sys.executable, independent_quickbooks.__file__, str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        self.set_time(clock.now())
        clock.followers.append(self.set_time)
        client = base64.b64encode(":".join(independent_quickbooks.CLIENT).encode()).decode()
        form = f"grant_type=refresh_token&refresh_token={independent_quickbooks.REFRESH}".encode()
        self.key = self.ask("/oauth2/v1/tokens/bearer", form, Authorization=f"Basic {client}")[
            "access_token"
        ]

    def ask(self, path, body=None, **headers):
        with urllib.request.urlopen(
            urllib.request.Request(self.url + path, body, headers), timeout=60
        ) as answer:
            return json.load(answer, parse_float=Decimal)

    def set_time(self, now):
        self.ask("/_other/clock", json.dumps({"now": now.isoformat()}).encode())

    def act(self, realm, bill, what):
        """Edit or delete a bill as a person; return the entity of the webhook."""
        more, query = (
            ({"sparse": True, "TxnDate": "2026-01-31"}, "")
            if what == "Update"
            else ({}, "?operation=delete")
        )
        body = json.dumps({"Id": bill["Id"], "SyncToken": bill["SyncToken"], **more}).encode()
        headers = {"Authorization": f"Bearer {self.key}", "X-Person": "yes"}
        self.ask(f"/v3/company/{realm}/bill{query}", body, **headers)
        return {"name": "Bill", "id": bill["Id"], "operation": what}

    def bills(self, realm):
        return [
            row
            for row in self.ask(f"/_other/books/{realm}")["Bill"]
            if row.get("status") != "Deleted"
        ]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def remote_quickbooks(tmp_path, clock):
    """Start the independent QuickBooks as a process on the hub's clock."""
    server = RemoteQuickBooks(tmp_path, clock)
    yield server
    server.stop()


@pytest.fixture
def daily_bills(make_app, make_config, empty_database, remote_quickbooks):
    """Provide a hub with the source installed for every company, in automatic mode."""
    urls = {
        "HUB_QBO_API_URL": remote_quickbooks.url,
        "HUB_QBO_TOKEN_URL": f"{remote_quickbooks.url}/oauth2/v1/tokens/bearer",
    }
    client = dict(
        zip(
            ("HUB_QBO_CLIENT_ID", "HUB_QBO_CLIENT_SECRET"),
            independent_quickbooks.CLIENT,
            strict=True,
        )
    )
    config, source = make_config(**urls, **client), DailyBills()
    shutil.copy(empty_database, config.data / "hub.db")
    with make_app(config, plugins=Plugins.load([source], installed=False)).app_context():
        for place in range(COMPANIES):
            install(str(4_000_000_000 + place))
        yield source


def install(realm):
    company = oauth_connect.connect_with_refresh_token(realm, independent_quickbooks.REFRESH)
    with transaction() as session:
        session.add(
            Installation(
                company_id=company.id,
                slug="works",
                tenant=realm,
                mode="auto",
                created_at=company.connected_at,
            )
        )


def companies():
    with read_only_session() as session:
        return [
            (installation.id, installation.company_id, installation.company.realm)
            for installation in session.scalars(select(Installation))
        ]


def sign(notification):
    body = json.dumps({"eventNotifications": [notification]}).encode()
    seal = hmac.new(factory.WEBHOOK_VERIFIER.encode(), body, hashlib.sha256).digest()
    return {"intuit-signature": base64.b64encode(seal).decode()}, body


def deliver_unreliably(calls, chance):
    """Return webhooks as they arrive: one in twenty lost, one in five repeated, in any order."""
    arrived = [call for call in calls if chance.random() >= LOST_SHARE]
    arrived += [call for call in arrived if chance.random() < REPEATED_SHARE]
    chance.shuffle(arrived)
    return arrived


def edit_by_hand(remote_quickbooks, realm, chance, touched):
    """Change two bills and delete one by hand; yield the webhook events."""
    bills = [bill for bill in remote_quickbooks.bills(realm) if (realm, bill["Id"]) not in touched]
    chosen = chance.sample(bills, min(3, len(bills)))
    for bill, what in zip(chosen, ("Update", "Update", "Delete"), strict=False):
        touched[realm, bill["Id"]] = what
        yield {
            "realmId": realm,
            "dataChangeEvent": {"entities": [remote_quickbooks.act(realm, bill, what)]},
        }


def repeat_until_done(act):
    """Repeat a run that the network interrupted, as the next tick would, and check that it ends."""
    for _ in range(MAX_RUNS):
        last_run = act()
        if last_run.outcome == "done":
            return
    pytest.fail(f"the run was interrupted {MAX_RUNS} times: {last_run.error}")


def run_day(source, remote_quickbooks, clock, chance, touched):
    """Run a day: sync everything, edit bills in QuickBooks by hand, and deliver webhooks."""
    source.day += 1
    for id, _, _ in companies():
        repeat_until_done(lambda id=id: runner.sync(id, requested_by="schedule", wait=True))
    clock.advance(DAY / 2)
    calls = [
        call
        for _, _, realm in companies()
        for call in edit_by_hand(remote_quickbooks, realm, chance, touched)
    ]
    for call in deliver_unreliably(calls, chance):
        webhooks.receive(*sign(call))
    clock.advance(DAY / 2 + 60)
    for _, company, _ in companies():
        repeat_until_done(
            lambda company=company: runner.run_company_job(
                "changes", company, requested_by="schedule"
            )
        )


def resident_memory():
    """Return the resident memory of this process in bytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.timeout(3600)
def test_nothing_is_missed_however_long_it_runs(daily_bills, remote_quickbooks, clock, figure):
    chance, touched, memory_by_day = random.Random(5), {}, []
    start_time = time.monotonic()
    remote_quickbooks.ask(
        "/_other/mischief", json.dumps({"lose": 0.01, "reset": 0.005, "seconds": 1}).encode()
    )
    for _ in range(DAYS):
        run_day(daily_bills, remote_quickbooks, clock, chance, touched)
        memory_by_day.append(resident_memory())
    seconds = time.monotonic() - start_time
    documents = COMPANIES * DAYS * BILLS_PER_DAY
    assert count_posted(remote_quickbooks, touched) == documents
    assert count_manual_changes() == Counter(touched.values())
    figure(
        f"documents of {COMPANIES} companies in {DAYS} days of virtual time", documents, documents
    )
    figure("changes by people in QuickBooks, all of them noticed", len(touched), 1)
    if LONG:
        figure("documents a second", round(documents / seconds), 1)
        grown = memory_by_day[-1] / memory_by_day[2 * DAYS // 3 - 1] - 1
        figure(
            "growth of memory in the last third, percentage points below 5 %",
            round(5 - 100 * grown, 1),
            0,
        )


def count_posted(remote_quickbooks, touched):
    """Return the number of documents posted; each is in the books once with the source's values."""
    count = 0
    for _, _, realm in companies():
        books = Counter(bill["DocNumber"] for bill in remote_quickbooks.bills(realm))
        assert set(books.values()) <= {1}, realm
        assert all(
            Decimal(str(bill["TotalAmt"]))
            == Decimal(int(bill["DocNumber"][2:]) * 37 % 100_000 + 101) / 100
            for bill in remote_quickbooks.bills(realm)
        )
        count += len(books) + sum(
            what == "Delete" for (where, _), what in touched.items() if where == realm
        )
    with read_only_session() as session:
        posted = select(func.count()).select_from(Posting).where(Posting.state == "posted")
        assert session.scalar(posted) == count
    return count


def count_manual_changes():
    """Count the manual changes that the hub has noticed."""
    with read_only_session() as session:
        heads = session.execute(select(TransactionHead.state, TransactionHead.date)).all()
    edited = sum(state == "live" and str(date) == "2026-01-31" for state, date in heads)
    return Counter({"Update": edited, "Delete": sum(state == "deleted" for state, _ in heads)})
