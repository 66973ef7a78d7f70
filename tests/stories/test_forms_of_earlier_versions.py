"""A posted document that an earlier version wrote in another form is not updated for that."""

import json
from decimal import Decimal as D

import pytest

from hub import Code, Document, Line, Party
from hub.db.engine import transaction
from hub.models import Posting
from hub.outbox import compute_fingerprint
from hub.payloads import is_same_content
from hub.posting.actions import undo
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from qbo_sandbox import NORWAY
from tests.support.sources.every_kind_source import DAY, ShopSite

SUPPLIER = Code(id="s1", name="Nordisk Tre", create=Party(name="Nordisk Tre"))


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop enabled for the Norwegian company."""
    token = quickbooks.refresh_tokens[NORWAY.realm]
    company = oauth_connect.connect_with_refresh_token(NORWAY.realm, token)
    record_download.refresh(company.id)
    return ShopSite(app, quickbooks, clock, company=company)


def bill(shop, amount="99.99", tax="24.99", **more):
    account = next(row["Id"] for row in shop.books("Account") if row["AccountType"] == "Expense")
    rates = shop.books("TaxCode")
    code = next(row["Id"] for row in rates if row["Name"].startswith("25"))
    row = Line(id="1", amount=D(amount), codes={"account": account, "tax_code": code})
    return Document(
        kind="bill",
        source_id="bill:1",
        date=DAY,
        codes={"supplier": SUPPLIER},
        lines=(row,),
        total=D(amount) + D(tax),
        tax_total=D(tax),
        **more,
    )


def write_as_earlier_version(shop):
    """Store the posted bill as a version did that based each tax on its percentage."""
    with transaction() as session:
        posting = session.get_one(Posting, shop.posting("bill:1").id)
        body = json.loads(posting.payload, parse_float=D)
        (tax_line,) = body["TxnTaxDetail"]["TaxLine"]
        assert tax_line["TaxLineDetail"]["PercentBased"] is False
        tax_line["TaxLineDetail"] |= {"PercentBased": True, "TaxPercent": 25}
        posting.payload = json.dumps(body, default=float).encode()
        posting.planned = compute_fingerprint(posting.payload)


def test_a_touched_bill_with_a_stated_tax_is_not_written_again(shop):
    shop.run(bill(shop))
    write_as_earlier_version(shop)
    before = shop.writes()
    shop.run(bill(shop, custom={"Reference": ""}))
    assert (shop.writes(), shop.cases()) == (before, [])


def annotate_and_change(shop):
    """Post the bill, add a line to its memo in QuickBooks, and change its amount at the source."""
    shop.run(bill(shop))
    id = shop.posting("bill:1").quickbooks_id
    note = "Paid in cash\n" + shop.book("Bill", "bill:1")["PrivateNote"]
    change = {"PrivateNote": note}
    shop.quickbooks.act("edit", kind="Bill", id=id, realm=shop.realm, set=change)
    shop.run(bill(shop, amount="199.99", tax="49.99"))
    assert shop.book("Bill", "bill:1")["PrivateNote"] == note


def test_a_touched_bill_with_a_note_of_a_person_is_not_written_again(shop):
    annotate_and_change(shop)
    write_as_earlier_version(shop)
    before = shop.writes()
    shop.run(bill(shop, amount="199.99", tax="49.99", custom={"Reference": ""}))
    assert (shop.writes(), shop.cases()) == (before, [])


def test_a_touched_bill_that_a_person_removed_stays_out(shop):
    annotate_and_change(shop)
    write_as_earlier_version(shop)
    undo.undo(undo.plan_posting(shop.posting("bill:1").id), "kari")
    shop.run()
    assert shop.books("Bill") == []
    shop.run(bill(shop, amount="199.99", tax="49.99", custom={"Reference": ""}))
    assert (shop.books("Bill"), shop.cases()) == ([], [])


def test_another_amount_is_written(shop):
    shop.run(bill(shop))
    write_as_earlier_version(shop)
    shop.run(bill(shop, amount="199.99", tax="49.99"))
    assert D(str(shop.book("Bill", "bill:1")["TotalAmt"])) == D("249.98")


ORDER = {"TxnId": "7", "TxnType": "PurchaseOrder"}
ORDER_LINE = {"Amount": 1, "LinkedTxn": [ORDER | {"TxnLineId": "1"}]}
PAYMENT = {"Amount": 1, "LinkedTxn": [{"TxnId": "9", "TxnType": "Payment", "TxnLineId": "0"}]}
DETAIL = {"DetailType": "DepositLineDetail", "DepositLineDetail": {}}


def has_same_content(kind, written, planned):
    return is_same_content(kind, json.dumps(written).encode(), json.dumps(planned).encode(), "")


@pytest.mark.parametrize(
    ("kind", "written", "planned"),
    [
        ("bill", {"Line": [ORDER_LINE]}, {"Line": [ORDER_LINE], "LinkedTxn": [ORDER]}),
        ("deposit", {"Line": [PAYMENT | DETAIL]}, {"Line": [PAYMENT]}),
        ("vendor", {"DisplayName": "A", "Notes": "memo"}, {"DisplayName": "A", "Notes": ""}),
    ],
)
def test_a_form_of_an_earlier_version_is_no_change(kind, written, planned):
    assert has_same_content(kind, written, planned)


@pytest.mark.parametrize(
    ("kind", "written", "planned"),
    [
        ("bill", {"Line": [{"Amount": 1}]}, {"Line": [{"Amount": 1}], "LinkedTxn": [ORDER]}),
        ("bill", {"Line": [ORDER_LINE]}, {"Line": [ORDER_LINE | {"Amount": 2}]}),
        ("deposit", {"Line": [{"Amount": 1} | DETAIL]}, {"Line": [{"Amount": 1}]}),
        ("customer", {"DisplayName": "A", "Notes": "x"}, {"DisplayName": "A", "Notes": ""}),
        ("bill", {"Id": "1", "Line": [{"Amount": 1}]}, {"Line": [{"Amount": 1}]}),
    ],
)
def test_other_content_is_a_change(kind, written, planned):
    assert not has_same_content(kind, written, planned)
