"""A minimal source, its company and its lists, for tests of collecting."""

import datetime as dt
from decimal import Decimal

from marshmallow import EXCLUDE, Schema, fields
from sqlalchemy import select

from hub import App, Checkpoint, Code, Document, Field, Line, Refused, Signal, Tenant, hookimpl
from hub.context import current_hub
from hub.db.engine import read_only_session, transaction
from hub.errors import TooOften
from hub.models import (
    ConnectedCompany,
    Installation,
    ListState,
    Posting,
    SourceDocument,
    StoredRecord,
)
from hub.qbo import company, records, transaction_index

SLUG = "small"


class Settings(Schema):
    """Settings of the small source."""

    class Meta:
        unknown = EXCLUDE

    differ = fields.String(load_default="hold")
    default_class = fields.String(load_default="")
    when_gone = fields.String(load_default="delete")


class SmallSource:
    """A source that yields `items` and then raises `fails`."""

    __name__ = "small-source"

    def __init__(self, **about):
        self.items, self.by_id, self.fails, self.requested_ids, self.cursors = [], {}, None, [], []
        self.check_fails, self.checks = None, 0
        self.answers_left, self.order = None, []  # how many ids it answers before it throttles
        self.tenant, self.warnings, self.codes, self.pushed, self.links = "t1", (), [], {}, []
        self.results = {}  # what hooks return in place of their own results, by the hook
        self.app = about
        self.fields = [
            Field(
                name="supplier",
                label="Supplier",
                role="vendor",
                match=("id", "name"),
                missing="create",
            ),
            Field(name="account", label="Account", role="account", match=("id", "number", "name")),
            Field(name="class", label="Class", role="class", match=("name",), missing="warn"),
            Field(
                name="location",
                label="Location",
                role="location",
                match=("id", "name"),
                differ="{differ}",
            ),
        ]

    @hookimpl
    def hub_apps(self):
        return [
            App(
                slug=SLUG,
                name="Small",
                summary="",
                posts=("bill", "vendor_credit", "bill_payment", "vendor"),
                settings=Settings,
                **self.app,
            )
        ]

    @hookimpl
    def hub_fields(self, app):
        return self.fields

    @hookimpl
    def hub_check(self, app, site):
        self.checks += 1
        if self.check_fails:
            raise self.check_fails
        account = Tenant(id=self.tenant, name=f"Account {self.tenant}", warnings=self.warnings)
        return self.results.get("hub_check", account)

    @hookimpl
    def hub_codes(self, app, site, field):
        if isinstance(self.codes, Exception):
            raise self.codes
        return self.codes

    @hookimpl
    def hub_subscribe(self, app, site, on):
        self.subscribed = on and site.webhook_url

    @hookimpl
    def hub_webhook(self, app, site, headers, body):
        if headers.get("X-Key") != site.secrets.get("key"):
            raise Refused("This call is not signed.")
        return self.results.get("hub_webhook", [Signal(ids=(body.decode(),))])

    @hookimpl
    def hub_records(self, app, site, field, records):
        self.pushed[field] = records
        return self.links

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        if ids:
            self.requested_ids.append(tuple(ids))
            yield from self.read_by_id(ids)
            return
        self.cursors.append(dict(cursors))
        self.order.append("the list")
        yield from self.items
        if self.fails:
            raise self.fails

    def read_by_id(self, ids):
        for id in ids:
            if self.answers_left == 0:
                raise TooOften("source.test", "Small", 7)
            if self.answers_left:
                self.answers_left -= 1
            self.order.append(id)
            if isinstance(items_found := self.by_id.get(id), Exception):
                raise items_found
            if items_found:
                yield items_found


def install_small_source(*, mode="auto", **values):
    """Add a company with a few records and the small source; return the installation's id."""
    now = current_hub().clock.now()
    with transaction() as session:
        row = ConnectedCompany(
            realm="9130",
            name="Kari & Co",
            country="NO",
            currency="NOK",
            connected_at=now,
            verified_at=now,
            preferences=PREFERENCES,
        )
        session.add(row)
        session.flush()
        kinds = ("bill", "expense", "vendor_credit", "bill_payment")
        heads = [f"{transaction_index.HEADS_PREFIX}{kind}" for kind in kinds]
        for name in (*records.LISTS, company.COMPANY_LIST, *heads):
            session.add(
                ListState(company_id=row.id, list=name, read_at=now, since=dt.date(2000, 1, 1))
            )
        for list_, id, name, more in RECORDS:
            about = {
                "company_id": row.id,
                "list": list_,
                "quickbooks_id": id,
                "name": name,
                "read_at": now,
            }
            session.add(StoredRecord(**{"full_name": name, **about, **more}))
        company_row = Installation(company=row, slug=SLUG, mode=mode, created_at=now, **values)
        session.add(company_row)
        session.flush()
        return company_row.id


PREFERENCES = {"AccountingInfoPrefs": {"TrackDepartments": True, "ClassTrackingPerTxnLine": True}}
RECORDS = (
    ("vendor", "31", "Norsk Stål AS", {}),
    ("vendor", "32", "Old Supplier", {"active": False}),
    ("account", "7", "Materials", {"number": "4010", "type": "Expense"}),
    ("account", "8", "Transport", {"number": "", "type": "Expense"}),
    ("class", "51", "Field work", {}),
    ("location", "61", "Oslo", {}),
    ("location", "62", "Bergen", {}),
)


def bill(id="1", total="125.00", supplier="31", account="4010", lines=None, **values):
    """Return a bill of the small source."""
    lines = lines or [Line(id="a", amount=Decimal(total), codes={"account": account})]
    values.setdefault("codes", {"supplier": supplier})
    values.setdefault("date", dt.date(2026, 2, 10))
    values.setdefault("number", f"F-{id}")
    return Document(
        kind=values.pop("kind", "bill"),
        source_id=f"invoice:{id}",
        tax_mode="none",
        total=Decimal(total),
        lines=tuple(lines),
        **values,
    )


def vendor_code(id="v1", name="Ny Leverandør"):
    """Return the code of a supplier that QuickBooks does not have."""
    from hub import Party

    return Code(id=id, name=name, create=Party(name=name))


def make_page(*items, cursor):
    """Return documents followed by a checkpoint."""
    return [*items, Checkpoint(cursor=cursor)]


def postings(**where):
    """Return the postings, oldest first."""
    with read_only_session() as session:
        rows = session.scalars(select(Posting).filter_by(**where).order_by(Posting.id))
        return list(rows)


def document(source_id="invoice:1"):
    """Return the row of a document."""
    with read_only_session() as session:
        return session.scalar(select(SourceDocument).filter_by(source_id=source_id))


def update_posting(posting_id, **values):
    """Change the stored values of a posting."""
    with transaction() as session:
        posting = session.get_one(Posting, posting_id)
        for name, value in values.items():
            setattr(posting, name, value)
