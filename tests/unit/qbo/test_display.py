"""Transactions displayed with names instead of ids."""

import json
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from hub.db.engine import transaction
from hub.qbo import display, display_labels
from tests.support.rows.page_rows import add_company, bill


@pytest.fixture
def company(app: Flask) -> int:
    with transaction() as session:
        return add_company(session).id


def _view(company: int, body: dict[str, Any]) -> display.TransactionView:
    with transaction() as session:
        result = display.view_payload(session, company, "bill", json.dumps(body).encode())
    assert result
    return result


def test_every_reference_is_named_where_the_lists_know_it(company: int) -> None:
    facts = dict(_view(company, bill("F-1", Decimal("10.50"))).facts)
    assert facts["Supplier"] == "Byggmakker Ås"
    assert facts["Payable account"] == "2400 Leverandørgjeld"
    assert facts["Amounts"] == "no tax applies"


def test_a_line_says_what_it_posts_to_and_its_dimensions(company: int) -> None:
    line = _view(company, bill("F-1", Decimal("10.50"))).lines[0]
    assert (line.posts_to, line.amount) == ("4300 Innkjøp varer", Decimal("10.50"))
    assert line.tags == (("Customer", "Solbakken borettslag:Tak"), ("Class", "Nybygg"))


def test_an_unknown_id_is_shown_as_it_is_and_a_new_one_in_words(company: int) -> None:
    body = bill("F-1", Decimal(1)) | {
        "VendorRef": {"value": "999"},
        "SalesTermRef": {"value": "@term:1"},
    }
    facts = dict(_view(company, body).facts)
    assert (facts["Supplier"], facts["Terms"]) == ("999", display_labels.PLACEHOLDER_TEXT)


def test_the_total_is_that_of_the_lines_and_the_stated_tax(company: int) -> None:
    body = bill("F-1", Decimal("100")) | {
        "GlobalTaxCalculation": "TaxExcluded",
        "TxnTaxDetail": {"TotalTax": 25.5},
    }
    result = _view(company, body)
    assert (result.total, result.tax, result.currency) == (Decimal("125.5"), Decimal("25.5"), "NOK")


def test_two_versions_differ_in_the_facts_and_lines_that_changed(company: int) -> None:
    one, other = bill("F-1", Decimal(10)), bill("F-2", Decimal(10), 1, "Other text")
    assert display.find_differences(_view(company, one), _view(company, other)) == {
        "Number",
        "Supplier",
        "line 1",
    }


@pytest.mark.parametrize("body", [b"", b"not json", b"[1]"])
def test_a_payload_that_is_no_transaction_has_no_view(company: int, body: bytes) -> None:
    with transaction() as session:
        assert isinstance(session, Session)
        assert display.view_payload(session, company, "bill", body) is None


def test_the_view_of_a_payment_names_its_bills_and_its_account(company: int) -> None:
    lines = [
        {"Amount": 5, "LinkedTxn": [{"TxnId": id, "TxnType": "Bill"}]}
        for id in ("12", "@posting:4")
    ]
    paid = {
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": "77", "name": "Checking"}},
    }
    result = _view(company, {"Line": lines, "TotalAmt": 10, **paid})
    assert [line.posts_to for line in result.lines] == [
        "Bill 12",
        f"Bill, {display_labels.PLACEHOLDER_TEXT}",
    ]
    assert dict(result.facts) == {"Paid by": "Check", "Account": "Checking"}


def test_a_discount_is_taken_off_and_a_payee_is_named_by_what_it_is(company: int) -> None:
    off = {
        "DetailType": "DiscountLineDetail",
        "Amount": 5,
        "DiscountLineDetail": {"PercentBased": False},
    }
    result = _view(
        company, {"Line": [off], "EntityRef": {"value": "31", "type": "Supplier", "name": "Kari"}}
    )
    assert (result.lines[0].posts_to, result.lines[0].amount) == ("Discount", Decimal(-5))
    assert dict(result.facts)["Party"]


@pytest.mark.parametrize(
    ("rate", "text"), [(11.5, "11.5"), ("11.4567", "11.4567"), (1, None), (None, None)]
)
def test_the_exchange_rate_of_a_foreign_currency_is_a_fact(
    company: int, rate: Any, text: str | None
) -> None:
    body = bill("F-1", Decimal("100")) | {"ExchangeRate": rate}
    assert dict(_view(company, body).facts).get(display.EXCHANGE_RATE) == text
