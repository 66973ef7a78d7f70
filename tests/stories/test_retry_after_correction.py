"""Retry sees what a person corrected in QuickBooks, in every list on which a reason can depend.

QuickBooks' change data does not report tax codes and tax rates; a retry reads them whole.
"""

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hub import Document, Field, Line, hookimpl
from hub.cli import main
from hub.db.engine import read_only_session, transaction
from hub.models import Case, Installation
from hub.payloads.entities import ENTITY_BY_KIND
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import run_log, runner
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.every_kind_source import DAY, ShopSite, ShopSource

TOTALS = {"bill": "125.00", "invoice": "125.00", "payment": "60.00"}
# Of each list, the kind of document whose code refers to it, and the record that it names.
RECORDS = {
    "vendor": ("bill", "Aas Trelast AS"),
    "account": ("bill", "Trelast"),
    "term": ("bill", "30 dager"),
    "class": ("bill", "Nybygg"),
    "location": ("bill", "Oslo"),
    "tax_code": ("bill", "25 % mva"),
    "customer": ("invoice", "Grand Kafé"),
    "item": ("invoice", "Timer"),
    "payment_method": ("payment", "Kort"),
}
CODES = {
    "bill": ("vendor", "term", "location"),
    "invoice": ("customer",),
    "payment": ("customer", "payment_method"),
}
LINE_CODES = {"bill": ("account", "class", "tax_code"), "invoice": ("item", "tax_code")}
every_list = pytest.mark.parametrize("name", RECORDS)


class NamingShop(ShopSource):
    """A shop that refers to records by their names, and waits for those that do not exist."""

    @hookimpl
    def hub_fields(self, app):
        roles = RECORDS.keys()
        return [Field(name=role, label=role, role=role, match=("id", "name")) for role in roles]


@pytest.fixture
def app(app_with_pages):
    return app_with_pages


@pytest.fixture
def open_shop(app, quickbooks, clock):
    """Return a function that opens a shop of a Norwegian company, where lines have tax codes."""

    def open_(source=None):
        realm = quickbooks.open("norway")
        company = oauth_connect.connect_with_refresh_token(realm, quickbooks.refresh_tokens[realm])
        record_download.refresh(company.id)
        shop = ShopSite(app, quickbooks, clock, company=company, source=source)
        with transaction() as session:
            add_people(session)
        shop.visitor = Visitor(app, Story(company.id, shop.id))
        shop.visitor.log_in("oda")
        shop.ids = {name: id_of(shop, name) for name in RECORDS}
        return shop

    return open_


@pytest.fixture
def shop(open_shop):
    return open_shop()


def id_of(shop, name):
    """Return the id of the record that the documents of this module use from a list."""
    text = RECORDS[name][1]
    rows = shop.books(ENTITY_BY_KIND[name])
    return next(row["Id"] for row in rows if text in (row.get("DisplayName"), row.get("Name")))


def document(kind, references, **values):
    """Return a document of 125.00 with a tax of 25 %, or a payment; the references are by list."""
    stated = {"total": Decimal(TOTALS[kind])}
    if kind in LINE_CODES:
        line_codes = {name: references[name] for name in LINE_CODES[kind]}
        stated["lines"] = (Line(id="1", amount=Decimal("100.00"), codes=line_codes),)
        stated["tax_total"] = Decimal("25.00")
    codes = {name: references[name] for name in CODES[kind]}
    values = {"date": DAY, "codes": codes, **stated, **values}
    return Document(kind=kind, source_id=f"{kind}:1", **values)


def read_lists(shop):
    runner.run_company_job("lists", shop.company_id, requested_by="kari")


def act(shop, do, name, **details):
    """Do something to a record in QuickBooks itself."""
    entity = ENTITY_BY_KIND[name]
    shop.quickbooks.act(do, realm=shop.realm, kind=entity, id=shop.ids[name], **details)


def press_retry(shop, source_id):
    """Press the button Retry beside a document on the page of its case, and let the runs end."""
    with read_only_session() as session:
        (case_id,) = session.scalars(select(Case.id).where(Case.closed_at.is_(None)))
    page = shop.visitor.page(f"/inbox/{case_id}")
    posting = shop.posting(source_id).id
    (address,) = re.findall(rf'action="(/inbox/{case_id}/{posting}/retry[^"]*)"', page)
    shop.visitor.press(address)
    finish_runs()


def retry(shop):
    """Retry every document with the command, and let the syncs that follow end."""
    ids = [str(shop.posting(f"{kind}:1").id) for kind in TOTALS]
    result = CliRunner().invoke(main, ["retry", *ids], obj=shop.visitor.app)
    assert result.exit_code == 0, result.output
    shop.run()


def finish_runs():
    for run in run_log.list_waiting_runs():
        runner.execute(run.id)


def postings(shop):
    """Return what became of the documents, by kind."""
    return {kind: shop.states().get(f"{kind}:1") for kind in TOTALS}


def documents(references):
    return [document(kind, references) for kind in TOTALS]


def set_mode(shop, mode):
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = mode


@pytest.mark.proof(small=2, full=4)
@every_list
def test_retry_sees_that_a_record_is_active_again(shop, name):
    kind = RECORDS[name][0]
    act(shop, "deactivate", name)
    read_lists(shop)
    shop.run(document(kind, shop.ids))
    assert shop.posting(f"{kind}:1").state == "held"
    assert "is inactive in QuickBooks" in shop.posting(f"{kind}:1").reason
    act(shop, "activate", name)
    press_retry(shop, f"{kind}:1")
    assert shop.posting(f"{kind}:1").state == "posted"
    assert shop.cases() == []


def test_retry_posts_what_was_planned_before_the_records_became_inactive(shop):
    """The documents were in review then, so the checks before the send hold them."""
    set_mode(shop, "review")
    shop.run(*documents(shop.ids))
    for name in RECORDS:
        act(shop, "deactivate", name)
    read_lists(shop)
    assert set(postings(shop).values()) == {"held"}
    for name in RECORDS:
        act(shop, "activate", name)
    retry(shop)
    assert set(postings(shop).values()) == {"posted"}
    assert shop.cases() == []


def test_retry_sees_records_that_were_created_or_renamed(open_shop):
    shop = open_shop(NamingShop())
    new_names = {name: f"Ny {name.replace('_', ' ')}" for name in RECORDS}
    shop.run(*documents(new_names))
    assert set(postings(shop).values()) == {"held"}
    for name, new_name in new_names.items():
        field = "DisplayName" if name in ("vendor", "customer") else "Name"
        act(shop, "edit", name, set={field: new_name})
    retry(shop)
    assert set(postings(shop).values()) == {"posted"}
    assert shop.cases() == []


def test_a_retried_document_has_the_corrected_tax_rate(shop):
    """The net amount of a line that includes its tax comes from the rate in QuickBooks."""
    codes = {name: shop.ids[name] for name in ("account", "tax_code")}
    lines = (Line(id="1", amount=Decimal("120.00"), codes=codes),)
    values = {"total": Decimal("120.00"), "tax_total": None}
    act(shop, "deactivate", "tax_code")
    read_lists(shop)
    shop.run(document("bill", shop.ids, lines=lines, tax_mode="inclusive", **values))
    assert shop.posting("bill:1").state == "held"
    rates = {row["Name"]: row["Id"] for row in shop.books("TaxRate")}
    purchase_rate = rates["Inngående mva 25 %"]
    correction = {"kind": "TaxRate", "id": purchase_rate, "set": {"RateValue": 20}}
    shop.quickbooks.act("edit", realm=shop.realm, **correction)
    act(shop, "activate", "tax_code")
    press_retry(shop, "bill:1")
    assert shop.posting("bill:1").state == "posted"
    assert shop.book("Bill", "bill:1")["Line"][0]["Amount"] == 100


@pytest.mark.parametrize(
    "last_day",
    [{}, {"EndDate": f"{DAY - dt.timedelta(days=1)}T00:00:00-08:00"}],
    ids=["without an end", "with an end"],
)
def test_a_document_has_the_tax_rate_of_its_date(shop, last_day):
    """A bill from before a change of the rate contains tax at the former rate."""
    rates = {row["Name"]: row["Id"] for row in shop.books("TaxRate")}
    periods = [
        {"RateValue": 25, "EffectiveDate": "1970-01-01T00:00:00-08:00", **last_day},
        {"RateValue": 20, "EffectiveDate": f"{DAY}T00:00:00-08:00"},
    ]
    change = {"RateValue": 20, "EffectiveTaxRate": periods}
    rate = rates["Inngående mva 25 %"]
    shop.quickbooks.act("edit", realm=shop.realm, kind="TaxRate", id=rate, set=change)
    read_lists(shop)
    codes = {name: shop.ids[name] for name in ("account", "tax_code")}
    bills = []
    for number, days_before, amount in (("1", 1, "125.00"), ("2", 0, "120.00")):
        lines = (Line(id="1", amount=Decimal(amount), codes=codes),)
        values = {"tax_mode": "inclusive", "total": Decimal(amount), "tax_total": None}
        date = DAY - dt.timedelta(days=days_before)
        bill = document("bill", shop.ids, date=date, lines=lines, **values)
        bills.append(replace(bill, source_id=f"bill:{number}"))
    shop.run(*bills)
    for source_id, total in (("bill:1", 125), ("bill:2", 120)):
        assert shop.posting(source_id).state == "posted"
        in_books = shop.book("Bill", source_id)
        assert (in_books["Line"][0]["Amount"], in_books["TotalAmt"]) == (100, total)
    assert shop.cases() == []
