"""A source with every kind of document, for an American company of the stand-in."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal as D

from marshmallow import EXCLUDE, Schema
from sqlalchemy import select

from hub import Address, App, Applied, Code, Document, Field, Item, Line, Party, Tenant, hookimpl
from hub.contract.documents import KINDS
from hub.contract.registry import Plugins
from hub.db.engine import read_only_session, transaction
from hub.models import Case, Installation, Posting, SourceDocument
from hub.scheduling import runner
from tests.support.rows.stored_cases import CaseTitle

SLUG = "shop"
DAY = dt.date(2026, 3, 2)


class NoSettings(Schema):
    class Meta:
        unknown = EXCLUDE


class ShopSource:
    """A source that yields the documents in `items`."""

    __name__ = "small-shop"

    def __init__(self, **about):
        self.items, self.app, self.receipts, self.files = {}, about, [], {}

    @hookimpl
    def hub_apps(self):
        return [
            App(slug=SLUG, name="Shop", summary="", posts=KINDS, settings=NoSettings, **self.app)
        ]

    @hookimpl
    def hub_fields(self, app):
        matching = {"match": ("id", "name"), "missing": "create"}
        return [
            Field(name="client", label="Client", role="customer", **matching),
            Field(name="supplier", label="Supplier", role="vendor", **matching),
            Field(name="product", label="Product", role="item", **matching),
            Field(name="group", label="Group", role="category", **matching),
            Field(name="cost", label="Cost code", role="account", match=("id", "name")),
            Field(name="division", label="Division", role="class", match=("name",), missing="warn"),
        ]

    @hookimpl
    def hub_check(self, app, site):
        return Tenant(id="t1", name="Shop")

    @hookimpl
    def hub_documents(self, app, site, cursors, ids):
        yield from (
            [self.items[id] for id in ids if id in self.items] if ids else list(self.items.values())
        )

    @hookimpl
    def hub_attachment(self, app, site, document, attachment):
        return self.files[attachment.id]

    @hookimpl
    def hub_report(self, app, site, document, receipt):
        self.receipts.append((document.source_id, receipt.state))


class SplittingSource(ShopSource):
    """A shop whose documents are split where their lines differ in their place."""

    @hookimpl
    def hub_fields(self, app):
        place = {"label": "Place", "role": "location", "match": ("id", "name"), "differ": "split"}
        return [*super().hub_fields(app), Field(name="place", **place)]


class ShopSite:
    """The shop enabled for a company; `run()` collects and posts its documents."""

    def __init__(self, app, quickbooks, clock, company=None, source=None, **about):
        self.quickbooks, self.source = quickbooks, source or ShopSource(**about)
        self.realm = company.realm if company else quickbooks.realm
        self.company_id = company.id if company else 1
        object.__setattr__(
            app.extensions["hub"], "plugins", Plugins.load([self.source], installed=False)
        )
        with transaction() as session:
            row = Installation(
                company_id=self.company_id,
                slug=SLUG,
                tenant="t1",
                mode="auto",
                created_at=clock.now(),
            )
            row.start_date = dt.date(2026, 1, 1)
            session.add(row)
            session.flush()
            self.id = row.id

    def put(self, *items):
        """Put documents into the source, replacing those with the same id."""
        self.source.items |= {item.source_id: item for item in items}
        return self

    def run(self, *items, wait=False):
        """Collect and post until nothing is left; return each document's state by source id."""
        self.put(*items)
        runner.sync(self.id, requested_by="kari", wait=wait)
        return self.states()

    def states(self):
        with read_only_session() as session:
            rows = (
                select(SourceDocument.source_id, Posting.state).join(Posting).order_by(Posting.id)
            )
            return dict(session.execute(rows).all())

    def posting(self, source_id):
        """Return the newest posting of a document."""
        with read_only_session() as session:
            query = (
                select(Posting).join(SourceDocument).where(SourceDocument.source_id == source_id)
            )
            return session.scalars(query.order_by(Posting.id.desc())).first()

    def reasons(self):
        """Return the reasons of the held postings."""
        with read_only_session() as session:
            return [
                posting.reason
                for posting in session.scalars(select(Posting).where(Posting.state == "held"))
            ]

    def cases(self):
        """Return the titles of the open cases; a failed comparison shows their reasons, too."""
        with read_only_session() as session:
            open_cases = session.scalars(select(Case).where(Case.closed_at.is_(None)))
            return [CaseTitle.of(case) for case in open_cases]

    def writes(self):
        """Return how many objects were written in QuickBooks so far."""
        calls = [entry["call"] for entry in self.quickbooks.log.entries()]
        return sum(call.endswith((".create", ".update", ".delete", ".void")) for call in calls)

    def books(self, kind):
        """Return the objects of a kind in QuickBooks."""
        return self.quickbooks.books(realm=self.realm, kind=kind)[self.realm].get(kind, [])

    def ours(self, kind):
        """Return the objects created since the books were opened."""
        opening_time = self.books("CompanyInfo")[0]["MetaData"]["CreateTime"]
        return [
            entity for entity in self.books(kind) if entity["MetaData"]["CreateTime"] > opening_time
        ]

    def book(self, kind, source_id):
        """Return the transaction or record of a document."""
        id = self.posting(source_id).quickbooks_id
        return next(entity for entity in self.books(kind) if entity["Id"] == id)


def line(id, amount, text="Work", **more):
    """Return a line; keyword arguments that name codes become its codes."""
    codes = {
        name: more.pop(name)
        for name in ("product", "cost", "division", "client", "tax_code")
        if name in more
    }
    applied = more.pop("pays", None)
    if applied:
        more["applied"] = Applied(document=applied, line=more.pop("of", None))
    return Line(
        id=id, amount=None if amount is None else D(amount), description=text, codes=codes, **more
    )


def document(kind, source_id, *lines, total=None, **more):
    """Return a document; keyword arguments that name codes become its codes."""
    codes = {name: more.pop(name) for name in CODES if name in more}
    values = {"date": DAY, "number": None, "total": None if total is None else D(total)} | more
    return Document(kind=kind, source_id=source_id, lines=lines, codes=codes, **values)


CODES = (
    "client",
    "supplier",
    "payment_account",
    "deposit_account",
    "payable_account",
    "term",
    "payment_method",
)
CLIENT = Code(
    id="c1", name="Fjord Homes", create=Party(name="Fjord Homes", email="ap@fjord.example")
)
SUPPLIER = Code(id="s1", name="Nordic Timber", create=Party(name="Nordic Timber"))
PRODUCT = Code(
    id="i1", name="Site hours", create=Item(name="Site hours", codes={"income_account": "1"})
)
SITE = Address(lines=("12 Elm Street",), city="Riverton", postal_code="94001")


def invoice(id="invoice:1", amount="100.00", **more):
    """Return an invoice with one line."""
    more.setdefault("client", CLIENT)
    return document("invoice", id, line("1", amount, product=PRODUCT), total=amount, **more)


def fuel_bill(amount="10.00", **more):
    """Return a bill with one line."""
    row = line("1", amount, cost="Fuel")
    return document("bill", "bill:1", row, total=amount, supplier=SUPPLIER, **more)


def everything():
    """Return one document of each kind; documents come before those they refer to."""
    return [
        document(
            "payment",
            "payment:1",
            line("1", "60.00", pays="invoice:1"),
            total="75.00",
            client=CLIENT,
        ),
        document(
            "deposit",
            "deposit:1",
            line("1", "75.00", pays="payment:1"),
            line("2", "-2.18", "Fee", cost="Bank Charges"),
            total="72.82",
            deposit_account="35",
        ),
        invoice(number="S-1", message="Thank you"),
        document(
            "credit_memo",
            "credit:1",
            line("1", "15.50", product=PRODUCT),
            total="15.50",
            client=CLIENT,
        ),
        document(
            "refund",
            "refund:1",
            line("1", "9.99", product=PRODUCT),
            total="9.99",
            client=CLIENT,
            deposit_account="35",
        ),
        document(
            "bill_payment",
            "paid:1",
            line("1", "42.00", pays="bill:1"),
            line("2", "-2.00", pays="return:1"),
            total="40.00",
            supplier=SUPPLIER,
            payment_account="35",
        ),
        document(
            "bill",
            "bill:1",
            line("1", "30.00", cost="Advertising", pays="order:1", of="b"),
            line("2", "12.00", cost="Fuel"),
            total="42.00",
            supplier=SUPPLIER,
            number="B-1",
        ),
        document(
            "vendor_credit",
            "return:1",
            line("1", "2.00", cost="Fuel"),
            total="2.00",
            supplier=SUPPLIER,
        ),
        document(
            "purchase_order",
            "order:1",
            line("a", "20.00", cost="Fuel"),
            line("t", None, "Deliver early"),
            line("b", "30.00", cost="Advertising"),
            total="50.00",
            supplier=SUPPLIER,
            ship_to=SITE,
        ),
        document(
            "expense",
            "expense:1",
            line("1", "7.77", cost="Fuel"),
            total="7.77",
            payment_account="41",
        ),
        Document(
            kind="item",
            source_id="part:1",
            details=Item(
                name="Bracket", type="inventory", cost=D("4.20"), start=dt.date(2026, 1, 1)
            ),
            codes={
                "group": Code(
                    id="g1", name="Hardware", create=Item(name="Hardware", type="category")
                ),
                "income_account": "79",
                "expense_account": "80",
                "asset_account": "81",
            },
        ),
        Document(kind="vendor", source_id="party:1", details=Party(name="Another Supplier")),
        Document(
            kind="customer",
            source_id="job:1",
            details=Party(name="Phase 2"),
            codes={"client": CLIENT},
        ),
    ]


def sample(kind):
    return next(item for item in everything() if item.kind == kind)


def independent_document(kind):
    """Return a document of a kind that needs no other document."""
    whole = sample(kind)
    lines = tuple(replace(line, applied=None) for line in whole.lines)
    if kind == "deposit":
        lines = (line("1", "75.00", cost="Services"), *lines[1:])
    return replace(whole, lines=lines)
