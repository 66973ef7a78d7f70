"""An Autotask stand-in and a hub with one of its apps enabled."""

import json

from hub_autotask.sandbox import StandIn
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.installations import enable as installations_enable
from hub.installations import matches, source_access
from hub.mapping import NEW
from hub.models import Case, Posting
from hub.qbo import company, record_download
from hub.qbo.client import Client
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from qbo_sandbox.kit import Clock, Journal
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.sources.stand_in_fixtures import mount_quickbooks

NEEDED = {
    "invoices": {"income_account": "1"},
    "expenses": {"payable_account": "33"},
    "purchase-orders": {"payable_account": "33", "expense_account": "80", "income_account": "1"},
}
ENTITIES = {
    "invoices": "Invoices",
    "expenses": "ExpenseReports",
    "purchase-orders": "PurchaseOrders",
}
RATE_MINUTE = 61  # seconds after which the rate allows calls again


def connect_quickbooks(app):
    """Connect a QuickBooks stand-in and return it with its clock, for all tests of a module.

    Its first company is connected and has the id 1.
    """
    clock = app.extensions["hub"].clock
    quickbooks = mount_quickbooks(app, clock)
    token = quickbooks.refresh_tokens[quickbooks.realm]
    connected = oauth_connect.connect_with_refresh_token(quickbooks.realm, token)
    record_download.refresh(connected.id)
    return quickbooks, clock


class AutotaskSite:
    """One Autotask app in the hub with its stand-in."""

    def __init__(self, app, quickbooks, clock, name, documents=None, realm=""):
        self.name, self.slug, self.entity = name, f"autotask-{name}", ENTITIES[name]
        self.quickbooks, self.realm = quickbooks, realm
        self.url = f"http://{self.slug}{realm}.test"
        self.stand_in = StandIn(
            Journal(None), self.slug, documents, Clock(clock.now().timestamp(), frozen=True)
        )
        self.advance = clock.advance
        app.extensions["hub"].mounts[self.url] = WSGIAdapter(
            self.stand_in.wsgi, self.url, sleep=clock.sleep
        )

    @property
    def books(self):
        return self.stand_in.books

    def keep(self, *words):
        """Delete all documents except those of these cases."""
        ids = {self.id(case) for case in words}
        rows = self.books.rows(self.entity)
        for id in [id for id in rows if id not in ids]:
            del rows[id]
        return self

    def enable(self, mode="auto", company_id=1, **settings):
        """Enable the app a minute later: so many calls of all apps are allowed in each minute."""
        self.advance(RATE_MINUTE)
        source_access.grant(company_id, self.slug, who="olga")
        values = {**StandIn.settings(self.url), **NEEDED[self.name], **settings}
        self.row = installations_enable.enable(company_id, self.slug, values, who="kari", mode=mode)
        return self

    def sync(self, **options):
        sync_run = runner.sync(self.row.id, requested_by="kari", **options)
        assert sync_run.error == ""
        return sync_run.counts

    def confirm(self):
        """Match every unknown code to a new record, and sync again."""
        self.sync()
        for case in self.cases("match:"):
            self.match(case.details["field"], case.details["code"], NEW)
        return self.sync()

    def match(self, field, code, record):
        """Match a code to a record as a person."""
        with transaction() as session:
            matches.store_decision(session, self.row, field, code, record, who="kari")

    def cases(self, prefix=""):
        with read_only_session() as session:
            query = select(Case).where(Case.closed_at.is_(None), Case.cause.startswith(prefix))
            rows = session.scalars(query.where(Case.installation_id == self.row.id))
            return [case for case in rows if case.action != "settings"]

    def id(self, words):
        return next(
            id
            for (entity, id), name in self.books.cases.items()
            if (entity, name) == (self.entity, words)
        )

    def of(self, words):
        """Return the main posting of a case's document."""
        with read_only_session() as session:
            conditions = Posting.installation_id == self.row.id, Posting.operation == "create"
            postings = session.scalars(select(Posting).where(*conditions)).all()
            return next(
                posting
                for posting in postings
                if posting.document.source_id.endswith(f":{self.id(words)}")
            )

    def state_of(self, words):
        """Return the state of a case's posting; None if the hub never planned one."""
        try:
            return self.of(words).state
        except StopIteration:
            return None

    def row_of(self, words):
        return self.books.rows(self.entity)[self.id(words)]

    def put(self, words, **fields):
        self.books.do("put", entity=self.entity, id=self.id(words), fields=fields)

    def transaction(self, words, kind="Invoice"):
        """Return the transaction of a case's document in QuickBooks."""
        return self.quickbooks.select(
            f"select * from {kind} where Id = '{self.of(words).quickbooks_id}'", self.realm
        )[kind][0]

    def count_calls(self, call):
        """Return how often the stand-in was called."""
        return len(self.stand_in.wsgi.log.entries(call))

    def use_company(self, realm):
        """Use another company of QuickBooks from now on."""
        self.realm = realm
        return self

    def sent(self, words):
        """Return the body sent to QuickBooks for a case's document."""
        return json.loads(self.of(words).payload)


def prefer(quickbooks, section, **values):
    """Change a preference of the company in QuickBooks, and let the hub read it."""
    now = quickbooks.ask("GET", "preferences").json()["Preferences"]
    body = {name: now[name] for name in ("Id", "SyncToken")} | {section: now[section] | values}
    assert (
        quickbooks.ask("POST", "preferences", body, content_type="application/json").status == 200
    )
    company.read(1, Client(1))
