"""Checks of what QuickBooks requires for each kind, before anything is sent."""

import datetime as dt
from dataclasses import replace

import pytest

from hub import Code, Party
from hub.db.engine import transaction
from hub.models import ConnectedCompany, Installation, StoredRecord
from hub.posting.preflight import recheck
from hub.qbo import record_download, transaction_download
from hub.qbo.client import Client
from tests.support.sources.every_kind_source import (
    CLIENT,
    SUPPLIER,
    document,
    everything,
    invoice,
    line,
)


def change(table, key, **values):
    with transaction() as session:
        row = session.get_one(table, key)
        for name, value in values.items():
            setattr(row, name, value)


def prefer(**values):
    with transaction() as session:
        company = session.get_one(ConnectedCompany, 1)
        company.preferences = company.preferences | values


def one(kind):
    return next(item for item in everything() if item.kind == kind)


def purchase(kind="bill", **more):
    fields = {"cost": "Fuel"} | more.pop("on", {})
    return document(
        kind, f"{kind}:9", line("1", "5.00", **fields), total="5.00", supplier=SUPPLIER, **more
    )


def test_records_that_became_inactive_since_the_mapping_are_reported(shop):
    change(Installation, shop.id, mode="review")
    shop.run(purchase(payable_account="33", term="3"))
    change(StoredRecord, (1, "account", "33"), active=False)
    change(StoredRecord, (1, "term", "3"), active=False)
    recheck.check_again(1)
    assert sorted(title for title in shop.cases() if "inactive" in title) == [
        "Account Accounts Payable (A/P) is inactive in QuickBooks",
        "Term Net 30 is inactive in QuickBooks",
    ]


@pytest.mark.parametrize(
    ("preferences", "kind", "title"),
    [
        (
            {"OfferingSku": "QuickBooks Online Simple Start"},
            "purchase_order",
            "This QuickBooks has no purchase orders",
        ),
        (
            {"ProductAndServicesPrefs": {"QuantityOnHand": False}},
            "item",
            "QuickBooks does not track quantities",
        ),
    ],
)
def test_a_missing_set_up_of_the_company_is_reported_once(shop, preferences, kind, title):
    prefer(**preferences)
    assert shop.run(one(kind))[one(kind).source_id] == "held"
    assert shop.cases() == [title]


def test_an_item_that_cannot_be_bought_is_reported(shop):
    shop.run(purchase(on={"cost": None, "product": "Design Hours"}))
    assert shop.cases() == ["Design Hours cannot be bought"]


def test_an_account_of_another_type_than_its_place_takes_is_reported(shop):
    shop.run(invoice())
    change(StoredRecord, (1, "account", "35"), type="Expense")
    shop.run(purchase("expense", payment_account="35"))
    assert shop.cases() == ["Checking cannot be the payment account"]


def open_account(export, name, currency, **fields):
    """Create an account in a currency, by default a bank account, and return its id."""
    body = {"Name": name, "AccountType": "Bank", "CurrencyRef": {"value": currency}} | fields
    account = export.quickbooks.ask("POST", "account", body, export.realm).json()["Account"]
    record_download.refresh(export.company_id)
    return account["Id"]


EURO_CLIENT = Code(id="c8", name="Rhein", create=Party(name="Rhein GmbH", currency="EUR"))
EURO_SUPPLIER = Code(id="s8", name="Loire", create=Party(name="Loire SA", currency="EUR"))


def euro_purchase(number, account):
    return replace(
        purchase("expense", payment_account=account, currency="EUR"),
        source_id=f"expense:{number}",
        codes={"supplier": EURO_SUPPLIER, "payment_account": account},
    )


def test_an_expense_is_not_paid_from_an_account_in_a_second_foreign_currency(export):
    pounds = open_account(export, "London", "GBP")
    states = export.run(euro_purchase(1, pounds), euro_purchase(2, pounds))
    assert (states["expense:1"], states["expense:2"]) == ("held", "held")
    assert export.cases() == ["London is not kept in EUR"]
    assert "only an account in EUR or in USD" in export.reasons()[0]
    assert export.ours("Purchase") == []
    euros = open_account(export, "Paris", "EUR")
    states = export.run(euro_purchase(1, euros), euro_purchase(2, "35"))
    assert (states["expense:1"], states["expense:2"]) == ("posted", "posted")
    assert export.cases() == []


@pytest.mark.parametrize(("currency", "bank"), [("EUR", "GBP"), ("USD", "EUR")])
def test_a_payment_goes_to_an_account_in_its_own_currency_or_that_of_the_company(
    export, currency, bank
):
    client = EURO_CLIENT if currency == "EUR" else CLIENT
    payment = document("payment", "payment:9", total="5.00", client=client, currency=currency)
    other = open_account(export, "Other", bank)
    states = export.run(replace(payment, codes=payment.codes | {"deposit_account": other}))
    assert states["payment:9"] == "held"
    assert export.cases() == [f"Other is not kept in {currency}"]
    assert export.quickbooks.log.entries("payment.create") == []
    states = export.run(replace(payment, codes=payment.codes | {"deposit_account": "35"}))
    assert (states["payment:9"], export.cases()) == ("posted", [])


def test_quickbooks_decides_about_an_expense_of_a_foreign_account_in_the_own_currency(export):
    euros = open_account(export, "Paris", "EUR")
    export.run(purchase("expense", payment_account=euros))
    assert len(export.quickbooks.log.entries("purchase.create")) == 1


def test_more_than_is_open_is_not_paid(shop):
    shop.run(invoice(number="S-1"))
    pay = document(
        "payment", "p", line("1", "100.01", pays="invoice:1"), total="100.01", client=CLIENT
    )
    shop.run(pay)
    assert (shop.cases(), shop.quickbooks.log.entries("payment.create")) == (
        ["Invoice S-1 cannot be settled"],
        [],
    )
    assert "only 100.00 USD of it is open" in shop.reasons()[0]


def test_a_payment_is_deposited_once(shop):
    shop.run(*everything())
    transaction_download.load(1, Client(1), ["payment"], dt.date(2026, 1, 1))
    again = document(
        "deposit",
        "again",
        line("1", "75.00", pays="payment:1"),
        total="75.00",
        deposit_account="36",
    )
    shop.run(again)
    assert "it was deposited before" in shop.reasons()[0]


def test_a_number_that_another_customer_has_is_used(shop):
    detail = {
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    body = {"CustomerRef": {"value": "41"}, "DocNumber": "S-1", "Line": [{"Amount": 7, **detail}]}
    shop.quickbooks.act("create", kind="Invoice", set=body)
    shop.run(invoice(number="S-1"))
    assert (shop.cases(), shop.quickbooks.log.entries("invoice.create")) == (
        ["Number already used"],
        [],
    )
