"""Retry sees what a person corrected in QuickBooks, in every list on which a reason can depend.

QuickBooks' change data does not report tax codes and tax rates; a retry reads them whole.
"""

import re
from decimal import Decimal

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hub import Document, Field, Line, hookimpl
from hub.cli import main
from hub.db.engine import read_only_session, transaction
from hub.models import Case, Installation
from hub.qbo import record_download
from hub.qbo.entities import ENTITY
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import run_log, runner
from tests.support.every_kind_source import DAY, Shop, Till
from tests.support.page_rows import Story, add_people
from tests.support.page_visitor import Visitor

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


class NamingShop(Shop):
    """A shop that refers to records by their names, and waits for those that do not exist."""

    @hookimpl
    def hub_fields(self, app):
        roles = RECORDS.keys()
        return [Field(name=role, label=role, role=role, match=("id", "name")) for role in roles]


@pytest.fixture
def app(app_with_pages):
    return app_with_pages


@pytest.fixture
def open_till(app, quickbooks, clock):
    """Return a function that opens a shop of a Norwegian company, where lines have tax codes."""

    def open_(shop=None):
        realm = quickbooks.open("norway")
        company = oauth_connect.connect_with_refresh_token(realm, quickbooks.refresh_tokens[realm])
        record_download.refresh(company.id)
        till = Till(app, quickbooks, clock, company=company, shop=shop)
        with transaction() as session:
            add_people(session)
        till.visitor = Visitor(app, Story(company.id, till.id))
        till.visitor.log_in("oda")
        till.ids = {name: id_of(till, name) for name in RECORDS}
        return till

    return open_


@pytest.fixture
def till(open_till):
    return open_till()


def id_of(till, name):
    """Return the id of the record that the documents of this module use from a list."""
    text = RECORDS[name][1]
    rows = till.books(ENTITY[name])
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


def read_lists(till):
    runner.run_company_job("lists", till.company_id, requested_by="kari")


def act(till, do, name, **details):
    """Do something to a record in QuickBooks itself."""
    entity = ENTITY[name]
    till.quickbooks.act(do, realm=till.realm, kind=entity, id=till.ids[name], **details)


def press_retry(till, source_id):
    """Press the button Retry beside a document on the page of its case, and let the runs end."""
    with read_only_session() as session:
        (case_id,) = session.scalars(select(Case.id).where(Case.closed_at.is_(None)))
    page = till.visitor.page(f"/inbox/{case_id}")
    posting = till.posting(source_id).id
    (address,) = re.findall(rf'action="(/inbox/{case_id}/{posting}/retry[^"]*)"', page)
    till.visitor.press(address)
    finish_runs()


def retry(till):
    """Retry every document with the command, and let the syncs that follow end."""
    ids = [str(till.posting(f"{kind}:1").id) for kind in TOTALS]
    result = CliRunner().invoke(main, ["retry", *ids], obj=till.visitor.app)
    assert result.exit_code == 0, result.output
    till.run()


def finish_runs():
    for run in run_log.waiting_runs():
        runner.execute(run.id)


def postings(till):
    """Return what became of the documents, by kind."""
    return {kind: till.states().get(f"{kind}:1") for kind in TOTALS}


def documents(references):
    return [document(kind, references) for kind in TOTALS]


def set_mode(till, mode):
    with transaction() as session:
        session.get_one(Installation, till.id).mode = mode


@pytest.mark.proof(small=2)
@every_list
def test_retry_sees_that_a_record_is_active_again(till, name):
    kind = RECORDS[name][0]
    act(till, "deactivate", name)
    read_lists(till)
    till.run(document(kind, till.ids))
    assert till.posting(f"{kind}:1").state == "held"
    assert "is inactive in QuickBooks" in till.posting(f"{kind}:1").reason
    act(till, "activate", name)
    press_retry(till, f"{kind}:1")
    assert till.posting(f"{kind}:1").state == "posted"
    assert till.cases() == []


def test_retry_sees_it_of_what_was_planned_before(till):
    """Documents that were in review when the records became inactive are held by the checks."""
    set_mode(till, "review")
    till.run(*documents(till.ids))
    for name in RECORDS:
        act(till, "deactivate", name)
    read_lists(till)
    assert set(postings(till).values()) == {"held"}
    for name in RECORDS:
        act(till, "activate", name)
    retry(till)
    assert set(postings(till).values()) == {"posted"}
    assert till.cases() == []


def test_retry_sees_records_that_were_created_or_renamed(open_till):
    till = open_till(NamingShop())
    new_names = {name: f"Ny {name.replace('_', ' ')}" for name in RECORDS}
    till.run(*documents(new_names))
    assert set(postings(till).values()) == {"held"}
    for name, new_name in new_names.items():
        field = "DisplayName" if name in ("vendor", "customer") else "Name"
        act(till, "edit", name, set={field: new_name})
    retry(till)
    assert set(postings(till).values()) == {"posted"}
    assert till.cases() == []


def test_a_retried_document_has_the_corrected_tax_rate(till):
    """The net amount of a line that includes its tax comes from the rate in QuickBooks."""
    codes = {name: till.ids[name] for name in ("account", "tax_code")}
    lines = (Line(id="1", amount=Decimal("120.00"), codes=codes),)
    values = {"total": Decimal("120.00"), "tax_total": None}
    act(till, "deactivate", "tax_code")
    read_lists(till)
    till.run(document("bill", till.ids, lines=lines, tax_mode="inclusive", **values))
    assert till.posting("bill:1").state == "held"
    rates = {row["Name"]: row["Id"] for row in till.books("TaxRate")}
    purchase_rate = rates["Inngående mva 25 %"]
    correction = {"kind": "TaxRate", "id": purchase_rate, "set": {"RateValue": 20}}
    till.quickbooks.act("edit", realm=till.realm, **correction)
    act(till, "activate", "tax_code")
    press_retry(till, "bill:1")
    assert till.posting("bill:1").state == "posted"
    assert till.book("Bill", "bill:1")["Line"][0]["Amount"] == 100
