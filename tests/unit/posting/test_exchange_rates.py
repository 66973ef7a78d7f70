"""The exchange rate of posted documents: that of the source, or QuickBooks' own."""

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy import select

from hub import Code, Party
from hub.db.engine import read_only_session
from hub.models import Case
from hub.scheduling import runner
from tests.support.sources.every_kind_source import document, invoice, line

SUPPLIER = Code(id="s9", name="Rhein Bau", create=Party(name="Rhein Bau GmbH"))
OTHER_SUPPLIER = Code(id="s10", name="Thames Build", create=Party(name="Thames Build Ltd"))
OTHER_CLIENT = Code(id="c10", name="Thames Homes", create=Party(name="Thames Homes Ltd"))


def bill(id="bill:1", supplier=SUPPLIER, **more):
    lines = line("1", "30.00", cost="Advertising")
    return document("bill", id, lines, total="30.00", supplier=supplier, **more)


def expense(id, currency, supplier=SUPPLIER):
    lines = line("1", "30.00", cost="Advertising")
    payer = {"supplier": supplier, "payment_account": "35"}
    return document("expense", id, lines, total="30.00", currency=currency, **payer)


def reasons():
    with read_only_session() as session:
        return [case.reason for case in session.scalars(select(Case)) if case.closed_at is None]


@pytest.mark.parametrize("new", [bill, invoice])
def test_a_rate_that_quickbooks_left_at_one_is_told(export, new):
    export.quickbooks.switch(exchange_rate="one")
    export.run(new("x:1", currency="EUR"))
    assert export.states()["x:1"] == "posted"
    (reason,) = reasons()
    assert "QuickBooks has 1 as the exchange rate of EUR, because the source states none." in reason


@pytest.mark.parametrize("entered", ["day", "one"])
@pytest.mark.parametrize(
    "more",
    [{}, {"currency": "USD"}, {"currency": "EUR", "exchange_rate": Decimal("1.08")}],
)
def test_a_rate_that_is_stated_or_that_of_the_own_currency_needs_nobody(export, entered, more):
    export.quickbooks.switch(exchange_rate=entered)
    export.run(bill(**more))
    assert (export.states()["bill:1"], export.cases()) == ("posted", [])


def test_the_rate_that_quickbooks_looked_up_needs_nobody(export):
    export.run(bill(currency="EUR"))
    assert (export.states()["bill:1"], export.cases()) == ("posted", [])
    (posted,) = export.ours("Bill")
    assert posted["ExchangeRate"] != 1


def test_a_rate_of_one_that_the_source_states_is_its_own(export):
    export.run(bill(currency="EUR", exchange_rate=Decimal(1)))
    assert (export.states()["bill:1"], export.cases()) == ("posted", [])


@pytest.mark.parametrize("entered", ["day", "one"])
@pytest.mark.parametrize("more", [{"memo": "Paid in May"}, {"date": dt.date(2026, 3, 5)}])
def test_a_rate_that_a_person_corrected_survives_a_change_at_the_source(export, entered, more):
    export.quickbooks.switch(exchange_rate=entered)
    export.run(bill(currency="EUR"))
    (posted,) = export.ours("Bill")
    export.quickbooks.ask("POST", "bill", {**posted, "ExchangeRate": 1.1}, export.realm)
    export.run(bill(currency="EUR", **more))
    (changed,) = export.ours("Bill")
    assert str(changed["ExchangeRate"]) == "1.1"
    assert (changed["SyncToken"], export.cases()) == ("2", [])


DAY = dt.date(2026, 3, 5)


@pytest.mark.parametrize(
    ("stated", "cases"), [(None, []), (Decimal("1.08"), ["Changed in QuickBooks"])]
)
def test_a_rate_that_a_person_corrects_is_a_difference_only_if_the_source_states_one(
    export, stated, cases
):
    export.run(bill(currency="EUR", exchange_rate=stated))
    (posted,) = export.ours("Bill")
    export.quickbooks.ask("POST", "bill", {**posted, "ExchangeRate": 1.1}, export.realm)
    runner.run_company_job("changes", export.company_id, requested_by="kari")
    assert export.cases() == cases


def set_rate(export, rate):
    """Set the rate of the euro on a later day, as a person does in QuickBooks."""
    body = {"SourceCurrencyCode": "EUR", "AsOfDate": DAY.isoformat(), "Rate": rate}
    export.quickbooks.ask("POST", "exchangerate", body, export.realm)


@pytest.mark.parametrize("new", [bill, invoice])
def test_a_document_whose_date_changes_has_the_rate_of_its_new_date(export, new):
    export.run(new("x:1", currency="EUR"))
    set_rate(export, "1.25")
    export.run(new("x:1", currency="EUR", date=DAY))
    (changed,) = export.ours("Bill" if new is bill else "Invoice")
    assert (changed["TxnDate"], str(changed["ExchangeRate"])) == (DAY.isoformat(), "1.25")
    assert (export.states()["x:1"], export.cases()) == ("posted", [])
    export.run(new("x:1", currency="EUR", date=DAY, memo="Paid in May"))
    (changed,) = export.ours("Bill" if new is bill else "Invoice")
    assert (str(changed["ExchangeRate"]), export.cases()) == ("1.25", [])


def test_a_document_whose_date_changes_keeps_its_rate_if_quickbooks_does_not_state_one(export):
    export.run(bill(currency="EUR"))
    (posted,) = export.ours("Bill")
    set_rate(export, "1.25")
    export.quickbooks.add_fault("refusal", "exchangerate.read", code="6000")
    export.run(bill(currency="EUR", date=DAY))
    (changed,) = export.ours("Bill")
    assert changed["ExchangeRate"] == posted["ExchangeRate"]
    assert (export.states()["bill:1"], changed["TxnDate"]) == ("posted", DAY.isoformat())


def test_a_document_whose_date_changes_keeps_its_rate_if_quickbooks_states_one_to_one(export):
    export.run(bill(currency="EUR"))
    (posted,) = export.ours("Bill")
    set_rate(export, "1")
    export.run(bill(currency="EUR", date=DAY))
    (changed,) = export.ours("Bill")
    assert changed["ExchangeRate"] == posted["ExchangeRate"] != 1
    assert (export.states()["bill:1"], changed["TxnDate"]) == ("posted", DAY.isoformat())


def test_a_document_whose_date_changes_waits_until_quickbooks_states_the_rate(export, clock):
    export.run(bill(currency="EUR"))
    set_rate(export, "1.25")
    export.quickbooks.add_fault("server_error", "exchangerate.read", count=0)
    export.run(bill(currency="EUR", date=DAY))
    (unchanged,) = export.ours("Bill")
    assert (export.states()["bill:1"], unchanged["SyncToken"]) == ("ready", "0")
    export.quickbooks.faults.clear()
    clock.advance(60)
    export.run()
    (changed,) = export.ours("Bill")
    assert (export.states()["bill:1"], str(changed["ExchangeRate"])) == ("posted", "1.25")


CORRECTED = {
    "Bill": lambda currency: bill("x:1", OTHER_SUPPLIER, currency=currency),
    "Purchase": lambda currency: expense("x:1", currency, OTHER_SUPPLIER),
    "Invoice": lambda currency: invoice("x:1", client=OTHER_CLIENT, currency=currency),
}


@pytest.mark.parametrize(("kind", "new"), [("Bill", bill), ("Purchase", expense)])
def test_a_document_whose_currency_is_corrected_has_the_rate_of_the_other_one(export, kind, new):
    export.run(new("x:1", currency="EUR"))
    (posted,) = export.ours(kind)
    export.run(CORRECTED[kind]("GBP"))
    (changed,) = export.ours(kind)
    assert (export.states()["x:1"], export.cases()) == ("posted", [])
    assert (changed["CurrencyRef"]["value"], changed["SyncToken"]) == ("GBP", "1")
    assert changed["ExchangeRate"] not in (posted["ExchangeRate"], 1)


def test_a_corrected_currency_whose_rate_quickbooks_does_not_state_is_told(export):
    export.run(invoice("x:1", currency="EUR", exchange_rate=Decimal("1.08")))
    export.quickbooks.add_fault("refusal", "exchangerate.read", code="6000")
    export.run(CORRECTED["Invoice"]("GBP"))
    (changed,) = export.ours("Invoice")
    assert (changed["CurrencyRef"]["value"], changed["ExchangeRate"]) == ("GBP", 1)
    (reason,) = reasons()
    assert "QuickBooks has 1 as the exchange rate of GBP, because the source states none." in reason


def test_a_document_that_is_corrected_to_the_own_currency_has_the_rate_one(export):
    export.run(bill("x:1", currency="EUR"))
    export.run(CORRECTED["Bill"]("USD"))
    (changed,) = export.ours("Bill")
    assert (export.states()["x:1"], export.cases()) == ("posted", [])
    assert (changed["CurrencyRef"]["value"], changed["ExchangeRate"]) == ("USD", 1)
